/**
 * The simulated venue: a reader of the log that matches what is routed to it, price-time, and reports
 * back through its own ring.
 *
 * ```
 *   log:  OrderAccepted, OrderRouted -->  book of the instrument  -->  Acknowledged | Rejected
 *                                                                      Filled (maker), Filled (taker) ...
 *                                                                      Canceled: what may not rest
 *         CancelRequested            -->                          -->  Canceled | RequestRejected
 *         ReplaceRequested           -->                          -->  Replaced, Filled ... | RequestRejected
 *         TradingDayClosed           -->  day orders leave        -->  Expired ...
 * ```
 *
 * **One order of everything.** Events are taken in the order of the log, and all reports to one event
 * are handed over before the next is looked at, through one ring, which keeps their order. So the
 * reports in the log are always a prefix of all that the venue had to say, and `venue-recovery.ts`
 * can go on from there.
 *
 * Fields are read at the offsets of the catalogue; no object is made per event, except for an order
 * with a displayed or minimum quantity.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { ORD_TYPE, SIDE, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import { MatchResult } from '../matching/match-result.js';
import { OrderBook } from '../matching/order-book.js';
import { BOOK_REFUSAL, BOOK_SIDE, LIFETIME, OrderTicket } from '../matching/terms.js';
import { LEG } from './execution-id.js';
import { rowOfId, VENUE_ORDER, type VenueOrders } from './venue-orders.js';
import type { VenueReports } from './venue-reports.js';

const accepted = eventLayouts.OrderAccepted.offsets;
const routed = eventLayouts.OrderRouted.offsets;
const triggered = eventLayouts.OrderTriggered.offsets;
const cancel = eventLayouts.CancelRequested.offsets;
const replace = eventLayouts.ReplaceRequested.offsets;

export interface SimulatedVenueLimits {
  /** Orders resting per instrument; beyond, orders that may rest are rejected. */
  readonly ordersMax: number;
  /** Price levels per side; the same. */
  readonly levelsMax: number;
}

export const SIMULATED_VENUE_LIMITS: SimulatedVenueLimits = {
  ordersMax: 262_144,
  levelsMax: 16_384,
};

/** Fills that the engine hands over at a time. */
const FILLS_AT_A_TIME = 1024;

/** A match of which only the maker's leg was reported. */
export interface HalfMatch {
  readonly input: number;
  readonly match: number;
  readonly lots: number;
  readonly price: number;
}

export class SimulatedVenue {
  readonly #orders: VenueOrders;
  readonly #reports: VenueReports;
  readonly #venue: number;
  readonly #limits: SimulatedVenueLimits;
  readonly #books: (OrderBook | undefined)[] = [];
  readonly #result = new MatchResult(FILLS_AT_A_TIME);
  readonly #ticket = new OrderTicket();
  /** Instruments that traded since the last marks, each once. */
  readonly #traded: number[] = [];
  /** Price of the last trade by instrument; undefined when it was marked. */
  readonly #lastPrice: (number | undefined)[] = [];

  /** @param venue index of the venue; events of other venues are not ours */
  constructor(
    orders: VenueOrders,
    reports: VenueReports,
    venue: number,
    limits: SimulatedVenueLimits = SIMULATED_VENUE_LIMITS,
  ) {
    this.#orders = orders;
    this.#reports = reports;
    this.#venue = venue;
    this.#limits = limits;
  }

  /** Takes the next records of the log, then marks what traded in them at the last price. */
  take(b: RecordBuffer, from = 0): void {
    for (let at = from; at < b.length; at += b.u16[(at + HEADER.length) >> 1] as number) {
      this.#takeOne(b, at);
    }
    this.#markTraded();
  }

  #takeOne(b: RecordBuffer, at: number): void {
    switch (b.bytes[at + HEADER.number]) {
      case EVENT.OrderAccepted:
        if (b.u16[(at + accepted.venue) >> 1] === this.#venue) this.#orders.accept(b, at);
        return;
      case EVENT.OrderRouted:
        if (b.u16[(at + routed.venue) >> 1] === this.#venue) this.#routed(b, at);
        return;
      case EVENT.CancelRequested:
        if (b.bytes[at + cancel.forced] === 0) this.#cancel(b, at);
        return;
      case EVENT.ReplaceRequested:
        this.#replace(b, at);
        return;
      case EVENT.OrderTriggered:
        this.#triggered(b, at);
        return;
      case EVENT.TradingDayClosed:
        this.#reports.answer(b, at);
        this.#expireDayOrders();
        return;
      default:
        return;
    }
  }

  /** Row of the order that the event at `at` is about, 0 when it is not ours. */
  #rowAt(b: RecordBuffer, at: number): number {
    return this.#orders.find(b.f64[(at + accepted.orderId) >> 3] as number);
  }

