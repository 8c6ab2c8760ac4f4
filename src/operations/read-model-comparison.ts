/**
 * The read models against the log: what live tables hold is compared with what the log gives when it
 * is projected once more, into a database of its own.
 *
 * ```
 *   live database ── one snapshot: checkpoints and a hash of each table
 *   journal ──► scratch PostgreSQL, to exactly those checkpoints ── a hash of each table
 * ```
 *
 * The live projector and its queries go on meanwhile.
 */
import type pg from 'pg';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { type ConnectionSettings, connect } from '../projections/database/connection-settings.js';
import { createDataSource, migrate } from '../projections/database/data-source.js';
import { startEmbeddedServer } from '../projections/database/embedded-server.js';
import type { ReadModel } from '../projections/projector/read-model.js';
import { projectorLanes } from '../projections/read-models.js';
import { projectUntil } from '../projections/rebuild/project-until.js';
import { differingRows, hashTables, type TableHash } from '../projections/rebuild/table-hash.js';
import type { CheckFinding } from './findings.js';

/** Rows that are told one by one, of each table. */
const ROWS_TOLD_MAX = 10;
/** Characters of a row in a finding. */
const ROW_CHARACTERS_MAX = 300;

/** How much later than the projector the file of the durable end may tell of a commit. */
const MARK_LATE_MS_MAX = 2_000;

const APPLICATION = 'daybook verify';

export interface ScratchDatabase {
  readonly settings: ConnectionSettings;
  stop(): Promise<void>;
}

/** A PostgreSQL of its own with empty tables of this version. */
export async function startScratch(directory: string): Promise<ScratchDatabase> {
  const server = await startEmbeddedServer(directory);
  const dataSource = createDataSource(server.settings, []);
  try {
    await dataSource.initialize();
    await migrate(dataSource);
    return { settings: server.settings, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

export interface ReadModelComparison {
  readonly findings: readonly CheckFinding[];
  /** Of the live database. */
  readonly tables: readonly TableHash[];
  /** The least and the most that a model had: everything before these sequences. */
  readonly asOf: readonly [least: number, most: number];
}

export interface CompareReadModelsOptions {
  readonly live: ConnectionSettings;
  readonly journal: string;
  readonly shard: number;
  readonly end: DurableEnd;
  /** Empty directory for the scratch database. */
  readonly scratch: string;
}

export async function compareReadModels(
  options: CompareReadModelsOptions,
): Promise<ReadModelComparison> {
  const live = await connect(options.live, APPLICATION);
  const scratch = await startScratch(options.scratch);
  const expected = await connect(scratch.settings, APPLICATION);
  try {
    return await compare(options, live, expected, () => connect(scratch.settings, APPLICATION));
  } finally {
    await live.end();
    await expected.end();
    await scratch.stop();
  }
}

async function compare(
  { journal, shard, end }: CompareReadModelsOptions,
  live: pg.Client,
  expected: pg.Client,
  openScratch: () => Promise<pg.Client>,
): Promise<ReadModelComparison> {
  const findings: CheckFinding[] = [];
  const tables: TableHash[] = [];
  const durable = { nextSequence: 0, segment: 0, offset: 0 };
  const all: number[] = [];
  // One snapshot for the whole comparison: what is looked at does not move.
  await live.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const letters = await deadLetters(live, shard);
  findings.push(...letters);
  for (const models of projectorLanes) {
    for (const [until, same] of groups(await checkpoints(live, models, shard), models)) {
      all.push(until);
      // The projector's thread may know of a commit before other processes do.
      end.waitBlocking(until - 1, MARK_LATE_MS_MAX);
      end.read(durable);
      if (until > durable.nextSequence) {
        const reason = `is as of ${until - 1}, and the journal ends at ${durable.nextSequence - 1}`;
        const file = same.map(({ name }) => name).join(', ');
        findings.push({ file, offset: 0, sequence: until, code: 'READ_MODEL_AHEAD', reason });
        continue;
      }
      await projectUntil({ models: same, shard, journal, end, until, connect: openScratch });
      const found = await hashTables(live, same);
      tables.push(...found);
      findings.push(...(await differences(live, expected, found, same)));
    }
  }
  await live.query('COMMIT');
  return { findings, tables, asOf: [Math.min(...all), Math.max(...all)] };
}

async function differences(
  live: pg.Client,
  expected: pg.Client,
  found: readonly TableHash[],
  models: readonly ReadModel[],
): Promise<CheckFinding[]> {
  const wanted = await hashTables(expected, models);
  const findings: CheckFinding[] = [];
  for (const [index, { table, hash, rows }] of found.entries()) {
    const other = wanted[index] as TableHash;
    if (hash === other.hash && rows === other.rows) continue;
    for (const each of await differingRows(live, expected, table, ROWS_TOLD_MAX)) {
      const { side, sequence, row } = each;
      const what = side === 'missing' ? 'the log gives' : 'the log does not give';
      const code = side === 'missing' ? 'ROW_MISSING' : 'ROW_UNEXPECTED';
      const reason = `${what} the row ${row.slice(0, ROW_CHARACTERS_MAX)}`;
      findings.push({ file: `table ${table}`, offset: 0, sequence, code, reason });
    }
    const reason = `${rows} rows, ${other.rows} from the log`;
    findings.push({ file: `table ${table}`, offset: 0, sequence: 0, code: 'TABLE_HASH', reason });
  }
  return findings;
}

async function checkpoints(
  client: pg.Client,
  models: readonly ReadModel[],
  shard: number,
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ model: string; next: string }>(
    `SELECT model, next_sequence AS next FROM daybook.projection_checkpoints
      WHERE build = 'live' AND shard = $1 AND model = ANY($2)`,
    [shard, models.map(({ name }) => name)],
  );
  return new Map(rows.map(({ model, next }) => [model, Number(next)]));
}

/** Models by how far they are: those of a lane are as far as each other, but for a rebuild. */
function groups(
  checkpoint: ReadonlyMap<string, number>,
  models: readonly ReadModel[],
): Map<number, ReadModel[]> {
  const byNext = new Map<number, ReadModel[]>();
  for (const model of models) {
    const next = checkpoint.get(model.name) ?? 0;
    byNext.set(next, [...(byNext.get(next) ?? []), model]);
  }
  return byNext;
}

/** Events that a read model could not take: its tables are without them. */
export async function deadLetters(client: pg.Client, shard: number): Promise<CheckFinding[]> {
  const { rows } = await client.query<{ model: string; sequence: string; reason: string }>(
    `SELECT model, sequence, reason FROM daybook.projection_dead_letters
      WHERE shard = $1 ORDER BY sequence LIMIT 100`,
    [shard],
  );
  return rows.map(({ model, sequence, reason }) => ({
    ...{ file: `read model ${model}`, offset: 0, sequence: Number(sequence) },
    ...{ code: 'DEAD_LETTER', reason: `the event was set aside: ${reason}` },
  }));
}
