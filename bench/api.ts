/**
 * Orders a second over REST, each durable before its 201, next to an empty Fastify that answers the
 * same clients in the same run. The clients are one other process: connections with some requests
 * in flight on each, closed loop.
 *
 * `rest_orders` is the write side: API, writer, journal. `rest_everything` is what `daybook start`
 * runs: venue, PostgreSQL and projector share the machine's cores, and each order is also matched,
 * acknowledged by the venue and projected.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import { openAccount } from '../src/api/application/accounts.js';
import { type Application, LOCAL_CALLER } from '../src/api/application/application.js';
import { DEFAULT_VENUE, listInstrument } from '../src/api/application/instruments.js';
import { startApi } from '../src/api/start-api.js';
import { unavailableReadModels } from '../src/api/unavailable-read-models.js';
import { startDaybook } from '../src/cli/daybook.js';
import { journalDirectory, startShard } from '../src/operations/shard.js';
import type { ClientResult, ClientTask } from './api-client.js';
import type { Figure } from './figure.js';

const CONNECTIONS = 64;
/** Requests in flight on each connection. */
const PIPELINED = 8;
const ACCOUNTS = 10;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const data = mkdtempSync(join(process.env.DAYBOOK_BENCH_DIR ?? tmpdir(), 'bench-api-'));
  try {
    const seconds = options.seconds / 3;
    const empty = await measureEmpty(seconds);
    const orders = await measureOrders(join(data, 'write'), seconds);
    const everything = await measureEverything(join(data, 'everything'), seconds);
    const latency = (name: string, of: (result: ClientResult) => number): Figure => ({
      name: `rest_${name}_us`,
      value: of(orders),
      unit: 'us',
      ack: 'disk',
      baseline: of(empty),
    });
    return [
      {
        name: 'rest_orders_per_second',
        value: Math.round(orders.perSecond),
        unit: '1/s',
        ack: 'disk',
        baseline: Math.round(empty.perSecond),
      },
      {
        name: 'rest_everything_orders_per_second',
        value: Math.round(everything.perSecond),
        unit: '1/s',
        ack: 'disk',
        baseline: Math.round(empty.perSecond),
      },
      latency('p50', (result) => result.p50Us),
      latency('p99', (result) => result.p99Us),
      latency('p999', (result) => result.p999Us),
    ];
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** Reads the same bodies and sends an answer as long as that of an order. */
async function measureEmpty(seconds: number): Promise<ClientResult> {
  const server = Fastify();
  const answer = { text: 'x'.repeat(360) };
  server.post('/v1/orders', async (_request, reply) => {
    reply.code(201);
    return answer;
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  try {
    return await runClients({ ...taskOf(address), seconds });
  } finally {
    await server.close();
  }
}

async function measureOrders(data: string, seconds: number): Promise<ClientResult> {
  const directory = journalDirectory(data);
  const shard = await startShard({ directory, producers: ['rest'] });
  const api = await startApi({
    commands: shard.port('rest'),
    journalDirectory: directory,
    durableEnd: shard.durableEnd,
    readModels: unavailableReadModels,
    readiness: async () => [],
    logger: pino({ level: 'warn' }),
    metrics: new Registry(),
    version: 'bench',
    host: '127.0.0.1',
    port: 0,
  });
  try {
    await openBooks(api.application, 0);
    return await runClients({ ...taskOf(api.address), seconds });
  } finally {
    await api.stop();
    await shard.stop();
  }
}

async function measureEverything(data: string, seconds: number): Promise<ClientResult> {
  const daybook = await startDaybook({
    ...{ dataDirectory: data, host: '127.0.0.1', port: 0, samples: false },
    logger: pino({ level: 'warn' }),
  });
  try {
    await openBooks(daybook.api.application, DEFAULT_VENUE);
    return await runClients({ ...taskOf(daybook.address), seconds });
  } finally {
    await daybook.stop();
  }
}

/** @param venue where orders go; 0 nowhere */
async function openBooks(app: Application, venue: number): Promise<void> {
  const terms = { tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD', venue };
  await listInstrument(app, LOCAL_CALLER, 'ESH4', terms);
  for (let index = 0; index < ACCOUNTS; index += 1) {
    await openAccount(app, LOCAL_CALLER, `account-${index}`, { currency: 'USD' });
  }
}

function taskOf(address: string): Omit<ClientTask, 'seconds'> {
  const port = Number(new URL(address).port);
  return { port, connections: CONNECTIONS, pipelined: PIPELINED, accounts: ACCOUNTS };
}

function runClients(task: ClientTask): Promise<ClientResult> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(new URL('./api-client.js', import.meta.url));
    let result: ClientResult | undefined;
    child.once('message', (message) => {
      result = message as ClientResult;
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (result === undefined) reject(new Error(`the clients ended with ${code}, no result`));
      else if (result.refused > 0) reject(new Error(`${result.refused} orders were refused`));
      else resolve(result);
    });
    child.send(task);
  });
}
