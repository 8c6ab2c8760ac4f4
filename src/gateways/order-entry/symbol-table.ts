/**
 * What stands under a symbol of 8 characters, as two words: a table of open addressing, since a Map
 * has no keys of two words, and its look-up by one of 32 bits costs a hundred instructions.
 *
 * ```
 *   keys    | high low | high low |  ...      value i belongs to words 2i and 2i + 1;
 *   values  |  value   |  value   |  ...      no value: free, unless `#used` says that a key was there
 * ```
 *
 * It grows as instruments are listed; keys stay for good.
 */

const ROWS_FIRST = 64;

export class SymbolTable<T> {
  #rows = ROWS_FIRST;
  #keys = new Int32Array(ROWS_FIRST * 2);
  #used = new Uint8Array(ROWS_FIRST);
  #values: (T | undefined)[] = new Array(ROWS_FIRST).fill(undefined);
  #count = 0;

  get(high: number, low: number): T | undefined {
    return this.#values[this.#rowOf(high, low)];
  }

  set(high: number, low: number, value: T | undefined): void {
    const row = this.#rowOf(high, low);
    this.#values[row] = value;
    if (this.#used[row] === 1) return;
    this.#used[row] = 1;
    this.#keys[row * 2] = high;
    this.#keys[row * 2 + 1] = low;
    this.#count += 1;
    if (this.#count * 2 > this.#rows) this.#grow();
  }

  /** The row of a key, or the free one where it would stand. At least half of the rows are free. */
  #rowOf(high: number, low: number): number {
    const mask = this.#rows - 1;
    const hash = Math.imul(high ^ Math.imul(low, 0x85eb_ca6b), 0x9e37_79b1);
    let row = (hash ^ (hash >>> 15)) & mask;
    while (this.#used[row] === 1) {
      if (this.#keys[row * 2] === high && this.#keys[row * 2 + 1] === low) return row;
      row = (row + 1) & mask;
    }
    return row;
  }

  #grow(): void {
    const keys = this.#keys;
    const used = this.#used;
    const values = this.#values;
    this.#rows *= 2;
    this.#keys = new Int32Array(this.#rows * 2);
    this.#used = new Uint8Array(this.#rows);
    this.#values = new Array(this.#rows).fill(undefined);
    this.#count = 0;
    for (let row = 0; row < used.length; row += 1) {
      if (used[row] === 1) this.set(keys[row * 2]!, keys[row * 2 + 1]!, values[row]);
    }
  }
}
