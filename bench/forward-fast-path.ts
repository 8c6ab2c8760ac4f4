/** What forwarding costs the orders of the fast path: windows in pairs, one with the forwarder at work. */
import { setTimeout as pause } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import { assert } from '../src/lib/assert.js';
import { streamOfShard } from '../src/log/eventstoredb/forwarder.js';
import { ForwarderProcess } from '../src/log/eventstoredb/forwarder-process.js';
import type { RunningShard } from '../src/operations/shard.js';
import { LoadProgram, type LoadResult, SPINNING_CPU } from './load-program.js';
import { ordersToSend, USERS, withOrderEntry } from './order-entry-shard.js';
import { type ComparedPercentile, comparePairs, randomOf } from './paired-windows.js';

/** Orders a second through OUCH, open loop, each durable: two events each to be forwarded. */
const RATE = 25_000;
/** Of a window. */
const SECONDS = 0.8;
const WARM_UP_SECONDS = 0.2;
/** Pairs of windows. The store of the bench holds all events in memory. */
const PAIRS_MIN = 20;
const PAIRS_MAX = 40;
const LOOK_MS = 10;

/** Medians over windows; the lags are the largest of any. */
interface Forwarded {
  /** Of the events that were decided in a window, how many a second arrived in the store within it. */
  readonly perSecond: number;
  readonly decidedPerSecond: number;
  readonly lagEventsMax: number;
  readonly lagMsMax: number;
}

interface ForwardedWindow extends Forwarded {
  readonly result: LoadResult;
}

interface Pair {
  readonly without: LoadResult;
  readonly with: ForwardedWindow;
}

/** In us, of the orders of all windows of a kind. */
export interface FastPathResult extends Forwarded {
  readonly p50: ComparedPercentile;
  readonly p99: ComparedPercentile;
  /** Medians of the p99 of each 0.1 s. */
  readonly windowsP99: { readonly without: number; readonly with: number };
}

/**
 * The order within a pair is drawn from `seed`. The forwarder is stopped for a window without it; one with
 * it begins when it has caught up.
 */
export async function fastPathWithForwarder(
  seconds: number,
  connectionString: string,
  seed: number,
): Promise<FastPathResult> {
  const program = LoadProgram.compile();
  const random = randomOf(seed);
  const wanted = Math.floor(seconds / (2 * SECONDS));
  const count = Math.min(PAIRS_MAX, Math.max(PAIRS_MIN, wanted));
  const fastPath = { spin: true, cpu: SPINNING_CPU };
  const options = { fastPath, acknowledge: 'disk', venue: false } as const;
  return withOrderEntry(options, async ({ port }, shard) => {
    const orders = new Orders(program, port);
    const forwarded = (): Promise<ForwardedWindow> =>
      withForwarder(shard, connectionString, (forwarder) =>
        sendForwarded(shard, forwarder, orders),
      );
    await orders.send();
    await forwarded();
    const pairs: Pair[] = [];
    while (pairs.length < count) {
      const first = random() < 0.5 ? await orders.send() : undefined;
      const window = await forwarded();
      pairs.push({ without: first ?? (await orders.send()), with: window });
    }
    // What the last window has left.
    await withForwarder(shard, connectionString, async () => undefined);
    await checkStore(shard, connectionString);
    return compared(pairs, random);
  });
}

class Orders {
  readonly #program: LoadProgram;
  readonly #port: number;
  readonly #orders = ordersToSend();
  #from = 0;

  constructor(program: LoadProgram, port: number) {
    this.#program = program;
    this.#port = port;
  }

  async send(): Promise<LoadResult> {
    const result = await this.#program.clients({
      ...{ port: this.#port, kind: 'ouch', mode: 'open', rate: RATE, spin: false },
      awayFrom: SPINNING_CPU,
      ...{ seconds: SECONDS, warmUp: WARM_UP_SECONDS },
      ...{ from: this.#from, users: USERS, orders: this.#orders },
    });
    assert(result.refused === 0, 'no order is refused');
    this.#from += result.sent;
    return result;
  }
}

function durableEvents(shard: RunningShard): number {
  const durable = { nextSequence: 0, segment: 0, offset: 0 };
  shard.durableEnd.read(durable);
  return durable.nextSequence;
}

/** `body` begins when the store has all that is durable by then, and all has arrived at the end. */
async function withForwarder<T>(
  shard: RunningShard,
  connectionString: string,
  body: (forwarder: ForwarderProcess) => Promise<T>,
): Promise<T> {
  const { directory, durableEnd } = shard;
  const forwarder = new ForwarderProcess({ directory, shard: 0, durableEnd, connectionString });
  await caughtUp(shard, forwarder);
  const result = await body(forwarder);
  await caughtUp(shard, forwarder);
  await forwarder.stop();
  return result;
}

async function caughtUp(shard: RunningShard, forwarder: ForwarderProcess): Promise<void> {
  const { ended } = forwarder;
  while (forwarder.storedSequence < durableEvents(shard)) await Promise.race([pause(1), ended]);
}

async function sendForwarded(
  shard: RunningShard,
  forwarder: ForwarderProcess,
  orders: Orders,
): Promise<ForwardedWindow> {
  await caughtUp(shard, forwarder);
  const first = forwarder.storedSequence;
  let lagEventsMax = 0;
  let lagMsMax = 0;
  const looking = setInterval(() => {
    const { events, milliseconds } = forwarder.lag();
    lagEventsMax = Math.max(lagEventsMax, events);
    lagMsMax = Math.max(lagMsMax, milliseconds);
  }, LOOK_MS);
  const result = await orders.send();
  clearInterval(looking);
  // The client sends at an even pace, so its count tells how long it was at it.
  const seconds = result.sent / RATE;
  return {
    ...{ result, lagEventsMax, lagMsMax },
    perSecond: (forwarder.storedSequence - first) / seconds,
    decidedPerSecond: (durableEvents(shard) - first) / seconds,
  };
}

/** By the bare client: the store holds all that the shard has decided, in order. */
async function checkStore(shard: RunningShard, connectionString: string): Promise<void> {
  const client = EventStoreDBClient.connectionString(connectionString);
  const last = client.readStream(streamOfShard(0), {
    ...{ direction: 'backwards', fromRevision: 'end', maxCount: 1 },
  });
  for await (const { event } of last) {
    const events = Number(event?.revision) + 1;
    assert(events === durableEvents(shard), `the store has ${events} events, the shard others`);
  }
  await client.dispose();
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function compared(pairs: readonly Pair[], random: () => number): FastPathResult {
  const windows = pairs.map((pair) => pair.with);
  const histograms = pairs.map((pair) => ({
    without: pair.without.histogram,
    with: pair.with.result.histogram,
  }));
  return {
    p50: comparePairs(histograms, 0.5, random),
    p99: comparePairs(histograms, 0.99, random),
    windowsP99: {
      without: median(pairs.flatMap((pair) => pair.without.windowsP99)),
      with: median(windows.flatMap(({ result }) => result.windowsP99)),
    },
    perSecond: median(windows.map((window) => window.perSecond)),
    decidedPerSecond: median(windows.map((window) => window.decidedPerSecond)),
    lagEventsMax: Math.max(...windows.map((window) => window.lagEventsMax)),
    lagMsMax: Math.max(...windows.map((window) => window.lagMsMax)),
  };
}
