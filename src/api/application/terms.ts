/** Text at the edge <-> the whole ticks, lots and micros inside. */
import {
  type Decimal,
  DecimalError,
  formatDecimal,
  formatSteps,
  parseDecimal,
  parseSteps,
  type Step,
} from '../../lib/decimal.js';
import { invalidField } from './errors.js';

/** Money is kept in millionths of its currency. */
const MICROS: Step = { units: 1, scale: 6 };

export interface Steps {
  /** Whole steps, rounded towards negative infinity when not exact. */
  readonly steps: number;
  readonly exact: boolean;
}

/** Most terms of most orders. */
const ZERO: Steps = { steps: 0, exact: true };

/**
 * How many steps a decimal text is. One that is between two steps is not an error here: the writer
 * refuses it, on record.
 *
 * @throws ApplicationError REQUEST_INVALID when it is no decimal number, or too large to count
 */
export function stepsOf(field: string, text: string, step: Step): Steps {
  if (text === '0') return ZERO;
  try {
    return { steps: parseSteps(text, step), exact: true };
  } catch (error) {
    if (!(error instanceof DecimalError)) throw error;
    if (error.code === 'DECIMAL_NOT_A_MULTIPLE')
      return { steps: floor(field, text, step), exact: false };
    throw invalidField(field, error.message);
  }
}

function floor(field: string, text: string, step: Step): number {
  const { digits, scale } = parseDecimal(text);
  const dividend = digits * 10n ** BigInt(step.scale);
  const divisor = BigInt(step.units) * 10n ** BigInt(scale);
  const truncated = dividend / divisor;
  const floored = dividend < 0n ? truncated - 1n : truncated;
  const steps = Number(floored);
  if (!Number.isSafeInteger(steps)) throw invalidField(field, 'too large to count exactly');
  return steps;
}

/** As `stepsOf`, for what is not an order: a value between two steps is a bad request. */
export function exactSteps(field: string, text: string, step: Step): number {
  const { steps, exact } = stepsOf(field, text, step);
  if (!exact) throw invalidField(field, `not a multiple of ${formatSteps(1, step)}`);
  return steps;
}

export const microsOf = (field: string, text: string): number => exactSteps(field, text, MICROS);
export const microsText = (micros: number | bigint): string => formatSteps(micros, MICROS);

/** A whole number in text. */
export function wholeNumber(field: string, text: string): number {
  return exactSteps(field, text, { units: 1, scale: 0 });
}

/**
 * Mantissa and scale of a positive decimal text, in lowest terms, as events hold them.
 * @throws ApplicationError REQUEST_INVALID
 */
export function mantissaOf(field: string, text: string): { mantissa: number; scale: number } {
  let value: Decimal;
  try {
    value = parseDecimal(formatDecimal(parseDecimal(text)));
  } catch (error) {
    if (error instanceof DecimalError) throw invalidField(field, error.message);
    throw error;
  }
  const mantissa = Number(value.digits);
  if (mantissa <= 0) throw invalidField(field, 'must be positive');
  if (mantissa >= 1e15 || value.scale > 15) throw invalidField(field, 'has more than 15 digits');
  return { mantissa, scale: value.scale };
}
