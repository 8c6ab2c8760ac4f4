/** A real writer with its journal in a directory of its own, and the API on a real socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { ReadModels } from '../../src/api/application/read-models.js';
import type { OutcomesOptions } from '../../src/api/outcomes.js';
import { type RunningApi, startApi } from '../../src/api/start-api.js';
import { unavailableReadModels } from '../../src/api/unavailable-read-models.js';
import { startAudit } from '../../src/operations/audit-service.js';
import { journalDirectory, type RunningShard, startShard } from '../../src/operations/shard.js';

export const CAPACITY = {
  orders: 65_536,
  clientIds: 131_072,
  executions: 131_072,
  positions: 1024,
  accounts: 64,
  instruments: 64,
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at any part of any answer
  readonly body: any;
}

export interface TestApi {
  readonly api: RunningApi;
  readonly shard: RunningShard;
  readonly dataDirectory: string;
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Stops it; the directory stays for a restart. */
  stop(): Promise<void>;
  remove(): void;
}

export async function startTestApi(
  options: {
    dataDirectory?: string;
    readModels?: ReadModels;
    outcomes?: OutcomesOptions;
    audit?: boolean;
  } = {},
): Promise<TestApi> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'daybook-api-'));
  const directory = journalDirectory(dataDirectory);
  const shard = await startShard({ directory, producers: ['rest'], capacity: CAPACITY });
  const audit = options.audit === true ? startAudit(shard, join(dataDirectory, 'keys')) : undefined;
  const api = await startApi({
    audit,
    commands: shard.port('rest'),
    journalDirectory: directory,
    durableEnd: shard.durableEnd,
    readModels: options.readModels ?? unavailableReadModels,
    readiness: async () => [],
    logger: pino({ level: 'error' }),
    metrics: new Registry(),
    version: '0.0.0-test',
    host: '127.0.0.1',
    port: 0,
    outcomes: options.outcomes ?? {},
  });
  return {
    api,
    shard,
    dataDirectory,
    request: (method, path, body) => request(api.address + path, method, body),
    async stop() {
      await api.stop();
      await audit?.stop();
      await shard.stop();
    },
    remove: () => rmSync(dataDirectory, { recursive: true, force: true }),
  };
}

export async function request(url: string, method: string, body: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  const json = (response.headers.get('content-type') ?? '').includes('json');
  const { status, headers } = response;
  return { status, headers, body: json ? JSON.parse(text) : text };
}

/** An instrument, two accounts and a mark, as most tests need them. */
export async function seed(api: TestApi): Promise<void> {
  const made = [
    await api.request('POST', '/v1/instruments', {
      symbol: 'ESH4',
      tickSize: '0.25',
      lotSize: '1',
      multiplier: '50',
      currency: 'USD',
      venue: 0,
    }),
    await api.request('POST', '/v1/accounts', { name: 'alpha', currency: 'USD', group: 'desk' }),
    await api.request('POST', '/v1/accounts', { name: 'beta', currency: 'USD', group: 'desk' }),
    await api.request('PUT', '/v1/marks/ESH4', { price: '4799.25' }),
  ];
  const failed = made.find(({ status }) => status >= 300);
  if (failed !== undefined) throw new Error(JSON.stringify(failed.body));
}

export const order = (clientOrderId: string, more: Record<string, unknown> = {}) => ({
  clientOrderId,
  account: 'alpha',
  instrument: 'ESH4',
  side: 'Buy',
  type: 'Limit',
  quantity: '2',
  price: '4799.25',
  ...more,
});
