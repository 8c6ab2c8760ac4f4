/**
 * Exact decimal numbers at the edges: text to whole steps (ticks, lots) and back, and the little
 * arithmetic that averages, notionals and P&L need. Nothing here rounds, save `divideDecimals`,
 * which says how.
 *
 * Inside Daybook a price is a whole number of ticks and a quantity a whole number of lots; this
 * module is where "4799.25" with a tick of "0.25" becomes 19197. Short numbers (nearly all) go
 * through safe integers, the others through bigint; both give the same result.
 */
import { assert } from './assert.js';

/** Longest text taken: no money has more digits, and parsing long digits is quadratic. */
export const DECIMAL_TEXT_CHARS_MAX = 64;
/** Bounds what multiplication can build up. */
export const DECIMAL_SCALE_MAX = 1024;

export type DecimalErrorCode =
  /** Not of the form `-?digits[.digits]`, or longer than DECIMAL_TEXT_CHARS_MAX. */
  | 'DECIMAL_SYNTAX'
  /** A tick or lot size that is zero, negative, or has over 15 digits. */
  | 'DECIMAL_STEP_INVALID'
  /** Not a whole number of steps. */
  | 'DECIMAL_NOT_A_MULTIPLE'
  /** More steps than a safe integer can count. */
  | 'DECIMAL_OUT_OF_RANGE'
  /** Cannot be written with so few digits. */
  | 'DECIMAL_NOT_EXACT';

export class DecimalError extends Error {
  override readonly name = 'DecimalError';
  readonly code: DecimalErrorCode;

  constructor(code: DecimalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The number digits / 10^scale. One number has many such forms; its text is always the same. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** The size of a tick or lot: units / 10^scale, positive, in lowest terms, units a safe integer. */
export interface Step {
  readonly units: number;
  readonly scale: number;
}

const SYNTAX = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;
const DIGITS_FAST_MAX = 15;
/** 10^0 to 10^15: every one of them exact as a double. */
const POWERS = Array.from({ length: DIGITS_FAST_MAX + 1 }, (_, i) => Number(`1e${i}`));

function power(exponent: number): bigint {
  assert(exponent >= 0 && exponent <= DECIMAL_SCALE_MAX, 'decimal: scale out of bounds');
  return 10n ** BigInt(exponent);
}

function matchSyntax(text: string): RegExpExecArray {
  const match = text.length <= DECIMAL_TEXT_CHARS_MAX ? SYNTAX.exec(text) : null;
  if (match !== null) return match;
  const shown = text.slice(0, DECIMAL_TEXT_CHARS_MAX);
  throw new DecimalError('DECIMAL_SYNTAX', `not a decimal number: ${JSON.stringify(shown)}`);
}

/** @throws DecimalError DECIMAL_SYNTAX */
export function parseDecimal(text: string): Decimal {
  const [, sign, whole, fraction = ''] = matchSyntax(text);
  const digits = BigInt(`${whole}${fraction}`);
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length };
}

/** Without trailing zeros, exponent, or a minus before zero: equal numbers have equal texts. */
export function formatDecimal(value: Decimal): string {
  const { digits, scale } = lowestTerms(value);
  return placePoint(digits.toString(), scale);
}

function placePoint(integer: string, scale: number): string {
  if (scale === 0) return integer;
  const negative = integer.startsWith('-');
  const padded = (negative ? integer.slice(1) : integer).padStart(scale + 1, '0');
  const point = padded.length - scale;
  return `${negative ? '-' : ''}${padded.slice(0, point)}.${padded.slice(point)}`;
}

function lowestTerms(value: Decimal): Decimal {
  let { digits, scale } = value;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale--;
  }
  return { digits, scale };
}

/**
 * The same number over 10^scale.
 * @throws DecimalError DECIMAL_NOT_EXACT when it has more digits
 */
export function rescaleDecimal(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) {
    return { digits: value.digits * power(scale - value.scale), scale };
  }
  const divisor = power(value.scale - scale);
  if (value.digits % divisor !== 0n) {
    throw new DecimalError(
      'DECIMAL_NOT_EXACT',
      `${formatDecimal(value)} has more than ${scale} digits after the point`,
    );
  }
  return { digits: value.digits / divisor, scale };
}

export function addDecimals(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  return {
    digits: rescaleDecimal(left, scale).digits + rescaleDecimal(right, scale).digits,
    scale,
  };
}

export function negateDecimal(value: Decimal): Decimal {
  return { digits: -value.digits, scale: value.scale };
}

export function multiplyDecimals(left: Decimal, right: Decimal): Decimal {
  const scale = left.scale + right.scale;
  assert(scale <= DECIMAL_SCALE_MAX, 'decimal: the product has too many digits');
  return { digits: left.digits * right.digits, scale };
}

