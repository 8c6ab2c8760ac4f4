/**
 * The binary form of an event: one record, a fixed header and then the payload that the catalogue
 * lays out. The journal stores these bytes, the writer encodes them, every reader decodes them.
 *
 * ```
 *   byte  0        4       6     7     8          16         24         32         40      44      48
 *         +--------+-------+-----+-----+----------+----------+----------+----------+-------+-------+---
 *         | crc32c | length| no. | ver | sequence | time     | received | command  | actor |session| payload
 *         | u32    | u16   | u8  | u8  | i53      | i64 ns   | i64 ns   | i53      | u32   | u32   |
 *         +--------+-------+-----+-----+----------+----------+----------+----------+-------+-------+---
 * ```
 *
 * All little-endian. `length` counts the whole record in bytes and is a multiple of 8, so that a
 * batch can be read and written through typed arrays. An `i53` is a whole number within JavaScript's
 * safe range, kept as IEEE 754 binary64, in which each of them is exact: typed arrays read and
 * write it in one instruction, where a 64-bit integer would need a BigInt, that is an allocation,
 * per field (`npm run bench -- core`). Decoding refuses any other number there.
 */

export const RECORD_HEADER_BYTES = 48;

/** Longest record, header included. `length` is a u16; no event comes near. */
export const RECORD_BYTES_MAX = 1024;

/** Byte offsets of the header's fields. */
export const HEADER = {
  crc: 0,
  length: 4,
  number: 6,
  version: 7,
  sequence: 8,
  time: 16,
  received: 24,
  command: 32,
  actor: 40,
  session: 44,
} as const;

/**
 * A buffer of whole records seen through the views that the hot path needs.
 *
 * Offsets named `...At` are in bytes; a view of n-byte elements is indexed by `at / n`.
 */
export class RecordBuffer {
  readonly bytes: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  /** For moving eight bytes at a time: nothing is allocated as long as nobody looks at them. */
  readonly i64: BigInt64Array;
  /** Bytes in use: the records stand in [0, length). */
  length = 0;
  /** Records in use. */
  count = 0;

  /** @param from byte of `buffer` where it begins, a multiple of 8 */
  constructor(
    capacityBytes: number,
    buffer: ArrayBufferLike = new ArrayBuffer(capacityBytes),
    from = 0,
  ) {
    this.bytes = new Uint8Array(buffer, from);
    this.u16 = new Uint16Array(buffer, from);
    this.i32 = new Int32Array(buffer, from);
    this.u32 = new Uint32Array(buffer, from);
    this.f64 = new Float64Array(buffer, from);
    this.i64 = new BigInt64Array(buffer, from);
  }

  clear(): void {
    this.length = 0;
    this.count = 0;
  }
}
