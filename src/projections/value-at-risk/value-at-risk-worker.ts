/**
 * The thread that computes value at risk: `ValueAtRiskService` starts it. All that it knows it reads from
 * the database, so it may be killed at any moment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { ValueAtRiskSettings } from '../../domain/value-at-risk/settings.js';
import { assert } from '../../lib/assert.js';
import { type ConnectionSettings, connect } from '../database/connection-settings.js';
import { isTransient } from '../projector/errors.js';
import { type CycleOutcome, ValueAtRiskEngine } from './engine.js';

export interface ValueAtRiskTask {
  readonly shard: number;
  readonly database: ConnectionSettings;
  readonly settings: ValueAtRiskSettings;
}

export type ValueAtRiskMessage =
  | ({ readonly type: 'cycle'; readonly tookMs: number } & CycleOutcome)
  | { readonly type: 'retry'; readonly reason: string };

/** Wait between attempts to reach the database again. */
const RETRY_MS = 1_000;

const port = parentPort;
assert(port !== null, 'value at risk runs as a worker');
const task = workerData as ValueAtRiskTask;
const stop = new AbortController();
port.on('message', () => stop.abort());
const tell = (message: ValueAtRiskMessage): void => port.postMessage(message);
const wait = (ms: number) => delay(ms, undefined, { signal: stop.signal }).catch(() => undefined);

/** Computes over one connection until it is lost or `stop` comes. */
async function run(): Promise<void> {
  const { shard, database, settings } = task;
  const client = await connect(database, `daybook value at risk ${shard}`);
  try {
    // A transaction that was cut short must not be waited for by the next.
    await client.query('SET statement_timeout = 60000; SET jit = off');
    const engine = new ValueAtRiskEngine({ client, shard, settings });
    while (!stop.signal.aborted) {
      const started = performance.now();
      const outcome = await engine.cycle(started);
      const tookMs = performance.now() - started;
      tell({ type: 'cycle', tookMs, ...outcome });
      await wait(Math.max(0, settings.everyMs - tookMs));
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

while (!stop.signal.aborted) {
  try {
    await run();
  } catch (error) {
    if (!isTransient(error)) throw error;
    tell({ type: 'retry', reason: error.message });
    await wait(RETRY_MS);
  }
}
port.close();
