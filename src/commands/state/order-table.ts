/**
 * The orders of a shard, one row each, a column per field (struct of arrays).
 *
 * An order id is `generation x 2^27 + row`: it finds its row without a lookup, and a row that is used
 * again for another order answers to the new id only. Row 0 is never used, so that id 0 means none.
 *
 * Open orders (LeavesQty > 0) of a position and side hang together in a list, for mass cancels and
 * self-trade prevention.
 */
import { assert } from '../../lib/assert.js';

const ROW_BITS = 27;
const ROWS_MAX = 2 ** ROW_BITS;

/** Bits of `flags`. OrdStatus follows from them, see `order-status.ts`. */
export const ORDER_FLAG = {
  Acknowledged: 1,
  Rejected: 2,
  Canceled: 4,
  Expired: 8,
  DoneForDay: 16,
  Calculated: 32,
  Suspended: 64,
  Stopped: 128,
  /** Known to a venue, or on its way there. */
  Routed: 256,
  /** Held here: a stop that waits for its trigger, a child that waits for its parent. */
  Held: 512,
  /** The venue was asked, without a client order id, to cancel all; no second request is sent. */
  CancelForced: 1024,
  /** The venue reported on the order, so it holds it, acknowledged or not. */
  Reported: 2048,
  /** It came with optional terms: without, their columns hold what an earlier order left there. */
  Special: 4096,
  /** It is tagged with a strategy: without, the column holds what an earlier order left there. */
  Tagged: 8192,
  /** As CancelForced, but down to a quantity: what is left stays open, so it keeps no cancel out. */
  CutForced: 16384,
  /** The venue refused the last such request, and what was left to be cut was looked at again. */
  CutRefused: 32768,
} as const;

/** Of requests that a venue has not answered: what no column holds. */
export interface Unanswered {
  /** OrderQty that a cut of our own (CutForced) asks for. */
  readonly cutTo: number;
  /** How often the venue was asked how the order stands since it last answered a request of it. */
  readonly asked: number;
}

export class OrderTable {
  readonly capacity: number;
  /** Rows ever used, row 0 included. */
  used = 1;
  /** First row of the free list, 0 none. Free rows are chained through `next`. */
  free = 0;
  /** Rows that hold an order. */
  count = 0;
  /** Orders with something left. */
  open = 0;

  readonly orderId: Float64Array;
  readonly quantity: Float64Array;
  readonly cumQuantity: Float64Array;
  readonly leavesQuantity: Float64Array;
  readonly price: Float64Array;
  readonly cumValue: Float64Array;
  readonly stopPrice: Float64Array;
  readonly displayQuantity: Float64Array;
  /** Ticks: of a trailing stop from the mark, of a peg from its price. */
  readonly offset: Float64Array;
  /** Contingency group, chosen by the client; 0 none. */
  readonly listId: Float64Array;
  /** ms since 1970, good till date; else 0. */
  readonly expireTime: Float64Array;
  /** Lots that risk counts as open: the larger of what is left and what a pending replace asks. */
  readonly exposed: Float64Array;
  /** Their notional in micros, rounded up. */
  readonly exposedNotional: Float64Array;
  readonly account: Int32Array;
  readonly instrument: Int32Array;
  readonly position: Int32Array;
  /** Row of the last accepted client order id. */
  readonly clientId: Int32Array;
  /** First of the requests under way, row of its client order id + 1; 0 none. */
  readonly requests: Int32Array;
  readonly session: Int32Array;
  readonly userRef: Int32Array;
  readonly strategy: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Neighbours among the stops of the instrument that wait for their price. */
  readonly nextHeld: Int32Array;
  readonly previousHeld: Int32Array;
  /** Trading day, counted from the first, on which the order ended or was last renewed. */
  readonly day: Uint16Array;
  readonly flags: Uint16Array;
  readonly venue: Uint16Array;
  readonly execInst: Uint16Array;
  /** Requests that the venue confirmed as pending. */
  readonly pendingCancels: Uint8Array;
  readonly pendingReplaces: Uint8Array;
  readonly side: Uint8Array;
  readonly ordType: Uint8Array;
  readonly timeInForce: Uint8Array;
  readonly selfTradePrevention: Uint8Array;
  readonly contingency: Uint8Array;
  readonly listIndex: Uint8Array;
  /** 1 while the order waits for its parent; 1 while it waits for its price. */
  readonly waiting: Uint8Array;
  readonly watched: Uint8Array;

