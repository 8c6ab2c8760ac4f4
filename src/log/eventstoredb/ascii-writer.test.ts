import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AsciiWriter, NUMBER_CHARS } from './ascii-writer.js';

const I64_MAX = 2n ** 63n - 1n;

function written(write: (out: AsciiWriter) => void): string {
  const bytes = Buffer.alloc(256);
  const out = new AsciiWriter().over(bytes, 0);
  write(out);
  return bytes.toString('latin1', 0, out.at);
}

const long = (value: bigint): string =>
  written((out) => out.quotedLong(Number(value >> 32n), Number(value & 0xffff_ffffn)));

describe('numbers and text as ASCII', () => {
  it('writes whole numbers as String does, at every length', () => {
    const edges = [0];
    for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 10) {
      edges.push(power - 1, power, power + 1);
    }
    edges.push(999_999_999, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER);
    for (const edge of edges) {
      expect(written((out) => out.integer(edge))).toBe(String(edge));
      expect(written((out) => out.integer(-edge))).toBe(String(edge === 0 ? 0 : -edge));
    }
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(written((out) => out.integer(value))).toBe(String(value));
      }),
    );
  });

  it('refuses a number that is not whole, or too large to be', () => {
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => written((out) => out.integer(value))).toThrow('a whole number is written');
    }
  });

  it('writes an i64 as BigInt has it, at every length', () => {
    const edges = [0n, I64_MAX, -I64_MAX - 1n, -1n];
    for (let power = 1n; power <= I64_MAX; power *= 10n) edges.push(power - 1n, power, power + 1n);
    for (let power = 1n; power <= I64_MAX; power *= 2n) edges.push(power - 1n, power, -power);
    for (const edge of edges) expect(long(edge)).toBe(`"${edge}"`);
    fc.assert(
      fc.property(fc.bigInt({ min: -I64_MAX - 1n, max: I64_MAX }), (value) => {
        expect(long(value)).toBe(`"${value}"`);
        expect(long(value).length).toBeLessThanOrEqual(NUMBER_CHARS);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes text up to its zero or its end, what JSON reserves escaped', () => {
    const text = (value: string, length: number): string =>
      written((out) => out.quotedText(Buffer.from(value, 'latin1'), 0, length));
    expect(text('abc\0\0', 5)).toBe('"abc"');
    expect(text('abc', 3)).toBe('"abc"');
    expect(text('abc', 2)).toBe('"ab"');
    expect(text('\0', 1)).toBe('""');
    expect(text('a"b\\c\0x', 7)).toBe(JSON.stringify('a"b\\c'));
  });

  it('writes bytes in hexadecimal', () => {
    const all = Uint8Array.from({ length: 100 }, (_, index) => (index * 7) & 0xff);
    expect(written((out) => out.hexadecimal(all, 3, 90))).toBe(
      Buffer.from(all.subarray(3, 93)).toString('hex'),
    );
  });
});
