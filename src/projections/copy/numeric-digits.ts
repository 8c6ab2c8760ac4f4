import { assert } from '../../lib/assert.js';

const BASE = 10_000n;
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
/** More than any amount of this system; keeps the scratch fixed. */
const DIGITS_MAX = 64;

/**
 * A decimal number in the parts of PostgreSQL's `numeric`: base-10000 digits, most significant
 * first. `weight` is the power of 10000 of the first digit, `scale` the decimals shown.
 * (src/backend/utils/adt/numeric.c, numeric_send)
 */
export interface NumericParts {
  count: number;
  weight: number;
  sign: number;
  scale: number;
  readonly digits: Uint16Array;
}

export function newNumericParts(): NumericParts {
  return { count: 0, weight: 0, sign: POSITIVE, scale: 0, digits: new Uint16Array(DIGITS_MAX) };
}

/**
 * Splits `units / 10^scale` exactly.
 *
 * @param scale decimal places, 0 to 100
 */
export function splitNumeric(units: bigint, scale: number, into: NumericParts): void {
  assert(Number.isInteger(scale) && scale >= 0 && scale <= 100, 'numeric: scale out of bounds');
  into.sign = units < 0n ? NEGATIVE : POSITIVE;
  into.scale = scale;
  // The point must stand between two base-10000 digits.
  const groups = Math.ceil(scale / 4);
  let rest = (units < 0n ? -units : units) * 10n ** BigInt(groups * 4 - scale);
  let end = DIGITS_MAX;
  let power = -groups;
  while (rest > 0n && rest % BASE === 0n) {
    rest /= BASE;
    power++;
  }
  const lowest = power;
  while (rest > 0n) {
    assert(end > 0, 'numeric: too many digits');
    into.digits[--end] = Number(rest % BASE);
    rest /= BASE;
    power++;
  }
  into.count = DIGITS_MAX - end;
  into.weight = into.count === 0 ? 0 : lowest + into.count - 1;
  into.digits.copyWithin(0, end);
}
