/**
 * kill -9 of the server under 100 streaming clients, twice: each resumes by itself, and has in the end
 * exactly what the log holds for its topic, in its order, and entry by entry what a client has that reads
 * it all at once afterwards. 50 stream over gRPC, 50 over WebSockets.
 *
 * Red, with one line of the code changed at a time, for: a client that resumes one below or one above
 * where it was, at its first `after`, or without one (gRPC and WebSocket apart); a server that resumes at
 * its live end, one event late or one early, or with positions as they were at another sequence.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { DaybookClient } from '../../clients/typescript/src/daybook-client.js';
import { DaybookError } from '../../clients/typescript/src/errors.js';
import { OrdType, Side } from '../../clients/typescript/src/generated/daybook/v1/order.gen.js';
import type { OrderEntry } from '../../clients/typescript/src/order-entry.js';
import type { Run, StreamOptions } from '../../clients/typescript/src/run.js';
import {
  type SocketClass,
  webSocketStream,
} from '../../clients/typescript/src/web-socket-streams.js';
import { daybook, type Started, startProcess } from '../api/daybook-process.js';

const CLIENTS = 100;
const KILLS = 2;
/** Answered orders between two kills. */
const ORDERS = 300;

const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-stream-kill-'));
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

type Topic = 'executions' | 'positions' | 'pnl' | 'risk' | 'market-data';
const TOPICS: readonly Topic[] = ['executions', 'positions', 'pnl', 'risk', 'market-data'];

interface Place {
  readonly url: string;
  /** Where gRPC listens. */
  readonly grpc: string;
}

/** A client that streams until it is told to stop, over all connections that this takes. */
class Streaming {
  readonly topic: Topic;
  readonly face: 'gRPC' | 'WebSocket';
  readonly entries: { readonly sequence: number }[] = [];
  /** Runs that were the first of a connection and did not begin exactly where the last one had ended. */
  readonly broken: string[] = [];
  readonly #abort = new AbortController();
  readonly #client: DaybookClient | undefined;
  position = -1;
  interruptions = 0;
  #connected = false;
  /** Why it streams no more. */
  failure: unknown;
  ended: Promise<void>;

  constructor(index: number, { url, grpc }: Place) {
    this.topic = TOPICS[index % TOPICS.length] as Topic;
    const options: StreamOptions = {
      after: -1,
      signal: this.#abort.signal,
      onInterrupted: () => {
        this.interruptions += 1;
        this.#connected = false;
      },
    };
    this.face = index < CLIENTS / 2 ? 'gRPC' : 'WebSocket';
    if (this.face === 'gRPC') {
      this.#client = new DaybookClient({ address: grpc });
      this.ended = this.#take(streamOf(this.#client, this.topic, options));
    } else {
      const web = { url: `${url.replace('http', 'ws')}/v1/stream` };
      const Socket = WebSocket as unknown as SocketClass;
      this.ended = this.#take(
        webSocketStream(this.topic, { ...options, ...web, WebSocket: Socket }),
      );
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.ended;
    this.#client?.close();
  }

  async #take(stream: AsyncIterable<Run<{ sequence: number }>>): Promise<void> {
    try {
      await this.#takeAll(stream);
    } catch (error) {
      this.failure = error;
    }
  }

  async #takeAll(stream: AsyncIterable<Run<{ sequence: number }>>): Promise<void> {
    for await (const { after, to, entries } of stream) {
      if (!this.#connected && after !== this.position) {
        this.broken.push(`at ${this.position}: (${after}, ${to}]`);
      }
      this.#connected = true;
      this.entries.push(...entries);
      this.position = to;
    }
  }
}

function streamOf(client: DaybookClient, topic: Topic, options: StreamOptions) {
  const stream =
    topic === 'executions'
      ? client.executions(options)
      : topic === 'positions'
        ? client.positions(options)
        : topic === 'pnl'
          ? client.profitAndLoss(options)
          : topic === 'risk'
            ? client.risk(options)
            : client.marketData(options);
  return stream as AsyncIterable<Run<{ sequence: number }>>;
}

let next = 0;

/** A mark every so many orders. */
const ORDERS_PER_MARK = 25;

