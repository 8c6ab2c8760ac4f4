import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isZeroLeaf, LEAF_BYTES, LEAF_HASH_BYTES, leafHashes } from './leaf-hashes.js';

const sizes = [0, 1, 63, 64, LEAF_BYTES - 1, LEAF_BYTES, LEAF_BYTES + 1, 9 * LEAF_BYTES + 77];

/** Anything but zeros, save for the leaves 2, 3 and 6. */
function memoryOf(bytes: number): Uint8Array {
  const memory = new Uint8Array(bytes + 3).subarray(3).map((_, at) => (at * 31 + 7) % 251 || 1);
  return memory.fill(0, 2 * LEAF_BYTES, 4 * LEAF_BYTES).fill(0, 6 * LEAF_BYTES, 7 * LEAF_BYTES);
}

describe('hashes of leaves', () => {
  it.each(sizes)('are SHA-256 of each, %i bytes', (bytes) => {
    const memory = memoryOf(bytes);
    for (const threads of [1, 2] as const) {
      const hashes = leafHashes(memory, threads);
      expect(hashes.length).toBe(Math.ceil(bytes / LEAF_BYTES) * LEAF_HASH_BYTES);
      for (let leaf = 0; leaf * LEAF_BYTES < bytes; leaf += 1) {
        const part = memory.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES);
        const at = leaf * LEAF_HASH_BYTES;
        const found = Buffer.from(hashes.subarray(at, at + LEAF_HASH_BYTES)).toString('hex');
        expect(found).toBe(createHash('sha256').update(part).digest('hex'));
        expect(isZeroLeaf(hashes, leaf)).toBe([2, 3, 6].includes(leaf));
      }
    }
  });

  it('tell zeros only of a whole leaf', () => {
    expect(isZeroLeaf(leafHashes(new Uint8Array(LEAF_BYTES), 1), 0)).toBe(true);
    expect(isZeroLeaf(leafHashes(new Uint8Array(LEAF_BYTES - 1), 1), 0)).toBe(false);
  });
});
