/**
 * One snapshot: a file that is whole or not there.
 *
 * ```
 *   byte 0          8        12      16                48
 *        +----------+--------+-------+-----------------+---------------+----------------------+
 *        | DBSNAP01 | header | zero  | SHA-256 of all  | header, JSON, | pieces, one after    |
 *        | 8 B      | bytes  | u32   | that follows    | blanks behind | another, as in memory|
 *        +----------+--------+-------+-----------------+---------------+----------------------+
 * ```
 *
 * Little-endian, and so is the memory that it holds. Written under a name of its own, synced, and
 * renamed; what a crash leaves behind is removed by the next writer.
 */
import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import { assert } from '../../lib/assert.js';
import { type FileSystem, pwriteAll } from '../file-system.js';
import { SnapshotError } from './errors.js';
import { HEADER_BYTES_MAX, SNAPSHOT_BYTES_MAX } from './limits.js';

const MAGIC = 'DBSNAP01';
const FIXED_BYTES = 48;
const HASH_AT = 16;
const NEW_SUFFIX = '.new';

/** What a snapshot says of itself. */
const schema = z.object({
  shard: z.int().nonnegative(),
  /** The last event in it. */
  anchor: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  /** Time of that event, ns since 1970, as text. */
  time: z.string().regex(/^[0-9]{1,19}$/),
  /** Layout of events and of the state: another one, and the snapshot is of no use. */
  catalogue: z.int().nonnegative(),
  schema: z.string(),
  stateHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Chain value of the commit that ends with the anchor: it says of which history. Or not known. */
  chain: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  pieces: z.array(z.tuple([z.string(), z.int().nonnegative()])),
  values: z.unknown(),
});

export type SnapshotHeader = z.infer<typeof schema>;

