/**
 * Operations a second of the matching engine: one book, one thread, commands made beforehand.
 *
 * - add-heavy: 70 % new limit orders around the touch, 15 % cancels, 10 % replaces, 5 % market orders.
 * - cancel-heavy: nearly as many cancels as new orders, as in real order flow, and few fills.
 *
 * Prices spread geometrically from the touch, some far out. The list of live orders that a venue needs
 * is kept, and is part of what is measured. A new order beyond LIVE_MAX is preceded by the cancel of
 * one chosen at random, and a cancel below LIVE_MIN is a new order, so that the book keeps its size.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MatchResult } from '../src/venues/matching/match-result.js';
import { OrderBook } from '../src/venues/matching/order-book.js';
import { BOOK_SIDE, OrderTicket } from '../src/venues/matching/terms.js';
import type { Figure } from './figure.js';

const ORDERS_MAX = 2 ** 17;
const LEVELS_MAX = 2 ** 14;
const COMMANDS = 2 ** 20;
/** Orders sent before measuring begins. */
const DEPTH = 20_000;
const LIVE_MIN = 10_000;
const LIVE_MAX = 50_000;
/** Operations between looks at the clock. */
const CHUNK = 65_536;

interface Mix {
  readonly name: string;
  /** Percentages; the rest are market orders. */
  readonly add: number;
  readonly cancel: number;
  readonly replace: number;
}

const MIXES: readonly Mix[] = [
  { name: 'add_heavy', add: 70, cancel: 15, replace: 10 },
  { name: 'cancel_heavy', add: 48, cancel: 48, replace: 3 },
];

const ADD = 0;
const CANCEL = 1;
const REPLACE = 2;
const MARKET = 3;

/** xorshift32: the same flow in every run. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Ticks away from the touch: near as a rule, one in fifty up to 5,000 ticks out. */
function distance(random: () => number): number {
  if (random() < 0.02) return Math.floor(random() * 5000);
  return Math.floor(-Math.log(1 - random()) * 8);
}

class Flow {
  readonly book = new OrderBook({ ordersMax: ORDERS_MAX, levelsMax: LEVELS_MAX });
  readonly #result = new MatchResult(1024);
  readonly #ticket = new OrderTicket();
  readonly #kinds = new Uint8Array(COMMANDS);
  readonly #buys = new Uint8Array(COMMANDS);
  readonly #distances = new Float64Array(COMMANDS);
  readonly #quantities = new Float64Array(COMMANDS);
  readonly #picks = new Float64Array(COMMANDS);
  /** Handles of the live orders in [0, count), and where in it each handle stands. */
  readonly #live = new Int32Array(ORDERS_MAX);
  readonly #where = new Int32Array(ORDERS_MAX);
  #liveCount = 0;
  #nextTag = 1;
  operations = 0;
  fills = 0;
  refusals = 0;

  constructor(mix: Mix, seed: number) {
    const random = randomSource(seed);
    for (let i = 0; i < COMMANDS; i++) {
      const kind = random() * 100;
      if (kind < mix.add) this.#kinds[i] = ADD;
      else if (kind < mix.add + mix.cancel) this.#kinds[i] = CANCEL;
      else if (kind < mix.add + mix.cancel + mix.replace) this.#kinds[i] = REPLACE;
      else this.#kinds[i] = MARKET;
      this.#buys[i] = random() < 0.5 ? 1 : 0;
      this.#distances[i] = distance(random);
      this.#quantities[i] = 1 + Math.floor(random() * 100);
      this.#picks[i] = random();
    }
    for (let i = 0; i < DEPTH; i++) this.#add(i);
  }

