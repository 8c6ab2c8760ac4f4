import { assert } from '../../lib/assert.js';
import { WireError } from './wire-error.js';

/** Highest upper half of a u64 that is a safe integer. */
export const SAFE_HIGH_MAX = 0x1f_ffff;

const TWO_32 = 0x1_0000_0000;
/** Exact, and a multiplication is quicker than a division. */
const PER_TWO_32 = 1 / TWO_32;

/**
 * A u64 as a number.
 *
 * @throws WireError VALUE_UNSAFE past 2^53 - 1. Where a peer chooses the value, look first with
 *   `isSafeU64`, which does not throw.
 */
export function readU64(view: DataView, at: number): number {
  const high = view.getUint32(at);
  if (high > SAFE_HIGH_MAX) {
    throw new WireError('VALUE_UNSAFE', 'a 64-bit value is beyond 2^53 - 1', at);
  }
  return high * TWO_32 + view.getUint32(at + 4);
}

export function isSafeU64(view: DataView, at: number): boolean {
  return view.getUint32(at) <= SAFE_HIGH_MAX;
}

/** A u48, such as the ITCH timestamp: always safe. */
export function readU48(view: DataView, at: number): number {
  return view.getUint16(at) * TWO_32 + view.getUint32(at + 2);
}

/** Writes a whole number from 0 to 2^53 - 1 as u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a u64 must be a safe integer from 0');
  view.setUint32(at, Math.floor(value * PER_TWO_32));
  view.setUint32(at + 4, value >>> 0);
}

/** Whether two runs of bytes are equal. */
export function bytesEqual(
  a: DataView,
  aAt: number,
  b: DataView,
  bAt: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a.getUint8(aAt + i) !== b.getUint8(bAt + i)) return false;
  }
  return true;
}

/** Copies bytes between views without making a subarray. */
export function copyBytes(
  from: DataView,
  fromAt: number,
  to: DataView,
  toAt: number,
  length: number,
): void {
  let i = 0;
  for (; i + 4 <= length; i += 4) to.setUint32(toAt + i, from.getUint32(fromAt + i));
  for (; i < length; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}
