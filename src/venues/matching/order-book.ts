/**
 * The order book of one instrument at the simulated venue: price-time priority, whole ticks and lots,
 * no clock, no ids of its own but handles and match numbers. One thread uses it.
 *
 * A better price goes first, at one price the earlier order, and a trade has the price of the order
 * that was in the book. What an iceberg holds in reserve is matched too, slice by slice, each behind
 * the orders that are shown. The book is never crossed: an order rests only with what nobody matches.
 *
 * Left to the caller: stop orders (it sees every fill and the best prices), expiry, prevention of
 * self-trades, and the meaning of `tag`.
 *
 * **Limits.** `ordersMax` orders, `levelsMax` prices per side; beyond either, an order that might rest is
 * refused, others still match. A quantity is at most `quantityMax` = 2^53 / ordersMax lots, so that
 * no sum of quantities can be inexact.
 */
import { assert } from '../../lib/assert.js';
import { BookSide, NO_LEVEL } from './book-side.js';
import type { MatchResult } from './match-result.js';
import { NO_ORDER, RestingOrders } from './resting-orders.js';
import {
  BOOK_REFUSAL,
  BOOK_SIDE,
  type BookRefusal,
  type BookSideCode,
  LIFETIME,
  type OrderTicket,
} from './terms.js';

export interface OrderBookLimits {
  readonly ordersMax: number;
  /** Price levels on each side. */
  readonly levelsMax: number;
}

export class OrderBook {
  /** The longest quantity of one order, in lots. */
  readonly quantityMax: number;
  readonly orders: RestingOrders;
  readonly bids: BookSide;
  readonly asks: BookSide;
  /** Number of the next fill. */
  #matchNumber: number;

  /** The order being matched, in between two parts of a result that did not fit. */
  #takerPending = false;
  #takerHandle = NO_ORDER;
  #takerSide: BookSideCode = BOOK_SIDE.Buy;
  #takerKey = 0;
  #takerOpen = 0;

  /** @param firstMatchNumber goes on from an earlier book, after a restart */
  constructor(limits: OrderBookLimits, firstMatchNumber = 1) {
    assert(Number.isSafeInteger(firstMatchNumber), 'book: match number not exact');
    this.orders = new RestingOrders(limits.ordersMax);
    this.bids = new BookSide(BOOK_SIDE.Buy, limits.levelsMax, this.orders);
    this.asks = new BookSide(BOOK_SIDE.Sell, limits.levelsMax, this.orders);
    this.quantityMax = Math.floor(Number.MAX_SAFE_INTEGER / limits.ordersMax);
    this.#matchNumber = firstMatchNumber;
  }

