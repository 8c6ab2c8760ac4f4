/**
 * Orders a second over REST, gRPC calls and gRPC streams, each durable before its answer, next to an
 * empty Fastify and an empty gRPC handler that answer the same clients in the same run; and events a
 * second to WebSocket clients. The clients are one other process.
 *
 * Throughput is closed loop. Latency is open loop at a fixed rate, `..._offered_per_second`; of
 * WebSockets it is the time from the event's own, when the writer decided it, to the client.
 *
 * `rest_orders` and `grpc_...` are the write side: API, writer, journal. `rest_everything` is what
 * `daybook start` runs: venue, PostgreSQL and projector share the machine's cores, and each order is
 * also matched, acknowledged by the venue and projected. A message of the gRPC stream carries 100
 * orders. WebSocket clients check that each message continues the one before; a loss fails the run.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_CALLER } from '../src/api/application/application.js';
import { markPrice } from '../src/api/application/marks.js';
import type { ClientMessage, ClientTask, OrderTask } from './api-client.js';
import type { LoadResult } from './api-load.js';
import {
  ACCOUNTS,
  type Measured,
  startEmpty,
  startEverything,
  startWriteSide,
} from './api-servers.js';
import type { WebSocketResult } from './api-websocket-clients.js';
import type { Figure } from './figure.js';

/** Each of the runs gets so much of the time asked for. */
const SHARE = 5;
/** Requests in flight over all connections. */
const WINDOW = { rest: 512, unary: 256, stream: 64 } as const;
const BATCH = 100;
/** Requests a second of the open loops; of the stream, messages. */
const OFFERED = { rest: 2000, unary: 2000, stream: 500 } as const;
const WEBSOCKET_CLIENTS = 200;
const WEBSOCKET_EVENTS_PER_SECOND = 10_000;

