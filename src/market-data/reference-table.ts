/**
 * Rows by the reference number of an order of a feed: open addressing in typed arrays, so that
 * millions of orders a day leave nothing to the garbage collector. References are whole numbers from 1.
 */
import { assert } from '../lib/assert.js';

/** Share of the places that may be taken: beyond, looking takes long. */
const FULL = 0.75;

export class ReferenceTable {
  readonly #keys: Float64Array;
  readonly #mask: number;
  readonly #countMax: number;
  count = 0;

  /** @param places a power of two */
  constructor(places: number) {
    assert(places >= 4 && (places & (places - 1)) === 0, 'places are a power of two');
    this.#keys = new Float64Array(places);
    this.#mask = places - 1;
    this.#countMax = Math.floor(places * FULL);
  }

  /** How many columns of a row there must be. */
  get places(): number {
    return this.#keys.length;
  }

  clear(): void {
    this.#keys.fill(0);
    this.count = 0;
  }

  /** @returns the row, -1 when there is none */
  find(reference: number): number {
    const keys = this.#keys;
    let at = this.#home(reference);
    for (let key = keys[at]!; key !== 0; key = keys[at]!) {
      if (key === reference) return at;
      at = (at + 1) & this.#mask;
    }
    return -1;
  }

  /** The row of a new reference, or the one it has. @returns -1 when the table is full */
  add(reference: number): number {
    const keys = this.#keys;
    let at = this.#home(reference);
    for (let key = keys[at]!; key !== 0; key = keys[at]!) {
      if (key === reference) return at;
      at = (at + 1) & this.#mask;
    }
    if (this.count >= this.#countMax) return -1;
    keys[at] = reference;
    this.count += 1;
    return at;
  }

  /**
   * Removes a row. Rows behind it that would no longer be found move up.
   * @param onMove copies a row's columns
   */
  remove(row: number, onMove: (from: number, to: number) => void): void {
    const keys = this.#keys;
    assert(keys[row] !== 0, 'the row is taken');
    let hole = row;
    let at = row;
    for (;;) {
      at = (at + 1) & this.#mask;
      const key = keys[at]!;
      if (key === 0) break;
      // How far it is from home, and how far the hole is from it.
      const away = (at - this.#home(key)) & this.#mask;
      if (away < ((at - hole) & this.#mask)) continue;
      keys[hole] = key;
      onMove(at, hole);
      hole = at;
    }
    keys[hole] = 0;
    this.count -= 1;
  }

  #home(reference: number): number {
    // References rise by one or in steps of shards: multiplied, so that neighbours part.
    const low = Math.imul(reference >>> 0, 0x9e3779b1);
    const high = Math.imul((reference / 4294967296) >>> 0, 0x85ebca6b);
    return (low ^ high ^ (low >>> 15)) & this.#mask;
  }
}
