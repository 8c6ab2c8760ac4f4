import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INDEXED_HERE_MAX, KeyTable } from './key-table.js';

const WIDTH = 6;

function wordsOf(text: string): Int32Array {
  const bytes = new Uint8Array(WIDTH * 4);
  bytes.set(Buffer.from(text, 'latin1').subarray(0, WIDTH * 4));
  return new Int32Array(bytes.buffer);
}

/** Keys of three scopes: counters as clients send them, and bytes of any length, also of none. */
function keysOf(count: number, seed: number): [number, string][] {
  return Array.from({ length: count }, (_, n) => {
    const number = Math.imul(n, 0x9e3779b1) ^ seed;
    const bytes = Buffer.alloc(24, `${number}`, 'latin1').toString('latin1', 0, n % 25);
    return [n % 3, n % 2 === 0 ? `C${n}` : `${bytes}\xff${n}`.slice(-(n % 21))];
  });
}

const bytesOf = (words: Int32Array) => Buffer.from(Uint8Array.from(new Uint8Array(words.buffer)));

describe('an index that is built anew', () => {
  it('is the one that adding has built, with and without the addon', () => {
    const counts = fc.integer({ min: INDEXED_HERE_MAX - 1, max: INDEXED_HERE_MAX + 500 });
    fc.assert(
      fc.property(counts, fc.integer(), (count, seed) => {
        const table = new KeyTable(2048, WIDTH * 4, seed);
        for (const [scope, text] of keysOf(count, seed)) {
          if (table.find(scope, wordsOf(text), 0) < 0) table.add(scope, wordsOf(text), 0);
        }
        const before = bytesOf(table.index);
        table.index.fill(-1);
        table.reindex(table.count);
        expect(bytesOf(table.index).equals(before)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
