import { type AppendageItem, decodeAppendage, encodeAppendage } from './appendage.js';
import { type FieldValue, readField, readText, writeField, writeText } from './field-codec.js';
import { fromHex, toHex } from './hex.js';
import {
  type Direction,
  type FieldSpec,
  indexByType,
  type LayoutIndex,
  type MessageLayout,
} from './layout.js';
import { WireError } from './wire-error.js';

/** One protocol's messages: the catalogue and what is derived from it. */
export interface Protocol {
  readonly name: string;
  readonly layouts: readonly MessageLayout[];
  readonly index: Readonly<Record<Direction, LayoutIndex>>;
  /** Appendage fields by tag. */
  readonly tags: readonly (FieldSpec | undefined)[];
}

export function protocol(
  name: string,
  layouts: readonly MessageLayout[],
  tags: readonly (FieldSpec | undefined)[] = [],
): Protocol {
  const index = { in: indexByType(layouts, 'in'), out: indexByType(layouts, 'out') };
  return { name, layouts, index, tags };
}

/** A message as plain values. Decoding and encoding it again gives the same bytes. */
export interface WireMessage {
  readonly type: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Absent where the message on the wire has no appendage length. */
  readonly appendage?: readonly AppendageItem[];
}

function layoutOf(
  of: Protocol,
  direction: Direction,
  view: DataView,
  at: number,
  length: number,
): MessageLayout {
  if (length < 1) throw new WireError('MESSAGE_EMPTY', `${of.name}: empty message`);
  const type = view.getUint8(at);
  const layout = of.index[direction][type];
  if (layout === undefined) {
    const shown = JSON.stringify(String.fromCharCode(type));
    throw new WireError('MESSAGE_TYPE_UNKNOWN', `${of.name}: no message of type ${shown}`);
  }
  return layout;
}

function checkLength(of: Protocol, layout: MessageLayout, length: number): void {
  const exact = layout.tail === undefined && layout.appendage === 'none';
  const least = layout.appendage === 'required' ? layout.length + 2 : layout.length;
  if (exact ? length === layout.length : length >= least) return;
  throw new WireError(
    'MESSAGE_LENGTH_WRONG',
    `${of.name} ${layout.name}: ${length} bytes, should be ${exact ? '' : 'at least '}${least}`,
  );
}

/**
 * Decodes the `length` bytes of one message at `at`, for tools and tests; the hot path reads
 * single fields instead.
 *
 * @throws WireError MESSAGE_EMPTY, MESSAGE_TYPE_UNKNOWN, MESSAGE_LENGTH_WRONG, APPENDAGE_MALFORMED
 */
export function decodeMessage(
  of: Protocol,
  direction: Direction,
  view: DataView,
  at: number,
  length: number,
): WireMessage {
  const layout = layoutOf(of, direction, view, at, length);
  checkLength(of, layout, length);
  const fields: Record<string, FieldValue> = {};
  for (const field of layout.fields) {
    fields[field.name] = readField(view, at + field.offset, field);
  }
  const { type, name, tail } = layout;
  const rest = length - layout.length;
  if (tail !== undefined) {
    const read = tail.form === 'hex' ? toHex : readText;
    fields[tail.name] = read(view, at + layout.length, rest);
  }
  if (layout.appendage === 'none' || rest === 0) return { type, name, fields };
  const appendage = decodeAppendage(of.tags, view, at + layout.length, rest);
  return { type, name, fields, appendage };
}

function tailBytes(layout: MessageLayout, value: FieldValue | undefined): Uint8Array {
  if (layout.tail === undefined) return new Uint8Array(0);
  if (value === undefined) {
    throw new WireError('FIELD_MISSING', `${layout.name}: ${layout.tail.name} is missing`);
  }
  const text = String(value);
  if (layout.tail.form === 'hex') return fromHex(text);
  const bytes = new Uint8Array(text.length);
  if (!writeText(new DataView(bytes.buffer), 0, text)) {
    throw new WireError('FIELD_INVALID', `${layout.tail.name} is not latin-1`);
  }
  return bytes;
}

function layoutByType(of: Protocol, direction: Direction, type: string): MessageLayout {
  const layout = of.index[direction][type.length === 1 ? type.charCodeAt(0) : -1];
  if (layout !== undefined) return layout;
  throw new WireError('MESSAGE_TYPE_UNKNOWN', `${of.name}: no message of type '${type}'`);
}

/**
 * Encodes a message, for tools and tests.
 *
 * @throws WireError MESSAGE_TYPE_UNKNOWN, FIELD_MISSING, FIELD_INVALID
 */
export function encodeMessage(
  of: Protocol,
  direction: Direction,
  message: Omit<WireMessage, 'name'>,
): Uint8Array {
  const layout = layoutByType(of, direction, message.type);
  if (message.appendage !== undefined && layout.appendage === 'none') {
    throw new WireError('FIELD_INVALID', `${layout.name} has no appendage`);
  }
  const items = message.appendage ?? (layout.appendage === 'required' ? [] : undefined);
  const appendage = items === undefined ? new Uint8Array(0) : encodeAppendage(of.tags, items);
  const tail = tailBytes(layout, message.fields[layout.tail?.name ?? '']);
  const bytes = new Uint8Array(layout.length + appendage.length + tail.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, layout.typeByte);
  for (const field of layout.fields) {
    const value = message.fields[field.name];
    if (value === undefined) {
      throw new WireError('FIELD_MISSING', `${layout.name}: ${field.name} is missing`);
    }
    writeField(view, field.offset, field, value);
  }
  bytes.set(appendage, layout.length);
  bytes.set(tail, layout.length);
  return bytes;
}
