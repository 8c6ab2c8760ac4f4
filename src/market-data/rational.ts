import { assert } from '../lib/assert.js';

/** An exact fraction in lowest terms; the denominator is positive. */
export type Rational = { readonly numerator: bigint; readonly denominator: bigint };

export const ONE: Rational = { numerator: 1n, denominator: 1n };

/** Most decimals of a fraction's text. */
export const RATIONAL_DIGITS_MAX = 30;

export function rational(numerator: bigint, denominator: bigint): Rational {
  assert(denominator !== 0n, 'a fraction over zero');
  const sign = denominator < 0n ? -1n : 1n;
  const divisor = greatestCommonDivisor(
    numerator < 0n ? -numerator : numerator,
    denominator * sign,
  );
  return { numerator: (numerator * sign) / divisor, denominator: (denominator * sign) / divisor };
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** The whole number nearest to `value`; a half goes to the even one, so that sums are not biased. */
export function roundHalfEven(value: Rational): bigint {
  const { numerator, denominator } = value;
  let floor = numerator / denominator;
  if (numerator < 0n && floor * denominator !== numerator) floor -= 1n;
  const twice = 2n * (numerator - floor * denominator);
  if (twice < denominator) return floor;
  if (twice > denominator) return floor + 1n;
  return floor % 2n === 0n ? floor : floor + 1n;
}

/** Decimal text with exactly `digits` decimals, half to even: for the edge, never to reckon on. */
export function formatRational(value: Rational, digits: number): string {
  const fits = Number.isInteger(digits) && digits >= 0 && digits <= RATIONAL_DIGITS_MAX;
  assert(fits, 'decimals of a fraction');
  const { numerator, denominator } = value;
  const scaled = roundHalfEven({ numerator: numerator * 10n ** BigInt(digits), denominator });
  const text = (scaled < 0n ? -scaled : scaled).toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = scaled < 0n ? '-' : '';
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(text.length - digits)}`;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
