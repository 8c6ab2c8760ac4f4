/**
 * The field types of events and commands, and how a record lays them out.
 *
 * A declaration is data: from it follow the TypeScript type, the binary layout, the JSON form, the
 * schema and the reference page. Nothing about a field is written twice.
 */
import { assert } from '../lib/assert.js';
import { constants } from '../lib/constants.js';
import { RECORD_BYTES_MAX, RECORD_HEADER_BYTES } from './event-record.js';

/** Named values of a one-byte field, in the order of their numbers in FIX where FIX has them. */
export type Choices = Readonly<Record<string, number>>;

export type FieldType =
  /** Unsigned 8, 16, 32 bit. */
  | { readonly kind: 'u8' }
  | { readonly kind: 'u16' }
  | { readonly kind: 'u32' }
  /** Whole number in JavaScript's safe range, kept as binary64 (see `event-record.ts`). */
  | { readonly kind: 'i53' }
  /** Nanoseconds since 1970-01-01T00:00Z, signed 64 bit; a bigint in objects. */
  | { readonly kind: 'ns' }
  /** Printable ASCII, padded with zero bytes; `bytes` is the longest text. */
  | { readonly kind: 'text'; readonly bytes: number }
  /** One of a closed list of named values, one byte. */
  | { readonly kind: 'choice'; readonly choices: Choices }
  /** SHA-256 digest or another run of opaque bytes; hexadecimal text in objects. */
  | { readonly kind: 'bytes'; readonly bytes: number };

export interface Field<T extends FieldType = FieldType> {
  readonly type: T;
  /** What the number counts: lots, ticks, micros of the account's currency, ms, ... */
  readonly unit: string;
  readonly meaning: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** The value of a field in an event or command object. */
export type ValueOf<T extends FieldType> = T extends { kind: 'ns' }
  ? bigint
  : T extends { kind: 'text' } | { kind: 'bytes' }
    ? string
    : T extends { kind: 'choice'; choices: infer C }
      ? keyof C & string
      : number;

export const u8 = (unit: string, meaning: string) =>
  ({ type: { kind: 'u8' }, unit, meaning }) as const;
export const u16 = (unit: string, meaning: string) =>
  ({ type: { kind: 'u16' }, unit, meaning }) as const;
export const u32 = (unit: string, meaning: string) =>
  ({ type: { kind: 'u32' }, unit, meaning }) as const;
export const i53 = (unit: string, meaning: string) =>
  ({ type: { kind: 'i53' }, unit, meaning }) as const;
export const ns = (meaning: string) =>
  ({ type: { kind: 'ns' }, unit: 'ns since 1970', meaning }) as const;
export const text = <const N extends number>(bytes: N, meaning: string) =>
  ({ type: { kind: 'text', bytes }, unit: 'ASCII', meaning }) as const;
export const bytes = <const N extends number>(length: N, meaning: string) =>
  ({ type: { kind: 'bytes', bytes: length }, unit: 'bytes', meaning }) as const;
export const choice = <const C extends Choices>(choices: C, meaning: string) =>
  ({ type: { kind: 'choice', choices }, unit: 'choice', meaning }) as const;

export function sizeOf(type: FieldType): number {
  switch (type.kind) {
    case 'u8':
    case 'choice':
      return 1;
    case 'u16':
      return 2;
    case 'u32':
      return 4;
    case 'i53':
    case 'ns':
      return 8;
    case 'text':
    case 'bytes':
      return type.bytes;
  }
}

/** Texts and byte runs stand on words, so that the hot path copies them word by word. */
function alignmentOf(type: FieldType): number {
  return type.kind === 'text' || type.kind === 'bytes' ? 4 : sizeOf(type);
}

export interface Layout<F extends Fields = Fields> {
  /** Byte offset of each field from the start of the record. */
  readonly offsets: { readonly [K in keyof F]: number };
  /** Whole record with every field, header included, a multiple of 8. */
  readonly bytes: number;
  /** Shortest record: the fields from `optionalFrom` on are left out when all are zero. */
  readonly bytesMin: number;
}

/**
 * Lays the fields out in the order of their declaration. A field that would need padding before it
 * is a mistake in the declaration: padding would be bytes that nobody checks.
 */
export function layoutOf<F extends Fields>(fields: F, optionalFrom?: keyof F): Layout<F> {
  const offsets: Record<string, number> = {};
  let at = RECORD_HEADER_BYTES;
  let bytesMin = 0;
  for (const [name, field] of Object.entries(fields)) {
    if (name === optionalFrom) {
      assert(at % 8 === 0, `optional fields start at ${name}, which is not on 8 bytes`);
      bytesMin = at;
    }
    assert(at % alignmentOf(field.type) === 0, `field ${name} at ${at} is not aligned`);
    offsets[name] = at;
    at += sizeOf(field.type);
  }
  assert(at % 8 === 0, `record of ${at} bytes is not a multiple of 8`);
  assert(at <= RECORD_BYTES_MAX, `record of ${at} bytes is too long`);
  return {
    offsets: constants(offsets) as Layout<F>['offsets'],
    bytes: at,
    bytesMin: bytesMin || at,
  };
}