type Kind = OrderTask['kind'];

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const data = mkdtempSync(join(process.env.DAYBOOK_BENCH_DIR ?? tmpdir(), 'bench-api-'));
  const seconds = options.seconds / SHARE;
  try {
    const empty = await startEmpty();
    const bare = await measureOrders(empty, seconds).finally(() => empty.stop());
    const write = await startWriteSide(join(data, 'write'));
    const orders = await measureOrders(write, seconds).finally(() => write.stop());
    const streams = await startWriteSide(join(data, 'streams'));
    const fanOut = await measureFanOut(streams, seconds * 2).finally(() => streams.stop());
    const everything = await startEverything(join(data, 'everything'));
    const all = await press(everything, 'rest', seconds, 0).finally(() => everything.stop());
    return [
      ...orderFigures('rest', 'rest_orders_per_second', orders, bare),
      {
        ...{ name: 'rest_everything_orders_per_second', unit: '1/s', ack: 'disk' },
        value: Math.round(all.perSecond),
        baseline: Math.round(bare.rest.closed.perSecond),
      },
      ...orderFigures('unary', 'grpc_unary_orders_per_second', orders, bare),
      ...orderFigures('stream', 'grpc_stream_orders_per_second', orders, bare),
      ...fanOut,
    ];
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

type Orders = { readonly [K in Kind]: { readonly closed: LoadResult; readonly open: LoadResult } };

async function measureOrders(server: Measured, seconds: number): Promise<Orders> {
  const both = async (kind: Kind) => ({
    closed: await press(server, kind, seconds, 0),
    open: await press(server, kind, seconds, OFFERED[kind]),
  });
  return { rest: await both('rest'), unary: await both('unary'), stream: await both('stream') };
}

function orderFigures(kind: Kind, name: string, orders: Orders, bare: Orders): Figure[] {
  const prefix = kind === 'rest' ? 'rest' : `grpc_${kind}`;
  const perRequest = kind === 'stream' ? BATCH : 1;
  const latency = (of: 'p50' | 'p99' | 'p999'): Figure => ({
    ...{ name: `${prefix}_${of}_us`, unit: 'us', ack: 'disk' },
    value: orders[kind].open[`${of}Us`],
    baseline: bare[kind].open[`${of}Us`],
  });
  return [
    {
      ...{ name, unit: '1/s', ack: 'disk' },
      value: Math.round(orders[kind].closed.perSecond),
      baseline: Math.round(bare[kind].closed.perSecond),
    },
    {
      ...{ name: `${prefix}_offered_per_second`, unit: '1/s', ack: 'disk' },
      value: OFFERED[kind] * perRequest,
      baseline: Math.round(bare[kind].open.perSecond),
    },
    latency('p50'),
    latency('p99'),
    latency('p999'),
  ];
}

async function press(
  { restPort, grpcPort }: Measured,
  kind: Kind,
  seconds: number,
  rate: number,
): Promise<LoadResult> {
  const port = kind === 'rest' ? restPort : grpcPort;
  const task = {
    kind,
    port,
    seconds,
    rate,
    window: WINDOW[kind],
    batch: BATCH,
    accounts: ACCOUNTS,
  };
  const message = await new Client().ask(task, 'load');
  const { result } = message;
  if (result.refused > 0) throw new Error(`${result.refused} orders were refused (${kind})`);
  return result;
}

/** Marks, as they come from a market, to all clients. */
async function measureFanOut({ api, restPort }: Measured, seconds: number): Promise<Figure[]> {
  if (api === undefined) throw new Error('the fan-out needs an API');
  const client = new Client();
  const url = `ws://127.0.0.1:${restPort}/v1/stream`;
  const clients = WEBSOCKET_CLIENTS;
  await client.ask({ kind: 'websocket', url, clients, topic: 'market-data' }, 'ready');
  const { application: app } = api;
  const startMs = performance.now();
  let sent = 0;
  let counted = 0;
  let countedAtMs = 0;
  let last = Promise.resolve<unknown>(undefined);
  while (performance.now() - startMs < seconds * 1000) {
    const elapsed = performance.now() - startMs;
    if (counted === 0 && elapsed > seconds * 300) {
      client.send({ kind: 'count' });
      counted = sent;
      countedAtMs = elapsed;
    }
    const due = (elapsed * WEBSOCKET_EVENTS_PER_SECOND) / 1000;
    // Where the machine cannot keep up, the rate that comes out says so.
    while (sent < due && app.outcomes.hasRoom(true) && app.commands.open) {
      sent += 1;
      last = markPrice(app, LOCAL_CALLER, 'ESH4', sent % 2 === 0 ? '4799.25' : '4799.50');
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await last;
  const spanSeconds = (performance.now() - startMs - countedAtMs) / 1000;
  const { result } = await client.ask({ kind: 'end', sequence: api.hub.sequence }, 'websocket');
  return fanOutFigures(result, (sent - counted) / spanSeconds);
}

function fanOutFigures(result: WebSocketResult, perSecond: number): Figure[] {
  const { gaps, repeats, lagged } = result;
  if (gaps + repeats > 0) throw new Error(`${gaps} gaps and ${repeats} repeats over WebSocket`);
  const figure = (name: string, value: number, unit: string): Figure => ({
    ...{ name: `websocket_${name}`, value, unit, ack: 'disk' },
  });
  return [
    figure('events_per_second', Math.round(perSecond), '1/s'),
    figure('clients', WEBSOCKET_CLIENTS, 'count'),
    figure('lost_events', gaps, 'count'),
    figure('lagged', lagged, 'count'),
    figure('p50_us', result.p50Us, 'us'),
    figure('p99_us', result.p99Us, 'us'),
    figure('p999_us', result.p999Us, 'us'),
  ];
}

/** The process of the clients. */
class Client {
  readonly #child: ChildProcess = fork(new URL('./api-client.js', import.meta.url));

  send(task: ClientTask): void {
    this.#child.send(task);
  }

  ask<K extends ClientMessage['kind']>(
    task: ClientTask,
    kind: K,
  ): Promise<Extract<ClientMessage, { kind: K }>> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message: ClientMessage) => {
        if (message.kind === kind) resolve(message as Extract<ClientMessage, { kind: K }>);
      });
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`the clients ended with ${code}`)));
      this.#child.send(task);
    });
  }
}
