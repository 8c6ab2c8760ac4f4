/**
 * All tables as one script that `psql` loads into a migrated, empty database. The read models can be
 * built from the log without it; market data and what was computed from it cannot.
 */
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import {
  type FileSystem,
  nodeFileSystem,
  pwriteAll,
  systemErrorCode,
} from '../../log/file-system.js';
import {
  type ConnectionSettings,
  connect,
} from '../../projections/database/connection-settings.js';

/** Not ours, or made by the migrations, or a queue that is no record of anything. */
const NOT_DUMPED = `
  n.nspname IN ('pg_catalog', 'information_schema', 'bullmq', 'daybook_rebuild', 'public')
  OR n.nspname LIKE 'pg\\_%' OR n.nspname LIKE '\\_timescaledb%' OR n.nspname LIKE 'timescaledb%'
  OR c.relname = 'migrations'`;

export interface DumpedDatabase {
  readonly tables: number;
  readonly bytes: number;
  /** The least that a read model had taken in: everything before this sequence is in all tables. */
  readonly next: number;
}

/** Writes the dump of one moment to a new file. */
export async function dumpDatabase(
  settings: ConnectionSettings,
  path: string,
  files: FileSystem = nodeFileSystem,
): Promise<DumpedDatabase> {
  const client = await connect(settings, 'daybook dump');
  const file = files.open(path, 'create');
  let bytes = 0;
  const write = (chunk: Uint8Array) => {
    pwriteAll(files, file, chunk, chunk.length, bytes);
    bytes += chunk.length;
  };
  try {
    await client.query("SET statement_timeout = 0; SET TIME ZONE 'UTC'; SET datestyle = 'ISO'");
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const next = await leastCheckpoint(client);
    write(Buffer.from(headOf(next)));
    const tables = await tablesOf(client);
    for (const { table, columns } of tables) {
      write(Buffer.from(`\nCOPY ${table} (${columns}) FROM stdin;\n`));
      // A query, not the table: of a hypertable the table itself is empty.
      const rows = client.query(copyTo(`COPY (SELECT ${columns} FROM ${table}) TO STDOUT`));
      for await (const chunk of rows) write(chunk as Buffer);
      write(Buffer.from('\\.\n'));
    }
    await client.query('COMMIT');
    files.fsync(file);
    return { tables: tables.length, bytes, next };
  } finally {
    files.close(file);
    await client.end();
  }
}

const headOf = (next: number): string => `-- Daybook, all tables with the first ${next} events.
-- Load into a database with the tables of the same version (daybook start makes them), emptied:
--   psql "$DATABASE_URL" --single-transaction --set ON_ERROR_STOP=1 --file THIS
SET client_encoding = 'UTF8';
`;

async function leastCheckpoint(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ next: string | null }>(
    `SELECT min(next_sequence) AS next FROM daybook.projection_checkpoints WHERE build = 'live'`,
  );
  return Number(rows[0]?.next ?? 0);
}

/** Names and columns, quoted; columns that are computed are left out. */
async function tablesOf(client: pg.Client) {
  const { rows } = await client.query<{ table: string; columns: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS table,
            string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                          AND a.attgenerated = ''
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT (${NOT_DUMPED})
      GROUP BY 1 ORDER BY 1`,
  );
  return rows;
}

/** Removes what a dump that was killed left behind, and the file of one that is shipped. */
export function removeDump(path: string, files: FileSystem = nodeFileSystem): void {
  try {
    files.unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