  run(from: number, count: number): void {
    for (let i = from; i < from + count; i++) {
      const at = i % COMMANDS;
      const kind = this.#kinds[at];
      if (kind === MARKET) this.#submit(at, true, 0);
      else if (kind === ADD || this.#liveCount < LIVE_MIN) this.#add(at);
      else if (kind === CANCEL) this.#cancel(at);
      else this.#replace(at);
    }
  }

  #add(at: number): void {
    if (this.#liveCount >= LIVE_MAX) this.#cancel(at);
    // The touch moves slowly up and down; one order in nine or so crosses it.
    const middle = 10_000 + ((this.#nextTag >> 12) & 63);
    const away = (this.#distances[at] as number) - 1;
    this.#submit(at, false, this.#buys[at] === 1 ? middle - away : middle + 1 + away);
  }

  #submit(at: number, market: boolean, price: number): void {
    const ticket = this.#ticket;
    ticket.tag = this.#nextTag++;
    ticket.side = this.#buys[at] === 1 ? BOOK_SIDE.Buy : BOOK_SIDE.Sell;
    ticket.market = market;
    ticket.price = price;
    ticket.quantity = this.#quantities[at] as number;
    this.book.submit(ticket, this.#result);
    this.#settle();
    const { handle } = this.#result;
    if (handle < 0) return;
    this.#where[handle] = this.#liveCount;
    this.#live[this.#liveCount++] = handle;
  }

  #cancel(at: number): void {
    const handle = this.#pick(at);
    this.book.cancel(handle, this.book.orders.tag[handle] as number, this.#result);
    this.#forget(handle);
    this.#settle();
  }

  #replace(at: number): void {
    const handle = this.#pick(at);
    const { orders } = this.book;
    const price = (orders.price[handle] as number) + (this.#buys[at] === 1 ? 1 : -1);
    const open = this.#quantities[at] as number;
    this.book.replace(handle, orders.tag[handle] as number, price, open, this.#result);
    this.#settle();
    if (this.#result.handle < 0) this.#forget(handle);
  }

  #pick(at: number): number {
    return this.#live[Math.floor((this.#picks[at] as number) * this.#liveCount)] as number;
  }

  #forget(handle: number): void {
    const last = this.#live[--this.#liveCount] as number;
    const at = this.#where[handle] as number;
    this.#live[at] = last;
    this.#where[last] = at;
  }

  #settle(): void {
    const result = this.#result;
    this.operations++;
    if (result.refusal !== 0) this.refusals++;
    for (;;) {
      this.fills += result.count;
      for (let i = 0; i < result.count; i++) {
        if (result.makerOpen[i] === 0) this.#forget(result.makerHandle[i] as number);
      }
      if (!result.more) return;
      this.book.resume(result);
    }
  }
}

/** The figures take about `seconds` together. */
export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const figures: Figure[] = [];
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['gc'] });
  for (const mix of MIXES) {
    const flow = new Flow(mix, 0x2545f491);
    flow.run(0, COMMANDS);
    await nextTurn();
    collections = 0;
    const before = flow.operations;
    const fillsBefore = flow.fills;
    const started = process.hrtime.bigint();
    const deadline = started + BigInt(Math.round((seconds / MIXES.length) * 1e9));
    for (let done = 0; process.hrtime.bigint() < deadline; done += CHUNK) flow.run(done, CHUNK);
    const elapsed = Number(process.hrtime.bigint() - started) / 1e9;
    await nextTurn();
    if (flow.refusals > 0) throw new Error('matching: the flow does not fit into the book');
    const name = `matching_${mix.name}`;
    const operations = flow.operations - before;
    const levels = flow.book.levelCount(BOOK_SIDE.Buy) + flow.book.levelCount(BOOK_SIDE.Sell);
    const figure = (what: string, value: number, unit: string): Figure => ({
      ...{ name: `${name}_${what}`, value, unit, ack: 'none' },
    });
    figures.push(
      figure('operations_per_second', Math.round(operations / elapsed), '1/s'),
      figure('fills_per_operation', (flow.fills - fillsBefore) / operations, 'fills'),
      // Each frees what about a megabyte of garbage took: nothing to speak of is allocated per order.
      figure(
        'million_operations_per_collection',
        operations / 1e6 / Math.max(1, collections),
        '1e6',
      ),
      figure('resting_orders', flow.book.orders.count, 'orders'),
      figure('levels', levels, 'levels'),
    );
  }
  observer.disconnect();
  return figures;
}
