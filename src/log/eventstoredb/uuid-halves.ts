import { type WireReader, WireWriter } from './wire.js';

/**
 * A UUID as two signed 64-bit numbers: the form that clients on .NET and Java ask for and send, where
 * others use text.
 *
 *     Structured  1 most_significant_bits int64  2 least_significant_bits int64
 */
const HALF_HEX_CHARS = 16;
const KEYS = [0x08, 0x10] as const;
// Two keys and two varints of ten bytes.
const ENCODED_BYTES = 22;

/** @param text 36 characters */
export function halvesOf(text: string): Buffer {
  const hex = text.replaceAll('-', '');
  const out = new WireWriter(ENCODED_BYTES);
  for (const [index, key] of KEYS.entries()) {
    out.varint(key);
    const at = index * HALF_HEX_CHARS;
    let half = BigInt(`0x${hex.slice(at, at + HALF_HEX_CHARS)}`);
    for (; half >= 0x80n; half >>= 7n) out.raw(Uint8Array.of(Number(half & 0x7fn) | 0x80));
    out.raw(Uint8Array.of(Number(half)));
  }
  return out.bytes.subarray(0, out.length);
}

/** @returns 36 characters */
export function textOfHalves(most: bigint, least: bigint): string {
  const hex = [most, least]
    .map((half) => BigInt.asUintN(64, half).toString(16).padStart(HALF_HEX_CHARS, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @throws WireError for malformed bytes */
export function readHalves(reader: WireReader): string {
  let most = 0n;
  let least = 0n;
  while (!reader.done) {
    const key = reader.varint();
    if (key === KEYS[0]) most = reader.long();
    else if (key === KEYS[1]) least = reader.long();
    else reader.skip(key & 7);
  }
  return textOfHalves(most, least);
}
