import { assert } from '../../lib/assert.js';

/**
 * How the bytes of a field are read. All integers are big-endian and unsigned unless said.
 *
 * - `price`, `signedPrice`: 4 or 8 bytes, `decimals` implied decimals, a decimal string outside.
 * - `char`: one byte, kept as it is, a space too. `alpha`: left-justified, padded with spaces.
 * - `alphaRight`: right-justified. `asciiNumber`: decimal digits, right-justified.
 */
export type FieldKind =
  | 'uint'
  | 'price'
  | 'signedPrice'
  | 'char'
  | 'alpha'
  | 'alphaRight'
  | 'asciiNumber';

export interface FieldSpec {
  readonly name: string;
  readonly kind: FieldKind;
  /** Bytes. */
  readonly length: number;
  /** Implied decimals of a price, else 0. */
  readonly decimals: number;
}

export interface Field extends FieldSpec {
  /** Bytes from the type byte of the message. */
  readonly offset: number;
}

/** `in`: from the client to the exchange (or Daybook). `out`: the other way. */
export type Direction = 'in' | 'out';

/**
 * `required`: the message ends in a u16 length and appendages. `optional`: our table has none for
 * this message, later editions of the specification do, so it may follow.
 */
export type AppendageRule = 'none' | 'optional' | 'required';

/** Variable bytes to the end of the message: as text (latin-1), or opaque as hexadecimal. */
export interface Tail {
  readonly name: string;
  readonly form: 'text' | 'hex';
}

export interface MessageLayout {
  readonly name: string;
  readonly type: string;
  readonly typeByte: number;
  readonly directions: readonly Direction[];
  readonly fields: readonly Field[];
  /** Bytes of type and fields, without appendage length, appendages and tail. */
  readonly length: number;
  readonly appendage: AppendageRule;
  readonly tail: Tail | undefined;
}

function spec(name: string, kind: FieldKind, length: number, decimals = 0): FieldSpec {
  return { name, kind, length, decimals };
}

export const u16 = (name: string): FieldSpec => spec(name, 'uint', 2);
export const u32 = (name: string): FieldSpec => spec(name, 'uint', 4);
export const u48 = (name: string): FieldSpec => spec(name, 'uint', 6);
export const u64 = (name: string): FieldSpec => spec(name, 'uint', 8);
export const char = (name: string): FieldSpec => spec(name, 'char', 1);
export const alpha = (name: string, length: number): FieldSpec => spec(name, 'alpha', length);
export const alphaRight = (name: string, length: number): FieldSpec =>
  spec(name, 'alphaRight', length);
export const asciiNumber = (name: string, length: number): FieldSpec =>
  spec(name, 'asciiNumber', length);
export const price32 = (name: string): FieldSpec => spec(name, 'price', 4, 4);
export const price64 = (name: string, decimals = 4): FieldSpec => spec(name, 'price', 8, decimals);
export const signedPrice32 = (name: string): FieldSpec => spec(name, 'signedPrice', 4, 4);

/** Places `fields` one after another behind the type byte. */
export function message(
  name: string,
  type: string,
  directions: readonly Direction[],
  fields: readonly FieldSpec[],
  extra: { readonly appendage?: AppendageRule; readonly tail?: Tail } = {},
): MessageLayout {
  assert(type.length === 1 && type.charCodeAt(0) < 256, `${name}: type must be one byte`);
  let offset = 1;
  const placed = fields.map((field) => {
    const at = offset;
    offset += field.length;
    return { ...field, offset: at };
  });
  return {
    name,
    type,
    typeByte: type.charCodeAt(0),
    directions,
    fields: placed,
    length: offset,
    appendage: extra.appendage ?? 'none',
    tail: extra.tail,
  };
}

/** The layouts of one direction by type byte. */
export type LayoutIndex = readonly (MessageLayout | undefined)[];

export function indexByType(layouts: readonly MessageLayout[], direction: Direction): LayoutIndex {
  const index = new Array<MessageLayout | undefined>(256).fill(undefined);
  for (const layout of layouts) {
    if (!layout.directions.includes(direction)) continue;
    assert(index[layout.typeByte] === undefined, `type ${layout.type} declared twice`);
    index[layout.typeByte] = layout;
  }
  return index;
}

/** Offset of a field by name, for tests and for tables built at start. */
export function offsetOf(layout: MessageLayout, field: string): number {
  const found = layout.fields.find((candidate) => candidate.name === field);
  assert(found !== undefined, `${layout.name} has no field ${field}`);
  return found.offset;
}
