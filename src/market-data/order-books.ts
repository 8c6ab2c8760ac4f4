/**
 * Books of a feed that reports every order: what is offered and wanted at each price, and the last
 * trade. Prices and quantities are whole numbers in the feed's own units. Pure: no clock, no sockets.
 *
 * ```
 *   reference --> row: instrument, side, price, quantity        one row an order
 *   instrument --> bids: prices rising, best last               one entry a price
 *                  asks: prices falling, best last
 * ```
 */
import { ReferenceTable } from './reference-table.js';

/** Places for orders of all books at once; three quarters may be taken, then `ordersRefused` counts. */
export const BOOK_ORDER_PLACES_MAX = 4_194_304;

/** What is at the best price of a side; a price of 0 says that there is nothing. */
export interface BestPrice {
  readonly price: number;
  readonly quantity: number;
}

const NOTHING: BestPrice = { price: 0, quantity: 0 };

/** One side: prices in the order in which the best comes last, so that most changes are at the end. */
class BookSide {
  readonly #prices: number[] = [];
  readonly #quantities: number[] = [];
  /** 1 where a higher price is better. */
  readonly #sign: number;

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  get best(): BestPrice {
    const last = this.#prices.length - 1;
    if (last < 0) return NOTHING;
    return { price: this.#prices[last]!, quantity: this.#quantities[last]! };
  }

  get bestPrice(): number {
    const last = this.#prices.length - 1;
    return last < 0 ? 0 : this.#prices[last]!;
  }

  get levels(): number {
    return this.#prices.length;
  }

  /** Adds to what there is at a price, or takes away; a price with nothing left goes. */
  change(price: number, by: number): void {
    const at = this.#place(price);
    if (this.#prices[at] !== price) {
      this.#prices.splice(at, 0, price);
      this.#quantities.splice(at, 0, by);
      return;
    }
    const left = this.#quantities[at]! + by;
    if (left > 0) this.#quantities[at] = left;
    else {
      this.#prices.splice(at, 1);
      this.#quantities.splice(at, 1);
    }
  }

  /** Where the price is or belongs; looked for from the end. */
  #place(price: number): number {
    const prices = this.#prices;
    const sign = this.#sign;
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((prices[middle]! - price) * sign < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Book {
  readonly bids: BookSide;
  readonly asks: BookSide;
  lastPrice: number;
}

export class OrderBooks {
  readonly #table: ReferenceTable;
  readonly #instruments: Uint32Array;
  readonly #buys: Uint8Array;
  readonly #prices: Float64Array;
  readonly #quantities: Float64Array;
  readonly #books: (Book | undefined)[] = [];
  readonly #onMove = (from: number, to: number): void => {
    this.#instruments[to] = this.#instruments[from]!;
    this.#buys[to] = this.#buys[from]!;
    this.#prices[to] = this.#prices[from]!;
    this.#quantities[to] = this.#quantities[from]!;
  };
  /** Orders that found no place, and changes of orders that are not known. */
  ordersRefused = 0;
  ordersUnknown = 0;

  constructor(places = BOOK_ORDER_PLACES_MAX) {
    this.#table = new ReferenceTable(places);
    this.#instruments = new Uint32Array(places);
    this.#buys = new Uint8Array(places);
    this.#prices = new Float64Array(places);
    this.#quantities = new Float64Array(places);
  }

  get orders(): number {
    return this.#table.count;
  }

  /** Forgets everything: a new session, or messages that were lost for good. */
  clear(): void {
    this.#table.clear();
    this.#books.length = 0;
  }

  bid(instrument: number): BestPrice {
    return this.#books[instrument]?.bids.best ?? NOTHING;
  }

  ask(instrument: number): BestPrice {
    return this.#books[instrument]?.asks.best ?? NOTHING;
  }

  /** Prices with anything at them, both sides. */
  levels(instrument: number): number {
    const book = this.#books[instrument];
    return book === undefined ? 0 : book.bids.levels + book.asks.levels;
  }

  /** 0 before the first trade. */
  lastPrice(instrument: number): number {
    return this.#books[instrument]?.lastPrice ?? 0;
  }

  /**
   * What the instrument is worth: its last trade; before one the middle of the book, the lower of two
   * whole prices; 0 when neither is known.
   */
  mark(instrument: number): number {
    const book = this.#books[instrument];
    if (book === undefined) return 0;
    if (book.lastPrice > 0) return book.lastPrice;
    const bid = book.bids.bestPrice;
    const ask = book.asks.bestPrice;
    return bid > 0 && ask > 0 ? Math.floor((bid + ask) / 2) : 0;
  }

  add(reference: number, instrument: number, buys: boolean, quantity: number, price: number): void {
    const known = this.#table.count;
    const row = this.#table.add(reference);
    if (row < 0 || this.#table.count === known) {
      this.ordersRefused += 1;
      return;
    }
    this.#instruments[row] = instrument;
    this.#buys[row] = buys ? 1 : 0;
    this.#prices[row] = price;
    this.#quantities[row] = quantity;
    this.#side(instrument, buys).change(price, quantity);
  }

  /** Part of an order was executed: at its own price, or at another. @returns the instrument, -1 unknown */
  execute(reference: number, quantity: number, price = 0): number {
    const row = this.#row(reference);
    if (row < 0) return -1;
    const instrument = this.#instruments[row]!;
    this.trade(instrument, price > 0 ? price : this.#prices[row]!);
    this.#reduce(row, quantity);
    return instrument;
  }

  /** @returns the instrument, -1 when the order is not known */
  cancel(reference: number, quantity: number): number {
    const row = this.#row(reference);
    if (row < 0) return -1;
    const instrument = this.#instruments[row]!;
    this.#reduce(row, quantity);
    return instrument;
  }

  /** @returns the instrument, -1 when the order is not known */
  delete(reference: number): number {
    return this.cancel(reference, Number.MAX_SAFE_INTEGER);
  }

  /** The order goes on under a new reference. @returns the instrument, -1 when it is not known */
  replace(original: number, reference: number, quantity: number, price: number): number {
    const row = this.#row(original);
    if (row < 0) return -1;
    const instrument = this.#instruments[row]!;
    const buys = this.#buys[row] === 1;
    this.#reduce(row, Number.MAX_SAFE_INTEGER);
    this.add(reference, instrument, buys, quantity, price);
    return instrument;
  }

  /** A trade of orders that the book does not show. */
  trade(instrument: number, price: number): void {
    this.#book(instrument).lastPrice = price;
  }

  #row(reference: number): number {
    const row = this.#table.find(reference);
    if (row < 0) this.ordersUnknown += 1;
    return row;
  }

  #reduce(row: number, by: number): void {
    const quantity = this.#quantities[row]!;
    const taken = Math.min(by, quantity);
    const side = this.#side(this.#instruments[row]!, this.#buys[row] === 1);
    side.change(this.#prices[row]!, -taken);
    this.#quantities[row] = quantity - taken;
    if (taken === quantity) this.#table.remove(row, this.#onMove);
  }

  #side(instrument: number, buys: boolean): BookSide {
    const book = this.#book(instrument);
    return buys ? book.bids : book.asks;
  }

  #book(instrument: number): Book {
    let book = this.#books[instrument];
    if (book === undefined) {
      book = { bids: new BookSide(1), asks: new BookSide(-1), lastPrice: 0 };
      this.#books[instrument] = book;
    }
    return book;
  }
}
