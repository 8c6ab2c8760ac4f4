import { assert } from '../../lib/assert.js';

const BILLION = 1_000_000_000;
const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
const ZERO = 0x30;
const MINUS = 0x2d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEXADECIMAL = Buffer.from('0123456789abcdef', 'latin1');

/** Most characters of a number: a sign and the digits of an i64, in quotes. */
export const NUMBER_CHARS = 22;

/**
 * Writes text and numbers as ASCII straight into bytes. Nothing here leaves anything to collect: a
 * forwarder writes some thirty of them for each event, and its garbage would be collected by threads
 * that take the processors from the writer.
 *
 * Whoever writes has seen to it that there is room; a step outside would be lost without a word, so
 * the end is compared once a text (`event-json.ts`).
 */
export class AsciiWriter {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  /** @returns itself, at `at` of `bytes` */
  over(bytes: Uint8Array, at: number): this {
    this.bytes = bytes;
    this.at = at;
    return this;
  }

  raw(from: Uint8Array): void {
    const { bytes } = this;
    let { at } = this;
    for (let index = 0; index < from.length; index += 1) bytes[at++] = from[index]!;
    this.at = at;
  }

  text(value: string): void {
    for (let index = 0; index < value.length; index += 1) {
      this.bytes[this.at++] = value.charCodeAt(index);
    }
  }

  /** A safe integer, as `String` has it. */
  integer(value: number): void {
    assert(Number.isSafeInteger(value), 'a whole number is written');
    if (value < 0) this.bytes[this.at++] = MINUS;
    this.#whole(Math.abs(value));
  }

  /** An i64 given by its words, in quotes. */
  quotedLong(high: number, low: number): void {
    this.bytes[this.at++] = QUOTE;
    if (high < 0) this.text(String((BigInt(high) << 32n) | BigInt(low)));
    else this.#long(high, low);
    this.bytes[this.at++] = QUOTE;
  }

  /** The text in `from` up to its first zero, or `length` bytes, in quotes. */
  quotedText(from: Uint8Array, start: number, length: number): void {
    const { bytes } = this;
    const opened = this.at;
    let at = opened;
    bytes[at++] = QUOTE;
    for (let index = start; index < start + length; index += 1) {
      const code = from[index]!;
      if (code === 0) break;
      if (code === QUOTE || code === BACKSLASH) return this.#escaped(from, start, length, opened);
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.at = at;
  }

  /** `length` bytes of `from`, two digits each. */
  hexadecimal(from: Uint8Array, start: number, length: number): void {
    for (let index = start; index < start + length; index += 1) this.hexadecimalByte(from[index]!);
  }

  hexadecimalByte(value: number): void {
    this.bytes[this.at++] = HEXADECIMAL[value >> 4]!;
    this.bytes[this.at++] = HEXADECIMAL[value & 0xf]!;
  }

  #escaped(from: Uint8Array, start: number, length: number, opened: number): void {
    let value = '';
    for (let index = start; index < start + length && from[index] !== 0; index += 1) {
      value += String.fromCharCode(from[index]!);
    }
    this.at = opened;
    this.text(JSON.stringify(value));
  }

  /** 0 to 2^53 - 1. */
  #whole(value: number): void {
    if (value < BILLION) return this.#digits(value);
    let high = Math.floor(value / BILLION);
    // The quotient may have been rounded up to the next whole number.
    if (high * BILLION > value) high -= 1;
    this.#digits(high);
    this.#nineDigits(value - high * BILLION);
  }

  /** Long division by 10^9, 16 bits at a time, so that no step leaves the safe integers. */
  #long(high: number, low: number): void {
    const first = Math.floor(high / BILLION);
    const middle = (high - first * BILLION) * TWO_16 + (low >>> 16);
    const second = Math.floor(middle / BILLION);
    const last = (middle - second * BILLION) * TWO_16 + (low & 0xffff);
    const third = Math.floor(last / BILLION);
    const quotient = first * TWO_32 + second * TWO_16 + third;
    const rest = last - third * BILLION;
    if (quotient === 0) return this.#digits(rest);
    if (quotient < BILLION) this.#digits(quotient);
    else {
      const billions = Math.floor(quotient / BILLION);
      this.#digits(billions);
      this.#nineDigits(quotient - billions * BILLION);
    }
    this.#nineDigits(rest);
  }

  /** 0 to 10^9 - 1, as many digits as it has. */
  #digits(value: number): void {
    let length = 1;
    for (let limit = 10; limit <= value; limit *= 10) length += 1;
    this.#fixed(value, length);
  }

  #nineDigits(value: number): void {
    this.#fixed(value, 9);
  }

  #fixed(value: number, length: number): void {
    const { bytes, at } = this;
    let rest = value | 0;
    for (let place = at + length - 1; place >= at; place -= 1) {
      const tenth = (rest / 10) | 0;
      bytes[place] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    this.at = at + length;
  }
}
