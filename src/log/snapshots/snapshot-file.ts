/**
 * One snapshot: a file that is whole or not there.
 *
 * ```
 *   byte 0          8        12      16                48
 *        +----------+--------+-------+-----------------+---------------+----------------------+
 *        | DBSNAP02 | header | zero  | SHA-256 of the  | header, JSON, | pieces, one after    |
 *        | 8 B      | bytes  | u32   | header          | blanks behind | another, without     |
 *        |          |        |       |                 |               | leaves of zeros      |
 *        +----------+--------+-------+-----------------+---------------+----------------------+
 * ```
 *
 * The header has the hash of all pieces (lib/piece-hashes.ts), so its own hash stands for every byte
 * of the file. Little-endian, and so is the memory that it holds. Written under a name of its own,
 * synced, and renamed; what a crash leaves behind is removed by the next writer.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { assert } from '../../lib/assert.js';
import { LEAF_BYTES } from '../../lib/leaf-hashes.js';
import { type HashedPiece, hashOfPieces, type Piece } from '../../lib/piece-hashes.js';
import { type FileSystem, pwriteAll } from '../file-system.js';
import { SnapshotError } from './errors.js';
import { CHECK_BYTES, HEADER_BYTES_MAX, SNAPSHOT_BYTES_MAX } from './limits.js';
import {
  areRunsOf,
  leafPositions,
  readLeaves,
  runsOf,
  storedBytes,
  storedParts,
} from './snapshot-pieces.js';

const MAGIC = 'DBSNAP02';
/** Of earlier formats. */
const MAGIC_BEFORE = ['DBSNAP01'];
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
  /** Name, bytes in memory, and runs of leaves (snapshot-pieces.ts). */
  pieces: z.array(
    z.tuple([z.string(), z.int().nonnegative(), z.array(z.int().nonnegative()).min(1)]),
  ),
  /** Hash of all pieces. */
  memoryHash: z.string().regex(/^[0-9a-f]{64}$/),
  values: z.unknown(),
});

export type SnapshotHeader = z.infer<typeof schema>;

export interface WrittenSnapshot {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 of the header, hexadecimal: it stands for every byte of the file. */
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
  header: Omit<SnapshotHeader, 'pieces' | 'memoryHash'>,
  pieces: readonly HashedPiece[],
): WrittenSnapshot {
  const stored = pieces.map(({ name, bytes, digest }) => {
    const runs = bytes.length <= LEAF_BYTES ? [1] : runsOf(digest);
    return [name, bytes.length, runs] satisfies SnapshotHeader['pieces'][number];
  });
  const { head, contentHash } = encodeHead({
    ...header,
    pieces: stored,
    memoryHash: hashOfPieces(pieces),
  });
  const name = snapshotName(header.anchor);
  const path = `${directory}/${name}${NEW_SUFFIX}`;
  removeLeftovers(files, directory);
  const file = files.open(path, 'create');
  let at = head.length;
  try {
    pwriteAll(files, file, head, head.length, 0);
    for (const [index, { bytes }] of pieces.entries()) {
      for (const [from, to] of storedParts(stored[index]?.[2] ?? [], bytes.length)) {
        pwriteAll(files, file, bytes.subarray(from, to), to - from, at);
        at += to - from;
      }
    }
    files.fsync(file);
  } finally {
    files.close(file);
  }
  files.rename(path, `${directory}/${name}`);
  files.syncDirectory(directory);
  return { file: name, bytes: at, contentHash };
}

