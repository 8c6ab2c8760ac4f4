/**
 * One side of the book: its price levels, each a queue of orders in time priority.
 *
 * ```
 *      position:     0       1       2       3          best is last
 *      keys       -4802   -4801   -4800   -4799         ascending; a bid's key is its price,
 *      rows           5       0       3       1         an ask's the price negated
 *                                             |
 *      level 1:   head -> order 0 <-> order 1 <-> order 4 <- tail
 * ```
 *
 * With negated keys both sides are the same code: the best level has the largest key, and an order
 * with limit `p` may match a level while `level key >= keyOf(p)`.
 *
 * Levels stand in a sorted array since orders come and go near the best price, that is near its end:
 * found in a few steps from there (else by halving), inserted by moving a few numbers. In
 * `bench/price-levels.ts` it makes or drops 23 M levels/s near the best price and 3.7 M/s anywhere among
 * 10,000. A hash with linked levels does 32 M/s and 0.76 M/s: a few orders far out would slow the
 * whole book. A skip list does 8.6 M/s and 4.8 M/s.
 *
 * Taking an order out of its queue is O(1). When its level is left empty, the level goes too: that takes
 * a search and moves as many numbers as there are better levels.
 */
import { assert } from '../../lib/assert.js';
import { NO_ORDER, type RestingOrders } from './resting-orders.js';
import { BOOK_SIDE, type BookSideCode } from './terms.js';

export const NO_LEVEL = -1;
export const BOOK_LEVELS_MAX = 2 ** 20;

/** Levels looked at one by one from the best, before the search begins to halve. */
const NEAR_LEVELS = 8;
/** From here on one call of copyWithin is faster than moving number by number. */
const MOVE_BY_HAND_MAX = 32;

export class BookSide {
  readonly levelsMax: number;
  /** How many levels there are. */
  count = 0;
  /** Sorted ascending in [0, count). */
  readonly keys: Float64Array;
  /** The level's row, by position. */
  readonly rows: Int32Array;

  /** Columns of a level, by row. */
  readonly levelKey: Float64Array;
  readonly head: Int32Array;
  readonly tail: Int32Array;
  readonly orderCount: Int32Array;
  readonly shown: Float64Array;
  readonly reserve: Float64Array;

  readonly #orders: RestingOrders;
  readonly #negate: boolean;
  readonly #freeRows: Int32Array;

  constructor(side: BookSideCode, levelsMax: number, orders: RestingOrders) {
    assert(Number.isInteger(levelsMax) && levelsMax >= 1, 'book side: levels must be positive');
    assert(levelsMax <= BOOK_LEVELS_MAX, 'book side: too many levels');
    this.levelsMax = levelsMax;
    this.keys = new Float64Array(levelsMax);
    this.rows = new Int32Array(levelsMax);
    this.levelKey = new Float64Array(levelsMax);
    this.head = new Int32Array(levelsMax).fill(NO_ORDER);
    this.tail = new Int32Array(levelsMax).fill(NO_ORDER);
    this.orderCount = new Int32Array(levelsMax);
    this.shown = new Float64Array(levelsMax);
    this.reserve = new Float64Array(levelsMax);
    this.#orders = orders;
    this.#negate = side === BOOK_SIDE.Sell;
    this.#freeRows = Int32Array.from({ length: levelsMax }, (_, row) => row);
  }

  /** Zero minus price, not minus price: there shall be no -0. */
  keyOf(price: number): number {
    return this.#negate ? 0 - price : price + 0;
  }

  priceOf(key: number): number {
    return this.#negate ? 0 - key : key;
  }

  /** Row of the best level, or NO_LEVEL. */
  best(): number {
    return this.count === 0 ? NO_LEVEL : (this.rows[this.count - 1] as number);
  }

  /** Whether an order of the other side with limit `key` would match at once. */
  crosses(key: number): boolean {
    return this.count > 0 && (this.keys[this.count - 1] as number) >= key;
  }

  /** Whether an order at `key` can rest. */
  hasRoom(key: number): boolean {
    return this.count < this.levelsMax || this.#find(key) >= 0;
  }

  /** Lots, shown and in reserve, that match up to `key`; stops counting at `enough`. */
  matchable(key: number, enough: number): number {
    let lots = 0;
    for (let at = this.count - 1; at >= 0 && lots < enough; at--) {
      if ((this.keys[at] as number) < key) break;
      const row = this.rows[at] as number;
      lots += (this.shown[row] as number) + (this.reserve[row] as number);
    }
    return lots;
  }

  /** Puts an order at the end of its price's queue; makes the level if need be. */
  append(handle: number): void {
    const orders = this.#orders;
    const row = this.#levelAt(this.keyOf(orders.price[handle] as number));
    const shown = orders.shown[handle] as number;
    orders.level[handle] = row;
    this.orderCount[row]!++;
    this.shown[row]! += shown;
    this.reserve[row]! += (orders.open[handle] as number) - shown;
    this.#link(handle, row);
  }

