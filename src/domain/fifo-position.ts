/**
 * A position whose closing trades take the oldest open lots first (FIFO), exact.
 *
 * Everything is in whole ticks x lots, as bigints: matching lot against lot leaves no fraction, other
 * than average cost (`position.ts`). Both agree on realised + unrealised; they differ in which part is
 * which.
 *
 * ```
 *   bought 5 @ 100   bought 3 @ 110        sold 6 @ 120
 *   [ 5 @ 100 ] [ 3 @ 110 ]         ->     5 x (120 - 100) + 1 x (120 - 110) realised,  [ 2 @ 110 ] left
 * ```
 *
 * A bust or a correction changes which lots later trades closed. So it is not booked as an opposite
 * trade, but as if the execution had always been what it is now: the trades after it are matched anew.
 * Fees and commission of a corrected execution are the new ones.
 */
import { assert } from '../lib/assert.js';

/** Executions of a position that can still be corrected at most: settle before there are more. */
export const FIFO_FILLS_MAX = 1_000_000;

export interface FifoFill {
  /** The execution; unique in the position. */
  readonly id: string;
  /** Signed: positive bought, negative sold. */
  readonly lots: number;
  /** Ticks. */
  readonly price: number;
  /** Micros. */
  readonly fee: number;
}

/** Open lots of one execution: signed like the position. */
export interface OpenLot {
  readonly lots: number;
  readonly price: number;
}

/** What a correction names is not there, or an execution is booked twice. */
export class FifoFillError extends Error {
  override readonly name = 'FifoFillError';
  readonly code: 'FIFO_FILL_UNKNOWN' | 'FIFO_FILL_DUPLICATE' | 'FIFO_FILL_INVALID' | 'FIFO_FULL';
  constructor(code: FifoFillError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export class FifoPosition {
  /** Lots, negative when short. */
  quantity = 0;
  /** Ticks x lots. */
  realized = 0n;
  /** Cost of the open lots, ticks x lots, with the sign of the position. */
  cost = 0n;
  /** Micros. */
  fees = 0n;
  readonly #fills: FifoFill[] = [];
  readonly #ids = new Map<string, number>();
  /** Open lots, oldest at `#head`. */
  #open: OpenLot[] = [];
  #head = 0;
  /** What settled executions left: the state from which matching starts anew. */
  #settled = { open: [] as OpenLot[], realized: 0n, fees: 0n };

  /** Books an execution behind the others. */
  book(fill: FifoFill): void {
    checkFill(fill);
    if (this.#ids.has(fill.id)) {
      throw new FifoFillError('FIFO_FILL_DUPLICATE', `execution ${fill.id} is booked already`);
    }
    if (this.#fills.length >= FIFO_FILLS_MAX) {
      throw new FifoFillError('FIFO_FULL', 'too many executions that can still be corrected');
    }
    this.#ids.set(fill.id, this.#fills.length);
    this.#fills.push(fill);
    this.#match(fill);
  }

  /**
   * The execution `id` was another all along; it keeps its place in time.
   * @param fill its id may be new: corrections chain to the last one
   */
  correct(id: string, fill: FifoFill): void {
    checkFill(fill);
    const at = this.#placeOf(id);
    if (fill.id !== id && this.#ids.has(fill.id)) {
      throw new FifoFillError('FIFO_FILL_DUPLICATE', `execution ${fill.id} is booked already`);
    }
    this.#ids.delete(id);
    this.#ids.set(fill.id, at);
    this.#fills[at] = fill;
    this.#rebuild();
  }

  /** The execution `id` never was. */
  bust(id: string): void {
    this.#fills.splice(this.#placeOf(id), 1);
    this.#ids.clear();
    for (const [at, fill] of this.#fills.entries()) this.#ids.set(fill.id, at);
    this.#rebuild();
  }

  /** Makes all executions so far final: they cannot be corrected any more and are forgotten. */
  settle(): void {
    this.#settled = {
      open: this.#open.slice(this.#head),
      realized: this.realized,
      fees: this.fees,
    };
    this.#fills.length = 0;
    this.#ids.clear();
  }

  /** Open lots, oldest first. */
  lots(): readonly OpenLot[] {
    return this.#open.slice(this.#head);
  }

  /** Unrealised P&L at a mark in ticks, ticks x lots. */
  unrealized(mark: number): bigint {
    return BigInt(this.quantity) * BigInt(mark) - this.cost;
  }

  #placeOf(id: string): number {
    const at = this.#ids.get(id);
    if (at === undefined) throw new FifoFillError('FIFO_FILL_UNKNOWN', `no execution ${id}`);
    return at;
  }

  #rebuild(): void {
    const { open, realized, fees } = this.#settled;
    this.#open = open.slice();
    this.#head = 0;
    this.quantity = open.reduce((sum, lot) => sum + lot.lots, 0);
    this.cost = open.reduce((sum, lot) => sum + BigInt(lot.lots) * BigInt(lot.price), 0n);
    this.realized = realized;
    this.fees = fees;
    for (const fill of this.#fills) this.#match(fill);
  }

  #match(fill: FifoFill): void {
    let left = fill.lots;
    while (left !== 0 && this.quantity !== 0 && this.quantity > 0 !== left > 0) {
      const oldest = this.#open[this.#head];
      assert(oldest !== undefined, 'a position that is not flat has open lots');
      const size = Math.min(Math.abs(left), Math.abs(oldest.lots));
      const closed = oldest.lots > 0 ? size : -size;
      this.realized += BigInt(closed) * (BigInt(fill.price) - BigInt(oldest.price));
      this.cost -= BigInt(closed) * BigInt(oldest.price);
      this.quantity -= closed;
      left += closed;
      if (closed === oldest.lots) this.#dropOldest();
      else this.#open[this.#head] = { lots: oldest.lots - closed, price: oldest.price };
    }
    if (left !== 0) {
      this.#open.push({ lots: left, price: fill.price });
      this.quantity += left;
      this.cost += BigInt(left) * BigInt(fill.price);
    }
    assert(Number.isSafeInteger(this.quantity), 'the position is a whole number of lots');
    this.fees += BigInt(fill.fee);
  }

  #dropOldest(): void {
    this.#head += 1;
    // Closed lots are let go in halves, so that each is moved once on average.
    if (this.#head * 2 > this.#open.length) {
      this.#open = this.#open.slice(this.#head);
      this.#head = 0;
    }
  }
}

function checkFill(fill: FifoFill): void {
  const exact = [fill.lots, fill.price, fill.fee].every((value) => Number.isSafeInteger(value));
  if (!exact || fill.lots === 0) {
    throw new FifoFillError('FIFO_FILL_INVALID', `execution ${fill.id} is not in whole numbers`);
  }
}
