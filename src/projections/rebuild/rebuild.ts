import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { DurableEnd } from '../../log/journal/durable-end.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { ProjectionError } from '../projector/errors.js';
import { Projector } from '../projector/projector.js';
import type { ReadModel } from '../projector/read-model.js';
import { prepareTables } from './rebuild-tables.js';
import { fillAggregates, switchTables } from './switch-tables.js';

/** Advisory lock of a rebuild; the second key is the model's. */
const REBUILD_LOCK = 0x0da3;
/** Two models may share a view, so tables are switched one model at a time. */
const SWITCH_LOCK = 0x0da4;
/** The switch waits this long for queries that read the old tables, then lets others pass first. */
const LOCK_MS_MAX = 2_000;
const SWITCH_TRIES_MAX = 60;
const SWITCH_PAUSE_MS = 500;
/** Larger than live: an order that comes and goes within a batch is one row, written once. */
const READ_BYTES = 16 * 1024 * 1024;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK_DETECTED = '40P01';

/** The journal of one shard. */
export interface ShardJournal {
  readonly shard: number;
  readonly journal: string;
  readonly end: DurableEnd;
}

export interface RebuildProgress {
  readonly model: string;
  readonly shard: number;
  /** Everything before this sequence is in the new tables. */
  readonly next: number;
  /** Where the journal was durable to. */
  readonly durable: number;
}

export interface RebuildOptions {
  /** Opens a connection, known to the server by that name. */
  readonly connect: (applicationName: string) => Promise<pg.Client>;
  readonly model: ReadModel;
  readonly shards: readonly ShardJournal[];
  readonly onProgress?: (progress: RebuildProgress) => void;
}

/**
 * Builds the tables of a read model again from sequence 0, beside the live ones, which stay in use,
 * and switches when they have caught up.
 *
 * Killed at any point and run again, it goes on from where it was, or, if the switch was committed,
 * builds once more. The live projector waits during the switch only, and goes on in the new tables.
 *
 * @throws ProjectionError PROJECTION_REBUILDING while another process rebuilds the model,
 *   PROJECTION_POISON at an event that the model cannot take; the live tables are as before
 */
export async function rebuild(options: RebuildOptions): Promise<void> {
  const { model, shards } = options;
  const client = await options.connect(`daybook rebuild ${model.name}`);
  try {
    await takeLock(client, model);
    await prepareTables(client, model);
    const sources = shards.map((shard) => new RebuildSource(options, shard));
    try {
      for (const source of sources) await source.open();
      for (const source of sources) await source.catchUp();
      await switchWhenFree(client, model, sources);
      await fillAggregates(client, model);
    } finally {
      for (const source of sources) await source.close();
    }
  } finally {
    await client.end();
  }
}

/** Models built at a time: each keeps one connection of the server and a part of a core busy. */
const MODELS_AT_A_TIME = 2;

/**
 * Rebuilds several models, two at a time. Each is switched as soon as it is complete.
 *
 * @throws as `rebuild`; the models that were switched before stay so
 */
export async function rebuildAll(
  models: readonly ReadModel[],
  options: Omit<RebuildOptions, 'model'>,
): Promise<void> {
  const waiting = [...models];
  const lane = async (): Promise<void> => {
    for (let model = waiting.shift(); model !== undefined; model = waiting.shift()) {
      await rebuild({ ...options, model });
    }
  };
  await Promise.all(Array.from({ length: MODELS_AT_A_TIME }, lane));
}

async function takeLock(client: pg.Client, model: ReadModel): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken',
    [REBUILD_LOCK, model.name],
  );
  if (rows[0]?.taken === true) return;
  const message = `another process rebuilds ${model.name} at the moment`;
  throw new ProjectionError('PROJECTION_REBUILDING', message);
}

/** One shard on its way into the new tables. */
class RebuildSource {
  readonly #options: RebuildOptions;
  readonly #source: ShardJournal;
  readonly #projector: Projector;
  #reader: JournalReader | undefined;

  constructor(options: RebuildOptions, source: ShardJournal) {
    this.#options = options;
    this.#source = source;
    const { shard } = source;
    const { model } = options;
    this.#projector = new Projector({
      models: [model],
      shard,
      build: 'rebuild',
      connect: () => options.connect(`daybook rebuild ${model.name} ${shard}`),
    });
  }

  get shard(): number {
    return this.#source.shard;
  }

  get next(): number {
    return this.#projector.next;
  }

  async open(): Promise<void> {
    await this.#projector.open();
    const { journal, end } = this.#source;
    this.#reader = new JournalReader(journal, { from: this.next, end, readBytes: READ_BYTES });
  }

  /** Projects until the durable end of the moment. */
  async catchUp(): Promise<void> {
    const durable = { nextSequence: 0, segment: 0, offset: 0 };
    for (let batch = this.#reader?.read(); batch !== undefined; batch = this.#reader?.read()) {
      await this.#projector.project(batch);
      this.#source.end.read(durable);
      this.#options.onProgress?.({
        model: this.#options.model.name,
        shard: this.shard,
        next: this.next,
        durable: durable.nextSequence,
      });
    }
  }

  async close(): Promise<void> {
    this.#reader?.close();
    await this.#projector.close();
  }
}

/** Queries that hold the old tables for long are not made to wait behind the switch: it tries again. */
async function switchWhenFree(
  client: pg.Client,
  model: ReadModel,
  sources: readonly RebuildSource[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    for (const source of sources) await source.catchUp();
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL lock_timeout = ${LOCK_MS_MAX}`);
      await client.query('SELECT pg_advisory_xact_lock($1)', [SWITCH_LOCK]);
      await switchOver(client, model, sources);
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK');
      const { code } = error as { code?: string };
      const busy = code === LOCK_NOT_AVAILABLE || code === DEADLOCK_DETECTED;
      if (!busy || attempt === SWITCH_TRIES_MAX) throw error;
    }
    await delay(SWITCH_PAUSE_MS);
  }
}

/**
 * The rows of the live checkpoints are locked first: the live projector then waits before its next
 * batch, so the new tables can be brought to where the old ones are, or beyond.
 */
async function switchOver(
  client: pg.Client,
  model: ReadModel,
  sources: readonly RebuildSource[],
): Promise<void> {
  const { rows } = await client.query<{ shard: number; next: string }>(
    `SELECT shard, next_sequence AS next FROM daybook.projection_checkpoints
      WHERE model = $1 AND build = 'live' FOR UPDATE`,
    [model.name],
  );
  for (const source of sources) {
    const live = Number(rows.find((row) => row.shard === source.shard)?.next ?? 0);
    if (source.next < live) await source.catchUp();
  }
  const missing = rows.find((row) => !sources.some((source) => source.shard === row.shard));
  if (missing !== undefined) {
    throw new Error(`shard ${missing.shard} has rows of ${model.name} and no journal was given`);
  }
  await switchTables(client, model);
  await client.query(
    `INSERT INTO daybook.projection_checkpoints
       (model, shard, build, version, next_sequence, event_time_ns, generation)
     SELECT model, shard, 'live', version, next_sequence, event_time_ns, 1
       FROM daybook.projection_checkpoints WHERE model = $1 AND build = 'rebuild'
     ON CONFLICT (model, shard, build) DO UPDATE
       SET version = excluded.version, next_sequence = excluded.next_sequence,
           event_time_ns = excluded.event_time_ns, updated_at = clock_timestamp(),
           generation = projection_checkpoints.generation + 1`,
    [model.name],
  );
  await client.query(
    "DELETE FROM daybook.projection_checkpoints WHERE build = 'rebuild' AND model = $1",
    [model.name],
  );
}
