/** What an operator sees of the projections: how far behind they are, and what they could not take. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProjectionFlow } from '../../bench/projection-events.js';
import { projectionMetrics, raiseDeadLetters } from '../../src/cli/projection-metrics.js';
import { HEADER, type RecordBuffer } from '../../src/domain/event-record.js';
import { EVENT, eventLayouts } from '../../src/domain/events.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import type { ConnectionSettings } from '../../src/projections/database/connection-settings.js';
import { ProjectionService } from '../../src/projections/projection-service.js';
import { createMigrated, startTestServer, type TestServer, withClient } from './test-database.js';

const WAIT_MS = 60_000;
let server: TestServer;
let settings: ConnectionSettings;
let directory: string;

beforeAll(async () => {
  server = await startTestServer();
  settings = await createMigrated(server);
  directory = mkdtempSync(join(tmpdir(), 'daybook-metrics-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Lets the value of the first fill leave the safe range. @returns its sequence */
function poison(batch: RecordBuffer): number {
  let at = 0;
  while (batch.bytes[at + HEADER.number] !== EVENT.OrderFilled) {
    at += batch.u16[(at + HEADER.length) >> 1] as number;
  }
  batch.f64[(at + eventLayouts.OrderFilled.offsets.lastPrice) >> 3] = Number.MAX_SAFE_INTEGER;
  batch.f64[(at + eventLayouts.OrderFilled.offsets.lastQuantity) >> 3] = 2;
  return batch.f64[(at + HEADER.sequence) >> 3] as number;
}

test('lag in events and seconds per lane; an event set aside is raised, counted and on record', async () => {
  const flow = new ProjectionFlow({ seed: 31, events: 900, batch: 300 });
  const sequence = poison(flow.batches[1] as RecordBuffer);
  const writer = JournalWriter.open(directory, { shard: 0, catalogue: 1 });
  const durableEnd = writer.durableEnd.memory;
  const service = new ProjectionService({
    ...{ shard: 0, database: settings, journal: directory, durableEnd },
  });
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(JSON.parse(line)) });
  raiseDeadLetters(service, logger);
  const metrics = new Registry();
  // Ten more than the journal will have: what stays behind is known.
  const end = flow.events + 9;
  projectionMetrics(service, metrics, () => end);
  const valuesOf = async (name: string): Promise<number[]> => {
    const metric = await metrics.getSingleMetric(name)?.get();
    return (metric?.values ?? []).map(({ value }) => value);
  };
  for (const batch of flow.batches) writer.append(batch);
  await service.wait(flow.events - 1, WAIT_MS);
  expect(await valuesOf('daybook_projection_lag_events')).toEqual([10, 10]);
  for (const seconds of await valuesOf('daybook_projection_lag_seconds')) {
    expect(seconds).toBeGreaterThan(0);
  }
  expect(await valuesOf('daybook_projection_events_total')).toEqual([flow.events, flow.events]);
  expect(await valuesOf('daybook_projected_sequence')).toEqual([flow.events - 1]);
  expect(await valuesOf('daybook_dead_letters')).toEqual([2]);
  expect(lines.map(({ model, sequence: at, level }) => [model, at, level]).sort()).toEqual([
    ['pnl', sequence, 50],
    ['positions', sequence, 50],
  ]);
  await withClient(settings, async (client) => {
    const sql = `SELECT model, reason FROM daybook.projection_dead_letters
      WHERE sequence = $1 ORDER BY model`;
    const { rows } = await client.query(sql, [sequence]);
    expect(rows.map(({ model }) => model)).toEqual(['pnl', 'positions']);
    for (const { reason } of rows) expect(reason).toContain('safe integers');
  });
  await service.stop();
  writer.close();
});
