import { formatDecimal, parseDecimal } from './decimal.js';
import type { FieldSpec } from './layout.js';
import { WireError } from './wire-error.js';

/**
 * The value of a field outside: a number where it is a safe integer, a decimal string where it is
 * a price or an integer past 2^53 - 1, else text (latin-1, so that every byte survives).
 */
export type FieldValue = number | string;

export function readText(view: DataView, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(view.getUint8(at + i));
  return text;
}

function readUint(view: DataView, at: number, length: number): bigint {
  let value = 0n;
  for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(view.getUint8(at + i));
  return value;
}

function integerOutside(value: bigint): FieldValue {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === ' ') end--;
  return text.slice(0, end);
}

/** Right-justified text without its padding; the whole field where it is not so justified. */
function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && text[start] === ' ') start++;
  return start < text.length && text.endsWith(' ') ? text : text.slice(start);
}

/** Digits, right-justified, no leading zeros: a number. Anything else stays the text it is. */
function asciiNumberOutside(text: string): FieldValue {
  const match = /^ *(0|[1-9]\d*)$/.exec(text);
  return match === null ? text : integerOutside(BigInt(match[1]!));
}

/** Reads one field at `at`, which the caller has checked to lie within the view. */
export function readField(view: DataView, at: number, field: FieldSpec): FieldValue {
  switch (field.kind) {
    case 'uint':
      return field.length === 4
        ? view.getUint32(at)
        : integerOutside(readUint(view, at, field.length));
    case 'price':
      return formatDecimal(readUint(view, at, field.length), field.decimals);
    case 'signedPrice':
      return formatDecimal(
        BigInt.asIntN(field.length * 8, readUint(view, at, field.length)),
        field.decimals,
      );
    case 'char':
      return readText(view, at, field.length);
    case 'alpha':
      return trimEnd(readText(view, at, field.length));
    case 'alphaRight':
      return trimStart(readText(view, at, field.length));
    case 'asciiNumber':
      return asciiNumberOutside(readText(view, at, field.length));
  }
}

function refuse(field: FieldSpec, value: FieldValue): never {
  throw new WireError('FIELD_INVALID', `${field.name} cannot be ${JSON.stringify(value)}`);
}

function integerInside(field: FieldSpec, value: FieldValue): bigint {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? BigInt(value) : refuse(field, value);
  }
  return /^\d{1,20}$/.test(value) ? BigInt(value) : refuse(field, value);
}

function writeUint(view: DataView, at: number, field: FieldSpec, value: bigint): void {
  let rest = value;
  for (let i = field.length - 1; i >= 0; i--) {
    view.setUint8(at + i, Number(rest & 0xffn));
    rest >>= 8n;
  }
}

function writeInteger(
  view: DataView,
  at: number,
  field: FieldSpec,
  value: bigint,
  shown: FieldValue,
): void {
  const bits = BigInt(field.length * 8);
  const signed = field.kind === 'signedPrice';
  const low = signed ? -(1n << (bits - 1n)) : 0n;
  const high = signed ? 1n << (bits - 1n) : 1n << bits;
  if (value < low || value >= high) refuse(field, shown);
  writeUint(view, at, field, BigInt.asUintN(field.length * 8, value));
}

export function writeText(view: DataView, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) return false;
    view.setUint8(at + i, unit);
  }
  return true;
}

function padded(field: FieldSpec, value: FieldValue): string {
  const text = String(value);
  if (text.length > field.length) refuse(field, value);
  if (field.kind === 'char' && text.length !== field.length) refuse(field, value);
  return field.kind === 'alpha' ? text.padEnd(field.length) : text.padStart(field.length);
}

/**
 * Writes one field, the inverse of `readField`.
 *
 * @throws WireError FIELD_INVALID when the field cannot carry the value exactly.
 */
export function writeField(view: DataView, at: number, field: FieldSpec, value: FieldValue): void {
  switch (field.kind) {
    case 'uint':
      writeInteger(view, at, field, integerInside(field, value), value);
      return;
    case 'price':
    case 'signedPrice':
      if (typeof value !== 'string') refuse(field, value);
      writeInteger(view, at, field, parseDecimal(value, field.decimals), value);
      return;
    default:
      if (!writeText(view, at, padded(field, value))) refuse(field, value);
  }
}
