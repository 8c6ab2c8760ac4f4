/** What the server offers beyond PostgreSQL. */
export interface TimescaleSupport {
  /** `none`: plain PostgreSQL. `apache`: hypertables. `community`: also aggregates and policies. */
  readonly edition: 'none' | 'apache' | 'community';
  /** Version of the extension; undefined without it. */
  readonly version: string | undefined;
}

/** The part of a connection that detection and DDL need; a pg client and a QueryRunner both fit. */
export type RunSql = (sql: string, parameters?: unknown[]) => Promise<readonly unknown[]>;

/**
 * Looks for the extension, and creates it in the database where the server has it installed.
 *
 * The edition is a property of the running server (`timescaledb.license`), not of the version: a
 * Community build started with `apache` refuses aggregates and policies like an Apache build.
 */
export async function detectTimescale(run: RunSql): Promise<TimescaleSupport> {
  const installed = await installedVersion(run);
  const version = installed ?? (await createExtension(run));
  if (version === undefined) return { edition: 'none', version };
  const [row] = (await run(
    "SELECT current_setting('timescaledb.license', true) AS license",
  )) as readonly { license: string | null }[];
  return { edition: row?.license === 'timescale' ? 'community' : 'apache', version };
}

async function installedVersion(run: RunSql): Promise<string | undefined> {
  const rows = (await run(
    "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'",
  )) as readonly { extversion: string }[];
  return rows[0]?.extversion;
}

async function createExtension(run: RunSql): Promise<string | undefined> {
  const offered = await run("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'");
  const loaded = (await run(
    "SELECT current_setting('shared_preload_libraries', true) AS libraries",
  )) as readonly { libraries: string | null }[];
  // Without the preload the statement would kill the connection.
  if (offered.length === 0 || !loaded[0]?.libraries?.includes('timescaledb')) return undefined;
  await run('CREATE EXTENSION IF NOT EXISTS timescaledb');
  return installedVersion(run);
}

/** How an append-only table is partitioned and kept where the extension exists. */
export interface HypertablePlan {
  /** Schema-qualified. */
  readonly table: string;
  /** Length of a chunk, an SQL interval: one chunk with its indexes in a quarter of memory. */
  readonly chunk: string;
  /** Community only: columns of equality filters, by which compressed rows are kept together. */
  readonly segmentBy?: string;
  /** Community only: compressed once older than any replay into the table could reach; else never. */
  readonly compressAfter?: string;
  /** Community only: chunks older than this are dropped; else never. */
  readonly dropAfter?: string;
}

/**
 * Makes an empty table a hypertable on its `time` column, which holds the event's own time: the
 * same event always lands in the same chunk, so uniqueness over (shard, sequence, time) is
 * uniqueness of the event. A plain server is left as it is.
 */
export async function createHypertable(
  run: RunSql,
  support: TimescaleSupport,
  plan: HypertablePlan,
): Promise<void> {
  if (support.edition === 'none') return;
  await run(
    'SELECT create_hypertable($1::regclass, $2::name, ' +
      'chunk_time_interval => $3::interval, create_default_indexes => false)',
    [plan.table, 'time', plan.chunk],
  );
  if (support.edition === 'apache') return;
  if (plan.dropAfter !== undefined) {
    await run('SELECT add_retention_policy($1::regclass, $2::interval)', [
      plan.table,
      plan.dropAfter,
    ]);
  }
  if (plan.compressAfter === undefined) return;
  await run(
    `ALTER TABLE ${plan.table} SET (timescaledb.compress, ` +
      `timescaledb.compress_segmentby = '${plan.segmentBy}', ` +
      `timescaledb.compress_orderby = 'time DESC, sequence DESC')`,
  );
  await run('SELECT add_compression_policy($1::regclass, $2::interval)', [
    plan.table,
    plan.compressAfter,
  ]);
}