function encodeHead(header: SnapshotHeader): { head: Buffer; contentHash: string } {
  const json = JSON.stringify(header);
  const padded = Math.ceil((FIXED_BYTES + Buffer.byteLength(json)) / 4096) * 4096 - FIXED_BYTES;
  assert(padded <= HEADER_BYTES_MAX, 'the header of a snapshot is too long');
  const head = Buffer.alloc(FIXED_BYTES + padded, ' ');
  head.write(MAGIC, 0, 'latin1');
  head.writeUInt32LE(padded, 8);
  head.writeUInt32LE(0, 12);
  head.write(json, FIXED_BYTES, 'utf8');
  const hash = createHash('sha256').update(head.subarray(FIXED_BYTES)).digest();
  hash.copy(head, HASH_AT);
  return { head, contentHash: hash.toString('hex') };
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

/**
 * An open snapshot. Its header is what was written, and the file has the length that it says; the
 * pieces are checked when they are read.
 */
export class SnapshotReader {
  readonly header: SnapshotHeader;
  readonly bytes: number;
  readonly #files: FileSystem;
  readonly #path: string;
  readonly #file: number;
  readonly #bodyAt: number;

  /** @throws SnapshotError */
  static open(files: FileSystem, directory: string, anchor: number): SnapshotReader {
    const reader = new SnapshotReader(files, `${directory}/${snapshotName(anchor)}`);
    if (reader.header.anchor === anchor) return reader;
    reader.close();
    throw reader.#wrong('has the name of another');
  }

  /**
   * @param path of a snapshot, whatever its name
   * @throws SnapshotError
   */
  constructor(files: FileSystem, path: string) {
    this.#files = files;
    this.#path = path;
    this.#file = files.open(path, 'read');
    try {
      this.bytes = files.size(this.#file);
      const fixed = this.#pread(FIXED_BYTES, 0);
      this.#checkMagic(fixed.toString('latin1', 0, MAGIC.length));
      const length = fixed.readUInt32LE(8);
      const fits = length <= HEADER_BYTES_MAX && this.bytes <= SNAPSHOT_BYTES_MAX;
      if (!fits || fixed.readUInt32LE(12) !== 0) throw this.#wrong('has a header that cannot be');
      const head = this.#pread(length, FIXED_BYTES);
      const hash = createHash('sha256').update(head).digest();
      if (!hash.equals(fixed.subarray(HASH_AT))) throw this.#wrong('has a header without its hash');
      this.#bodyAt = FIXED_BYTES + length;
      this.header = this.#parse(head.toString('utf8'));
      this.#checkLength();
    } catch (error) {
      files.close(this.#file);
      throw error;
    }
  }

  /**
   * Fills `targets` and checks every byte of the file. After an error they hold anything.
   * @returns the hash of what they hold, which is that of the header
   * @throws SnapshotError
   */
  read(targets: readonly Piece[]): string {
    const { pieces } = this.header;
    const same =
      pieces.length === targets.length &&
      targets.every(
        ({ name, bytes }, i) => pieces[i]?.[0] === name && pieces[i]?.[1] === bytes.length,
      );
    if (!same) throw this.#wrong('holds other pieces than this state has');
    let at = this.#bodyAt;
    const digests = targets.map(({ bytes }, index) => {
      const runs = pieces[index]?.[2] ?? [];
      const digest = this.#readPiece(bytes, leafPositions(runs, bytes.length, at), at);
      at += storedBytes(runs, bytes.length);
      return digest;
    });
    return this.#checkMemory(digests);
  }

  /**
   * Checks every byte of the file, in little memory of its own.
   * @throws SnapshotError
   */
  check(): void {
    const scratch = new Uint8Array(CHECK_BYTES);
    let at = this.#bodyAt;
    const digests = this.header.pieces.map(([, bytes, runs]) => {
      const positions = leafPositions(runs, bytes, at);
      const parts: Uint8Array[] = [];
      for (let from = 0; from < bytes; from += CHECK_BYTES) {
        const part = scratch.subarray(0, Math.min(CHECK_BYTES, bytes - from));
        const leaf = from / LEAF_BYTES;
        const those = positions.slice(leaf, leaf + Math.ceil(part.length / LEAF_BYTES));
        // A piece of one leaf stands for itself: it is copied before the next one is read.
        parts.push(Uint8Array.from(this.#readPiece(part, those, at, bytes <= LEAF_BYTES)));
      }
      at += storedBytes(runs, bytes);
      return Buffer.concat(parts);
    });
    this.#checkMemory(digests);
  }

  close(): void {
    this.#files.close(this.#file);
  }

  /** @returns what stands for it within the hash of all */
  #readPiece(
    bytes: Uint8Array,
    positions: Float64Array,
    at: number,
    small = bytes.length <= LEAF_BYTES,
  ): Uint8Array {
    if (small) {
      const done = this.#files.pread(this.#file, bytes, 0, bytes.length, at);
      if (done !== bytes.length) throw this.#wrong('ends too early');
      return bytes;
    }
    const hashes = readLeaves(this.#files, this.#file, positions, bytes);
    if (hashes === undefined) throw this.#wrong('ends too early');
    return hashes;
  }

  #checkMemory(digests: readonly Uint8Array[]): string {
    const hash = hashOfPieces(
      this.header.pieces.map(([name, length], index) => ({
        ...{ name, bytes: { length }, digest: digests[index] as Uint8Array },
      })),
    );
    if (hash !== this.header.memoryHash) throw this.#wrong('holds pieces without their hash');
    return hash;
  }

  #checkMagic(magic: string): void {
    if (magic === MAGIC) return;
    if (!MAGIC_BEFORE.includes(magic)) throw this.#wrong('is no snapshot');
    const reason = `${this.#path} has the format ${magic}, this version reads ${MAGIC}`;
    throw new SnapshotError('SNAPSHOT_OTHER_SCHEMA', reason);
  }

  #checkLength(): void {
    let end = this.#bodyAt;
    for (const [, bytes, runs] of this.header.pieces) {
      if (!areRunsOf(runs, bytes)) throw this.#wrong('has pieces that cannot be');
      end += storedBytes(runs, bytes);
    }
    if (end > this.bytes) throw this.#wrong('ends too early');
    if (end < this.bytes) throw this.#wrong('has bytes behind its end');
  }

  #pread(length: number, at: number): Buffer {
    const into = Buffer.alloc(length);
    const done = this.#files.pread(this.#file, into, 0, length, at);
    if (done !== length) throw this.#wrong('ends too early');
    return into;
  }

  #parse(text: string): SnapshotHeader {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw this.#wrong('has a header that is no JSON');
    }
    const result = schema.safeParse(parsed);
    if (!result.success) throw this.#wrong('has a header with other fields');
    return result.data;
  }

  #wrong(what: string): SnapshotError {
    return new SnapshotError('SNAPSHOT_DAMAGED', `${this.#path} ${what}`);
  }
}
