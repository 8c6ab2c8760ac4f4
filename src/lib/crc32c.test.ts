import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { crc32c, crc32cWords } from './crc32c.js';
import { PieceChecksums } from './crc32c-wasm.js';

/** One bit at a time, from the definition. */
function reference(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  it('gives the checksums of RFC 3720 B.4', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(crc32c(new Uint8Array(32), 0, 32, 0)).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255), 0, 32, 0)).toBe(0x62a8ab43);
    expect(crc32c(ascending, 0, 32, 0)).toBe(0x46dd794e);
    expect(crc32c(ascending.toReversed(), 0, 32, 0)).toBe(0x113fdb5c);
    expect(crc32c(new TextEncoder().encode('123456789'), 0, 9, 0)).toBe(0xe3069283);
  });

  it('equals the definition for any range, in one piece or two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
        const start = Math.min(a, bytes.length);
        const middle = Math.min(start + b, bytes.length);
        const whole = crc32c(bytes, start, bytes.length, 0);
        expect(whole).toBe(reference(bytes.subarray(start)));
        const seed = crc32c(bytes, start, middle, 0);
        expect(crc32c(bytes, middle, bytes.length, seed)).toBe(whole);
      }),
    );
  });

  it('is the same over words', () => {
    fc.assert(
      fc.property(fc.int32Array({ maxLength: 60 }), fc.nat(60), (words, start) => {
        const from = Math.min(start, words.length);
        const bytes = new Uint8Array(words.buffer);
        const expected = crc32c(bytes, from * 4, bytes.length, 0);
        expect(crc32cWords(words, from, words.length, 0)).toBe(expected);
      }),
    );
  });

  it('is the same in WebAssembly, for pieces of any number of words, at any place', () => {
    const checksums = new PieceChecksums();
    const other = new PieceChecksums();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(50), (bytes, start) => {
        checksums.begin(bytes, bytes.length);
        for (let at = start, words = 0; at + words * 4 <= bytes.length; at += words * 4, words++) {
          const end = at + words * 4;
          expect(checksums.of(at, end)).toBe(crc32c(bytes, at, end, 0));
          other.begin(Uint8Array.of(1, 2, 3, 4), 4);
          expect(other.of(0, 4)).toBe(0x29308cf4);
        }
      }),
    );
  });

  it('goes on in WebAssembly behind the end of its window', () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7919) >>> 3);
    const checksums = new PieceChecksums();
    checksums.begin(bytes, bytes.length);
    for (let at = 0; at + 1000 <= bytes.length; at += 1000) {
      expect(checksums.of(at, at + 1000)).toBe(crc32c(bytes, at, at + 1000, 0));
    }
    checksums.begin(bytes, bytes.length);
    expect(checksums.of(0, 65_536)).toBe(crc32c(bytes, 0, 65_536, 0));
    checksums.begin(bytes, bytes.length);
    expect(() => checksums.of(0, 65_540)).toThrow('fits the window');
    expect(() => checksums.of(199_000, 200_004)).toThrow('within the bytes');
  });
});
