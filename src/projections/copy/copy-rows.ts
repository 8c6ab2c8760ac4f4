import { assert } from '../../lib/assert.js';
import { type NumericParts, newNumericParts, splitAmount, splitNumeric } from './numeric-digits.js';

/** First size of a buffer; it doubles as needed and is kept for the next batch. */
const BYTES_FIRST = 256 * 1024;
/** A batch of the journal is at most 4 MiB of records; its rows are far from this. */
export const COPY_BYTES_MAX = 256 * 1024 * 1024;
/** Room that one value other than a text may take. */
const VALUE_BYTES_MAX = 160;
const HEAD_BYTES = 19;
const TWO_32 = 2 ** 32;
/** Microseconds from 1970-01-01, where Daybook counts from, to 2000-01-01, where PostgreSQL does. */
const EPOCH_US = 946_684_800_000_000;
const EPOCH_HIGH = 220_000_000;
const EPOCH_REST_US = EPOCH_HIGH * 4_294_967 - EPOCH_US;

/**
 * Rows in the binary format of `COPY ... FROM STDIN (FORMAT binary)`, built in place.
 *
 * ```
 *   "PGCOPY\n\xff\r\n\0" | flags i32 = 0 | extension i32 = 0 | row ... | -1 i16
 *   row:    columns i16 | value ...          all big-endian
 *   value:  bytes i32, or -1 for NULL | the type's own binary form
 * ```
 *
 * Binary, because a safe integer then goes over as two words: no text is made, none is parsed, and
 * nothing can be rounded. Call `row`, then one method per column in the order of the table's list.
 */
export class CopyRows {
  readonly columns: number;
  rows = 0;
  #bytes: Buffer = Buffer.allocUnsafe(BYTES_FIRST);
  #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  #at = HEAD_BYTES;
  readonly #numeric: NumericParts = newNumericParts();

  /** @param columns of every row */
  constructor(columns: number) {
    this.columns = columns;
    this.#writeHead();
  }

  /** What `finish` would give. */
  get bytes(): number {
    return this.#at + 2;
  }

  clear(): void {
    this.rows = 0;
    this.#at = HEAD_BYTES;
  }

  /** The rows with head and trailer; valid until the next row or `clear`. */
  finish(): Buffer {
    this.#reserve(2);
    this.#view.setInt16(this.#at, -1);
    return this.#bytes.subarray(0, this.#at + 2);
  }

