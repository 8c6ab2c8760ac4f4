/** Executions by venue and execution id: none is booked twice, each can be corrected or busted. */
import { EXEC_ID_BYTES } from '../../domain/order-terms.js';
import { KeyTable } from '../../lib/key-table.js';

export class Executions extends KeyTable {
  /** Row of the order; 0 for a fill that matched none. */
  readonly order: Int32Array;
  readonly quantity: Float64Array;
  readonly price: Float64Array;
  /** What it cost, micros: a bust gives that back, whatever fee and commission are by then. */
  readonly fee: Float64Array;
  /** Corrections chain: the execution that replaced this one, row + 1; 0 it still stands. */
  readonly replacedBy: Int32Array;
  /** Trading day, counted from the first, on which it was booked. */
  readonly day: Uint16Array;

  constructor(capacity: number, seed: number) {
    super(capacity, EXEC_ID_BYTES, seed);
    this.order = new Int32Array(capacity);
    this.quantity = new Float64Array(capacity);
    this.price = new Float64Array(capacity);
    this.fee = new Float64Array(capacity);
    this.replacedBy = new Int32Array(capacity);
    this.day = new Uint16Array(capacity);
  }
}
