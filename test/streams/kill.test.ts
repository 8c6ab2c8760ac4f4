/**
 * kill -9 of the server under 100 streaming clients, twice: each resumes by itself, and has in the end
 * exactly what the log holds for its topic, in its order. 50 stream over gRPC, 50 over WebSockets.
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

type Topic = 'executions' | 'positions' | 'risk' | 'market-data';
const TOPICS: readonly Topic[] = ['executions', 'positions', 'risk', 'market-data'];

interface Place {
  readonly url: string;
  /** Where gRPC listens. */
  readonly grpc: string;
}

/** A client that streams until it is told to stop, over all connections that this takes. */
class Streaming {
  readonly topic: Topic;
  readonly sequences: number[] = [];
  readonly #abort = new AbortController();
  readonly #client: DaybookClient | undefined;
  position = -1;
  interruptions = 0;
  ended: Promise<void>;

  constructor(index: number, { url, grpc }: Place) {
    this.topic = TOPICS[index % TOPICS.length] as Topic;
    const options: StreamOptions = {
      after: -1,
      signal: this.#abort.signal,
      onInterrupted: () => {
        this.interruptions += 1;
      },
    };
    if (index < CLIENTS / 2) {
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
    for await (const { to, entries } of stream) {
      for (const { sequence } of entries) this.sequences.push(sequence);
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
        : topic === 'risk'
          ? client.risk(options)
          : client.marketData(options);
  return stream as AsyncIterable<Run<{ sequence: number }>>;
}

let next = 0;

/**
 * Orders that trade with each other, pipelined, until so many were answered.
 * @param midway called once half of them were
 */
async function trade(
  entry: OrderEntry,
  orders: number,
  midway: () => void = () => undefined,
): Promise<void> {
  let answered = 0;
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
      } catch (error) {
        // Refused, overloaded, or the server is gone: on with the next.
        if (!(error instanceof DaybookError)) throw error;
        if (error.code !== 'UNANSWERED') answered += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
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
      await trade(entry, ORDERS);
      const { sequence } = await settled(running);
      await everybodyHas(clients, sequence);
      // In the middle of it: orders are under way, and streams full of them.
      let trading: Promise<void> = Promise.resolve();
      await new Promise<void>((resolve) => {
        trading = trade(entry, ORDERS, resolve);
      });
      running.child.kill('SIGKILL');
      await running.end;
      running = await restart(place);
      await trading;
    }
    await entry.close();
    trader.close();
    const { sequence } = await settled(running);
    await everybodyHas(clients, sequence);
    await Promise.all(clients.map((client) => client.stop()));
    running.child.kill('SIGTERM');
    expect(await running.end).toMatchObject({ code: 0 });

    const log = await readLog();
    for (const client of clients) {
      const expected = log.filter(({ type }) => EVENTS[client.topic].has(type));
      expect(expected.length).toBeGreaterThan(0);
      expect(client.sequences).toEqual(
        expected.map((event) => event.sequence).filter((at) => at <= client.position),
      );
      expect(client.position).toBeGreaterThanOrEqual(sequence);
      expect(client.interruptions).toBeGreaterThanOrEqual(KILLS);
    }
  });
});

const EVENTS: { readonly [T in Topic]: ReadonlySet<string> } = {
  executions: new Set([
    ...['OrderAccepted', 'OrderDenied', 'OrderAcknowledged', 'OrderRejected', 'OrderFilled'],
    ...['OrderCanceled', 'OrderExpired', 'CancelRejected', 'CancelPending', 'OrderDoneForDay'],
  ]),
  positions: new Set(['OrderFilled']),
  risk: new Set([
    ...['RiskDecided', 'LimitChanged', 'TradingHalted', 'TradingResumed'],
    ...['CircuitBreakerTripped', 'CircuitBreakerReset'],
  ]),
  'market-data': new Set(['PriceMarked']),
};

async function everybodyHas(clients: readonly Streaming[], sequence: number): Promise<void> {
  const behind = () => clients.filter(({ position }) => position < sequence).length;
  await expect.poll(behind, { timeout: 120_000, interval: 100 }).toBe(0);
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

async function readLog(): Promise<{ sequence: number; type: string }[]> {
  const { code, out, err } = await daybook('log', '--data-dir', dataDirectory);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}
