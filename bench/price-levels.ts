/**
 * Which structure for the price levels of one side of a book? Three ways to keep a sorted set of prices,
 * under the same traffic: make a level, drop a level, ask for the best. The result of this measurement
 * is the sorted array in `src/venues/matching/book-side.ts`.
 *
 * - array: sorted Float64Array, best last; looks at the 8 best, then halves; moves what is better.
 * - hash: open-addressed hash of prices, levels linked in order; a new level walks from the best.
 * - skip list: 16 lanes, expected O(log n) for all.
 */
import type { Figure } from './figure.js';

interface Levels {
  add(key: number): void;
  remove(key: number): void;
  best(): number;
}

const CAPACITY = 2 ** 14;

class SortedArray implements Levels {
  readonly #keys = new Float64Array(CAPACITY);
  #count = 0;

  #find(key: number): number {
    const keys = this.#keys;
    const near = Math.max(0, this.#count - 8);
    for (let at = this.#count - 1; at >= near; at--) {
      if ((keys[at] as number) <= key) return keys[at] === key ? at : at + 1;
    }
    let low = 0;
    let high = near;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(key: number): void {
    const at = this.#find(key);
    if (at < this.#count && this.#keys[at] === key) return;
    const keys = this.#keys;
    if (this.#count - at > 32) keys.copyWithin(at + 1, at, this.#count);
    else for (let to = this.#count; to > at; to--) keys[to] = keys[to - 1] as number;
    keys[at] = key;
    this.#count++;
  }

  remove(key: number): void {
    const at = this.#find(key);
    if (at >= this.#count || this.#keys[at] !== key) return;
    const keys = this.#keys;
    const last = --this.#count;
    if (last - at > 32) keys.copyWithin(at, at + 1, last + 1);
    else for (let to = at; to < last; to++) keys[to] = keys[to + 1] as number;
  }

  best(): number {
    return this.#keys[this.#count - 1] ?? Number.NaN;
  }
}

/** Both linked structures give a level a row; rows come from a free list. */
class Rows {
  readonly key = new Float64Array(CAPACITY + 1);
  readonly #free = Int32Array.from({ length: CAPACITY }, (_, i) => i + 1);
  #freeCount = CAPACITY;

  take(key: number): number {
    const row = this.#free[--this.#freeCount] as number;
    this.key[row] = key;
    return row;
  }

  give(row: number): void {
    this.#free[this.#freeCount++] = row;
  }
}

class HashAndLinks implements Levels {
  readonly #rows = new Rows();
  readonly #table = new Int32Array(CAPACITY * 2);
  /** Row 0 ends the list on both sides: worse[0] is the best, better[0] the worst. */
  readonly #worse = new Int32Array(CAPACITY + 1);
  readonly #better = new Int32Array(CAPACITY + 1);

  #slot(key: number): number {
    const mask = this.#table.length - 1;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 12) & mask;
    for (;;) {
      const row = this.#table[slot] as number;
      if (row === 0 || this.#rows.key[row] === key) return slot;
      slot = (slot + 1) & mask;
    }
  }

  add(key: number): void {
    const slot = this.#slot(key);
    if (this.#table[slot] !== 0) return;
    const row = this.#rows.take(key);
    this.#table[slot] = row;
    let after = this.#worse[0] as number;
    while (after !== 0 && (this.#rows.key[after] as number) > key) {
      after = this.#worse[after] as number;
    }
    const before = this.#better[after] as number;
    this.#worse[before] = row;
    this.#better[row] = before;
    this.#worse[row] = after;
    this.#better[after] = row;
  }

  remove(key: number): void {
    let slot = this.#slot(key);
    const row = this.#table[slot] as number;
    if (row === 0) return;
    const before = this.#better[row] as number;
    const after = this.#worse[row] as number;
    this.#worse[before] = after;
    this.#better[after] = before;
    this.#rows.give(row);
    // Closes the gap: moves back what could not stand where its hash says.
    const mask = this.#table.length - 1;
    this.#table[slot] = 0;
    for (;;) {
      slot = (slot + 1) & mask;
      const moved = this.#table[slot] as number;
      if (moved === 0) return;
      this.#table[slot] = 0;
      this.#table[this.#slot(this.#rows.key[moved] as number)] = moved;
    }
  }

  best(): number {
    const row = this.#worse[0] as number;
    return row === 0 ? Number.NaN : (this.#rows.key[row] as number);
  }
}

const LANES = 16;

class SkipList implements Levels {
  readonly #rows = new Rows();
  readonly #next = new Int32Array((CAPACITY + 1) * LANES);
  readonly #before = new Int32Array(LANES);
  #random = 1;

  /** Fills `before` with the last row of each lane that is better than `key`. */
  #walk(key: number): number {
    let row = 0;
    for (let lane = LANES - 1; lane >= 0; lane--) {
      let next = this.#next[row * LANES + lane] as number;
      while (next !== 0 && (this.#rows.key[next] as number) > key) {
        row = next;
        next = this.#next[row * LANES + lane] as number;
      }
      this.#before[lane] = row;
    }
    const found = this.#next[row * LANES] as number;
    return found !== 0 && this.#rows.key[found] === key ? found : 0;
  }

  add(key: number): void {
    if (this.#walk(key) !== 0) return;
    const row = this.#rows.take(key);
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    const height = Math.min(LANES, 1 + (Math.clz32(this.#random) >>> 1));
    for (let lane = 0; lane < height; lane++) {
      const before = (this.#before[lane] as number) * LANES + lane;
      this.#next[row * LANES + lane] = this.#next[before] as number;
      this.#next[before] = row;
    }
    for (let lane = height; lane < LANES; lane++) this.#next[row * LANES + lane] = 0;
  }

  remove(key: number): void {
    const row = this.#walk(key);
    if (row === 0) return;
    for (let lane = 0; lane < LANES; lane++) {
      const before = (this.#before[lane] as number) * LANES + lane;
      if (this.#next[before] === row) this.#next[before] = this.#next[row * LANES + lane] as number;
    }
    this.#rows.give(row);
  }

  best(): number {
    const row = this.#next[0] as number;
    return row === 0 ? Number.NaN : (this.#rows.key[row] as number);
  }
}

const OPERATIONS = 2 ** 18;

/** Keys to add (positive) and remove (negated): near the best as a rule, or anywhere within `spread`. */
function traffic(spread: number, nearBest: boolean): Float64Array {
  let state = 0x2545f491;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return Float64Array.from({ length: OPERATIONS }, () => {
    const away = nearBest ? Math.min(spread, -Math.log(1 - random()) * 8) : random() * spread;
    const key = 20_000 - Math.floor(away);
    return random() < 0.5 ? key : -key;
  });
}

/** Operations a second over whole passes of the traffic, and a checksum of the best levels seen. */
function measure(levels: Levels, keys: Float64Array, seconds: number): [number, number] {
  let sum = 0;
  const pass = (): void => {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number;
      if (key > 0) levels.add(key);
      else levels.remove(-key);
      sum += levels.best() || 0;
    }
  };
  pass();
  const checksum = sum;
  const started = process.hrtime.bigint();
  const deadline = started + BigInt(Math.round(seconds * 1e9));
  let done = 0;
  while (process.hrtime.bigint() < deadline) {
    pass();
    done += keys.length;
  }
  return [done / (Number(process.hrtime.bigint() - started) / 1e9), checksum];
}

/** The figures take about `seconds` together. */
export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const figures: Figure[] = [];
  const kinds = { array: SortedArray, hash: HashAndLinks, skip_list: SkipList };
  for (const [shape, spread, nearBest] of [
    ['near_best', 5000, true],
    ['anywhere_in_200', 200, false],
    ['anywhere_in_10000', 10_000, false],
  ] as const) {
    const keys = traffic(spread, nearBest);
    let expected: number | undefined;
    for (const [kind, Kind] of Object.entries(kinds)) {
      const [rate, checksum] = measure(new Kind(), keys, seconds / 9);
      expected ??= checksum;
      if (checksum !== expected) throw new Error(`price levels: ${kind} disagrees`);
      const name = `levels_${kind}_${shape}_operations_per_second`;
      figures.push({ name, value: Math.round(rate), unit: '1/s', ack: 'none' });
    }
  }
  return figures;
}
