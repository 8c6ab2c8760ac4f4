/** The book against a slow and obvious one, over random sequences of commands. */
// node:assert, since vitest's expect costs more than the books themselves.
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { BookSide } from './book-side.js';
import { MatchResult } from './match-result.js';
import { OrderBook, type OrderBookLimits } from './order-book.js';
import { NO_ORDER } from './resting-orders.js';
import {
  BOOK_SIDE,
  type BookRefusalCode,
  bookRefusalCode,
  LIFETIME,
  OrderTicket,
} from './terms.js';

interface Resting {
  tag: number;
  buy: boolean;
  price: number;
  open: number;
  shown: number;
  display: number;
  postOnly: boolean;
  /** Place in time: smaller is earlier. */
  since: number;
}

interface Fill {
  maker: number;
  price: number;
  quantity: number;
  makerOpen: number;
  matchNumber: number;
}

interface Outcome {
  refusal: BookRefusalCode;
  fills: Fill[];
  open: number;
  canceled: number;
}

/** One list of orders, sorted anew whenever an order is looked for. */
class ReferenceBook {
  readonly limits: OrderBookLimits;
  resting: Resting[] = [];
  #time = 0;
  #matchNumber = 1;

  constructor(limits: OrderBookLimits) {
    this.limits = limits;
  }

  submit(ticket: OrderTicket): Outcome {
    const buy = ticket.side === BOOK_SIDE.Buy;
    const limit = ticket.market ? (buy ? Infinity : -Infinity) : ticket.price;
    const rests = !ticket.market && ticket.lifetime === LIFETIME.Rest;
    const refuse = (refusal: BookRefusalCode): Outcome => none(refusal);
    if (ticket.quantity < 1) return refuse('BOOK_QUANTITY_INVALID');
    if (ticket.minimumQuantity > ticket.quantity) return refuse('BOOK_QUANTITY_INVALID');
    if (ticket.displayQuantity > ticket.quantity) return refuse('BOOK_QUANTITY_INVALID');
    if (ticket.postOnly && (!rests || ticket.minimumQuantity > 0)) {
      return refuse('BOOK_TERMS_INVALID');
    }
    const matchable = this.#candidates(buy, limit).reduce((sum, order) => sum + order.open, 0);
    if (ticket.postOnly && matchable > 0) return refuse('BOOK_POST_ONLY_WOULD_MATCH');
    if (rests && this.resting.length >= this.limits.ordersMax) return refuse('BOOK_ORDERS_FULL');
    if (rests && !this.#hasRoom(buy, ticket.price, null)) return refuse('BOOK_LEVELS_FULL');
    const all = ticket.lifetime === LIFETIME.FillOrKill;
    if (matchable < (all ? ticket.quantity : ticket.minimumQuantity)) {
      return { ...none('BOOK_OK'), canceled: ticket.quantity };
    }
    const { tag, price, quantity: open, displayQuantity: display, postOnly } = ticket;
    return this.#match(
      { tag, buy, price, open, shown: 0, display, postOnly, since: 0 },
      limit,
      rests,
    );
  }

  cancel(tag: number): Outcome {
    const order = this.resting.find((other) => other.tag === tag);
    if (order === undefined) return none('BOOK_ORDER_UNKNOWN');
    this.resting = this.resting.filter((other) => other !== order);
    return { ...none('BOOK_OK'), canceled: order.open };
  }

  replace(tag: number, price: number, open: number): Outcome {
    const order = this.resting.find((other) => other.tag === tag);
    if (order === undefined) return none('BOOK_ORDER_UNKNOWN');
    if (open < 1) return none('BOOK_QUANTITY_INVALID');
    if (order.postOnly && this.#candidates(order.buy, price).length > 0) {
      return none('BOOK_POST_ONLY_WOULD_MATCH');
    }
    if (!this.#hasRoom(order.buy, price, order)) return none('BOOK_LEVELS_FULL');
    if (price === order.price && open < order.open) {
      order.open = open;
      order.shown = Math.min(order.shown, open);
      return { ...none('BOOK_OK'), open };
    }
    this.resting = this.resting.filter((other) => other !== order);
    return this.#match({ ...order, price, open }, price, true);
  }

  /** What an order would match with, in the order of matching. */
  #candidates(buy: boolean, limit: number): Resting[] {
    return this.resting
      .filter((order) => order.buy !== buy && (buy ? order.price <= limit : order.price >= limit))
      .sort((a, b) => (buy ? a.price - b.price : b.price - a.price) || a.since - b.since);
  }

