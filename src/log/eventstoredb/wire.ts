import { assert } from '../../lib/assert.js';

/**
 * Protocol Buffers on the wire, as far as the hot messages of this protocol need it: unsigned
 * varints and length-delimited fields.
 *
 *     field = (number << 3 | wireType) varint, then by type
 *       0   varint            7 bits a byte, low bits first, top bit: more follow
 *       2   length varint, then that many bytes: bytes, text, embedded message
 */
export const WIRE_VARINT = 0;
export const WIRE_LENGTH_DELIMITED = 2;

/** Longest varint of a safe integer: 53 bits in groups of seven. */
const MAX_SAFE_VARINT_BYTES = 8;
const LOW_32 = 0x1_0000_0000;

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Writes into a buffer of known size; callers size it first with the `*Length` functions. */
export class WireWriter {
  bytes: Buffer;
  #at = 0;

  constructor(size: number, into: Buffer = Buffer.allocUnsafe(size)) {
    this.bytes = into;
  }

  /** Bytes written, and where the next one goes. */
  get length(): number {
    return this.#at;
  }

  /** @returns itself, at `at` of `bytes` */
  over(bytes: Buffer, at: number): this {
    this.bytes = bytes;
    this.#at = at;
    return this;
  }

  /** Past bytes that were written there otherwise. */
  skip(count: number): void {
    this.#at += count;
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= LOW_32) {
      this.bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.#at++] = rest;
  }

  /** Key and length of an embedded message; its fields follow. */
  open(field: number, length: number): void {
    this.varint((field << 3) | WIRE_LENGTH_DELIMITED);
    this.varint(length);
  }

  uint(field: number, value: number): void {
    this.varint((field << 3) | WIRE_VARINT);
    this.varint(value);
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  blob(field: number, bytes: Uint8Array): void {
    this.open(field, bytes.length);
    this.raw(bytes);
  }

  /** ASCII without its length, for texts of a few characters. */
  ascii(value: string): void {
    for (let index = 0; index < value.length; index += 1) {
      this.bytes[this.#at++] = value.charCodeAt(index);
    }
  }

  /** Text whose UTF-8 length the caller has already counted. */
  text(field: number, value: string, byteLength: number): void {
    this.open(field, byteLength);
    if (byteLength === value.length) this.bytes.write(value, this.#at, byteLength, 'latin1');
    else this.bytes.write(value, this.#at, byteLength, 'utf8');
    this.#at += byteLength;
  }
}

/** Bytes a length-delimited field takes, key included (field numbers below 16). */
export function blobLength(byteLength: number): number {
  return 1 + varintLength(byteLength) + byteLength;
}

export function uintLength(value: number): number {
  return 1 + varintLength(value);
}

/** Bytes that are no well-formed message. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code = 'EVENTSTOREDB_WIRE_MALFORMED';
}

/** Walks the fields of one message. Lengths are checked, so malformed input throws, never overruns. */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    assert(start >= 0 && start <= end && end <= bytes.length, 'a reader stays inside its buffer');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** A varint up to 2^53 - 1; larger ones are clamped to it. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      if (this.#at >= this.#end) throw new WireError('a varint runs past the end');
      const byte = this.#bytes[this.#at++]!;
      if (count < MAX_SAFE_VARINT_BYTES) value += (byte & 0x7f) * scale;
      else if ((byte & 0x7f) !== 0) value = Number.MAX_SAFE_INTEGER;
      scale *= 0x80;
      if (byte < 0x80) return Math.min(value, Number.MAX_SAFE_INTEGER);
    }
    throw new WireError('a varint is longer than 10 bytes');
  }

  /** A varint of 64 bits, as a signed whole number. */
  long(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= this.#end) throw new WireError('a varint runs past the end');
      const byte = this.#bytes[this.#at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new WireError('a varint is longer than 10 bytes');
  }

  /** A length-delimited field as a view into the buffer (no copy). */
  blob(): Buffer {
    const length = this.varint();
    const start = this.#at;
    if (length > this.#end - start) throw new WireError('a field runs past the end');
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    const length = this.varint();
    const start = this.#at;
    if (length > this.#end - start) throw new WireError('a field runs past the end');
    this.#at = start + length;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  message(): WireReader {
    const length = this.varint();
    const start = this.#at;
    if (length > this.#end - start) throw new WireError('a field runs past the end');
    this.#at = start + length;
    return new WireReader(this.#bytes, start, this.#at);
  }

  /** Skips the field whose wire type was just read. */
  skip(wireType: number): void {
    if (wireType === WIRE_VARINT) this.varint();
    else if (wireType === WIRE_LENGTH_DELIMITED) this.blob();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 5) this.#advance(4);
    else throw new WireError(`unknown wire type ${wireType}`);
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw new WireError('a field runs past the end');
    this.#at += count;
  }
}
