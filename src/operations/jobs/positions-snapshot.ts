/**
 * The positions of a moment as a small file: what was held, at hand without a database and without
 * evolving a log. Taken from the read model, so the writer never waits for one.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
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

/** Files kept: a day of minutes. */
export const POSITIONS_KEPT_MAX = 1440;

const NAME = /^positions-(\d{16})\.json$/;
const NEW_SUFFIX = '.new';

export interface TakenPositions {
  /** Positions after this event; nothing was written when there is a file of it already. */
  readonly sequence: number;
  readonly file: string;
  readonly positions: number;
  readonly written: boolean;
}

/** @param directory made when it is missing */
export async function takePositions(
  settings: ConnectionSettings,
  shard: number,
  directory: string,
  files: FileSystem = nodeFileSystem,
): Promise<TakenPositions> {
  const { next, rows } = await readPositions(settings, shard);
  const sequence = next - 1;
  const file = `positions-${String(Math.max(0, sequence)).padStart(16, '0')}.json`;
  files.makeDirectory(directory);
  const names = namesIn(files, directory);
  if (sequence < 0 || names.includes(file)) {
    return { sequence, file, positions: rows.length, written: false };
  }
  const content = JSON.stringify(rows);
  const contentHash = createHash('sha256').update(content).digest('hex');
  const head = { format: 'daybook-positions-1', shard, sequence, contentHash };
  const text = `${JSON.stringify(head).slice(0, -1)},"positions":${content}}\n`;
  writeWhole(files, `${directory}/${file}`, Buffer.from(text));
  const all = [...names, file].sort();
  for (const old of all.slice(0, Math.max(0, all.length - POSITIONS_KEPT_MAX))) {
    files.unlink(`${directory}/${old}`);
  }
  files.syncDirectory(directory);
  return { sequence, file, positions: rows.length, written: true };
}

/** Rows and the sequence that they are as of, in one snapshot. Sums are exact, as text. */
async function readPositions(settings: ConnectionSettings, shard: number) {
  const client = await connect(settings, 'daybook positions');
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const next = await checkpoint(client, shard);
    const { rows } = await client.query<Record<string, string | number>>(
      `SELECT a.name AS account, i.symbol AS instrument, p.account AS "accountNumber",
              p.instrument AS "instrumentNumber", p.quantity::text, p.cost::text, p.realized::text,
              p.fees::text, p.sequence::text
         FROM daybook.positions p
         LEFT JOIN daybook.accounts a ON a.shard = p.shard AND a.account = p.account
         LEFT JOIN daybook.instruments i ON i.shard = p.shard AND i.instrument = p.instrument
        WHERE p.shard = $1 ORDER BY p.account, p.instrument`,
      [shard],
    );
    await client.query('COMMIT');
    return { next, rows };
  } finally {
    await client.end();
  }
}

async function checkpoint(client: pg.Client, shard: number): Promise<number> {
  const { rows } = await client.query<{ next: string }>(
    `SELECT next_sequence AS next FROM daybook.projection_checkpoints
      WHERE model = 'positions' AND build = 'live' AND shard = $1`,
    [shard],
  );
  return Number(rows[0]?.next ?? 0);
}

function namesIn(files: FileSystem, directory: string): string[] {
  try {
    return files.readdir(directory).filter((name) => NAME.test(name));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return [];
  }
}

/** Whole or not there; what a crash left half written is replaced. */
function writeWhole(files: FileSystem, path: string, bytes: Uint8Array): void {
  const temporary = path + NEW_SUFFIX;
  try {
    files.unlink(temporary);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  const file = files.open(temporary, 'create');
  try {
    pwriteAll(files, file, bytes, bytes.length, 0);
    files.fsync(file);
  } finally {
    files.close(file);
  }
  files.rename(temporary, path);
}
