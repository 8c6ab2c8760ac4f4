import { type FieldValue, readField, writeField } from './field-codec.js';
import { fromHex, toHex } from './hex.js';
import type { FieldSpec } from './layout.js';
import { WireError } from './wire-error.js';

/**
 * Optional fields behind a message:
 *
 * ```
 *   | appendage length u16 | length u8 | tag u8 | value | length u8 | tag u8 | value | ...
 *                            = 1 + bytes of value
 * ```
 *
 * An item whose tag is unknown, or whose value has another length than the tag's, keeps its value
 * as `raw` hexadecimal, so that encoding it again gives the same bytes.
 */
export type AppendageItem =
  | { readonly tag: number; readonly name: string; readonly value: FieldValue }
  | { readonly tag: number; readonly raw: string };

type Tags = readonly (FieldSpec | undefined)[];

function decodeItem(tags: Tags, view: DataView, at: number, length: number): AppendageItem {
  const tag = view.getUint8(at);
  const field = tags[tag];
  if (field === undefined || field.length !== length - 1) {
    return { tag, raw: toHex(view, at + 1, length - 1) };
  }
  return { tag, name: field.name, value: readField(view, at + 1, field) };
}

/**
 * Decodes the appendage length at `at` and its items, which must fill `length` bytes exactly.
 *
 * @throws WireError APPENDAGE_MALFORMED
 */
export function decodeAppendage(
  tags: Tags,
  view: DataView,
  at: number,
  length: number,
): AppendageItem[] {
  if (length < 2 || view.getUint16(at) !== length - 2) {
    throw new WireError('APPENDAGE_MALFORMED', 'appendage length does not match the message', at);
  }
  const items: AppendageItem[] = [];
  const end = at + length;
  let next = at + 2;
  while (next < end) {
    const itemLength = view.getUint8(next);
    if (itemLength === 0 || next + 1 + itemLength > end) {
      throw new WireError('APPENDAGE_MALFORMED', 'appendage item overruns its message', next);
    }
    items.push(decodeItem(tags, view, next + 1, itemLength));
    next += 1 + itemLength;
  }
  return items;
}

function encodeItem(tags: Tags, item: AppendageItem): Uint8Array {
  if (!Number.isInteger(item.tag) || item.tag < 0 || item.tag > 0xff) {
    throw new WireError('FIELD_INVALID', `appendage tag ${item.tag} is not a byte`);
  }
  if ('raw' in item) {
    const raw = fromHex(item.raw);
    if (raw.length > 0xfe) throw new WireError('FIELD_INVALID', 'appendage value is too long');
    return Uint8Array.of(raw.length + 1, item.tag, ...raw);
  }
  const field = tags[item.tag];
  if (field === undefined) {
    throw new WireError('FIELD_INVALID', `appendage tag ${item.tag} is unknown`);
  }
  const bytes = new Uint8Array(2 + field.length);
  bytes[0] = 1 + field.length;
  bytes[1] = item.tag;
  writeField(new DataView(bytes.buffer), 2, field, item.value);
  return bytes;
}

/** @throws WireError FIELD_INVALID, also when the items exceed 65,535 bytes. */
export function encodeAppendage(tags: Tags, items: readonly AppendageItem[]): Uint8Array {
  const parts = items.map((item) => encodeItem(tags, item));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0xffff) throw new WireError('FIELD_INVALID', 'appendage is too long');
  const bytes = new Uint8Array(2 + length);
  new DataView(bytes.buffer).setUint16(0, length);
  let at = 2;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
