import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEAF_BYTES } from '../../lib/leaf-hashes.js';
import { type Piece, pieceDigest } from '../../lib/piece-hashes.js';
import { type FileSystem, nodeFileSystem } from '../file-system.js';
import { CHECK_BYTES } from './limits.js';
import { SnapshotReader, writeSnapshot } from './snapshot-file.js';

const ANCHOR = 41;
const header = {
  ...{ shard: 0, anchor: ANCHOR, epoch: 1, time: '5', catalogue: 1, schema: 'sample' },
  ...{ stateHash: '00'.repeat(32), values: { any: 'thing' } },
};

/** With the addon, where it is built, and as any other file system is read. */
const FILE_SYSTEMS: [string, FileSystem][] = [
  ['the file system', nodeFileSystem],
  ['another one', { ...nodeFileSystem }],
];

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-snapshot-file-'));
  path = join(directory, 'snapshot-0000000000000041');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Memory with leaves of zeros at the given places. */
function memoryOf(bytes: number, ...zeros: number[]): Uint8Array {
  const memory = new Uint8Array(bytes).map((_, at) => (at * 7 + 11) % 249 || 1);
  for (const leaf of zeros) memory.fill(0, leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES);
  return memory;
}

const samples: Piece[] = [
  { name: 'none', bytes: memoryOf(0) },
  { name: 'one', bytes: memoryOf(1) },
  { name: 'a leaf', bytes: memoryOf(LEAF_BYTES) },
  { name: 'a leaf of zeros', bytes: memoryOf(LEAF_BYTES, 0) },
  { name: 'and a byte', bytes: memoryOf(LEAF_BYTES + 1) },
  { name: 'zeros first', bytes: memoryOf(6 * LEAF_BYTES + 5, 0, 1, 3) },
  { name: 'zeros last', bytes: memoryOf(7 * LEAF_BYTES, 5, 6) },
  { name: 'nothing but zeros', bytes: new Uint8Array(5 * LEAF_BYTES + 9) },
  { name: 'more than is checked at once', bytes: memoryOf(CHECK_BYTES + LEAF_BYTES + 3, 15, 16) },
];

const write = (pieces = samples) =>
  writeSnapshot(
    nodeFileSystem,
    directory,
    header,
    pieces.map((piece) => ({ ...piece, digest: pieceDigest(piece.bytes, 2) })),
  );

/** Memory that holds something else than zeros. */
const targets = () =>
  samples.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes.length).fill(9) }));

function readAll(files: FileSystem, into: readonly Piece[] = targets()): readonly Piece[] {
  const reader = SnapshotReader.open(files, directory, ANCHOR);
  try {
    reader.check();
    reader.read(into);
    return into;
  } finally {
    reader.close();
  }
}

describe.each(FILE_SYSTEMS)('a snapshot read from %s', (_, files) => {
  it('gives every byte back, and does not store leaves of zeros', () => {
    const { bytes } = write();
    const whole = samples.reduce((sum, piece) => sum + piece.bytes.length, 0);
    expect(bytes).toBe(statSync(path).size);
    expect(bytes).toBeLessThan(whole - 11 * LEAF_BYTES);
    for (const [index, { bytes: found }] of readAll(files).entries()) {
      const expected = samples[index]?.bytes as Uint8Array;
      expect(Buffer.compare(found, expected), samples[index]?.name).toBe(0);
    }
  });

  it('is refused with any byte flipped', () => {
    const { bytes } = write();
    const file = readFileSync(path);
    const at = [...Array(64).keys()].concat(
      Array.from({ length: 60 }, (_, i) => 4096 * i + 64 + i),
      Array.from({ length: 40 }, (_, i) => bytes - 1 - i * 100_003),
    );
    for (const byte of at) {
      file[byte]! ^= 1 << (byte % 8);
      writeFileSync(path, file);
      expect(() => readAll(files), `byte ${byte}`).toThrow(/does|has|holds|is no snapshot|ends/);
      file[byte]! ^= 1 << (byte % 8);
    }
    writeFileSync(path, file);
    readAll(files);
  }, 120_000);

  it('is refused when cut, continued, or asked for other pieces', () => {
    const { bytes } = write();
    for (const length of [0, 47, 48, 4095, 4096, bytes - LEAF_BYTES, bytes - 1]) {
      write();
      truncateSync(path, length);
      expect(() => readAll(files), `cut to ${length}`).toThrow('ends too early');
      rmSync(path);
    }
    write();
    truncateSync(path, bytes + 1);
    expect(() => readAll(files)).toThrow('has bytes behind its end');
    truncateSync(path, bytes);
    const other = targets();
    other[4] = { name: 'and a byte', bytes: new Uint8Array(LEAF_BYTES) };
    expect(() => readAll(files, other)).toThrow('holds other pieces');
  });

  it('of another version of the format is of another schema, not damaged', () => {
    write();
    const file = readFileSync(path);
    file.write('DBSNAP01', 0, 'latin1');
    writeFileSync(path, file);
    const error = expect.objectContaining({ code: 'SNAPSHOT_OTHER_SCHEMA' });
    expect(() => readAll(files)).toThrow(error as Error);
  });
});
