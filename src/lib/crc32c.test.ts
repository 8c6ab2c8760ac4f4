import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { crc32c, crc32cWords } from './crc32c.js';

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
});
