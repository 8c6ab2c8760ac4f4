/**
 * How the pieces of a snapshot stand in its file. A piece of more than one leaf (lib/leaf-hashes.ts)
 * leaves out its leaves of nothing but zeros: most columns of most orders hold nothing.
 *
 * ```
 *   piece in memory    | leaf 0 | leaf 1 | zeros  | zeros  | leaf 4 | rest |
 *   in the file        | leaf 0 | leaf 1 | leaf 4 | rest |       runs 2, 2, 2: stored, zeros, stored
 * ```
 */
import {
  hashLeaf,
  isZeroLeaf,
  LEAF_BYTES,
  LEAF_HASH_BYTES,
  leafCount,
} from '../../lib/leaf-hashes.js';
import { nativeAddon } from '../../lib/native-addon.js';
import { type FileSystem, nodeFileSystem } from '../file-system.js';

/** Numbers of leaves, stored and zero in turn; the first may be 0. */
export type Runs = readonly number[];

const addon = nativeAddon();

/** Runs of a piece whose leaves have these hashes. */
export function runsOf(hashes: Uint8Array): number[] {
  const runs: number[] = [];
  let zero = false;
  let length = 0;
  for (let leaf = 0; leaf * LEAF_HASH_BYTES < hashes.length; leaf += 1) {
    if (isZeroLeaf(hashes, leaf) === zero) length += 1;
    else {
      runs.push(length);
      zero = !zero;
      length = 1;
    }
  }
  runs.push(length);
  return runs;
}

/** Whether the runs are those of a piece of so many bytes. */
export function areRunsOf(runs: Runs, bytes: number): boolean {
  const leaves = bytes <= LEAF_BYTES ? 1 : leafCount(bytes);
  return runs.reduce((sum, run) => sum + run, 0) === leaves && (leaves > 1 || runs.length === 1);
}

/** The parts of a piece that stand in the file, from byte to byte. */
export function* storedParts(runs: Runs, bytes: number): Generator<readonly [number, number]> {
  let leaf = 0;
  for (const [index, run] of runs.entries()) {
    const from = leaf * LEAF_BYTES;
    leaf += run;
    if (index % 2 === 0 && run > 0) yield [from, Math.min(bytes, leaf * LEAF_BYTES)];
  }
}

/** Bytes of a piece in the file. */
export function storedBytes(runs: Runs, bytes: number): number {
  let sum = 0;
  for (const [from, to] of storedParts(runs, bytes)) sum += to - from;
  return sum;
}

/** Where each leaf stands in the file, -1 nowhere. */
export function leafPositions(runs: Runs, bytes: number, position: number): Float64Array {
  const positions = new Float64Array(leafCount(bytes)).fill(-1);
  let at = position;
  for (const [from, to] of storedParts(runs, bytes)) {
    for (let leaf = from / LEAF_BYTES; leaf * LEAF_BYTES < to; leaf += 1) {
      positions[leaf] = at;
      at += Math.min(to, (leaf + 1) * LEAF_BYTES) - leaf * LEAF_BYTES;
    }
  }
  return positions;
}

/**
 * Fills memory from the file, and hashes each leaf where it then stands. On the real file system by
 * the addon, where there is one, on two processors.
 *
 * @returns the hashes, or undefined where the file ends too early
 */
export function readLeaves(
  files: FileSystem,
  file: number,
  positions: Float64Array,
  memory: Uint8Array,
): Uint8Array | undefined {
  const hashes = new Uint8Array(positions.length * LEAF_HASH_BYTES);
  if (addon !== undefined && files === nodeFileSystem) {
    return addon.readLeaves(file, positions, memory, hashes, 2) ? hashes : undefined;
  }
  for (let leaf = 0; leaf < positions.length; leaf += 1) {
    const from = leaf * LEAF_BYTES;
    const length = Math.min(LEAF_BYTES, memory.length - from);
    const position = positions[leaf] as number;
    if (position < 0) memory.fill(0, from, from + length);
    else if (files.pread(file, memory, from, length, position) !== length) return undefined;
    hashLeaf(memory, leaf, hashes);
  }
  return hashes;
}
