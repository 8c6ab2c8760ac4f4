/**
 * How many events a second reach the tables of the embedded PostgreSQL, how late they are under a
 * steady load, and how fast the same rows go by plain INSERT.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as buildHistogram } from 'hdr-histogram-js';
import { HEADER, type RecordBuffer } from '../src/domain/event-record.js';
import { EVENT } from '../src/domain/events.js';
import { Clock } from '../src/lib/time.js';
import { JournalWriter } from '../src/log/journal/journal-writer.js';
import {
  type ConnectionSettings,
  connect,
} from '../src/projections/database/connection-settings.js';
import { createDataSource, migrate } from '../src/projections/database/data-source.js';
import { startEmbeddedServer } from '../src/projections/database/embedded-server.js';
import { ProjectionService } from '../src/projections/projection-service.js';
import { Projector } from '../src/projections/projector/projector.js';
import type { ReadModel } from '../src/projections/projector/read-model.js';
import { projectorLanes, readModels } from '../src/projections/read-models.js';
import { rebuildAll } from '../src/projections/rebuild/rebuild.js';
import type { Figure } from './figure.js';
import { ProjectionFlow } from './projection-events.js';

/** As many as the journal's reader hands out at once under load. */
const BATCH_EVENTS = 32_000;
/** Enough for the given seconds on any machine that passes; generating more would cost minutes. */
const EVENTS_PER_SECOND_GUESS = 120_000;
const ORDERS_PER_SECOND = 10_000;
const TICK_MS = 10;
/** Not counted: the worker starts and its code gets compiled. */
const WARM_UP_TICKS = 100;
const CATCH_UP_MS_MAX = 60_000;
const INSERT_ROWS = 500;
const REBUILD_EVENTS = 5_000_000;
/** Shorter runs leave the rebuild of five million events out: it takes minutes with its preparation. */
const REBUILD_SECONDS_MIN = 10;

export async function run(options: { readonly seconds: number }): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-bench-'));
  const started = performance.now();
  const server = await startEmbeddedServer(join(directory, 'postgres'));
  try {
    await createTables(server.settings);
    const startMs = performance.now() - started;
    const inserts = await insertRows(server.settings, options.seconds / 4);
    const events = await projectAll(server.settings, options.seconds / 2);
    await emptyTables(server.settings);
    const rebuildSeconds =
      options.seconds < REBUILD_SECONDS_MIN
        ? undefined
        : await rebuildMany(server.settings, join(directory, 'many'));
    await emptyTables(server.settings);
    const lag = await lagUnderLoad(
      server.settings,
      join(directory, 'journal'),
      options.seconds / 2,
    );
    return [
      {
        name: 'events_per_second',
        value: events,
        unit: 'events/s',
        ack: 'none',
        baseline: inserts,
      },
      { name: 'lag_p50_ms', value: lag.p50, unit: 'ms', ack: 'none' },
      { name: 'lag_p99_ms', value: lag.p99, unit: 'ms', ack: 'none' },
      { name: 'rebuild_events_per_second', value: lag.rebuild, unit: 'events/s', ack: 'none' },
      ...(rebuildSeconds === undefined
        ? []
        : [
            {
              name: 'rebuild_5m_events_seconds',
              value: rebuildSeconds,
              unit: 's',
              ack: 'none' as const,
            },
          ]),
      { name: 'database_start_ms', value: startMs, unit: 'ms', ack: 'none' },
    ];
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function createTables(settings: ConnectionSettings): Promise<void> {
  const dataSource = await createDataSource(settings, []).initialize();
  await migrate(dataSource);
  await dataSource.destroy();
}

async function emptyTables(settings: ConnectionSettings): Promise<void> {
  const client = await connect(settings, 'daybook bench');
  const tables = projectorLanes.flat().flatMap((model) => model.tables);
  const list = tables.map((table) => `daybook.${table}`).join(', ');
  await client.query(`TRUNCATE daybook.projection_checkpoints, ${list}`);
  await client.end();
}

/** Events a second, all models, straight from memory. */
async function projectAll(settings: ConnectionSettings, seconds: number): Promise<number> {
  const batches = Math.max(4, Math.ceil((seconds * EVENTS_PER_SECOND_GUESS) / BATCH_EVENTS));
  const flow = new ProjectionFlow({ seed: 1, events: batches * BATCH_EVENTS, batch: BATCH_EVENTS });
  const projectors = projectorLanes.map((models) => newProjector(models, settings));
  for (const projector of projectors) await projector.open();
  const started = performance.now();
  await Promise.all(projectors.map((projector) => projectInTurn(projector, flow.batches)));
  const elapsed = (performance.now() - started) / 1000;
  for (const projector of projectors) await projector.close();
  return flow.events / elapsed;
}

function newProjector(models: readonly ReadModel[], settings: ConnectionSettings): Projector {
  const open = () => connect(settings, 'daybook bench');
  return new Projector({ models, shard: 0, build: 'live', connect: open });
}

async function projectInTurn(
  projector: Projector,
  batches: readonly RecordBuffer[],
): Promise<void> {
  for (const batch of batches) await projector.project(batch);
}

/** What is usually done: INSERT with parameters, many rows a statement, one table of ten columns. */
async function insertRows(settings: ConnectionSettings, seconds: number): Promise<number> {
  const client = await connect(settings, 'daybook bench');
  await client.query(
    `CREATE TEMPORARY TABLE plain (sequence bigint PRIMARY KEY, time timestamptz, order_id bigint,
      account integer, instrument integer, type smallint, quantity bigint, price bigint,
      status smallint, cl_ord_id text)`,
  );
  const places = Array.from({ length: INSERT_ROWS }, (_, row) => {
    return `(${Array.from({ length: 10 }, (_, column) => `$${row * 10 + column + 1}`).join(', ')})`;
  });
  const text = `INSERT INTO plain VALUES ${places.join(', ')}`;
  let sequence = 0;
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    const values: unknown[] = [];
    for (let row = 0; row < INSERT_ROWS; row++) {
      const now = new Date();
      values.push(++sequence, now, sequence, 1, 1, 16, 5, 19_000, 1, `c-${sequence}`);
    }
    await client.query({ name: 'plain', text, values });
  }
  const elapsed = (performance.now() - started) / 1000;
  await client.end();
  return sequence / elapsed;
}

