import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newNumericParts, splitAmount, splitNumeric } from './numeric-digits.js';

const shown = (parts: ReturnType<typeof newNumericParts>) => ({
  ...parts,
  digits: [...parts.digits.subarray(0, parts.count)],
});

function both(whole: number, parts: number) {
  const fast = newNumericParts();
  const exact = newNumericParts();
  splitAmount(whole, parts, fast);
  splitNumeric(BigInt(whole) * 1_000_000_000n + BigInt(parts), 9, exact);
  return { fast: shown(fast), exact: shown(exact) };
}

test('an amount has the same digits with and without bigints', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -20_000, max: 20_000 })),
      fc.integer({ min: 0, max: 999_999_999 }),
      (whole, parts) => {
        const { fast, exact } = both(whole, parts);
        expect(fast).toEqual(exact);
      },
    ),
    { numRuns: 2000 },
  );
});

test('at the limits', () => {
  for (const whole of [0, -1, 1, 9999, 10_000, -10_000, 2 ** 53 - 1, 1 - 2 ** 53]) {
    for (const parts of [0, 1, 1000, 100_000, 999_999_999]) {
      const { fast, exact } = both(whole, parts);
      expect(fast, `${whole} + ${parts}`).toEqual(exact);
    }
  }
  expect(() => both(2 ** 53, 0)).toThrow(/amount/);
  expect(() => both(0, 1e9)).toThrow(/amount/);
});