  #hasRoom(buy: boolean, price: number, leaving: Resting | null): boolean {
    const staying = this.resting.filter((order) => order.buy === buy && order !== leaving);
    const prices = new Set([...staying.map((order) => order.price), price]);
    return prices.size <= this.limits.levelsMax;
  }

  #match(taker: Resting, limit: number, rests: boolean): Outcome {
    const outcome = none('BOOK_OK');
    while (taker.open > 0) {
      const maker = this.#candidates(taker.buy, limit)[0];
      if (maker === undefined) break;
      const quantity = Math.min(taker.open, maker.shown);
      taker.open -= quantity;
      maker.open -= quantity;
      maker.shown -= quantity;
      outcome.fills.push({
        ...{ maker: maker.tag, price: maker.price, quantity },
        ...{ makerOpen: maker.open, matchNumber: this.#matchNumber++ },
      });
      if (maker.open === 0) this.resting = this.resting.filter((other) => other !== maker);
      else if (maker.shown === 0) {
        maker.shown = Math.min(maker.display, maker.open);
        maker.since = this.#time++;
      }
    }
    if (taker.open > 0 && rests) {
      taker.shown = taker.display === 0 ? taker.open : Math.min(taker.display, taker.open);
      taker.since = this.#time++;
      this.resting.push(taker);
      outcome.open = taker.open;
    } else {
      outcome.canceled = taker.open;
    }
    return outcome;
  }
}

function none(refusal: BookRefusalCode): Outcome {
  return { refusal, fills: [], open: 0, canceled: 0 };
}

type Command =
  | { kind: 'submit'; ticket: OrderTicket }
  | { kind: 'cancel'; which: number }
  | { kind: 'replace'; which: number; price: number; open: number };

const prices = fc.integer({ min: -4, max: 4 });
const quantities = fc.integer({ min: 0, max: 12 });
const rarely = (part: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: part });
const sometimes = rarely(fc.constant(1)).map((one) => one === 1);
const tickets: fc.Arbitrary<OrderTicket> = fc
  .record({
    side: fc.constantFrom(BOOK_SIDE.Buy, BOOK_SIDE.Sell),
    market: rarely(fc.integer({ min: 0, max: 1 })).map((one) => one === 1),
    price: prices,
    quantity: quantities,
    minimumQuantity: rarely(quantities),
    displayQuantity: rarely(fc.integer({ min: 1, max: 4 })),
    lifetime: rarely(fc.constantFrom(1, 2)) as fc.Arbitrary<0 | 1 | 2>,
    postOnly: sometimes,
  })
  .map((terms) => Object.assign(new OrderTicket(), terms));
const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('submit' as const), ticket: tickets }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: fc.constant('replace' as const), which: fc.nat(30) },
      ...{ price: prices, open: quantities },
    }),
  },
);

/** Runs a command whose fills may come in several parts, and checks each part's sums. */
function whole(book: OrderBook, result: MatchResult, begin: () => void): Outcome {
  begin();
  const fills: Fill[] = [];
  for (;;) {
    for (let i = 0; i < result.count; i++) {
      fills.push({
        maker: result.makerTag[i] as number,
        price: result.price[i] as number,
        quantity: result.quantity[i] as number,
        makerOpen: result.makerOpen[i] as number,
        matchNumber: result.matchNumber[i] as number,
      });
    }
    strictEqual(
      fills.reduce((sum, fill) => sum + fill.quantity, 0),
      result.filled,
    );
    if (!result.more) break;
    strictEqual(result.count, result.capacity);
    book.resume(result);
  }
  const refusal = bookRefusalCode(result.refusal);
  return { refusal, fills, open: result.open, canceled: result.canceled };
}

/** What must always be true of one side, looked up in the columns themselves. */
function checkSide(book: OrderBook, side: BookSide, reference: Resting[]): void {
  const { orders } = book;
  const seen: Resting[] = [];
  for (let at = 0; at < side.count; at++) {
    const key = side.keys[at] as number;
    if (at > 0) ok(key > (side.keys[at - 1] as number));
    const row = side.rows[at] as number;
    strictEqual(side.levelKey[row], key);
    let shown = 0;
    let reserve = 0;
    let count = 0;
    let previous = NO_ORDER;
    for (let handle = side.head[row] as number; handle !== NO_ORDER; ) {
      strictEqual(orders.previous[handle], previous);
      strictEqual(orders.level[handle], row);
      strictEqual(Object.is(orders.price[handle], side.priceOf(key)), true);
      ok((orders.shown[handle] ?? 0) > 0);
      shown += orders.shown[handle] as number;
      reserve += (orders.open[handle] as number) - (orders.shown[handle] as number);
      count++;
      seen.push(restingOf(book, handle));
      previous = handle;
      handle = orders.next[handle] as number;
    }
    strictEqual(side.tail[row], previous);
    ok(count > 0);
    strictEqual(shown, side.shown[row]);
    strictEqual(reserve, side.reserve[row]);
    strictEqual(count, side.orderCount[row]);
  }
  const sorted = [...reference].sort(
    (a, b) => side.keyOf(a.price) - side.keyOf(b.price) || a.since - b.since,
  );
  deepStrictEqual(
    seen,
    sorted.map((order) => ({ ...order, since: 0 })),
  );
}

