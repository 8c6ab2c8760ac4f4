import type pg from 'pg';
import { ProjectionError } from './errors.js';
import type { Build, ReadModel } from './read-model.js';

/** One model's way through the log of a shard. */
export interface Progress {
  readonly model: ReadModel;
  /** Everything before this sequence is in its tables. */
  next: number;
  /** Of its tables: changes when rebuilt ones take their place. */
  generation: number;
}

/**
 * Reads how far each model is, and enters new ones at 0.
 *
 * @throws ProjectionError PROJECTION_VERSION when tables were filled by another version of a model
 */
export async function readProgress(
  client: pg.ClientBase,
  models: readonly ReadModel[],
  shard: number,
  build: Build,
): Promise<Progress[]> {
  await client.query(
    `INSERT INTO daybook.projection_checkpoints
       (model, shard, build, version, next_sequence, event_time_ns)
     SELECT model, $3, $4, version, 0, 0 FROM unnest($1::text[], $2::integer[]) AS m(model, version)
     ON CONFLICT (model, shard, build) DO NOTHING`,
    [models.map((m) => m.name), models.map((m) => m.version), shard, build],
  );
  const { rows } = await client.query<CheckpointRow>(
    `SELECT model, version, generation, next_sequence AS next FROM daybook.projection_checkpoints
      WHERE shard = $1 AND build = $2`,
    [shard, build],
  );
  return models.map((model) => {
    const row = rows.find((r) => r.model === model.name);
    if (row?.version === model.version) {
      return { model, next: Number(row.next), generation: row.generation };
    }
    const message =
      `the tables of ${model.name} are of version ${row?.version}, this is ${model.version}: ` +
      `run daybook rebuild ${model.name}`;
    throw new ProjectionError('PROJECTION_VERSION', message);
  });
}

interface CheckpointRow {
  readonly model: string;
  readonly version: number;
  readonly generation: number;
  readonly next: string;
}

/**
 * Moves the checkpoints of all models from where each is to `next`: compare and set. It comes first
 * in the transaction and takes the row locks, so a second projector waits here until the first has
 * committed, then finds other values and stops before it has written anything.
 *
 * @param eventTimeNs time of the last event of the batch
 * @throws ProjectionError PROJECTION_SWITCHED when rebuilt tables took the place of those loaded,
 *   PROJECTION_DEPOSED when another projector moved a checkpoint
 */
export async function advanceCheckpoints(
  client: pg.ClientBase,
  progress: readonly Progress[],
  shard: number,
  build: Build,
  next: number,
  eventTimeNs: bigint,
): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE daybook.projection_checkpoints c
        SET next_sequence = $6, event_time_ns = $7, updated_at = clock_timestamp()
       FROM unnest($1::text[], $2::integer[], $3::bigint[], $8::integer[])
            AS m(model, version, next_sequence, generation)
      WHERE c.model = m.model AND c.shard = $4 AND c.build = $5 AND c.version = m.version
        AND c.next_sequence = m.next_sequence AND c.generation = m.generation`,
    [
      progress.map((p) => p.model.name),
      progress.map((p) => p.model.version),
      progress.map((p) => p.next),
      shard,
      build,
      next,
      eventTimeNs,
      progress.map((p) => p.generation),
    ],
  );
  if (rowCount === progress.length) return;
  await checkGeneration(client, progress, shard, build);
  const names = progress.map((p) => p.model.name).join(', ');
  const message = `another projector advanced ${names} of shard ${shard}`;
  throw new ProjectionError('PROJECTION_DEPOSED', message);
}

async function checkGeneration(
  client: pg.ClientBase,
  progress: readonly Progress[],
  shard: number,
  build: Build,
): Promise<void> {
  const { rows } = await client.query<{ model: string; generation: number }>(
    `SELECT model, generation FROM daybook.projection_checkpoints
      WHERE shard = $1 AND build = $2`,
    [shard, build],
  );
  for (const { model, generation } of progress) {
    const now = rows.find((row) => row.model === model.name)?.generation;
    if (now === generation) continue;
    const message = `rebuilt tables took the place of those of ${model.name}`;
    throw new ProjectionError('PROJECTION_SWITCHED', message);
  }
}
