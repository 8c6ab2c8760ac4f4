/**
 * The positions of a moment as a small file: what was held, at hand without a database and without
 * evolving a log. Taken from the read model, so the writer never waits for one.
 *
 * Each says after which event (`sequence`), the hash of its content and that of the positions
 * (`stateHash`, domain/positions-hash.ts), which the log evolved up to that event must give, too.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { z } from 'zod';
import { PARTS } from '../../domain/position.js';
import { type HeldPosition, positionsHash } from '../../domain/positions-hash.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../../log/file-system.js';
import { writeWhole } from '../../log/whole-file.js';
import {
  type ConnectionSettings,
  connect,
} from '../../projections/database/connection-settings.js';

/** Files kept: a day of minutes. */
export const POSITIONS_KEPT_MAX = 1440;
/** Longest file that is read: a million positions. */
export const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** Part of each name: files of another version of the format are removed. */
const FORMAT = 2;
const NAME = new RegExp(`^positions-${FORMAT}-\\d{16}\\.json$`);
const NAME_OF_ANY = /^positions-(\d+-)?\d{16}\.json$/;

export interface TakenPositions {
  /** Positions after this event; nothing was written when there is a file of it already. */
  readonly sequence: number;
  readonly file: string;
  readonly positions: number;
  /** Of the positions, hexadecimal. */
  readonly stateHash: string;
  readonly written: boolean;
}

/** @param directory made when it is missing */
export async function takePositions(
  settings: ConnectionSettings,
  shard: number,
  directory: string,
  files: FileSystem = nodeFileSystem,
): Promise<TakenPositions> {
  const { next, rows, held } = await readPositions(settings, shard);
  const sequence = next - 1;
  const stateHash = positionsHash(held);
  const file = `positions-${FORMAT}-${String(Math.max(0, sequence)).padStart(16, '0')}.json`;
  const taken = { sequence, file, positions: rows.length, stateHash };
  files.makeDirectory(directory);
  const names = namesIn(files, directory);
  if (sequence < 0 || names.includes(file)) return { ...taken, written: false };
  const content = JSON.stringify(rows);
  const contentHash = createHash('sha256').update(content).digest('hex');
  const format = `daybook-positions-${FORMAT}`;
  const first = { format, shard, sequence, contentHash, stateHash };
  const text = `${JSON.stringify(first).slice(0, -1)},"positions":${content}}\n`;
  writeWhole(files, `${directory}/${file}`, Buffer.from(text));
  const kept = [...names.filter((name) => NAME.test(name)), file].sort().slice(-POSITIONS_KEPT_MAX);
  for (const old of names.filter((name) => !kept.includes(name))) {
    files.unlink(`${directory}/${old}`);
  }
  files.syncDirectory(directory);
  return { ...taken, written: true };
}

/** What a file of positions says of itself, or why it cannot be trusted. */
export interface RecordedPositions {
  readonly file: string;
  readonly sequence: number;
  readonly stateHash: string;
  /** What is wrong with it; undefined nothing. */
  readonly reason: string | undefined;
}

const schema = z.object({
  sequence: z.int().nonnegative(),
  contentHash: z.string(),
  stateHash: z.string(),
  positions: z.array(z.unknown()),
});

/** The files of positions of a directory, of this version of the format. */
export function* takenPositions(
  files: FileSystem,
  directory: string,
): Generator<RecordedPositions, void, undefined> {
  for (const name of namesIn(files, directory).filter((each) => NAME.test(each))) {
    const file = `${directory}/${name}`;
    const sequence = Number(name.slice(-'.json'.length - 16, -'.json'.length));
    const found = schema.safeParse(jsonOf(files, file));
    const { data } = found;
    if (data === undefined) {
      yield { file, sequence, stateHash: '', reason: 'is no file of positions' };
      continue;
    }
    const content = JSON.stringify(data.positions);
    const hash = createHash('sha256').update(content).digest('hex');
    const same = hash === data.contentHash && data.sequence === sequence;
    const reason = same ? undefined : 'does not have its hash, or the name of another';
    yield { file, sequence, stateHash: data.stateHash, reason };
  }
}

function jsonOf(files: FileSystem, path: string): unknown {
  const file = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.min(files.size(file), FILE_BYTES_MAX));
    const length = files.pread(file, bytes, 0, bytes.length, 0);
    return JSON.parse(bytes.toString('utf8', 0, length));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    files.close(file);
  }
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
    const held = await heldPositions(client, shard);
    await client.query('COMMIT');
    return { next, rows, held };
  } finally {
    await client.end();
  }
}

/** All amounts in whole units: lots, ticks x lots, micros, and parts of cost and realised P&L. */
async function heldPositions(client: pg.Client, shard: number): Promise<HeldPosition[]> {
  const { rows } = await client.query<Record<keyof HeldPosition, string>>(
    `SELECT account, instrument, quantity::text, bought::text, sold::text,
            bought_value::text AS "boughtValue", sold_value::text AS "soldValue", fees::text,
            trunc(cost * ${PARTS})::text AS cost, trunc(realized * ${PARTS})::text AS realized
       FROM daybook.positions WHERE shard = $1`,
    [shard],
  );
  return rows.map((row) => ({
    account: Number(row.account),
    instrument: Number(row.instrument),
    quantity: BigInt(row.quantity),
    bought: BigInt(row.bought),
    sold: BigInt(row.sold),
    boughtValue: BigInt(row.boughtValue),
    soldValue: BigInt(row.soldValue),
    cost: BigInt(row.cost),
    realized: BigInt(row.realized),
    fees: BigInt(row.fees),
  }));
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
    return files.readdir(directory).filter((name) => NAME_OF_ANY.test(name));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return [];
  }
}