function restingOf(book: OrderBook, handle: number): Resting {
  const { orders } = book;
  return {
    tag: orders.tag[handle] as number,
    buy: orders.side[handle] === BOOK_SIDE.Buy,
    price: orders.price[handle] as number,
    open: orders.open[handle] as number,
    shown: orders.shown[handle] as number,
    display: orders.display[handle] as number,
    postOnly: orders.postOnly[handle] === 1,
    since: 0,
  };
}

function checkBook(book: OrderBook, reference: ReferenceBook): void {
  const isBuy = (order: Resting): boolean => order.buy;
  checkSide(book, book.bids, reference.resting.filter(isBuy));
  checkSide(
    book,
    book.asks,
    reference.resting.filter((order) => !order.buy),
  );
  strictEqual(book.orders.count, reference.resting.length);
  strictEqual(book.bestPrice(BOOK_SIDE.Buy) >= book.bestPrice(BOOK_SIDE.Sell), false);
  for (const order of reference.resting) ok(order.open <= book.quantityMax);
}

function runSequence(limits: OrderBookLimits, fillsMax: number, sequence: Command[]): void {
  const book = new OrderBook(limits);
  const result = new MatchResult(fillsMax);
  const reference = new ReferenceBook(limits);
  // Every handle ever given out, so that commands also come for orders long gone.
  const given: { handle: number; tag: number }[] = [];
  let tag = 100;
  for (const command of sequence) {
    let actual: Outcome;
    let expected: Outcome;
    if (command.kind === 'submit') {
      const ticket = Object.assign(new OrderTicket(), command.ticket, { tag: tag++ });
      actual = whole(book, result, () => book.submit(ticket, result));
      expected = reference.submit(ticket);
      const sum = result.filled + result.open + result.canceled;
      strictEqual(sum, result.refusal === 0 ? ticket.quantity : 0);
      if (result.handle !== NO_ORDER) given.push({ handle: result.handle, tag: ticket.tag });
    } else {
      const order = given[given.length - 1 - command.which] ?? { handle: command.which, tag: 1 };
      if (command.kind === 'cancel') {
        actual = whole(book, result, () => book.cancel(order.handle, order.tag, result));
        expected = reference.cancel(order.tag);
      } else {
        const { price, open } = command;
        actual = whole(book, result, () =>
          book.replace(order.handle, order.tag, price, open, result),
        );
        expected = reference.replace(order.tag, price, open);
        if (result.open > 0) strictEqual(result.handle, order.handle);
      }
    }
    deepStrictEqual(actual, expected);
    checkBook(book, reference);
  }
}

describe('the order book equals the reference', () => {
  const sequences = fc.array(commands, { minLength: 1, maxLength: 60, size: 'max' });
  const fillsMax = fc.constantFrom(1, 2, 100);

  it.each([
    { name: 'a small book, always near its limits', ordersMax: 5, levelsMax: 2, numRuns: 1500 },
    { name: 'a book that has room', ordersMax: 200, levelsMax: 50, numRuns: 1500 },
  ])('$name', ({ ordersMax, levelsMax, numRuns }) => {
    const check = (fills: number, sequence: Command[]): void =>
      runSequence({ ordersMax, levelsMax }, fills, sequence);
    fc.assert(fc.property(fillsMax, sequences, check), { numRuns });
  });

  it('many levels: beyond those searched one by one and those moved by hand', () => {
    const wide = fc.integer({ min: -500, max: 500 });
    const orders = fc
      .record({ side: fc.constantFrom(BOOK_SIDE.Buy, BOOK_SIDE.Sell), price: wide })
      .map(({ side, price }) => {
        // Far apart, so that levels pile up instead of matching; some cross all the same.
        const away = side === BOOK_SIDE.Buy ? price - 480 : price + 480;
        return Object.assign(new OrderTicket(), { side, price: away, quantity: 3 });
      });
    const sequence = fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({ kind: fc.constant('submit' as const), ticket: orders }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(200) }),
        },
      ),
      { minLength: 250, maxLength: 400, size: 'max' },
    );
    const check = (commandsOf: Command[]): void =>
      runSequence({ ordersMax: 500, levelsMax: 300 }, 100, commandsOf);
    fc.assert(fc.property(sequence, check), { numRuns: 10 });
  });
});
