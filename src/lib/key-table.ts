/**
 * Rows found by (scope, text): client order ids by account, execution ids by venue.
 *
 * Open addressing with linear probing over one word per place, so that a probe that finds nothing,
 * which is what almost every new order does, costs one cache line:
 *
 * ```
 *   index  ... | tag row+1 | tag row+1 |  0  | ...     6 bits of the hash, 26 bits of row; 0 is free
 *   keys   row 0: width bytes | row 1: width bytes | ...      filled in the order of insertion
 * ```
 *
 * Rows are numbered from 0 in the order of insertion and never move. The table never grows: it is
 * sized at start, and `full` tells its owner to refuse what would need another row.
 */
import { assert } from './assert.js';
import { nativeAddon } from './native-addon.js';
import { copyWords } from './words.js';

/** Bits of a place that hold the row; the rest is a tag that spares most comparisons of keys. */
const ROW_BITS = 26;
const ROW_MASK = 2 ** ROW_BITS - 1;
/** Places in a cache line of 64 bytes, less one. */
const LINE_MASK = 15;
/** Factor of a step of the hash. */
const STEP = 0x85ebca6b;

/** Up to so many keys a call of the addon gains nothing. */
export const INDEXED_HERE_MAX = 1000;

const addon = nativeAddon();

export class KeyTable {
  readonly capacity: number;
  /** Words (32 bit) per key. */
  readonly width: number;
  /** Rows in use. */
  count = 0;
  readonly keys: Int32Array;
  readonly scopes: Int32Array;
  readonly index: Int32Array;
  /** Public, as the columns are: V8 never takes a private field for a constant (decision 21). */
  readonly mask: number;
  readonly seed: number;
  /** The row that was added or found last. */
  #last = 0;

  /**
   * @param capacity rows
   * @param keyBytes width of a key, a multiple of 4
   * @param seed differs between processes, so that nobody can choose keys that collide
   */
  constructor(capacity: number, keyBytes: number, seed: number) {
    assert(keyBytes % 8 === 0 && keyBytes > 0, 'keys are pairs of words');
    assert(Number.isInteger(capacity) && capacity > 0 && capacity < ROW_MASK, 'capacity of rows');
    this.capacity = capacity;
    this.width = keyBytes / 4;
    // At most half full: a probe then looks at 1.5 places on average.
    const places = Math.max(16, 2 ** Math.ceil(Math.log2(capacity * 2)));
    this.keys = new Int32Array(capacity * this.width);
    this.scopes = new Int32Array(capacity);
    this.index = new Int32Array(places);
    this.mask = places - 1;
    this.seed = seed | 0;
  }

  get full(): boolean {
    return this.count === this.capacity;
  }

  /**
   * Hash of the key whose words start at `words[at]`; texts end with their first zero word.
   *
   * The last character chooses the place within a cache line, all before it the line: a counter in
   * an id, which is what most clients send, costs memory once in ten ids (`npm run bench -- core`).
   */
  hash(scope: number, words: Int32Array, at: number): number {
    let h = Math.imul(scope ^ this.seed, 0x9e3779b1);
    let word = words[at] as number;
    const second = words[at + 1] as number;
    // Written out as far as most ids go: a loop costs three times as much, and a function for the step is
    // inlined or not by what V8 met before it (`npm run bench -- core`).
    if (second !== 0) {
      h = Math.imul(h ^ word, STEP);
      h ^= h >>> 15;
      word = second;
      const third = words[at + 2] as number;
      if (third !== 0) {
        h = Math.imul(h ^ word, STEP);
        h ^= h >>> 15;
        word = third;
        const fourth = words[at + 3] as number;
        if (fourth !== 0) {
          h = Math.imul(h ^ word, STEP);
          h ^= h >>> 15;
          word = fourth;
          const end = at + this.width;
          for (let i = at + 4; i < end; i += 1) {
            const next = words[i] as number;
            if (next === 0) break;
            h = Math.imul(h ^ word, STEP);
            h ^= h >>> 15;
            word = next;
          }
        }
      }
    }
    const shift = Math.clz32(word) & 24;
    const last = (word << shift) >>> 24;
    h = Math.imul(h ^ word ^ (last << (24 - shift)), STEP);
    h ^= h >>> 15;
    h = Math.imul(h, 0xc2b2ae35);
    return ((h ^ (h >>> 16)) & ~LINE_MASK) | (last & LINE_MASK);
  }

