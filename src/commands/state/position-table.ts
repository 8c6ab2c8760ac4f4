/**
 * Positions of a shard by account and instrument, with what risk needs beside them on the same row:
 * open orders in the worst case, and the limits in force, resolved when they change, not per order.
 */
import { POSITION_WIDTH } from '../../domain/position.js';
import { assert } from '../../lib/assert.js';

/** A limit that is not set compares as this: nothing exceeds it. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** Places of the columns beside the position itself, which starts at 0. */
export const EXPOSURE = {
  /** Lots of open buy and sell orders, in the worst case of their pending replaces. */
  openBuy: POSITION_WIDTH,
  openSell: POSITION_WIDTH + 1,
  /** Limits in force: the tightest of account, group, firm, for all instruments and for this one. */
  maxQuantity: POSITION_WIDTH + 2,
  maxNotional: POSITION_WIDTH + 3,
  collar: POSITION_WIDTH + 4,
  maxPosition: POSITION_WIDTH + 5,
} as const;

/** Numbers per row: two cache lines. */
export const ROW = 16;

/** Places of what a position adds to the sums of its account, group and firm; micros. */
export const RISK = {
  /** Notional of open buy and sell orders, each rounded up. */
  buys: 0,
  sells: 1,
  /** The position at the mark, rounded away from zero. */
  value: 2,
  /** What the sums hold of it: see `SCOPED`. */
  gross: 3,
  long: 4,
  short: 5,
  margin: 6,
  pnl: 7,
  /** Best price of open buys (highest) and sells (lowest), in ticks; without orders out of reach. */
  bestBuy: 8,
  bestSell: 9,
  /** Oldest mark in ms, in force. */
  markAge: 10,
  /** Bits of `RULE` in force. */
  rules: 11,
  /** Bits of the scopes (firm, account, group) into whose base currency there is no rate. */
  unrated: 12,
  /** MaxOrderNotional of the firm, the account, the group: each in the base currency of its scope. */
  maxNotional: 13,
} as const;

/**
 * In place of the tightest notional limit of a position: some of its scopes count in another currency than
 * its instrument, and each has to be asked (`RISK.maxNotional`). Below every notional, so that looking
 * for it costs nothing.
 */
export const BY_SCOPE = -1;

/** Numbers per row of `risk`: two cache lines. */
export const RISK_ROW = 16;

/** Lists that an instrument can be on. */
export const RULE = { Restricted: 1, NoShortSale: 2, LocateNeeded: 4 } as const;

export class PositionTable {
  readonly capacity: number;
  /** Rows in use; row 0 is never used. */
  count = 1;
  readonly rows: Float64Array;
  readonly risk: Float64Array;
  readonly account: Int32Array;
  readonly instrument: Int32Array;
  /** First open order of each side, row in the order table; 0 none. */
  readonly openBuys: Int32Array;
  readonly openSells: Int32Array;
  /** The next position of the same account, of the same instrument; 0 the last. */
  readonly nextOfAccount: Int32Array;
  readonly nextOfInstrument: Int32Array;
  /** Fields of the language, not private names: V8 never takes those for constants (decision 21). */
  private readonly index: Int32Array;
  private readonly mask: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.rows = new Float64Array((capacity + 1) * ROW);
    this.risk = new Float64Array((capacity + 1) * RISK_ROW);
    this.account = new Int32Array(capacity + 1);
    this.instrument = new Int32Array(capacity + 1);
    this.openBuys = new Int32Array(capacity + 1);
    this.openSells = new Int32Array(capacity + 1);
    this.nextOfAccount = new Int32Array(capacity + 1);
    this.nextOfInstrument = new Int32Array(capacity + 1);
    this.risk[RISK.bestBuy] = -UNLIMITED;
    this.risk[RISK.bestSell] = UNLIMITED;
    const places = (2 ** Math.ceil(Math.log2((capacity + 1) * 2))) | 0;
    this.index = new Int32Array(places);
    this.mask = places - 1;
  }

  get full(): boolean {
    return this.count > this.capacity;
  }

  #start(account: number, instrument: number): number {
    const h = Math.imul(account, 0x9e3779b1) ^ Math.imul(instrument, 0x85ebca6b);
    return (h ^ (h >>> 15)) & this.mask;
  }

  /** @returns the row of the pair, or 0. */
  find(account: number, instrument: number): number {
    let place = this.#start(account, instrument);
    for (;;) {
      const row = this.index[place] as number;
      if (row === 0) return 0;
      if (this.account[row] === account && this.instrument[row] === instrument) return row;
      place = (place + 1) & this.mask;
    }
  }

  /** Adds the pair, which is not there. @returns its row */
  add(account: number, instrument: number): number {
    assert(!this.full, 'the position table is full; deciding asks before');
    const row = this.count;
    this.count = row + 1;
    this.account[row] = account;
    this.instrument[row] = instrument;
    this.risk[row * RISK_ROW + RISK.bestBuy] = -UNLIMITED;
    this.risk[row * RISK_ROW + RISK.bestSell] = UNLIMITED;
    this.#place(row);
    return row;
  }

  #place(row: number): void {
    let place = this.#start(this.account[row] as number, this.instrument[row] as number);
    while (this.index[place] !== 0) place = (place + 1) & this.mask;
    this.index[place] = row;
  }

  /** Builds the index anew after a snapshot filled in the rows. */
  reindex(count: number): void {
    this.index.fill(0);
    this.count = count;
    for (let row = 1; row < count; row += 1) this.#place(row);
  }
}