  /** Matches a new order, and lets the rest of it rest if it may. See MatchResult for the outcome. */
  submit(ticket: Readonly<OrderTicket>, result: MatchResult): void {
    assert(!this.#takerPending, 'book: resume comes before the next command');
    result.begin(ticket.tag);
    const against = this.#opposite(ticket.side);
    // Handed on in a field: as an argument, a number that is no small integer would be boxed.
    this.#takerKey = ticket.market ? Number.NEGATIVE_INFINITY : against.keyOf(ticket.price);
    result.refusal = this.#check(ticket, against);
    if (result.refusal !== BOOK_REFUSAL.None) return;

    const needed =
      ticket.lifetime === LIFETIME.FillOrKill ? ticket.quantity : ticket.minimumQuantity;
    if (needed > 0 && against.matchable(this.#takerKey, needed) < needed) {
      result.canceled = ticket.quantity;
      return;
    }
    this.#takerHandle = mayRest(ticket) ? this.#enter(ticket) : NO_ORDER;
    this.#takerSide = ticket.side;
    this.#takerOpen = ticket.quantity;
    this.#match(result);
  }

  /** The next part of a result that had `more`. */
  resume(result: MatchResult): void {
    assert(this.#takerPending && result.more, 'book: nothing to resume');
    result.more = false;
    result.count = 0;
    this.#match(result);
  }

  /** Takes an order out; `result.canceled` says how many lots it had left. */
  cancel(handle: number, tag: number, result: MatchResult): void {
    assert(!this.#takerPending, 'book: resume comes before the next command');
    result.begin(tag);
    if (!this.orders.isLive(handle, tag)) {
      result.refusal = BOOK_REFUSAL.OrderUnknown;
      return;
    }
    result.canceled = this.orders.open[handle] as number;
    this.#own(this.orders.side[handle] as BookSideCode).remove(handle);
    this.orders.give(handle);
  }

  /**
   * Gives an order another price and open quantity (lots still to fill, not the total). It keeps its
   * handle, and keeps its place in the queue only when the price stays and the quantity falls; else it
   * is matched like a new order. A refused replace changes nothing.
   */
  replace(handle: number, tag: number, price: number, open: number, result: MatchResult): void {
    this.replaceShowing(handle, tag, price, open, this.orders.display[handle] ?? 0, result);
  }

  /**
   * The same, with another size of the slices that it shows.
   * @param display lots; 0 all of it. One that keeps its place shows no more than before until its
   *   slice is used up.
   */
  replaceShowing(
    handle: number,
    tag: number,
    price: number,
    open: number,
    display: number,
    result: MatchResult,
  ): void {
    assert(!this.#takerPending, 'book: resume comes before the next command');
    result.begin(tag);
    const { orders } = this;
    if (!orders.isLive(handle, tag)) {
      result.refusal = BOOK_REFUSAL.OrderUnknown;
      return;
    }
    const side = orders.side[handle] as BookSideCode;
    const key = this.#opposite(side).keyOf(price);
    result.refusal = this.#checkReplace(handle, price, open);
    if (result.refusal !== BOOK_REFUSAL.None) return;
    orders.display[handle] = display;

    if (price === orders.price[handle] && open < (orders.open[handle] as number)) {
      this.#own(side).reduce(handle, open);
      if (display > 0 && display < (orders.shown[handle] as number)) {
        this.#own(side).setShown(handle, display);
      }
      result.handle = handle;
      result.open = open;
      return;
    }
    this.#own(side).remove(handle);
    orders.price[handle] = price + 0;
    this.#takerHandle = handle;
    this.#takerSide = side;
    this.#takerKey = key;
    this.#takerOpen = open;
    this.#match(result);
  }

  /**
   * After a restart: how much of an iceberg's slice was left. Less than it shows now; the rest goes
   * to the reserve, and the place in the queue stays.
   */
  setShown(handle: number, shown: number): void {
    const { orders } = this;
    assert(shown >= 1 && shown <= (orders.shown[handle] as number), 'book: shows more than before');
    this.#own(orders.side[handle] as BookSideCode).setShown(handle, shown);
  }

  /** Best price of a side in ticks; NaN, which compares false with all, when the side is empty. */
  bestPrice(side: BookSideCode): number {
    return this.levelPrice(side, 0);
  }

  levelCount(side: BookSideCode): number {
    return this.#own(side).count;
  }

  /** @param rank 0 is the best level; NaN beyond the last */
  levelPrice(side: BookSideCode, rank: number): number {
    const levels = this.#own(side);
    if (rank < 0 || rank >= levels.count) return Number.NaN;
    return levels.priceOf(levels.keys[levels.count - 1 - rank] as number);
  }

  /** Lots shown at a level; what icebergs hold in reserve is nobody's to see. */
  levelQuantity(side: BookSideCode, rank: number): number {
    const levels = this.#own(side);
    if (rank < 0 || rank >= levels.count) return 0;
    return levels.shown[levels.rows[levels.count - 1 - rank] as number] as number;
  }

  /** How many orders stand at a level. */
  levelOrders(side: BookSideCode, rank: number): number {
    const levels = this.#own(side);
    if (rank < 0 || rank >= levels.count) return 0;
    return levels.orderCount[levels.rows[levels.count - 1 - rank] as number] as number;
  }

  #own(side: BookSideCode): BookSide {
    return side === BOOK_SIDE.Buy ? this.bids : this.asks;
  }

  #opposite(side: BookSideCode): BookSide {
    return side === BOOK_SIDE.Buy ? this.asks : this.bids;
  }

  #check(ticket: Readonly<OrderTicket>, against: BookSide): BookRefusal {
    const { quantity, minimumQuantity, displayQuantity, postOnly } = ticket;
    assert(Number.isSafeInteger(ticket.tag), 'book: tag not exact');
    if (!ticket.market && !Number.isSafeInteger(ticket.price)) return BOOK_REFUSAL.PriceInvalid;
    if (!this.#isQuantity(quantity)) return BOOK_REFUSAL.QuantityInvalid;
    if (!isPart(minimumQuantity, quantity)) return BOOK_REFUSAL.QuantityInvalid;
    if (!isPart(displayQuantity, quantity)) return BOOK_REFUSAL.QuantityInvalid;
    const rests = mayRest(ticket);
    if (postOnly && (!rests || minimumQuantity > 0)) return BOOK_REFUSAL.TermsInvalid;
    if (!rests) return BOOK_REFUSAL.None;
    if (postOnly && against.crosses(this.#takerKey)) return BOOK_REFUSAL.PostOnlyWouldMatch;
    if (this.orders.count === this.orders.capacity) return BOOK_REFUSAL.OrdersFull;
    const own = this.#own(ticket.side);
    return own.hasRoom(own.keyOf(ticket.price)) ? BOOK_REFUSAL.None : BOOK_REFUSAL.LevelsFull;
  }

  #checkReplace(handle: number, price: number, open: number): BookRefusal {
    if (!Number.isSafeInteger(price)) return BOOK_REFUSAL.PriceInvalid;
    if (!this.#isQuantity(open)) return BOOK_REFUSAL.QuantityInvalid;
    const side = this.orders.side[handle] as BookSideCode;
    const against = this.#opposite(side);
    if (this.orders.postOnly[handle] === 1 && against.crosses(against.keyOf(price))) {
      return BOOK_REFUSAL.PostOnlyWouldMatch;
    }
    const own = this.#own(side);
    // Alone at its price, it leaves a level behind for the one it may need.
    const frees = own.orderCount[this.orders.level[handle] as number] === 1;
    if (!frees && !own.hasRoom(own.keyOf(price))) return BOOK_REFUSAL.LevelsFull;
    return BOOK_REFUSAL.None;
  }

  #isQuantity(lots: number): boolean {
    return Number.isSafeInteger(lots) && lots >= 1 && lots <= this.quantityMax;
  }

  /** A row for an order that may come to rest. It is in no queue yet. */
  #enter(ticket: Readonly<OrderTicket>): number {
    const { orders } = this;
    const handle = orders.take(ticket.side);
    orders.tag[handle] = ticket.tag;
    orders.price[handle] = ticket.price + 0;
    orders.display[handle] = ticket.displayQuantity;
    orders.postOnly[handle] = ticket.postOnly ? 1 : 0;
    return handle;
  }

  #match(result: MatchResult): void {
    const { orders } = this;
    const against = this.#opposite(this.#takerSide);
    const limit = this.#takerKey;
    const keys = against.keys;
    let open = this.#takerOpen;
    let count = 0;
    // As `against.crosses(limit)`, spelled out: the limit of a market order would be boxed for a call.
    while (open > 0 && against.count > 0 && (keys[against.count - 1] as number) >= limit) {
      if (count === result.capacity) {
        this.#pause(open, count, result);
        return;
      }
      const row = against.best();
      assert(row !== NO_LEVEL, 'book: a side that crosses has a best level');
      const maker = against.head[row] as number;
      const lots = Math.min(open, orders.shown[maker] as number);
      assert(lots > 0, 'book: an order in a queue shows nothing');
      open -= lots;
      result.makerHandle[count] = maker;
      result.makerTag[count] = orders.tag[maker] as number;
      result.makerOpen[count] = (orders.open[maker] as number) - lots;
      result.price[count] = orders.price[maker] as number;
      result.quantity[count] = lots;
      result.matchNumber[count] = this.#matchNumber++;
      count++;
      against.fill(maker, lots);
    }
    this.#finish(open, count, result);
  }

  #pause(open: number, count: number, result: MatchResult): void {
    result.filled += this.#takerOpen - open;
    result.open = open;
    result.count = count;
    result.more = true;
    this.#takerOpen = open;
    this.#takerPending = true;
  }

  #finish(open: number, count: number, result: MatchResult): void {
    const { orders } = this;
    const handle = this.#takerHandle;
    result.filled += this.#takerOpen - open;
    result.count = count;
    result.open = 0;
    this.#takerPending = false;
    if (handle === NO_ORDER) {
      result.canceled = open;
    } else if (open === 0) {
      orders.give(handle);
    } else {
      const display = orders.display[handle] as number;
      orders.open[handle] = open;
      orders.shown[handle] = display === 0 ? open : Math.min(display, open);
      this.#own(this.#takerSide).append(handle);
      result.open = open;
      result.handle = handle;
    }
  }
}

function mayRest(ticket: Readonly<OrderTicket>): boolean {
  return !ticket.market && ticket.lifetime === LIFETIME.Rest;
}

/** Whether `lots` is zero, for none, or a whole part of `quantity`. */
function isPart(lots: number, quantity: number): boolean {
  return Number.isSafeInteger(lots) && lots >= 0 && lots <= quantity;
}
