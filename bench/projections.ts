/** How many events a second reach the tables of the embedded PostgreSQL, and how late they are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordBuffer } from '../src/domain/event-record.js';
import {
  type ConnectionSettings,
  connect,
} from '../src/projections/database/connection-settings.js';
import { createDataSource, migrate } from '../src/projections/database/data-source.js';
import { startEmbeddedServer } from '../src/projections/database/embedded-server.js';
import { Projector } from '../src/projections/projector/projector.js';
import type { ReadModel } from '../src/projections/projector/read-model.js';
import { projectorLanes } from '../src/projections/read-models.js';
import type { Figure } from './figure.js';
import { ProjectionFlow } from './projection-events.js';

/** As many as the journal's reader hands out at once under load. */
const BATCH_EVENTS = 8_000;
const EVENTS_PER_SECOND_GUESS = 120_000;

export async function run(options: { readonly seconds: number }): Promise<Figure[]> {
  const events =
    Math.round((options.seconds * EVENTS_PER_SECOND_GUESS) / BATCH_EVENTS) * BATCH_EVENTS;
  const flow = new ProjectionFlow({
    seed: 1,
    events: Math.max(events, BATCH_EVENTS),
    batch: BATCH_EVENTS,
  });
  const directory = mkdtempSync(join(tmpdir(), 'daybook-bench-'));
  const started = performance.now();
  const server = await startEmbeddedServer(directory);
  try {
    const dataSource = await createDataSource(server.settings, []).initialize();
    await migrate(dataSource);
    await dataSource.destroy();
    const startMs = performance.now() - started;
    const seconds = await project(server.settings, flow.batches);
    return [
      { name: 'events_per_second', value: flow.events / seconds, unit: 'events/s', ack: 'none' },
      { name: 'database_start_ms', value: startMs, unit: 'ms', ack: 'none' },
    ];
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function project(
  settings: ConnectionSettings,
  batches: readonly RecordBuffer[],
): Promise<number> {
  const newProjector = (models: readonly ReadModel[]) =>
    new Projector({
      models,
      shard: 0,
      build: 'live',
      connect: () => connect(settings, 'daybook bench'),
    });
  const projectors = projectorLanes.map(newProjector);
  await Promise.all(projectors.map((projector) => projector.open()));
  const started = performance.now();
  for (const batch of batches) {
    await Promise.all(projectors.map((projector) => projector.project(batch)));
  }
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(projectors.map((projector) => projector.close()));
  return seconds;
}