  /** By row, of orders with a cut or an overdue request under way: few, so no columns. */
  readonly unanswered = new Map<number, Unanswered>();

  constructor(capacity: number) {
    assert(capacity > 0 && capacity < ROWS_MAX, 'capacity of orders');
    this.capacity = capacity;
    const rows = capacity + 1;
    this.orderId = new Float64Array(rows);
    this.quantity = new Float64Array(rows);
    this.cumQuantity = new Float64Array(rows);
    this.leavesQuantity = new Float64Array(rows);
    this.price = new Float64Array(rows);
    this.cumValue = new Float64Array(rows);
    this.stopPrice = new Float64Array(rows);
    this.displayQuantity = new Float64Array(rows);
    this.exposed = new Float64Array(rows);
    this.exposedNotional = new Float64Array(rows);
    this.account = new Int32Array(rows);
    this.instrument = new Int32Array(rows);
    this.position = new Int32Array(rows);
    this.clientId = new Int32Array(rows);
    this.requests = new Int32Array(rows);
    this.session = new Int32Array(rows);
    this.userRef = new Int32Array(rows);
    this.strategy = new Int32Array(rows);
    this.next = new Int32Array(rows);
    this.previous = new Int32Array(rows);
    this.nextHeld = new Int32Array(rows);
    this.previousHeld = new Int32Array(rows);
    this.offset = new Float64Array(rows);
    this.listId = new Float64Array(rows);
    this.expireTime = new Float64Array(rows);
    this.day = new Uint16Array(rows);
    this.contingency = new Uint8Array(rows);
    this.listIndex = new Uint8Array(rows);
    this.waiting = new Uint8Array(rows);
    this.watched = new Uint8Array(rows);
    this.flags = new Uint16Array(rows);
    this.venue = new Uint16Array(rows);
    this.execInst = new Uint16Array(rows);
    this.pendingCancels = new Uint8Array(rows);
    this.pendingReplaces = new Uint8Array(rows);
    this.side = new Uint8Array(rows);
    this.ordType = new Uint8Array(rows);
    this.timeInForce = new Uint8Array(rows);
    this.selfTradePrevention = new Uint8Array(rows);
  }

  get full(): boolean {
    return this.free === 0 && this.used > this.capacity;
  }

  /** The id that the next order will get. */
  nextId(): number {
    if (this.free === 0) return this.used;
    return (this.orderId[this.free] as number) + ROWS_MAX;
  }

  /** Takes the row of `orderId`, which must be `nextId()`. */
  take(orderId: number): number {
    assert(!this.full, 'the order table is full; deciding asks before');
    assert(orderId === this.nextId(), 'order ids are given out in turn');
    let row = this.free;
    if (row === 0) {
      row = this.used;
      this.used += 1;
    } else {
      this.free = this.next[row] as number;
    }
    this.orderId[row] = orderId;
    this.count += 1;
    return row;
  }

  /**
   * Leaves a row as a new one is found: zero where an order that is accepted writes nothing. (The
   * columns of optional terms are read only under their flags.)
   */
  clear(row: number): void {
    this.account[row] = 0;
    this.flags[row] = 0;
    this.cumQuantity[row] = 0;
    this.cumValue[row] = 0;
    this.leavesQuantity[row] = 0;
    this.stopPrice[row] = 0;
    this.displayQuantity[row] = 0;
    this.exposed[row] = 0;
    this.exposedNotional[row] = 0;
    this.requests[row] = 0;
    this.pendingCancels[row] = 0;
    this.pendingReplaces[row] = 0;
    if (this.unanswered.size !== 0) this.unanswered.delete(row);
  }

  /** The venue answered a request of the order: it may be asked as often again. */
  noteAnswer(row: number): void {
    const { cutTo = 0, asked = 0 } = this.unanswered.get(row) ?? {};
    const cut = ((this.flags[row] as number) & ORDER_FLAG.CutForced) !== 0;
    if (!cut) this.unanswered.delete(row);
    else if (asked !== 0) this.unanswered.set(row, { cutTo, asked: 0 });
  }

  /** The row of an order, or 0 when the id names none. */
  rowOf(orderId: number): number {
    // The low bits of a whole number: `%` of doubles is a call, this is one instruction.
    const row = orderId & (ROWS_MAX - 1);
    if (row === 0 || row >= this.used) return 0;
    return this.orderId[row] === orderId && this.account[row] !== 0 ? row : 0;
  }
}
