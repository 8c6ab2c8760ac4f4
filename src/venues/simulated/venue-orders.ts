/**
 * The orders that were given to the venue, one row each, a column per field. The row is that of the
 * order id (`generation x 2^27 + row`), so an order is found without a lookup, and what a row said
 * of an earlier order is overwritten when the row is used again.
 *
 * 54 bytes a row; the columns double when a row beyond them comes. The writer's own table of orders
 * bounds the rows, so there is no limit here.
 */
import type { RecordBuffer } from '../../domain/event-record.js';
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { EXEC_INST } from '../../domain/order-terms.js';

const accepted = eventLayouts.OrderAccepted.offsets;
const ACCEPTED_BYTES = eventLayouts.OrderAccepted.bytes;

const ROWS_OF_ONE_GENERATION = 2 ** 27;

/** How an order stands at the venue. */
export const VENUE_ORDER = {
  None: 0,
  /** Recorded by Daybook, on its way. */
  Accepted: 1,
  /** In the book. */
  Working: 2,
  /** All of it traded; a larger quantity opens it again (FIX 4.4 matrix C.1.c). */
  Filled: 3,
  /** Rejected, canceled or expired, for good. */
  Ended: 4,
} as const;

/** Terms that few orders have. */
export interface OrderParts {
  readonly display: number;
  readonly minimum: number;
}

/** The row of an order id. */
export function rowOfId(orderId: number): number {
  return orderId % ROWS_OF_ONE_GENERATION;
}

export class VenueOrders {
  rows: number;
  orderId: Float64Array;
  quantity: Float64Array;
  filled: Float64Array;
  price: Float64Array;
  account: Int32Array;
  instrument: Int32Array;
  /** In the book of the instrument, while Working. */
  handle: Int32Array;
  state: Uint8Array;
  side: Uint8Array;
  ordType: Uint8Array;
  timeInForce: Uint8Array;
  postOnly: Uint8Array;
  /** By row; icebergs and orders with a minimum quantity only. */
  readonly parts = new Map<number, OrderParts>();

  constructor(rows = 4096) {
    this.rows = rows;
    this.orderId = new Float64Array(rows);
    this.quantity = new Float64Array(rows);
    this.filled = new Float64Array(rows);
    this.price = new Float64Array(rows);
    this.account = new Int32Array(rows);
    this.instrument = new Int32Array(rows);
    this.handle = new Int32Array(rows);
    this.state = new Uint8Array(rows);
    this.side = new Uint8Array(rows);
    this.ordType = new Uint8Array(rows);
    this.timeInForce = new Uint8Array(rows);
    this.postOnly = new Uint8Array(rows);
  }

  /** Row of an order that the venue was given, 0 when it was not. */
  find(orderId: number): number {
    const row = rowOfId(orderId);
    return row < this.rows && this.orderId[row] === orderId ? row : 0;
  }

  /** Takes the terms of the OrderAccepted at `at`. @returns the row */
  accept(b: RecordBuffer, at: number): number {
    const orderId = b.f64[(at + accepted.orderId) >> 3] as number;
    const row = rowOfId(orderId);
    while (row >= this.rows) this.#grow();
    this.orderId[row] = orderId;
    this.quantity[row] = b.f64[(at + accepted.quantity) >> 3] as number;
    this.filled[row] = 0;
    this.price[row] = b.f64[(at + accepted.price) >> 3] as number;
    this.account[row] = b.i32[(at + accepted.account) >> 2] as number;
    this.instrument[row] = b.i32[(at + accepted.instrument) >> 2] as number;
    this.handle[row] = -1;
    this.state[row] = VENUE_ORDER.Accepted;
    this.side[row] = b.bytes[at + accepted.side] as number;
    this.ordType[row] = b.bytes[at + accepted.ordType] as number;
    this.timeInForce[row] = b.bytes[at + accepted.timeInForce] as number;
    const execInst = b.u16[(at + accepted.execInst) >> 1] as number;
    this.postOnly[row] = (execInst & EXEC_INST.PostOnly) !== 0 ? 1 : 0;
    if (this.parts.size > 0) this.parts.delete(row);
    if (b.u16[(at + HEADER.length) >> 1] === ACCEPTED_BYTES) this.#acceptParts(b, at, row);
    return row;
  }

  #acceptParts(b: RecordBuffer, at: number, row: number): void {
    const display = b.f64[(at + accepted.displayQuantity) >> 3] as number;
    const minimum = b.f64[(at + accepted.minQuantity) >> 3] as number;
    if (display !== 0 || minimum !== 0) this.parts.set(row, { display, minimum });
  }

  /** Lots to show from now on, as a replace wants them; 0 as before. */
  setDisplay(row: number, display: number): void {
    if (display === 0) return;
    this.parts.set(row, { display, minimum: this.parts.get(row)?.minimum ?? 0 });
  }

  #grow(): void {
    this.rows *= 2;
    this.orderId = wider(this.orderId);
    this.quantity = wider(this.quantity);
    this.filled = wider(this.filled);
    this.price = wider(this.price);
    this.account = wider(this.account);
    this.instrument = wider(this.instrument);
    this.handle = wider(this.handle);
    this.state = wider(this.state);
    this.side = wider(this.side);
    this.ordType = wider(this.ordType);
    this.timeInForce = wider(this.timeInForce);
    this.postOnly = wider(this.postOnly);
  }
}

/** The same column with twice the rows. */
export function wider<T extends Float64Array | Int32Array | Uint8Array>(column: T): T {
  const twice = new (column.constructor as new (rows: number) => T)(column.length * 2);
  twice.set(column as never);
  return twice;
}
