/** The book at its limits, and the rules of matching one by one; the property test covers the rest. */
import { describe, expect, it } from 'vitest';
import { MatchResult } from './match-result.js';
import { OrderBook } from './order-book.js';
import { BOOK_SIDE, bookRefusalCode, LIFETIME, OrderTicket } from './terms.js';

const { Buy, Sell } = BOOK_SIDE;

class Desk {
  readonly book: OrderBook;
  readonly result = new MatchResult(64);
  #tag = 1;

  constructor(ordersMax = 16, levelsMax = 8) {
    this.book = new OrderBook({ ordersMax, levelsMax });
  }

  submit(terms: Partial<OrderTicket>): string {
    this.book.submit(Object.assign(new OrderTicket(), { tag: this.#tag++ }, terms), this.result);
    return this.outcome();
  }

  buy(quantity: number, price: number, terms: Partial<OrderTicket> = {}): string {
    return this.submit({ side: Buy, quantity, price, ...terms });
  }

  sell(quantity: number, price: number, terms: Partial<OrderTicket> = {}): string {
    return this.submit({ side: Sell, quantity, price, ...terms });
  }

  replace(handle: number, tag: number, price: number, open: number): string {
    this.book.replace(handle, tag, price, open, this.result);
    return this.outcome();
  }

  cancel(handle: number, tag: number): string {
    this.book.cancel(handle, tag, this.result);
    return this.outcome();
  }

  /** "#maker quantity@price ... | filled open canceled", or the refusal. */
  outcome(): string {
    const { result } = this;
    if (result.refusal !== 0) return bookRefusalCode(result.refusal);
    let text = '';
    for (let i = 0; i < result.count; i++) {
      text += `#${result.makerTag[i]} ${result.quantity[i]}@${result.price[i]} `;
    }
    return `${text}| ${result.filled} ${result.open} ${result.canceled}`;
  }

  depth(side: 0 | 1): string {
    return Array.from({ length: this.book.levelCount(side) }, (_, rank) => {
      const { book } = this;
      const quantity = book.levelQuantity(side, rank);
      return `${quantity}@${book.levelPrice(side, rank)}x${book.levelOrders(side, rank)}`;
    }).join(' ');
  }
}

describe('priority', () => {
  it('takes the better price first, at one price the earlier order, at their prices', () => {
    const desk = new Desk();
    desk.sell(5, 101);
    desk.sell(5, 100);
    desk.sell(5, 100);
    expect(desk.depth(Sell)).toBe('10@100x2 5@101x1');
    expect(desk.buy(12, 101)).toBe('#2 5@100 #3 5@100 #1 2@101 | 12 0 0');
    expect(desk.depth(Sell)).toBe('3@101x1');
    expect(desk.result.handle).toBe(-1);
  });

  it('matches at prices of zero and below, and never shows a minus zero', () => {
    const desk = new Desk();
    desk.sell(1, -0);
    desk.sell(1, -37);
    expect(desk.depth(Sell)).toBe('1@-37x1 1@0x1');
    expect(desk.buy(2, 0)).toBe('#2 1@-37 #1 1@0 | 2 0 0');
    expect(Object.is(desk.result.price[1], 0)).toBe(true);
  });

  it('numbers its fills on from where it is told', () => {
    const book = new OrderBook({ ordersMax: 4, levelsMax: 4 }, 1000);
    const result = new MatchResult(4);
    const ticket = Object.assign(new OrderTicket(), { side: Sell, price: 1, quantity: 1 });
    for (ticket.tag = 0; ticket.tag < 2; ticket.tag++) book.submit(ticket, result);
    book.submit(Object.assign(ticket, { side: Buy, quantity: 2 }), result);
    expect([...result.matchNumber.slice(0, 2)]).toEqual([1000, 1001]);
  });
});

describe('lifetime', () => {
  it('a limit order rests with what is left; a market and an IOC order cancel it', () => {
    const desk = new Desk();
    desk.sell(3, 100);
    expect(desk.buy(5, 100)).toBe('#1 3@100 | 3 2 0');
    expect(desk.sell(5, 0, { market: true })).toBe('#2 2@100 | 2 0 3');
    desk.sell(3, 100);
    expect(desk.buy(5, 100, { lifetime: LIFETIME.ImmediateOrCancel })).toBe('#4 3@100 | 3 0 2');
    expect(desk.buy(5, 0, { market: true })).toBe('| 0 0 5');
    expect(desk.book.orders.count).toBe(0);
  });

  it.each([
    [7, '#1 3@100 #2 4@101 | 7 0 0'],
    [8, '| 0 0 8'],
  ])('fill or kill of %d lots where 7 are to be had', (quantity, outcome) => {
    const desk = new Desk();
    desk.sell(3, 100);
    desk.sell(4, 101, { displayQuantity: 4 });
    desk.sell(9, 102);
    expect(desk.buy(quantity, 101, { lifetime: LIFETIME.FillOrKill })).toBe(outcome);
  });

  it.each([
    [6, '#1 3@100 #2 3@101 | 6 4 0'],
    [7, '| 0 0 10'],
  ])('minimum quantity %d where 6 are to be had', (minimumQuantity, outcome) => {
    const desk = new Desk();
    desk.sell(3, 100);
    desk.sell(3, 101, { displayQuantity: 1 });
    const actual = desk.buy(10, 101, { minimumQuantity }).replace('#2 1@101 #2 1@101 #2 1', '#2 3');
    expect(actual).toBe(outcome);
  });

  it('post-only is refused at the price it would match, and rests one tick away', () => {
    const desk = new Desk();
    desk.sell(3, 100);
    expect(desk.buy(1, 100, { postOnly: true })).toBe('BOOK_POST_ONLY_WOULD_MATCH');
    expect(desk.buy(1, 99, { postOnly: true })).toBe('| 0 1 0');
    const { handle, tag } = desk.result;
    expect(desk.replace(handle, tag, 100, 1)).toBe('BOOK_POST_ONLY_WOULD_MATCH');
    expect(desk.depth(Buy)).toBe('1@99x1');
    expect(desk.buy(1, 99, { postOnly: true, market: true })).toBe('BOOK_TERMS_INVALID');
    expect(desk.buy(1, 99, { postOnly: true, minimumQuantity: 1 })).toBe('BOOK_TERMS_INVALID');
  });
});

describe('iceberg', () => {
  it('shows one slice at a time and queues each behind the others', () => {
    const desk = new Desk();
    desk.sell(10, 100, { displayQuantity: 4 });
    desk.sell(5, 100);
    expect(desk.depth(Sell)).toBe('9@100x2');
    expect(desk.buy(6, 100)).toBe('#1 4@100 #2 2@100 | 6 0 0');
    expect(desk.depth(Sell)).toBe('7@100x2');
    expect(desk.buy(9, 100)).toBe('#2 3@100 #1 4@100 #1 2@100 | 9 0 0');
    expect(desk.depth(Sell)).toBe('');
  });
});

describe('replace', () => {
  it.each([
    { name: 'less at the same price keeps its place', price: 100, open: 4, first: 1 },
    { name: 'as much at the same price loses it', price: 100, open: 5, first: 2 },
    { name: 'more at the same price loses it', price: 100, open: 6, first: 2 },
  ])('$name', ({ price, open, first }) => {
    const desk = new Desk();
    desk.buy(5, 100);
    const { handle } = desk.result;
    desk.buy(5, 100);
    expect(desk.replace(handle, 1, price, open)).toBe(`| 0 ${open} 0`);
    expect(desk.result.handle).toBe(handle);
    expect(desk.sell(1, 100)).toBe(`#${first} 1@100 | 1 0 0`);
  });

  it('takes the reserve of an iceberg before what is shown', () => {
    const desk = new Desk();
    desk.buy(10, 100, { displayQuantity: 4 });
    const { handle } = desk.result;
    desk.replace(handle, 1, 100, 5);
    expect(desk.depth(Buy)).toBe('4@100x1');
    desk.replace(handle, 1, 100, 3);
    expect(desk.depth(Buy)).toBe('3@100x1');
  });

  it('matches at the new price, keeps its handle for the rest, and changes nothing if refused', () => {
    const desk = new Desk();
    desk.buy(5, 99);
    const { handle } = desk.result;
    desk.sell(3, 100);
    expect(desk.replace(handle, 1, 100, 0)).toBe('BOOK_QUANTITY_INVALID');
    expect(desk.replace(handle, 1, 0.5, 5)).toBe('BOOK_PRICE_INVALID');
    expect(desk.replace(handle, 2, 100, 5)).toBe('BOOK_ORDER_UNKNOWN');
    expect(desk.depth(Buy)).toBe('5@99x1');
    expect(desk.replace(handle, 1, 100, 7)).toBe('#2 3@100 | 3 4 0');
    expect(desk.result.handle).toBe(handle);
    expect(desk.depth(Buy)).toBe('4@100x1');
  });
});

describe('limits', () => {
  it('refuses an order that might rest when all rows are taken, and matches those that do not', () => {
    const desk = new Desk(2);
    desk.buy(1, 99);
    const { handle } = desk.result;
    expect(desk.buy(1, 99)).toBe('| 0 1 0');
    expect(desk.sell(1, 99)).toBe('BOOK_ORDERS_FULL');
    expect(desk.sell(1, 99, { lifetime: LIFETIME.ImmediateOrCancel })).toBe('#1 1@99 | 1 0 0');
    expect(desk.cancel(handle, 1)).toBe('BOOK_ORDER_UNKNOWN');
    expect(desk.buy(1, 99)).toBe('| 0 1 0');
  });

  it('refuses one price level too many on a side, and lets an order alone at its price move', () => {
    const desk = new Desk(16, 2);
    desk.buy(1, 98);
    desk.buy(1, 99);
    const { handle, tag } = desk.result;
    expect(desk.buy(1, 97)).toBe('BOOK_LEVELS_FULL');
    expect(desk.buy(1, 98)).toBe('| 0 1 0');
    expect(desk.sell(1, 100)).toBe('| 0 1 0');
    expect(desk.replace(handle, tag, 97, 1)).toBe('| 0 1 0');
    expect(desk.buy(1, 97)).toBe('| 0 1 0');
    expect(desk.replace(handle, tag, 96, 1)).toBe('BOOK_LEVELS_FULL');
    expect(desk.depth(Buy)).toBe('2@98x2 2@97x2');
  });

  it('takes the largest quantity and refuses one lot more, or a part of a lot', () => {
    const desk = new Desk(16);
    const { quantityMax } = desk.book;
    expect(quantityMax * 16).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
    expect(desk.buy(quantityMax, 1)).toBe(`| 0 ${quantityMax} 0`);
    for (const quantity of [quantityMax + 1, 0, -1, 1.5, Number.NaN]) {
      expect(desk.buy(quantity, 1)).toBe('BOOK_QUANTITY_INVALID');
    }
    expect(desk.buy(5, 1, { displayQuantity: 6 })).toBe('BOOK_QUANTITY_INVALID');
    expect(desk.buy(5, 1, { minimumQuantity: 6 })).toBe('BOOK_QUANTITY_INVALID');
    for (const price of [1.5, Number.NaN, 2 ** 53]) {
      expect(desk.buy(1, price)).toBe('BOOK_PRICE_INVALID');
    }
    expect(desk.buy(5, Number.MAX_SAFE_INTEGER)).toBe('| 0 5 0');
    expect(desk.sell(5, Number.MIN_SAFE_INTEGER)).toBe('#12 5@9007199254740991 | 5 0 0');
  });

  it('pauses when the result is full, and will hear nothing else before it is resumed', () => {
    const desk = new Desk();
    for (let i = 0; i < 3; i++) desk.sell(1, 100);
    const { book } = desk;
    const result = new MatchResult(2);
    const ticket = Object.assign(new OrderTicket(), { tag: 9, side: Buy, price: 100, quantity: 4 });
    book.submit(ticket, result);
    expect({ ...result }).toMatchObject({ more: true, count: 2, filled: 2, open: 2 });
    expect(() => book.submit(ticket, result)).toThrow(/resume comes before/);
    expect(() => book.cancel(0, 1, result)).toThrow(/resume comes before/);
    expect(() => book.replace(0, 1, 1, 1, result)).toThrow(/resume comes before/);
    book.resume(result);
    expect({ ...result }).toMatchObject({ more: false, count: 1, filled: 3, open: 1 });
    expect(result.makerTag[0]).toBe(3);
    expect(() => book.resume(result)).toThrow(/nothing to resume/);
  });

  it('does not take an order for another that has its row now', () => {
    const desk = new Desk();
    desk.buy(1, 99);
    const { handle } = desk.result;
    expect(desk.cancel(handle, 1)).toBe('| 0 0 1');
    expect(desk.cancel(handle, 1)).toBe('BOOK_ORDER_UNKNOWN');
    desk.buy(1, 99);
    expect(desk.result.handle).toBe(handle);
    expect(desk.cancel(handle, 1)).toBe('BOOK_ORDER_UNKNOWN');
    for (const nowhere of [-1, 16, 0.5, Number.NaN]) {
      expect(desk.cancel(nowhere, 2)).toBe('BOOK_ORDER_UNKNOWN');
    }
    expect(desk.cancel(handle, 2)).toBe('| 0 0 1');
  });

  it('has no best price when empty, and no levels beyond the last', () => {
    const { book } = new Desk();
    expect(book.bestPrice(Buy)).toBeNaN();
    expect(book.levelPrice(Buy, -1)).toBeNaN();
    expect(book.levelQuantity(Sell, 0)).toBe(0);
    expect(book.levelOrders(Sell, -1)).toBe(0);
  });
});