  /** Where the next row begins: `truncate(mark())` takes back what came after. */
  mark(): { readonly rows: number; readonly at: number } {
    return { rows: this.rows, at: this.#at };
  }

  truncate(mark: { readonly rows: number; readonly at: number }): void {
    this.rows = mark.rows;
    this.#at = mark.at;
  }

  row(): void {
    this.#reserve(2);
    this.#view.setInt16(this.#at, this.columns);
    this.#at += 2;
    this.rows++;
  }

  null(): void {
    this.#reserve(4);
    this.#view.setInt32(this.#at, -1);
    this.#at += 4;
  }

  boolean(value: boolean): void {
    this.#reserve(5);
    this.#view.setInt32(this.#at, 1);
    this.#view.setUint8(this.#at + 4, value ? 1 : 0);
    this.#at += 5;
  }

  /** smallint: -32768 to 32767. */
  int2(value: number): void {
    assert(value === (value << 16) >> 16, `not a smallint: ${value}`);
    this.#reserve(6);
    this.#view.setInt32(this.#at, 2);
    this.#view.setInt16(this.#at + 4, value);
    this.#at += 6;
  }

  /** integer: -2^31 to 2^31 - 1. */
  int4(value: number): void {
    assert(value === (value | 0), `not an integer of 32 bits: ${value}`);
    this.#reserve(8);
    this.#view.setInt32(this.#at, 4);
    this.#view.setInt32(this.#at + 4, value);
    this.#at += 8;
  }

  /** bigint, from a safe integer. */
  int8(value: number): void {
    // Most numbers of an event are small: one word suffices.
    if (value === value >>> 0) {
      this.#int8Words(value, 0);
      return;
    }
    assert(Number.isSafeInteger(value), `not a safe integer: ${value}`);
    const high = Math.floor(value / TWO_32);
    this.#int8Words(value - high * TWO_32, high);
  }

  /** bigint, from a BigInt of at most 64 bits. */
  bigint(value: bigint): void {
    assert(BigInt.asIntN(64, value) === value, `not an integer of 64 bits: ${value}`);
    this.#int8Words(Number(value & 0xffff_ffffn), Number(value >> 32n));
  }

  /** bigint, from the two words of a time in nanoseconds as the records hold it. */
  words(low: number, high: number): void {
    this.#int8Words(low, high);
  }

  /** timestamptz, from the two words of a time in ns since 1970, cut to the microsecond below. */
  timestamp(low: number, high: number): void {
    // ns = high * 2^32 + low is beyond 2^53; 2^32 = 4294967 * 1000 + 296 keeps each part within it.
    // The epoch is taken off first, in whole high words: the product then stays exact until 2262.
    const us = (high - EPOCH_HIGH) * 4_294_967 + Math.floor((high * 296 + low) / 1000);
    this.int8(us + EPOCH_REST_US);
  }

  /** timestamptz, from whole minutes since 1970. */
  minute(minutes: number): void {
    this.int8(minutes * 60_000_000 - EPOCH_US);
  }

  /** numeric: units / 10^scale. */
  numeric(units: bigint, scale: number): void {
    splitNumeric(units, scale, this.#numeric);
    this.#writeNumeric();
  }

  /** numeric with nine decimals: whole + parts / 1e9, as `domain/position.ts` keeps amounts. */
  amount(whole: number, parts: number): void {
    splitAmount(whole, parts, this.#numeric);
    this.#writeNumeric();
  }

  #writeNumeric(): void {
    this.#reserve(VALUE_BYTES_MAX);
    const parts = this.#numeric;
    const view = this.#view;
    let at = this.#at;
    view.setInt32(at, 8 + 2 * parts.count);
    view.setInt16(at + 4, parts.count);
    view.setInt16(at + 6, parts.weight);
    view.setUint16(at + 8, parts.sign);
    view.setInt16(at + 10, parts.scale);
    at += 12;
    for (let i = 0; i < parts.count; i++, at += 2) view.setUint16(at, parts.digits[i] as number);
    this.#at = at;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(4 + length);
    this.#view.setInt32(this.#at, length);
    this.#bytes.write(value, this.#at + 4, 'utf8');
    this.#at += 4 + length;
  }

  /** text, from ASCII padded with zero bytes as the records hold it. */
  ascii(from: Uint8Array, start: number, width: number): void {
    this.#reserve(4 + width);
    const bytes = this.#bytes;
    const to = this.#at + 4;
    let length = 0;
    for (; length < width; length++) {
      const code = from[start + length] as number;
      if (code === 0) break;
      bytes[to + length] = code;
    }
    this.#view.setInt32(this.#at, length);
    this.#at = to + length;
  }

  /** The same, NULL when empty. */
  asciiOrNull(from: Uint8Array, start: number, width: number): void {
    if (from[start] === 0) this.null();
    else this.ascii(from, start, width);
  }

  bytea(from: Uint8Array): void {
    this.#reserve(4 + from.length);
    this.#view.setInt32(this.#at, from.length);
    this.#bytes.set(from, this.#at + 4);
    this.#at += 4 + from.length;
  }

  #int8Words(low: number, high: number): void {
    this.#reserve(12);
    const view = this.#view;
    view.setInt32(this.#at, 8);
    view.setInt32(this.#at + 4, high);
    view.setUint32(this.#at + 8, low);
    this.#at += 12;
  }

  #writeHead(): void {
    this.#bytes.write('PGCOPY\n', 0, 'latin1');
    this.#bytes.set([0xff, 0x0d, 0x0a, 0x00, 0, 0, 0, 0, 0, 0, 0, 0], 7);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    assert(needed <= COPY_BYTES_MAX, `rows of a batch exceed ${COPY_BYTES_MAX} bytes`);
    let capacity = this.#bytes.length;
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.allocUnsafe(capacity);
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }
}
