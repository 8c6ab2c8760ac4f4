/**
 * What one command to the book came to. The caller owns one result and passes it with every command,
 * so that matching creates no objects.
 *
 * For an order submitted or replaced: `filled + open + canceled` is its quantity. Fills stand in
 * [0, count) of the parallel columns, in the order they happened; the taker of all of them is the order
 * of the command.
 *
 * **When the columns are full** (an iceberg showing one lot at a time can give any number of fills)
 * `more` is set: take the fills, then call `book.resume` before any other command.
 */
import { assert } from '../../lib/assert.js';
import { BOOK_REFUSAL, type BookRefusal } from './terms.js';

export class MatchResult {
  /** Fills that fit in. */
  readonly capacity: number;

  refusal: BookRefusal = BOOK_REFUSAL.None;
  /** The order's tag. */
  tag = 0;
  /** The order's handle if it rests in the book, else -1. */
  handle = -1;
  /** Lots matched by this command, over all its parts. */
  filled = 0;
  /** Lots left in the book. Not final while `more`. */
  open = 0;
  /** Lots canceled: of `cancel`, or what IOC, FOK and minimum quantity did not let rest. */
  canceled = 0;
  /** True when `resume` has to be called for the rest of the fills. */
  more = false;

  /** How many fills the columns hold. */
  count = 0;
  /** Handle of the resting order; free again, and soon another order's, when `makerOpen` is 0. */
  readonly makerHandle: Int32Array;
  readonly makerTag: Float64Array;
  /** Lots of the resting order, shown and in reserve, that are left after the fill. */
  readonly makerOpen: Float64Array;
  /** The resting order's price in ticks: the price of the trade. */
  readonly price: Float64Array;
  readonly quantity: Float64Array;
  /** Rises by one from fill to fill. */
  readonly matchNumber: Float64Array;

  /** @param capacity fills taken at a time */
  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity >= 1, 'match result: capacity must be positive');
    this.capacity = capacity;
    this.makerHandle = new Int32Array(capacity);
    this.makerTag = new Float64Array(capacity);
    this.makerOpen = new Float64Array(capacity);
    this.price = new Float64Array(capacity);
    this.quantity = new Float64Array(capacity);
    this.matchNumber = new Float64Array(capacity);
  }

  /** As a command begins. */
  begin(tag: number): void {
    this.refusal = BOOK_REFUSAL.None;
    this.tag = tag;
    this.handle = -1;
    this.filled = 0;
    this.open = 0;
    this.canceled = 0;
    this.more = false;
    this.count = 0;
  }
}