  #routed(b: RecordBuffer, at: number): void {
    const orders = this.#orders;
    const row = this.#rowAt(b, at);
    assert(row !== 0, 'venue: an order is routed here that was accepted for another venue');
    if (orders.state[row] !== VENUE_ORDER.Accepted) return;
    this.#reports.answer(b, at);
    if (!isSupported(orders, row)) {
      orders.state[row] = VENUE_ORDER.Ended;
      this.#reports.rejected(row, REASON.VENUE_REJECTED);
      return;
    }
    const book = this.#bookOf(row);
    this.#fillTicket(row, orders.quantity[row] as number, orders.price[row] as number);
    book.submit(this.#ticket, this.#result);
    const { refusal } = this.#result;
    if (refusal !== BOOK_REFUSAL.None && refusal !== BOOK_REFUSAL.PostOnlyWouldMatch) {
      orders.state[row] = VENUE_ORDER.Ended;
      this.#reports.rejected(row, REASON.VENUE_REJECTED);
      return;
    }
    this.#reports.acknowledged(row);
    this.#settle(book, row, b.f64[(at + HEADER.sequence) >> 3] as number, 0);
  }

  #triggered(b: RecordBuffer, at: number): void {
    const row = this.#rowAt(b, at);
    if (row === 0) return;
    this.#orders.price[row] = b.f64[(at + triggered.price) >> 3] as number;
    this.#orders.ordType[row] = b.bytes[at + triggered.ordType] as number;
  }

  #cancel(b: RecordBuffer, at: number): void {
    const orders = this.#orders;
    const row = this.#rowAt(b, at);
    if (row === 0) return;
    this.#reports.answer(b, at);
    const clOrdIdAt = at + cancel.clOrdId;
    if (orders.state[row] !== VENUE_ORDER.Working) {
      // A mass cancel met the order's end on the way: the end was its answer.
      if (orders.state[row] === VENUE_ORDER.Ended && b.i32[clOrdIdAt >> 2] === 0) return;
      const unknown = orders.state[row] === VENUE_ORDER.Accepted;
      const reason = unknown ? REASON.ORDER_UNKNOWN : REASON.ORDER_TOO_LATE;
      this.#reports.requestRejected(row, b, clOrdIdAt, reason);
      return;
    }
    const downTo = b.f64[(at + cancel.quantity) >> 3] as number;
    if (downTo > (orders.filled[row] as number)) {
      this.#reduce(b, at, row, downTo);
      return;
    }
    this.#takeOut(row);
    orders.state[row] = VENUE_ORDER.Ended;
    this.#reports.requestCanceled(row, b, clOrdIdAt);
  }

  /**
   * A partial cancel. Without a client order id the writer could not tell how far down it went, so
   * that is refused.
   */
  #reduce(b: RecordBuffer, at: number, row: number, downTo: number): void {
    const orders = this.#orders;
    const clOrdIdAt = at + cancel.clOrdId;
    if (b.i32[clOrdIdAt >> 2] === 0) {
      this.#reports.requestRejected(row, b, clOrdIdAt, REASON.ORDER_CLIENT_ID_INVALID);
      return;
    }
    if (downTo >= (orders.quantity[row] as number)) {
      this.#reports.requestRejected(row, b, clOrdIdAt, REASON.ORDER_QUANTITY_INVALID);
      return;
    }
    const price = orders.price[row] as number;
    const open = downTo - (orders.filled[row] as number);
    const handle = orders.handle[row] as number;
    const book = this.#bookOf(row);
    book.replace(handle, orders.orderId[row] as number, price, open, this.#result);
    assert(this.#result.open === open, 'venue: less of an order stays where it is');
    orders.quantity[row] = downTo;
    this.#reports.requestCanceled(row, b, clOrdIdAt);
  }

  #replace(b: RecordBuffer, at: number): void {
    const orders = this.#orders;
    const row = this.#rowAt(b, at);
    if (row === 0) return;
    this.#reports.answer(b, at);
    const clOrdIdAt = at + replace.clOrdId;
    const quantity = b.f64[(at + replace.quantity) >> 3] as number;
    const price = b.f64[(at + replace.price) >> 3] as number;
    const filled = orders.filled[row] as number;
    const state = orders.state[row];
    const reopens = state === VENUE_ORDER.Filled && quantity > filled;
    if (state !== VENUE_ORDER.Working && !reopens) {
      const unknown = state === VENUE_ORDER.Accepted;
      const reason = unknown ? REASON.ORDER_UNKNOWN : REASON.ORDER_TOO_LATE;
      this.#reports.requestRejected(row, b, clOrdIdAt, reason);
      return;
    }
    if (quantity <= filled) {
      // Not more than was executed: stop executing (FIX 4.4 matrix C.3.b).
      this.#takeOut(row);
      orders.setDisplay(row, b.f64[(at + replace.displayQuantity) >> 3] as number);
      orders.quantity[row] = filled;
      orders.price[row] = price;
      orders.state[row] = VENUE_ORDER.Filled;
      this.#reports.requestReplaced(row, b, clOrdIdAt, quantity, price);
      return;
    }
    const book = this.#bookOf(row);
    const before = orders.parts.get(row);
    orders.setDisplay(row, b.f64[(at + replace.displayQuantity) >> 3] as number);
    if (reopens) {
      this.#fillTicket(row, quantity - filled, price);
      book.submit(this.#ticket, this.#result);
    } else {
      const handle = orders.handle[row] as number;
      const open = quantity - filled;
      const display = orders.parts.get(row)?.display ?? 0;
      book.replaceShowing(
        handle,
        orders.orderId[row] as number,
        price,
        open,
        display,
        this.#result,
      );
    }
    if (this.#result.refusal !== BOOK_REFUSAL.None) {
      if (before === undefined) orders.parts.delete(row);
      else orders.parts.set(row, before);
      const reason = reasonOfRefusal(this.#result.refusal);
      this.#reports.requestRejected(row, b, clOrdIdAt, reason);
      return;
    }
    orders.quantity[row] = quantity;
    orders.price[row] = price;
    this.#reports.requestReplaced(row, b, clOrdIdAt, quantity, price);
    this.#settle(book, row, b.f64[(at + HEADER.sequence) >> 3] as number, 0);
  }

  /**
   * Puts an order that was working before a restart back into its book. When it crosses it trades:
   * that is the order whose matching the crash cut short, or one that another venue left crossed.
   *
   * @param input the sequence that its execution ids begin with
   * @param matches how many of them there are
   * @param shown lots of its slice that are left, for an iceberg; 0 a fresh slice
   */
  reenter(row: number, input: number, matches: number, shown: number): void {
    const orders = this.#orders;
    const book = this.#bookOf(row);
    const open = (orders.quantity[row] as number) - (orders.filled[row] as number);
    const ticket = this.#fillTicket(row, open, orders.price[row] as number);
    if (matches > 0) {
      // What had to match at once has matched; the rest follows as it can.
      ticket.minimumQuantity = 0;
      if (ticket.lifetime === LIFETIME.FillOrKill) ticket.lifetime = LIFETIME.ImmediateOrCancel;
    }
    book.submit(ticket, this.#result);
    this.#settle(book, row, input, matches);
    if (orders.state[row] !== VENUE_ORDER.Working) return;
    const handle = orders.handle[row] as number;
    // What is left may be less than a slice; a replace that adds to it shows whole slices again.
    const display = orders.parts.get(row)?.display ?? 0;
    if (display > 0) book.orders.display[handle] = display;
    if (shown > 0) {
      book.setShown(handle, Math.min(shown, book.orders.shown[handle] as number));
    }
  }

  /** Reports the taker's leg of a match whose maker's leg is on record. */
  completeMatch(row: number, half: HalfMatch): void {
    const { input, match, lots, price } = half;
    this.#orders.filled[row] = (this.#orders.filled[row] as number) + lots;
    this.#reports.filled(row, LEG.Taker, lots, price, input, match);
    this.#noteTrade(this.#orders.instrument[row] as number, price);
    if (this.#orders.filled[row] === this.#orders.quantity[row]) {
      this.#orders.state[row] = VENUE_ORDER.Filled;
    }
  }

  /** Reports what the command in `#result` came to, part by part, and how the order stands. */
  #settle(book: OrderBook, row: number, input: number, matches: number): void {
    const orders = this.#orders;
    const result = this.#result;
    if (result.refusal !== BOOK_REFUSAL.None) {
      orders.state[row] = VENUE_ORDER.Ended;
      this.#reports.canceled(row, reasonOfRefusal(result.refusal));
      return;
    }
    let match = this.#reportFills(row, input, matches);
    while (result.more) {
      book.resume(result);
      match = this.#reportFills(row, input, match);
    }
    if (result.canceled > 0) {
      const parts = orders.parts.get(row);
      const unmet = match === 0 && parts !== undefined && parts.minimum > 0;
      orders.state[row] = VENUE_ORDER.Ended;
      this.#reports.canceled(
        row,
        unmet ? REASON.ORDER_MIN_QUANTITY_UNMET : REASON.ORDER_IMMEDIATE_REMAINDER,
      );
    } else if (result.open > 0) {
      orders.state[row] = VENUE_ORDER.Working;
      orders.handle[row] = result.handle;
    } else {
      orders.state[row] = VENUE_ORDER.Filled;
      orders.handle[row] = -1;
    }
  }

  /** @returns the number of the last match */
  #reportFills(taker: number, input: number, matches: number): number {
    const orders = this.#orders;
    const result = this.#result;
    let match = matches;
    for (let i = 0; i < result.count; i += 1) {
      const maker = rowOfId(result.makerTag[i] as number);
      const lots = result.quantity[i] as number;
      const price = result.price[i] as number;
      match += 1;
      orders.filled[maker] = (orders.filled[maker] as number) + lots;
      if (result.makerOpen[i] === 0) {
        orders.state[maker] = VENUE_ORDER.Filled;
        orders.handle[maker] = -1;
      }
      this.#reports.filled(maker, LEG.Maker, lots, price, input, match);
      orders.filled[taker] = (orders.filled[taker] as number) + lots;
      this.#reports.filled(taker, LEG.Taker, lots, price, input, match);
    }
    if (result.count > 0) {
      const last = result.price[result.count - 1] as number;
      this.#noteTrade(orders.instrument[taker] as number, last);
    }
    return match;
  }

  /** Day orders end with the day, in the order of their rows; good-till-cancel orders stay. */
  #expireDayOrders(): void {
    const orders = this.#orders;
    for (let row = 1; row < orders.rows; row += 1) {
      if (orders.state[row] !== VENUE_ORDER.Working) continue;
      if (orders.timeInForce[row] !== TIME_IN_FORCE.Day) continue;
      this.#takeOut(row);
      orders.state[row] = VENUE_ORDER.Ended;
      this.#reports.expired(row);
    }
  }

  #takeOut(row: number): void {
    const orders = this.#orders;
    const handle = orders.handle[row] as number;
    this.#bookOf(row).cancel(handle, orders.orderId[row] as number, this.#result);
    assert(this.#result.refusal === BOOK_REFUSAL.None, 'venue: a working order is in its book');
    orders.handle[row] = -1;
  }

  #fillTicket(row: number, open: number, price: number): OrderTicket {
    const orders = this.#orders;
    const ticket = this.#ticket;
    const parts = orders.parts.size > 0 ? orders.parts.get(row) : undefined;
    ticket.tag = orders.orderId[row] as number;
    ticket.side = orders.side[row] === SIDE.Buy ? BOOK_SIDE.Buy : BOOK_SIDE.Sell;
    ticket.market = orders.ordType[row] === ORD_TYPE.Market;
    ticket.price = price;
    ticket.quantity = open;
    ticket.minimumQuantity = parts === undefined ? 0 : Math.min(parts.minimum, open);
    ticket.displayQuantity = parts === undefined ? 0 : Math.min(parts.display, open);
    ticket.postOnly = orders.postOnly[row] === 1;
    const timeInForce = orders.timeInForce[row];
    if (timeInForce === TIME_IN_FORCE.ImmediateOrCancel) {
      ticket.lifetime = LIFETIME.ImmediateOrCancel;
    } else if (timeInForce === TIME_IN_FORCE.FillOrKill) ticket.lifetime = LIFETIME.FillOrKill;
    else ticket.lifetime = LIFETIME.Rest;
    return ticket;
  }

  #bookOf(row: number): OrderBook {
    const instrument = this.#orders.instrument[row] as number;
    let book = this.#books[instrument];
    if (book === undefined) {
      book = new OrderBook(this.#limits);
      this.#books[instrument] = book;
    }
    return book;
  }

  #noteTrade(instrument: number, price: number): void {
    if (this.#lastPrice[instrument] === undefined) this.#traded.push(instrument);
    this.#lastPrice[instrument] = price;
  }

  /** A trade print is market data: the last one of each batch becomes the mark. */
  #markTraded(): void {
    for (let i = 0; i < this.#traded.length; i += 1) {
      const instrument = this.#traded[i] as number;
      this.#reports.marked(instrument, this.#lastPrice[instrument] as number);
      this.#lastPrice[instrument] = undefined;
    }
    this.#traded.length = 0;
  }
}

/** Whether the venue knows the order type and time in force; the others are rejected. */
function isSupported(orders: VenueOrders, row: number): boolean {
  const ordType = orders.ordType[row];
  if (ordType !== ORD_TYPE.Limit && ordType !== ORD_TYPE.Market) return false;
  const timeInForce = orders.timeInForce[row];
  return (
    timeInForce === TIME_IN_FORCE.Day ||
    timeInForce === TIME_IN_FORCE.GoodTillCancel ||
    timeInForce === TIME_IN_FORCE.ImmediateOrCancel ||
    timeInForce === TIME_IN_FORCE.FillOrKill
  );
}

function reasonOfRefusal(refusal: number): number {
  if (refusal === BOOK_REFUSAL.PostOnlyWouldMatch) return REASON.ORDER_POST_ONLY_WOULD_TRADE;
  if (refusal === BOOK_REFUSAL.QuantityInvalid) return REASON.ORDER_QUANTITY_INVALID;
  return REASON.VENUE_REJECTED;
}
