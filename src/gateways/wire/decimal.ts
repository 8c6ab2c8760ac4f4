import { WireError } from './wire-error.js';

/** 630200 with 4 decimals is '63.0200': every implied decimal is printed, none is rounded. */
export function formatDecimal(units: bigint, decimals: number): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(decimals + 1, '0');
  const split = digits.length - decimals;
  const text = decimals === 0 ? digits : `${digits.slice(0, split)}.${digits.slice(split)}`;
  return negative ? `-${text}` : text;
}

const DECIMAL = /^(-?)(\d{1,24})(?:\.(\d{1,24}))?$/;

/**
 * The inverse of `formatDecimal`; fewer decimals than implied are fine, more must be zeros.
 *
 * @throws WireError FIELD_INVALID when the text is no decimal or would have to be rounded.
 */
export function parseDecimal(text: string, decimals: number): bigint {
  const match = DECIMAL.exec(text);
  if (match === null) throw new WireError('FIELD_INVALID', `'${text}' is not a decimal`);
  const fraction = match[3] ?? '';
  if (/[1-9]/.test(fraction.slice(decimals))) {
    throw new WireError('FIELD_INVALID', `'${text}' has more than ${decimals} decimals`);
  }
  const units = BigInt(match[2]! + fraction.slice(0, decimals).padEnd(decimals, '0'));
  return match[1] === '-' ? -units : units;
}