export interface SnapshotPiece {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface WrittenSnapshot {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the whole file, hexadecimal. */
  readonly contentHash: string;
}

const NAME = /^snapshot-([0-9]{16})$/;

export const snapshotName = (anchor: number): string =>
  `snapshot-${anchor.toString().padStart(16, '0')}`;

/** Anchors of the snapshots of a directory, newest first. */
export function listSnapshots(files: FileSystem, directory: string): number[] {
  return files
    .readdir(directory)
    .map((name) => NAME.exec(name)?.[1])
    .filter((anchor) => anchor !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
}

/** Writes a snapshot for good. What was there before stays until this one is. */
export function writeSnapshot(
  files: FileSystem,
  directory: string,
  header: Omit<SnapshotHeader, 'pieces'>,
  pieces: readonly SnapshotPiece[],
): WrittenSnapshot {
  const shape = pieces.map(({ name, bytes }) => [name, bytes.length]);
  const json = JSON.stringify({ ...header, pieces: shape });
  const padded = Math.ceil((FIXED_BYTES + Buffer.byteLength(json)) / 4096) * 4096 - FIXED_BYTES;
  assert(padded <= HEADER_BYTES_MAX, 'the header of a snapshot is too long');
  const head = Buffer.alloc(FIXED_BYTES + padded, ' ');
  head.write(MAGIC, 0, 'latin1');
  head.writeUInt32LE(padded, 8);
  head.writeUInt32LE(0, 12);
  head.write(json, FIXED_BYTES, 'utf8');
  const content = createHash('sha256').update(head.subarray(FIXED_BYTES));
  for (const { bytes } of pieces) content.update(bytes);
  content.digest().copy(head, HASH_AT);
  const name = snapshotName(header.anchor);
  const path = `${directory}/${name}${NEW_SUFFIX}`;
  removeLeftovers(files, directory);
  const file = files.open(path, 'create');
  const whole = createHash('sha256').update(head);
  let at = head.length;
  try {
    pwriteAll(files, file, head, head.length, 0);
    for (const { bytes } of pieces) {
      if (bytes.length > 0) pwriteAll(files, file, bytes, bytes.length, at);
      whole.update(bytes);
      at += bytes.length;
    }
    files.fsync(file);
  } finally {
    files.close(file);
  }
  files.rename(path, `${directory}/${name}`);
  files.syncDirectory(directory);
  return { file: name, bytes: at, contentHash: whole.digest('hex') };
}

/** Files that a crash left half written. */
function removeLeftovers(files: FileSystem, directory: string): void {
  for (const name of files.readdir(directory)) {
    const whole = name.endsWith(NEW_SUFFIX) ? name.slice(0, -NEW_SUFFIX.length) : '';
    if (NAME.test(whole)) files.unlink(`${directory}/${name}`);
  }
}

/** Removes all but the newest `keep`. */
export function removeOldSnapshots(files: FileSystem, directory: string, keep: number): void {
  const old = listSnapshots(files, directory).slice(keep);
  for (const anchor of old) files.unlink(`${directory}/${snapshotName(anchor)}`);
  if (old.length > 0) files.syncDirectory(directory);
}

/** An open snapshot: its header, which is trusted only once `read` has seen all of it. */
export class SnapshotReader {
  readonly header: SnapshotHeader;
  readonly bytes: number;
  readonly #files: FileSystem;
  readonly #path: string;
  readonly #file: number;
  readonly #hash: Hash;
  readonly #expected: Buffer;
  readonly #bodyAt: number;

  /** @throws SnapshotError */
  constructor(files: FileSystem, directory: string, anchor: number) {
    this.#files = files;
    this.#path = `${directory}/${snapshotName(anchor)}`;
    this.#file = files.open(this.#path, 'read');
    try {
      this.bytes = files.size(this.#file);
      const fixed = this.#pread(FIXED_BYTES, 0);
      if (fixed.toString('latin1', 0, 8) !== MAGIC) throw this.#wrong('is no snapshot');
      const length = fixed.readUInt32LE(8);
      const fits = length <= HEADER_BYTES_MAX && this.bytes <= SNAPSHOT_BYTES_MAX;
      if (!fits || fixed.readUInt32LE(12) !== 0) throw this.#wrong('has a header that cannot be');
      this.#expected = fixed.subarray(HASH_AT, FIXED_BYTES);
      const head = this.#pread(length, FIXED_BYTES);
      this.#hash = createHash('sha256').update(head);
      this.#bodyAt = FIXED_BYTES + length;
      this.header = this.#parse(head.toString('utf8'), anchor);
    } catch (error) {
      files.close(this.#file);
      throw error;
    }
  }

  /**
   * Fills `targets` and checks every byte of the file. After an error they hold anything.
   * @throws SnapshotError
   */
  read(targets: readonly SnapshotPiece[]): void {
    const { pieces } = this.header;
    const same =
      pieces.length === targets.length &&
      targets.every(
        ({ name, bytes }, i) => pieces[i]?.[0] === name && pieces[i]?.[1] === bytes.length,
      );
    if (!same) throw this.#wrong('holds other pieces than this state has');
    let at = this.#bodyAt;
    for (const { bytes } of targets) {
      const done = this.#files.pread(this.#file, bytes, 0, bytes.length, at);
      if (done !== bytes.length) throw this.#wrong('ends too early');
      this.#hash.update(bytes);
      at += bytes.length;
    }
    if (at !== this.bytes) throw this.#wrong('has bytes behind its end');
    if (!this.#hash.digest().equals(this.#expected)) throw this.#wrong('does not have its hash');
  }

  close(): void {
    this.#files.close(this.#file);
  }

  #pread(length: number, at: number): Buffer {
    const into = Buffer.alloc(length);
    const done = this.#files.pread(this.#file, into, 0, length, at);
    if (done !== length) throw this.#wrong('ends too early');
    return into;
  }

  #parse(text: string, anchor: number): SnapshotHeader {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw this.#wrong('has a header that is no JSON');
    }
    const result = schema.safeParse(parsed);
    if (!result.success) throw this.#wrong('has a header with other fields');
    if (result.data.anchor !== anchor) throw this.#wrong('has the name of another');
    return result.data;
  }

  #wrong(what: string): SnapshotError {
    return new SnapshotError('SNAPSHOT_DAMAGED', `${this.#path} ${what}`);
  }
}
