/** ITCH 5.0 messages into order books, and which of them have changed since somebody looked. */
import * as itch from '../../gateways/itch/read.js';
import { FAULT } from '../../gateways/wire/fault.js';
import { isSafeU64 } from '../../gateways/wire/integer.js';
import { OrderBooks } from '../../market-data/order-books.js';

const LOCATES = 65_536;
const BUY = 0x42;
const END_OF_MESSAGES = 0x43;
const { ITCH_TYPE: TYPE } = itch;

export class ItchBooks {
  readonly books: OrderBooks;
  /** Symbol of a stock locate as two big-endian words; 0 while it is not known. */
  readonly symbolHigh = new Uint32Array(LOCATES);
  readonly symbolLow = new Uint32Array(LOCATES);
  readonly #changed = new Uint8Array(LOCATES);
  #list: number[] = [];
  messages = 0;
  malformed = 0;
  /** The exchange has said that no more will come today. */
  ended = false;

  constructor(books = new OrderBooks()) {
    this.books = books;
  }

  /** The message of `length` bytes at `at`. */
  take(view: DataView, at: number, length: number): void {
    this.messages += 1;
    if (itch.checkItch(view, at, length) !== FAULT.none) {
      this.malformed += 1;
      return;
    }
    switch (view.getUint8(at)) {
      case TYPE.addOrder:
      case TYPE.addOrderWithMPID:
        return this.#add(view, at);
      case TYPE.orderExecuted:
      case TYPE.orderExecutedWithPrice:
      case TYPE.orderCancel:
      case TYPE.orderDelete:
      case TYPE.orderReplace:
        return this.#change(view, at);
      case TYPE.nonCrossTrade:
        return this.#trade(view, at, itch.addOrder.price(view, at));
      case TYPE.crossTrade:
        return this.#trade(view, at, itch.crossTrade.crossPrice(view, at));
      case TYPE.stockDirectory:
      case TYPE.stockTradingAction:
        this.#name(itch.itchHeader.stockLocate(view, at), view, at + 11);
        return;
      case TYPE.systemEvent:
        this.ended = itch.systemEvent.eventCode(view, at) === END_OF_MESSAGES;
    }
  }

  /** Another session: order references and stock locates mean something else from now on. */
  clear(): void {
    this.books.clear();
    this.symbolHigh.fill(0);
    this.symbolLow.fill(0);
    this.ended = false;
  }

  /** Locates whose book or last trade has changed since the last call, each once. */
  changes(): readonly number[] {
    const list = this.#list;
    this.#list = [];
    for (const locate of list) this.#changed[locate] = 0;
    return list;
  }

  /** Says that somebody has to look at it again. */
  touch(locate: number): void {
    if (this.#changed[locate] === 1) return;
    this.#changed[locate] = 1;
    this.#list.push(locate);
  }

  #add(view: DataView, at: number): void {
    if (!this.#isReference(view, at + 11)) return;
    const locate = itch.itchHeader.stockLocate(view, at);
    if (this.symbolHigh[locate] === 0) this.#name(locate, view, at + 24);
    const buys = itch.addOrder.buySellIndicator(view, at) === BUY;
    const shares = itch.addOrder.shares(view, at);
    const reference = itch.orderReferenceNumber(view, at);
    this.books.add(reference, locate, buys, shares, itch.addOrder.price(view, at));
    this.touch(locate);
  }

  #change(view: DataView, at: number): void {
    if (!this.#isReference(view, at + 11)) return;
    const reference = itch.orderReferenceNumber(view, at);
    const { books } = this;
    let locate = -1;
    switch (view.getUint8(at)) {
      case TYPE.orderExecuted:
        locate = books.execute(reference, itch.orderExecution.executedShares(view, at));
        break;
      case TYPE.orderExecutedWithPrice: {
        const shares = itch.orderExecution.executedShares(view, at);
        locate = books.execute(reference, shares, itch.orderExecution.executionPrice(view, at));
        break;
      }
      case TYPE.orderCancel:
        locate = books.cancel(reference, itch.orderCancel.canceledShares(view, at));
        break;
      case TYPE.orderDelete:
        locate = books.delete(reference);
        break;
      default: {
        if (!this.#isReference(view, at + 19)) return;
        const next = itch.orderReplace.newOrderReferenceNumber(view, at);
        const shares = itch.orderReplace.shares(view, at);
        locate = books.replace(reference, next, shares, itch.orderReplace.price(view, at));
      }
    }
    if (locate >= 0) this.touch(locate);
  }

  #trade(view: DataView, at: number, price: number): void {
    const locate = itch.itchHeader.stockLocate(view, at);
    if (price === 0) return;
    this.books.trade(locate, price);
    this.touch(locate);
  }

  #name(locate: number, view: DataView, at: number): void {
    this.symbolHigh[locate] = view.getUint32(at);
    this.symbolLow[locate] = view.getUint32(at + 4);
  }

  /** A reference that is no safe integer is none that we can tell from others. */
  #isReference(view: DataView, at: number): boolean {
    if (isSafeU64(view, at)) return true;
    this.malformed += 1;
    return false;
  }
}
