/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4): polynomial 0x1EDC6F41 reflected, initial value and
 * final xor of all ones. Checked against the vectors of RFC 3720 B.4.
 *
 * Eight bytes a step through eight tables ("slicing by 8", Kounavis and Berry 2005). Table k maps a
 * byte to its contribution k bytes further on.
 */

/** `crc32c(a ‖ b) = crc32c(b, crc32c(a))`; `seed` is the checksum of what came before, 0 at first. */
export type Crc32c = (bytes: Uint8Array, start: number, end: number, seed: number) => number;

const POLYNOMIAL_REFLECTED = 0x82f63b78;

/** Checksum of each byte value followed by so many zero bytes, without initial value and final xor. */
export function crc32cTable(zeroBytesAfter: number): Int32Array {
  const entries = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8 * (zeroBytesAfter + 1); bit++) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL_REFLECTED : crc >>> 1;
    }
    entries[byte] = crc;
  }
  return entries;
}

// Separate constants, not an array of tables: the compiler then knows each address.
const t0 = crc32cTable(0);
const t1 = crc32cTable(1);
const t2 = crc32cTable(2);
const t3 = crc32cTable(3);
const t4 = crc32cTable(4);
const t5 = crc32cTable(5);
const t6 = crc32cTable(6);
const t7 = crc32cTable(7);

/** @returns the checksum of `bytes[start, end)` as an unsigned 32-bit number. */
export const crc32c: Crc32c = (bytes, start, end, seed) => {
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc =
      t7[(bytes[at]! ^ crc) & 255]! ^
      t6[(bytes[at + 1]! ^ (crc >>> 8)) & 255]! ^
      t5[(bytes[at + 2]! ^ (crc >>> 16)) & 255]! ^
      t4[bytes[at + 3]! ^ (crc >>> 24)]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
};

/** The same over whole little-endian 32-bit words `words[start, end)`. */
export function crc32cWords(words: Int32Array, start: number, end: number, seed: number): number {
  let crc = ~seed;
  let at = start;
  for (; at + 2 <= end; at += 2) {
    const low = words[at]! ^ crc;
    const high = words[at + 1]!;
    crc =
      t7[low & 255]! ^
      t6[(low >>> 8) & 255]! ^
      t5[(low >>> 16) & 255]! ^
      t4[low >>> 24]! ^
      t3[high & 255]! ^
      t2[(high >>> 8) & 255]! ^
      t1[(high >>> 16) & 255]! ^
      t0[high >>> 24]!;
  }
  if (at < end) {
    const low = words[at]! ^ crc;
    crc = t3[low & 255]! ^ t2[(low >>> 8) & 255]! ^ t1[(low >>> 16) & 255]! ^ t0[low >>> 24]!;
  }
  return ~crc >>> 0;
}