/**
 * From the time of an event to its commit in all tables, while a journal is written at a steady
 * 10,000 new orders a second with all their events. A batch counts with the age of its oldest event.
 * Then all models are rebuilt from that journal.
 */
async function lagUnderLoad(
  settings: ConnectionSettings,
  journal: string,
  seconds: number,
): Promise<{ p50: number; p99: number; rebuild: number }> {
  const ticks = Math.max(20, Math.round((seconds * 1000) / TICK_MS));
  const flow = flowOfOrders(WARM_UP_TICKS + ticks);
  const writer = JournalWriter.open(journal, { shard: 0, catalogue: 1 });
  const durableEnd = writer.durableEnd.memory;
  const histogram = buildHistogram({ numberOfSignificantValueDigits: 3 });
  const service = new ProjectionService({ shard: 0, database: settings, journal, durableEnd });
  const clock = new Clock();
  await appendAtPace(writer, flow.batches.slice(0, WARM_UP_TICKS), clock);
  await service.wait(writer.nextSequence - 1, CATCH_UP_MS_MAX);
  service.onProgress = ({ events, lagMs }) => {
    if (events > 0) histogram.recordValueWithCount(Math.max(1, lagMs), events);
  };
  await appendAtPace(writer, flow.batches.slice(WARM_UP_TICKS), clock);
  await service.wait(flow.events - 1, CATCH_UP_MS_MAX);
  await service.stop();
  const rebuildStarted = performance.now();
  await rebuildAll(readModels, {
    connect: (name) => connect(settings, name),
    shards: [{ shard: 0, journal, end: writer.durableEnd }],
  });
  const rebuildSeconds = (performance.now() - rebuildStarted) / 1000;
  writer.close();
  return {
    p50: histogram.getValueAtPercentile(50),
    p99: histogram.getValueAtPercentile(99),
    rebuild: flow.events / rebuildSeconds,
  };
}

/** Seconds to rebuild all models from a journal of five million events, over a few hours of log time. */
async function rebuildMany(settings: ConnectionSettings, journal: string): Promise<number> {
  const writer = JournalWriter.open(journal, { shard: 0, catalogue: 1 });
  new ProjectionFlow({
    ...{ seed: 3, events: REBUILD_EVENTS, batch: BATCH_EVENTS, pauseEvery: 5_000 },
    take: (batch) => writer.append(batch),
  });
  const started = performance.now();
  await rebuildAll(readModels, {
    connect: (name) => connect(settings, name),
    shards: [{ shard: 0, journal, end: writer.durableEnd }],
  });
  const seconds = (performance.now() - started) / 1000;
  writer.close();
  rmSync(journal, { recursive: true, force: true });
  return seconds;
}

async function appendAtPace(
  writer: JournalWriter,
  batches: readonly RecordBuffer[],
  clock: Clock,
): Promise<void> {
  const started = performance.now();
  for (const [tick, batch] of batches.entries()) {
    const due = started + tick * TICK_MS;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    clock.tick();
    stamp(batch, clock);
    writer.append(batch);
  }
}

/** A flow cut so that each tick has its share of ORDERS_PER_SECOND new orders. */
function flowOfOrders(ticks: number): ProjectionFlow {
  const sample = new ProjectionFlow({ seed: 2, events: 20_000, batch: 20_000 }).batches[0];
  let orders = 0;
  for (let at = 0; sample !== undefined && at < sample.length; ) {
    if (sample.bytes[at + HEADER.number] === EVENT.OrderAccepted) orders++;
    at += sample.u16[(at + HEADER.length) >> 1] as number;
  }
  const batch = Math.round((20_000 / orders) * ORDERS_PER_SECOND * (TICK_MS / 1000));
  return new ProjectionFlow({ seed: 2, events: ticks * batch, batch });
}

function stamp(batch: RecordBuffer, clock: Clock): void {
  for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
    batch.u32[(at + HEADER.time) >> 2] = clock.low;
    batch.u32[(at + HEADER.time + 4) >> 2] = clock.high;
  }
}