  /** Takes an order out of its queue, and the level with it when it was the last. */
  remove(handle: number): void {
    const orders = this.#orders;
    const row = orders.level[handle] as number;
    const shown = orders.shown[handle] as number;
    this.#unlink(handle, row);
    this.shown[row]! -= shown;
    this.reserve[row]! -= (orders.open[handle] as number) - shown;
    if (--this.orderCount[row]! === 0) this.#dropLevel(row);
  }

  /** Lots taken from the shown part of an order. What is then shown no more is refilled or removed. */
  fill(handle: number, lots: number): void {
    const orders = this.#orders;
    const row = orders.level[handle] as number;
    const shown = (orders.shown[handle] as number) - lots;
    const open = (orders.open[handle] as number) - lots;
    orders.shown[handle] = shown;
    orders.open[handle] = open;
    this.shown[row]! -= lots;
    if (shown > 0) return;
    if (open === 0) {
      this.remove(handle);
      orders.give(handle);
      return;
    }
    // The next slice of an iceberg is new to the market: it queues behind what is shown already.
    const slice = Math.min(orders.display[handle] as number, open);
    orders.shown[handle] = slice;
    this.shown[row]! += slice;
    this.reserve[row]! -= slice;
    this.#unlink(handle, row);
    this.#link(handle, row);
  }

  /** Less of the same order, with its place in the queue: the reserve goes first. */
  reduce(handle: number, open: number): void {
    const orders = this.#orders;
    const row = orders.level[handle] as number;
    const shownBefore = orders.shown[handle] as number;
    const reserveBefore = (orders.open[handle] as number) - shownBefore;
    const shown = Math.min(shownBefore, open);
    orders.open[handle] = open;
    orders.shown[handle] = shown;
    this.shown[row]! += shown - shownBefore;
    this.reserve[row]! += open - shown - reserveBefore;
  }

  /** Moves lots of an order between what is shown and the reserve. */
  setShown(handle: number, shown: number): void {
    const orders = this.#orders;
    const row = orders.level[handle] as number;
    const change = shown - (orders.shown[handle] as number);
    orders.shown[handle] = shown;
    this.shown[row]! += change;
    this.reserve[row]! -= change;
  }

  #link(handle: number, row: number): void {
    const orders = this.#orders;
    const last = this.tail[row] as number;
    orders.previous[handle] = last;
    orders.next[handle] = NO_ORDER;
    if (last === NO_ORDER) this.head[row] = handle;
    else orders.next[last] = handle;
    this.tail[row] = handle;
  }

  #unlink(handle: number, row: number): void {
    const orders = this.#orders;
    const before = orders.previous[handle] as number;
    const after = orders.next[handle] as number;
    if (before === NO_ORDER) this.head[row] = after;
    else orders.next[before] = after;
    if (after === NO_ORDER) this.tail[row] = before;
    else orders.previous[after] = before;
  }

  /** @returns the position of `key`, or the bitwise complement of where it would be inserted */
  #find(key: number): number {
    const keys = this.keys;
    const near = Math.max(0, this.count - NEAR_LEVELS);
    for (let at = this.count - 1; at >= near; at--) {
      const other = keys[at] as number;
      if (other <= key) return other === key ? at : ~(at + 1);
    }
    let low = 0;
    let high = near;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = keys[middle] as number;
      if (other === key) return middle;
      if (other < key) low = middle + 1;
      else high = middle;
    }
    return ~low;
  }

  /** @returns the row of the level at `key`, an empty one when there was none */
  #levelAt(key: number): number {
    const found = this.#find(key);
    if (found >= 0) return this.rows[found] as number;
    assert(this.count < this.levelsMax, 'book side: levels made beyond capacity');
    const at = ~found;
    const { keys, rows, count } = this;
    if (count - at <= MOVE_BY_HAND_MAX) {
      for (let to = count; to > at; to--) {
        keys[to] = keys[to - 1] as number;
        rows[to] = rows[to - 1] as number;
      }
    } else {
      keys.copyWithin(at + 1, at, count);
      rows.copyWithin(at + 1, at, count);
    }
    const row = this.#freeRows[count] as number;
    keys[at] = key;
    rows[at] = row;
    this.levelKey[row] = key;
    this.count = count + 1;
    return row;
  }

  #dropLevel(row: number): void {
    assert(this.shown[row] === 0 && this.reserve[row] === 0, 'book side: lots left without orders');
    const at = this.#find(this.levelKey[row] as number);
    assert(at >= 0, 'book side: a level is not where its price belongs');
    const { keys, rows } = this;
    const last = this.count - 1;
    if (last - at <= MOVE_BY_HAND_MAX) {
      for (let to = at; to < last; to++) {
        keys[to] = keys[to + 1] as number;
        rows[to] = rows[to + 1] as number;
      }
    } else {
      keys.copyWithin(at, at + 1, last + 1);
      rows.copyWithin(at, at + 1, last + 1);
    }
    this.#freeRows[last] = row;
    this.count = last;
  }
}
