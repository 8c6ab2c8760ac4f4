import { assert } from '../../lib/assert.js';
import { writeU64 } from '../wire/integer.js';

/**
 * Adds appendage items to a message that was written with appendage length 0:
 *
 *     const end = putOrderAccepted(view, at, timestamp, terms);
 *     const next = putTagU32(view, end, OUCH_TAG.firm, firm);
 *     closeAppendage(view, end, next);
 *
 * Each writer returns the offset after its item.
 */
function putItemHead(view: DataView, at: number, tag: number, valueBytes: number): number {
  view.setUint8(at, 1 + valueBytes);
  view.setUint8(at + 1, tag);
  return at + 2;
}

/** One-byte values: flags. */
export function putTagByte(view: DataView, at: number, tag: number, value: number): number {
  view.setUint8(putItemHead(view, at, tag, 1), value);
  return at + 3;
}

/** Four-byte values: quantities, times, and the four characters of Firm and Route. */
export function putTagU32(view: DataView, at: number, tag: number, value: number): number {
  view.setUint32(putItemHead(view, at, tag, 4), value);
  return at + 6;
}

/** Eight-byte values: prices and reference numbers. */
export function putTagU64(view: DataView, at: number, tag: number, value: number): number {
  writeU64(view, putItemHead(view, at, tag, 8), value);
  return at + 10;
}

/** Sets the appendage length: `messageEnd` is what the writer of the message returned. */
export function closeAppendage(view: DataView, messageEnd: number, end: number): void {
  assert(end >= messageEnd && end - messageEnd <= 0xffff, 'appendage out of bounds');
  view.setUint16(messageEnd - 2, end - messageEnd);
}
