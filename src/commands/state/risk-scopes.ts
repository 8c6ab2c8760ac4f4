/**
 * What risk sums up, counts and limits per firm, group and account: one row each.
 *
 * ```
 *   row 0         the firm
 *   row g         group g          (1 .. accounts that fit; groups are never more)
 *   row first+a   account a
 * ```
 *
 * Amounts are micros of the base currency of the row, rounded against the trader: exposure up, P&L
 * down. `evolve/conversion.ts` says how they are converted.
 */
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { scratch } from '../../lib/scratch.js';
import { WindowTable } from './window-table.js';

/** Places of the columns of a row. */
export const SCOPED = {
  /** Open orders, and the limit in force for the row itself. */
  openOrders: 0,
  maxOpenOrders: 1,
  /** Sum over the positions of the worse of the two: all buys fill, or all sells fill. */
  gross: 2,
  maxGross: 3,
  /** All buys fill and no sell: the net of everything, long positive. */
  long: 4,
  /** All sells fill and no buy: the net of everything, short positive. */
  short: 5,
  maxNet: 6,
  margin: 7,
  buyingPower: 8,
  /** Realised and unrealised at the mark, fees taken off; and as it was when the day opened. */
  pnl: 9,
  pnlAtOpen: 10,
  maxDailyLoss: 11,
  /** Token buckets: limit a second, thousandths of a token left, ms of the last change. */
  orderRate: 12,
  orderTokens: 13,
  orderTime: 14,
  cancelRate: 15,
  cancelTokens: 16,
  cancelTime: 17,
  breakerLoss: 18,
  breakerRejects: 19,
  breakerMessages: 20,
  breakerWindow: 21,
  breakerCoolDown: 22,
  /** Breaker that tripped, as limit number, and when in ms; 0 none. */
  tripped: 23,
  trippedTime: 24,
  /** Order messages and fills of the day, while an order-to-trade ratio is in force. */
  messages: 25,
  fills: 26,
  orderToTrade: 27,
  maxRepeated: 28,
  /** Oldest rate in ms, in force. */
  rateAge: 29,
  /** Trading state before a breaker tripped, while one has. */
  stateBefore: 30,
} as const;

export const SCOPED_WIDTH = 32;

/** Last order of an account and how often it came in a row, while a limit on it is in force. */
export const REPEATED = {
  instrument: 0,
  side: 1,
  quantity: 2,
  price: 3,
  count: 4,
  since: 5,
} as const;

export const REPEATED_WIDTH = 8;

const bit = (check: number) => 1 << (check - 1);

/** Which checks a scope has switched on: the bits of RiskDecided.checks, and bits of our own. */
export const SWITCHED_ON = {
  OpenOrders: bit(RISK_CHECK.OpenOrders),
  GrossExposure: bit(RISK_CHECK.GrossExposure),
  NetExposure: bit(RISK_CHECK.NetExposure),
  OrderRate: bit(RISK_CHECK.OrderRate),
  DailyLoss: bit(RISK_CHECK.DailyLoss),
  BuyingPower: bit(RISK_CHECK.BuyingPower),
  RepeatedOrder: bit(RISK_CHECK.RepeatedOrder),
  OrderToTrade: bit(RISK_CHECK.OrderToTrade),
  CancelRate: bit(RISK_CHECK.CancelRate),
  BreakerLoss: 1 << 24,
  BreakerRejects: 1 << 25,
  BreakerMessages: 1 << 26,
} as const;

/** Length of a breaker's window unless set, ms. */
export const BREAKER_WINDOW_MS = 1000;

export class RiskScopes {
  readonly rows: Float64Array;
  /** Checks switched on by limits of the row itself. */
  readonly own: Int32Array;
  /** Number of the base currency in force, and of the one that was set by command; 0 none. */
  readonly currency: Uint8Array;
  readonly base: Uint8Array;
  /** Positions that have no rate into the base currency of the row. */
  readonly unrated: Int32Array;
  /** The row of account a is `first + a`. */
  readonly first: number;
  readonly repeated: Float64Array;
  /** Highest P&L, refusals and order messages within the window of the scope. */
  readonly highestPnl: WindowTable;
  readonly refusals: WindowTable;
  readonly messages: WindowTable;
  /**
   * 1 while a value of the scope could be beyond one of its circuit breakers: it was counted or valued
   * there, or nobody has looked since the start or since anything else than orders changed. Most
   * orders so pass their breakers with one look. A hint, no part of the state: 1 is always right.
   */
  readonly alarms: Uint8Array;
  /** Time at hand in ms, of the command or the event; an array, and no part of the state. */
  readonly now = scratch(1);
  /** 1 while a limit is set that needs positions valued at the mark. */
  valued = 0;

  constructor(accounts: number) {
    this.first = accounts;
    const rows = 2 * accounts + 1;
    this.rows = new Float64Array(rows * SCOPED_WIDTH);
    this.own = new Int32Array(rows);
    this.currency = new Uint8Array(rows);
    this.base = new Uint8Array(rows);
    this.unrated = new Int32Array(rows);
    this.alarms = new Uint8Array(rows).fill(1);
    this.repeated = new Float64Array((accounts + 1) * REPEATED_WIDTH);
    this.highestPnl = new WindowTable(rows);
    this.refusals = new WindowTable(rows);
    this.messages = new WindowTable(rows);
  }
}

/** What `noteTokens` found: a number that is returned could be allocated. */
const tokens = scratch(1);

/** Sets `tokens[0]` to the thousandths of a token in a bucket; it holds one second's worth. */
function noteTokens(rows: Float64Array, at: number, now: Float64Array): void {
  const rate = rows[at] as number;
  const elapsed = (now[0] as number) - (rows[at + 2] as number);
  tokens[0] = (rows[at + 1] as number) + (elapsed > 0 ? elapsed * rate : 0);
  if ((tokens[0] as number) > rate * 1000) tokens[0] = rate * 1000;
}

/** Whether the bucket at `rows[at]` (rate, tokens, time) holds a token at `now[0]` ms. */
export function hasToken(rows: Float64Array, at: number, now: Float64Array): boolean {
  noteTokens(rows, at, now);
  return (tokens[0] as number) >= 1000;
}

/** Takes a token out of the bucket; below zero it never goes. */
export function takeToken(rows: Float64Array, at: number, now: Float64Array): void {
  noteTokens(rows, at, now);
  rows[at + 1] = (tokens[0] as number) > 1000 ? (tokens[0] as number) - 1000 : 0;
  if ((now[0] as number) > (rows[at + 2] as number)) rows[at + 2] = now[0] as number;
}
