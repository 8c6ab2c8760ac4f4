/**
 * SHA-256 of memory in leaves of a fixed size: what can be computed piece by piece, on two processors
 * and while it is read. By the addon where it is built, else by Node's crypto, with the same result.
 */
import { createHash } from 'node:crypto';
import { assert } from './assert.js';
import { nativeAddon } from './native-addon.js';

/** Two of them, which the addon hashes at once, fit into a processor's cache. */
export const LEAF_BYTES = 256 * 1024;
/** Of a hash. */
export const LEAF_HASH_BYTES = 32;

/** Processors that may work on one piece of memory. */
export type LeafThreads = 1 | 2;

export const leafCount = (bytes: number): number => Math.ceil(bytes / LEAF_BYTES);

const addon = nativeAddon();

/** Hash of each leaf of the memory, one after another; the last leaf may be shorter. */
export function leafHashes(memory: Uint8Array, threads: LeafThreads): Uint8Array {
  const hashes = new Uint8Array(leafCount(memory.length) * LEAF_HASH_BYTES);
  if (addon !== undefined) {
    addon.leafHashes(memory, hashes, threads);
    return hashes;
  }
  for (let leaf = 0; leaf * LEAF_BYTES < memory.length; leaf += 1) hashLeaf(memory, leaf, hashes);
  return hashes;
}

/** Writes the hash of one leaf to its place. */
export function hashLeaf(memory: Uint8Array, leaf: number, hashes: Uint8Array): void {
  const bytes = memory.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES);
  hashes.set(createHash('sha256').update(bytes).digest(), leaf * LEAF_HASH_BYTES);
}

/** Hash of a whole leaf of zeros. */
const ZERO_LEAF = createHash('sha256').update(new Uint8Array(LEAF_BYTES)).digest();

/** Whether a leaf with this hash is whole and nothing but zeros. */
export function isZeroLeaf(hashes: Uint8Array, leaf: number): boolean {
  assert((leaf + 1) * LEAF_HASH_BYTES <= hashes.length, 'no such leaf');
  const at = leaf * LEAF_HASH_BYTES;
  return ZERO_LEAF.equals(hashes.subarray(at, at + LEAF_HASH_BYTES));
}
