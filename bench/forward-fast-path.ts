/** What forwarding costs the orders of the fast path: blocks with the forwarder at work and without, in turns. */
import { setTimeout as pause } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import { assert } from '../src/lib/assert.js';
import { streamOfShard } from '../src/log/eventstoredb/forwarder.js';
import { ForwarderThread } from '../src/log/eventstoredb/forwarder-thread.js';
import type { RunningShard } from '../src/operations/shard.js';
import { LoadProgram, type LoadResult } from './load-program.js';
import { ordersToSend, USERS, withOrderEntry } from './order-entry-shard.js';

/** Orders a second through OUCH, open loop, each durable: two events each to be forwarded. */
const RATE = 25_000;
/** Turns of four blocks: without the forwarder, twice with it, without. */
const TURNS = 6;
/** Of a block. The store of the bench holds all events in memory. */
const SECONDS_MIN = 1;
const SECONDS_MAX = 2;
const WARM_UP_SECONDS = 0.2;
const LOOK_MS = 10;

interface Block {
  readonly p50: number;
  readonly p99: number;
  /** Of each 0.1 s. */
  readonly windowsP99: readonly number[];
}

/** What is told of blocks of one kind: medians over the blocks, and over all their windows. */
interface Blocks {
  readonly p50: number;
  readonly blockP99: number;
  readonly windowP99: number;
}

interface Forwarded {
  /** Of those that were decided meanwhile, how many a second arrived in the store. */
  readonly perSecond: number;
  readonly decidedPerSecond: number;
  readonly lagEventsMax: number;
  readonly lagMsMax: number;
}

type ForwardedBlock = Block & Forwarded;

/** Medians; the lags are the largest of any block. */
export interface FastPathResult {
  readonly alone: Blocks;
  readonly forwarding: Blocks & Forwarded;
}

/**
 * The blocks take turns, so that what else happens on the machine, and whatever grows with the run,
 * meets both alike. A block with the forwarder begins when that has caught up.
 */
export async function fastPathWithForwarder(
  seconds: number,
  connectionString: string,
): Promise<FastPathResult> {
  const program = LoadProgram.compile();
  const block = Math.min(SECONDS_MAX, Math.max(SECONDS_MIN, seconds / (4 * TURNS)));
  const options = { fastPath: { spin: false }, acknowledge: 'disk', venue: false } as const;
  return withOrderEntry(options, async ({ port }, shard) => {
    const orders = new Orders(program, port, block);
    const alone: Block[] = [];
    const forwarding: ForwardedBlock[] = [];
    const twice = (): Promise<ForwardedBlock[]> =>
      withForwarder(shard, connectionString, async (thread) => [
        await sendForwarded(shard, thread, orders),
        await sendForwarded(shard, thread, orders),
      ]);
    await orders.send();
    await twice();
    for (let turn = 0; turn < TURNS; turn += 1) {
      alone.push(await orders.send());
      forwarding.push(...(await twice()));
      alone.push(await orders.send());
    }
    // What the last block has left.
    await withForwarder(shard, connectionString, async () => undefined);
    await checkStore(shard, connectionString);
    return { alone: medians(alone), forwarding: forwardedMedians(forwarding) };
  });
}

class Orders {
  readonly #program: LoadProgram;
  readonly #port: number;
  readonly #seconds: number;
  readonly #orders = ordersToSend();
  #from = 0;

  constructor(program: LoadProgram, port: number, seconds: number) {
    this.#program = program;
    this.#port = port;
    this.#seconds = seconds;
  }

  async send(): Promise<LoadResult> {
    const result = await this.#program.clients({
      ...{ port: this.#port, kind: 'ouch', mode: 'open', rate: RATE, spin: false },
      ...{ seconds: this.#seconds, warmUp: WARM_UP_SECONDS },
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
  body: (forwarder: ForwarderThread) => Promise<T>,
): Promise<T> {
  const { directory, durableEnd } = shard;
  const forwarder = new ForwarderThread({ directory, shard: 0, durableEnd, connectionString });
  await caughtUp(shard, forwarder);
  const result = await body(forwarder);
  await caughtUp(shard, forwarder);
  await forwarder.stop();
  return result;
}

async function caughtUp(shard: RunningShard, forwarder: ForwarderThread): Promise<void> {
  const { ended } = forwarder;
  while (forwarder.storedSequence < durableEvents(shard)) await Promise.race([pause(1), ended]);
}

async function sendForwarded(
  shard: RunningShard,
  forwarder: ForwarderThread,
  orders: Orders,
): Promise<ForwardedBlock> {
  await caughtUp(shard, forwarder);
  const first = forwarder.storedSequence;
  let lagEventsMax = 0;
  let lagMsMax = 0;
  const looking = setInterval(() => {
    const { events, milliseconds } = forwarder.lag();
    lagEventsMax = Math.max(lagEventsMax, events);
    lagMsMax = Math.max(lagMsMax, milliseconds);
  }, LOOK_MS);
  const { p50, p99, windowsP99, sent } = await orders.send();
  clearInterval(looking);
  // The client sends at an even pace, so its count tells how long it was at it.
  const seconds = sent / RATE;
  return {
    ...{ p50, p99, windowsP99, lagEventsMax, lagMsMax },
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

function medians(blocks: readonly Block[]): Blocks {
  return {
    p50: median(blocks.map(({ p50 }) => p50)),
    blockP99: median(blocks.map(({ p99 }) => p99)),
    windowP99: median(blocks.flatMap(({ windowsP99 }) => windowsP99)),
  };
}

function forwardedMedians(blocks: readonly ForwardedBlock[]): Blocks & Forwarded {
  return {
    ...medians(blocks),
    perSecond: median(blocks.map((block) => block.perSecond)),
    decidedPerSecond: median(blocks.map((block) => block.decidedPerSecond)),
    lagEventsMax: Math.max(...blocks.map((block) => block.lagEventsMax)),
    lagMsMax: Math.max(...blocks.map((block) => block.lagMsMax)),
  };
}