/** @returns negative, zero or positive, as `left` is below, equal to or above `right` */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const difference = addDecimals(left, negateDecimal(right)).digits;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * left / right with `fractionDigits` digits after the point, rounded half to even (IEEE 754
 * roundTiesToEven, decimal), so that a long sum of averages drifts to neither side.
 */
export function divideDecimals(left: Decimal, right: Decimal, fractionDigits: number): Decimal {
  assert(right.digits !== 0n, 'decimal: division by zero');
  // left / right = (left.digits * 10^right.scale) / (right.digits * 10^left.scale)
  const numerator = left.digits * power(right.scale) * power(fractionDigits);
  const denominator = right.digits * power(left.scale);
  const negative = numerator < 0n !== denominator < 0n;
  const dividend = numerator < 0n ? -numerator : numerator;
  const divisor = denominator < 0n ? -denominator : denominator;
  let quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) quotient += 1n;
  return { digits: negative ? -quotient : quotient, scale: fractionDigits };
}

/**
 * The size of a tick or lot, as "0.25".
 * @throws DecimalError DECIMAL_SYNTAX, DECIMAL_STEP_INVALID
 */
export function parseStep(text: string): Step {
  const { digits, scale } = lowestTerms(parseDecimal(text));
  if (digits <= 0n || digits >= 10n ** 15n || scale > DIGITS_FAST_MAX) {
    throw new DecimalError('DECIMAL_STEP_INVALID', `cannot count in steps of ${text}`);
  }
  return { units: Number(digits), scale };
}

/**
 * How many whole steps a decimal number is: "4799.25" in steps of 0.25 is 19197.
 *
 * @returns a safe integer, never -0
 * @throws DecimalError DECIMAL_SYNTAX, DECIMAL_NOT_A_MULTIPLE, DECIMAL_OUT_OF_RANGE
 */
export function parseSteps(text: string, step: Step): number {
  const match = matchSyntax(text);
  const whole = match[2] as string;
  const fraction = match[3] ?? '';
  if (whole.length + fraction.length <= DIGITS_FAST_MAX) {
    const dividend = Number(whole + fraction) * (POWERS[step.scale - fraction.length] ?? 1);
    const divisor = step.units * (POWERS[fraction.length - step.scale] ?? 1);
    if (dividend <= Number.MAX_SAFE_INTEGER && divisor <= Number.MAX_SAFE_INTEGER) {
      if (dividend % divisor !== 0) throw notAMultiple(text, step);
      const steps = dividend / divisor;
      return match[1] === '-' && steps !== 0 ? -steps : steps;
    }
  }
  return decimalToSteps(parseDecimal(text), step);
}

/**
 * How many whole steps `value` is.
 * @throws DecimalError DECIMAL_NOT_A_MULTIPLE, DECIMAL_OUT_OF_RANGE
 */
export function decimalToSteps(value: Decimal, step: Step): number {
  const dividend = value.digits * power(step.scale);
  const divisor = BigInt(step.units) * power(value.scale);
  if (dividend % divisor !== 0n) throw notAMultiple(formatDecimal(value), step);
  const steps = dividend / divisor;
  if (steps > BigInt(Number.MAX_SAFE_INTEGER) || steps < BigInt(Number.MIN_SAFE_INTEGER)) {
    const size = formatSteps(1, step);
    throw new DecimalError('DECIMAL_OUT_OF_RANGE', `too many steps of ${size} to count exactly`);
  }
  return Number(steps);
}

function notAMultiple(text: string, step: Step): DecimalError {
  const size = formatSteps(1, step);
  return new DecimalError('DECIMAL_NOT_A_MULTIPLE', `${text} is not a multiple of ${size}`);
}

/** `steps` steps as a decimal number; multiply it by quantity and multiplier for a notional. */
export function stepsToDecimal(steps: number | bigint, step: Step): Decimal {
  assert(typeof steps === 'bigint' || Number.isSafeInteger(steps), 'decimal: steps not exact');
  return { digits: BigInt(steps) * BigInt(step.units), scale: step.scale };
}

/** The text of `steps` steps, exact and without trailing zeros: 19197 steps of 0.25 are "4799.25". */
export function formatSteps(steps: number | bigint, step: Step): string {
  const product = typeof steps === 'number' ? steps * step.units : Number.NaN;
  if (!Number.isSafeInteger(product)) return formatDecimal(stepsToDecimal(steps, step));
  let digits = product;
  let scale = step.scale;
  while (scale > 0 && digits % 10 === 0) {
    digits /= 10;
    scale--;
  }
  return placePoint(String(digits), scale);
}
