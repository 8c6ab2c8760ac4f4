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

/** Base-10000 digits of an amount: four before the point hold any safe integer, three behind it 9 decimals. */
const AMOUNT_DIGITS = 7;
const AMOUNT_WEIGHT = 3;
const AMOUNT_SCALE = 9;

/**
 * Splits `whole + parts / 1e9`, exactly, and without a bigint: positions are written by the hundred
 * thousand a second.
 *
 * @param whole a safe integer, may be negative
 * @param parts 0 <= parts < 1e9
 */
export function splitAmount(whole: number, parts: number, into: NumericParts): void {
  assert(Number.isSafeInteger(whole) && parts >= 0 && parts < 1e9, 'numeric: not an amount');
  const borrow = whole < 0 && parts > 0;
  let before = whole < 0 ? -whole - (borrow ? 1 : 0) : whole;
  // Twelve decimals are three digits.
  let behind = (borrow ? 1e9 - parts : parts) * 1000;
  into.sign = whole < 0 ? NEGATIVE : POSITIVE;
  into.scale = AMOUNT_SCALE;
  const { digits } = into;
  for (let i = AMOUNT_DIGITS - 1; i > AMOUNT_WEIGHT; i--) {
    digits[i] = behind % 10_000;
    behind = Math.floor(behind / 10_000);
  }
  for (let i = AMOUNT_WEIGHT; i >= 0; i--) {
    digits[i] = before % 10_000;
    before = Math.floor(before / 10_000);
  }
  let first = 0;
  let end = AMOUNT_DIGITS;
  while (first < end && digits[first] === 0) first++;
  while (end > first && digits[end - 1] === 0) end--;
  into.count = end - first;
  into.weight = into.count === 0 ? 0 : AMOUNT_WEIGHT - first;
  digits.copyWithin(0, first, end);
}