/** @param n makes the price another one; on record unless the server is gone */
async function mark({ url }: Place, n: number): Promise<void> {
  const price = n % 2 === 0 ? '4799.25' : '4799.5';
  const body = JSON.stringify({ price });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/v1/marks/ESH4`, { method: 'PUT', headers, body }).then(
    (response) => expect([200, 504]).toContain(response.status),
    () => undefined,
  );
}

/**
 * Orders that trade with each other, pipelined, until so many were answered; and marks.
 * @param midway called once half of them were
 * @returns how many the server left unanswered
 */
async function trade(
  place: Place,
  entry: OrderEntry,
  orders: number,
  midway: () => void = () => undefined,
): Promise<number> {
  let answered = 0;
  let unanswered = 0;
  const one = async (): Promise<void> => {
    while (answered < orders) {
      const id = next++;
      try {
        await entry.submit({
          clientOrderId: `k-${id}`,
          account: ['alpha', 'beta'][id % 2] as string,
          instrument: 'ESH4',
          side: id % 2 === 0 ? Side.SIDE_BUY : Side.SIDE_SELL,
          type: OrdType.ORD_TYPE_LIMIT,
          quantity: '1',
          price: '4799.25',
        });
        answered += 1;
        if (answered === orders / 2) midway();
        if (answered % ORDERS_PER_MARK === 0) await mark(place, answered / ORDERS_PER_MARK);
      } catch (error) {
        // Refused, overloaded, or the server is gone: on with the next.
        if (!(error instanceof DaybookError)) throw error;
        if (error.code === 'UNANSWERED') unanswered += 1;
        else answered += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return unanswered;
}

async function restart(place: Place): Promise<Started & Place> {
  const ports = [
    ...['--port', new URL(place.url).port],
    ...['--grpc-port', place.grpc.split(':')[1] as string],
  ];
  return (await startProcess(dataDirectory, '--insecure', ...ports)) as Started & Place;
}

describe('kill -9 under 100 streaming clients', () => {
  it('each resumes by itself, with neither gap nor repeat', { timeout: 400_000 }, async () => {
    let running = (await startProcess(dataDirectory, '--insecure')) as Started & Place;
    const place: Place = running;
    const clients = Array.from({ length: CLIENTS }, (_, index) => new Streaming(index, place));
    const trader = new DaybookClient({ address: place.grpc });
    const entry = trader.orderEntry();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await trade(place, entry, ORDERS);
      const { sequence } = await settled(running);
      await everybodyHas(clients, sequence);
      // In the middle of it: orders are under way, and streams full of them.
      let trading: Promise<number> = Promise.resolve(0);
      await new Promise<void>((resolve) => {
        trading = trade(place, entry, ORDERS, resolve);
      });
      running.child.kill('SIGKILL');
      await running.end;
      running = await restart(place);
      expect(await trading, 'orders under way when it was killed').toBeGreaterThan(0);
    }
    await entry.close();
    trader.close();
    const { sequence } = await settled(running);
    // One of each topic over gRPC and over a WebSocket, never interrupted.
    const calm = [...TOPICS.keys()].flatMap((n) => [
      new Streaming(n, place),
      new Streaming(CLIENTS / 2 + n, place),
    ]);
    const everybody = [...clients, ...calm];
    await everybodyHas(everybody, sequence);
    await Promise.all(everybody.map((client) => client.stop()));
    running.child.kill('SIGTERM');
    expect(await running.end).toMatchObject({ code: 0 });

    const log = await readLog();
    for (const topic of TOPICS) expectEveryLife(log, topic);
    for (const client of clients) {
      const { topic, face, position, broken, interruptions } = client;
      const upTo = (entries: readonly { readonly sequence: number }[]) =>
        entries.filter((entry) => entry.sequence <= sequence);
      const reference = calm.find((each) => each.topic === topic && each.face === face);
      expect(upTo(client.entries)).toEqual(upTo(reference?.entries ?? []));
      const expected = log.filter(({ type }) => EVENTS[topic].has(type));
      const sequences = (list: readonly { readonly sequence: number }[]) =>
        upTo(list).map((each) => each.sequence);
      if (topic !== 'pnl') expect(sequences(client.entries)).toEqual(sequences(expected));
      expect(broken).toEqual([]);
      expect(position).toBeGreaterThanOrEqual(sequence);
      expect(interruptions).toBeGreaterThanOrEqual(KILLS);
    }
  });
});

interface Logged {
  readonly sequence: number;
  readonly type: string;
}

/** Each process of the server had something to say: a client that resumed nothing would lack it. */
function expectEveryLife(log: readonly Logged[], topic: Topic): void {
  const lives: number[] = [];
  for (const { type } of log) {
    if (type === 'WriterStarted') lives.push(0);
    else if (EVENTS[topic].has(type)) lives[lives.length - 1] = (lives.at(-1) ?? 0) + 1;
  }
  expect(lives.length).toBe(KILLS + 1);
  for (const events of lives) expect({ topic, events }).not.toEqual({ topic, events: 0 });
}

const EVENTS: { readonly [T in Topic]: ReadonlySet<string> } = {
  executions: new Set([
    ...['OrderAccepted', 'OrderDenied', 'OrderAcknowledged', 'OrderRejected', 'OrderFilled'],
    ...['OrderCanceled', 'OrderExpired', 'CancelRejected', 'CancelPending', 'OrderDoneForDay'],
  ]),
  positions: new Set(['OrderFilled']),
  // Of one of them there are as many entries as there are positions that it changes, also none.
  pnl: new Set(['OrderFilled', 'PriceMarked']),
  risk: new Set([
    ...['RiskDecided', 'LimitChanged', 'TradingHalted', 'TradingResumed'],
    ...['CircuitBreakerTripped', 'CircuitBreakerReset'],
  ]),
  'market-data': new Set(['PriceMarked']),
};

async function everybodyHas(clients: readonly Streaming[], sequence: number): Promise<void> {
  const behind = () =>
    clients.filter(({ failure, position }) => failure === undefined && position < sequence).length;
  await expect.poll(behind, { timeout: 120_000, interval: 100 }).toBe(0);
  expect(clients.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))).toEqual([]);
}

/** Nothing comes any more: the last sequence on record. */
async function settled({ url }: Started): Promise<{ sequence: number }> {
  let last = -1;
  await expect
    .poll(
      async () => {
        const before = last;
        const metrics = await (await fetch(`${url}/metrics`)).text();
        last = Number(/^daybook_log_sequence (\d+)$/m.exec(metrics)?.[1]);
        return before === last;
      },
      { timeout: 60_000, interval: 250 },
    )
    .toBe(true);
  return { sequence: last };
}

async function readLog(): Promise<Logged[]> {
  const { code, out, err } = await daybook('log', '--data-dir', dataDirectory);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}
