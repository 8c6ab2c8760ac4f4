/**
 * What a session's UserRefNums of the day stand for: one row each, in the order of their numbers,
 * which is also that of the requests and of the log.
 *
 * Rows are written when a request goes into the ring and again, with the same values, when its event
 * comes back from the log; after a restart the log alone fills them. What a row says of a UserRefNum
 * never changes once it is known, so a message that is sent again a day later reads the same.
 *
 * ```
 *   word 0        1     2      3       4        6          7       8          9     10        14
 *        +--------+-----+------+-------+--------+----------+-------+----------+-----+---------+
 *        |UserRef |root |before|current|order id|instrument|account| side capa|ot   | flags + |
 *        |        |row+1|ref   |ref    |f64     |          |       | city tif |     | ClOrdID |
 *        +--------+-----+------+-------+--------+----------+-------+----------+-----+---------+
 * ```
 */
import { commandLayouts } from '../../domain/commands.js';
import { eventLayouts } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { copyEcho } from './echo.js';
import { ID } from './request-id.js';
import { PAGE_ROWS, PAGE_SHIFT, ROW_WORDS, type RowPage, type RowPages } from './row-pages.js';

/** Of a NewOrder, which the event that answers it has in the same places. */
const order = commandLayouts.NewOrder.offsets;
for (const field of ['instrument', 'account', 'ordType', 'side', 'capacity', 'clOrdId'] as const) {
  assert(eventLayouts.OrderAccepted.offsets[field] === order[field], 'command and event agree');
  assert(eventLayouts.OrderDenied.offsets[field] === order[field], 'command and event agree');
}

/** What stands where in a row. `flags`: as in the request's id (`request-id.ts`). */
export const ROW = {
  userRef: 0,
  /** Row + 1 of the order that started the chain. */
  root: 1,
  /** UserRefNum that this one replaced, 0 while it has not. */
  before: 2,
  /** Of a root: the UserRefNum that holds now. */
  current: 3,
  orderId: 4,
  instrument: 6,
  account: 7,
  /** Bytes: side as in OUCH, capacity, spare, spare. */
  terms: 8,
  ordType: 9,
  /** As the request's id has them from `ID.echo` on: a byte, display, ISO, cross, TIF, 14 of ClOrdID, a byte. */
  echo: 10,
} as const;

export class SessionOrders {
  readonly capacity: number;
  count = 0;
  /** The largest UserRefNum so far. */
  last = 0;
  readonly #memory: RowPages;
  #pages: RowPage[] = [];

  constructor(capacity: number, memory: RowPages) {
    this.capacity = capacity;
    this.#memory = memory;
  }

  get full(): boolean {
    return this.count >= this.capacity;
  }

  clear(): void {
    this.count = 0;
    this.last = 0;
    this.#memory.giveBack(this.#pages);
    this.#pages = [];
  }

  page(row: number): RowPage {
    return this.#pages[row >> PAGE_SHIFT]!;
  }

  /** Word of the row within its page. */
  word(row: number): number {
    return (row & (PAGE_ROWS - 1)) * ROW_WORDS;
  }

  /** The row of a UserRefNum, or -1. Clients count by one, so the first guess is nearly always right. */
  find(userRef: number): number {
    const { count } = this;
    if (count === 0 || userRef > this.last || userRef === 0) return -1;
    const guess = count - 1 - (this.last - userRef);
    if (guess >= 0 && this.refAt(guess) === userRef) return guess;
    let low = Math.max(0, guess);
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.refAt(middle) < userRef) low = middle + 1;
      else high = middle;
    }
    return low < count && this.refAt(low) === userRef ? low : -1;
  }

  /** The row of a UserRefNum; a new one, root of itself, when it is larger than all before. */
  ensure(userRef: number): number {
    const known = this.find(userRef);
    if (known >= 0) return known;
    return this.add(userRef);
  }

  /** A new row, root of itself, of a UserRefNum larger than all before. */
  add(userRef: number): number {
    assert(userRef > this.last, 'UserRefNums only rise');
    const row = this.count;
    if (row >> PAGE_SHIFT === this.#pages.length) this.#pages.push(this.#memory.take());
    this.count = row + 1;
    this.last = userRef;
    const { i32 } = this.page(row);
    const word = this.word(row);
    i32[word + ROW.userRef] = userRef;
    i32[word + ROW.root] = row + 1;
    i32[word + ROW.current] = userRef;
    return row;
  }

  /** A replace has the terms of the order that started its chain. */
  inherit(row: number, from: number): void {
    const root = this.get(from, ROW.root) - 1;
    this.set(row, ROW.root, root + 1);
    for (const field of [ROW.instrument, ROW.account, ROW.terms, ROW.ordType]) {
      this.set(row, field, this.get(root, field));
    }
  }

  /** Keeps what a NewOrder at `at`, or the event that answers it, says of its terms, and the echo. */
  keep(row: number, i32: Int32Array, at: number): void {
    const to = this.page(row).i32;
    const word = this.word(row);
    // Side, type, time in force, capacity: one word of the layout.
    const terms = i32[(at + order.side) >> 2]!;
    to[word + ROW.instrument] = i32[(at + order.instrument) >> 2]!;
    to[word + ROW.account] = i32[(at + order.account) >> 2]!;
    to[word + ROW.terms] = (terms & 0xff) | ((terms >>> 24) << 8);
    to[word + ROW.ordType] = (terms >>> 8) & 0xff;
    copyEcho(to, word + ROW.echo, i32, (at + order.clOrdId + ID.echo) >> 2);
  }

  /** Keeps what is echoed of the id at `idAt`. */
  keepEcho(row: number, i32: Int32Array, idAt: number): void {
    copyEcho(this.page(row).i32, this.word(row) + ROW.echo, i32, (idAt + ID.echo) >> 2);
  }

  refAt(row: number): number {
    return this.page(row).u32[this.word(row) + ROW.userRef]!;
  }

  orderId(row: number): number {
    return this.page(row).f64[(this.word(row) + ROW.orderId) >> 1]!;
  }

  setOrderId(row: number, orderId: number): void {
    this.page(row).f64[(this.word(row) + ROW.orderId) >> 1] = orderId;
  }

  get(row: number, field: number): number {
    return this.page(row).u32[this.word(row) + field]!;
  }

  set(row: number, field: number, value: number): void {
    this.page(row).u32[this.word(row) + field] = value;
  }

  /** Byte offset of a field within the page. */
  byteOf(row: number, field: number): number {
    return (this.word(row) + field) * 4;
  }
}