  #equals(row: number, scope: number, words: Int32Array, at: number): boolean {
    const { keys, width } = this;
    const base = row * width;
    const first = words[at] as number;
    if (keys[base] !== first || this.scopes[row] !== scope) return false;
    if (first === 0) return true;
    const second = words[at + 1] as number;
    if (keys[base + 1] !== second) return false;
    if (second === 0) return true;
    const third = words[at + 2] as number;
    if (keys[base + 2] !== third) return false;
    if (third === 0) return true;
    const fourth = words[at + 3] as number;
    if (keys[base + 3] !== fourth) return false;
    if (fourth === 0) return true;
    for (let i = 4; i < width; i += 1) {
      const word = words[at + i];
      if (keys[base + i] !== word) return false;
      if (word === 0) return true;
    }
    return true;
  }

  /** @returns the row of the key, or -1. */
  find(scope: number, words: Int32Array, at: number): number {
    // The events of one command ask for the key that was added or found a moment ago.
    if (this.#last < this.count && this.#equals(this.#last, scope, words, at)) return this.#last;
    return this.findHashed(scope, words, at, this.hash(scope, words, at));
  }

  /** The same where the hash of the key is at hand. */
  findHashed(scope: number, words: Int32Array, at: number, hash: number): number {
    const index = this.index;
    let place = hash & this.mask;
    for (;;) {
      const stored = index[place] as number;
      if (stored === 0) return -1;
      const row = (stored & ROW_MASK) - 1;
      if ((stored ^ hash) >>> ROW_BITS === 0 && this.#equals(row, scope, words, at)) {
        this.#last = row;
        return row;
      }
      place = (place + 1) & this.mask;
    }
  }

  /**
   * Reads the places of the first `count` keys by their hashes and nothing else: a batch of keys that is
   * touched first waits for memory once, not once per key (`npm run bench -- core`).
   * @returns what is to be kept, so that reading is not optimised away
   */
  touch(hashes: Int32Array, count: number): number {
    const { index, mask } = this;
    let sink = 0;
    for (let i = 0; i < count; i += 1) sink |= index[(hashes[i] as number) & mask] as number;
    return sink;
  }

  /**
   * Adds a key that is not there yet.
   * @param hash of the key, where it is at hand; 0 it is not
   * @returns its row
   */
  add(scope: number, words: Int32Array, at: number, hash = 0): number {
    assert(this.count < this.capacity, 'the table is full; its owner asks before adding');
    const row = this.count;
    this.count = row + 1;
    this.#last = row;
    this.scopes[row] = scope;
    const base = row * this.width;
    copyWords(this.keys, base, words, at, this.width);
    this.#place(row, hash !== 0 ? hash : this.hash(scope, words, at));
    return row;
  }

  #place(row: number, hash: number): void {
    let place = hash & this.mask;
    while (this.index[place] !== 0) place = (place + 1) & this.mask;
    this.index[place] = (hash & ~ROW_MASK) | (row + 1);
  }

  /** Builds the index anew from keys and scopes, after a snapshot or a purge filled them in. */
  reindex(count: number): void {
    assert(count <= this.capacity, 'more rows than the table holds');
    this.index.fill(0);
    this.count = count;
    if (addon !== undefined && count > INDEXED_HERE_MAX) {
      addon.indexKeys(this.index, this.keys, this.scopes, count, this.width, this.seed);
      return;
    }
    for (let row = 0; row < count; row += 1) {
      this.#place(row, this.hash(this.scopes[row] as number, this.keys, row * this.width));
    }
  }

  /** The text of a row, for the control plane. */
  textOf(row: number): string {
    assert(row >= 0 && row < this.count, 'no such row');
    const bytes = new Uint8Array(this.keys.buffer, row * this.width * 4, this.width * 4);
    const end = bytes.indexOf(0);
    return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString('latin1');
  }
}
