/**
 * The checks of sums, rates and counts over account, group and firm: the tightest holds, because all
 * three must pass. What no limit asks for costs one compare.
 */
import { eventLayouts } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { NO_LIMIT, RISK_CHECK } from '../../domain/risk-catalogue.js';
import { scratch } from '../../lib/scratch.js';
import type { Emitter } from '../emitter.js';
import { rateInto } from '../evolve/conversion.js';
import { margined, toMargin } from '../evolve/exposure.js';
import { REPEATED_WINDOW_MS } from '../evolve/order-counts.js';
import { RISK, RISK_ROW, UNLIMITED } from '../state/position-table.js';
import { convertUp } from '../state/rate-table.js';
import {
  hasToken,
  REPEATED,
  REPEATED_WIDTH,
  SCOPED,
  SCOPED_WIDTH,
  SWITCHED_ON,
} from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { reduces } from './order-checks.js';
import { checkRateAge } from './rate-age.js';
import type { RiskResult } from './risk-result.js';

const terms = eventLayouts.OrderAccepted.offsets;

/** Bits of checks that are made here, as RiskDecided.checks has them. */
const MADE_HERE =
  SWITCHED_ON.OpenOrders |
  SWITCHED_ON.GrossExposure |
  SWITCHED_ON.NetExposure |
  SWITCHED_ON.OrderRate |
  SWITCHED_ON.DailyLoss |
  SWITCHED_ON.BuyingPower |
  SWITCHED_ON.RepeatedOrder |
  SWITCHED_ON.OrderToTrade;

/** What is compared in money: with the loss breaker, which trips later but knows no more. */
const MONEY =
  SWITCHED_ON.GrossExposure |
  SWITCHED_ON.NetExposure |
  SWITCHED_ON.BuyingPower |
  SWITCHED_ON.DailyLoss |
  SWITCHED_ON.BreakerLoss;

const EXPOSURES = SWITCHED_ON.GrossExposure | SWITCHED_ON.NetExposure | SWITCHED_ON.BuyingPower;

/** Order messages of a day that the order-to-trade ratio lets pass in any case. */
export const ORDER_TO_TRADE_FREE = 1000;

/** What the order at hand adds: notional of its side, gross, margin. Reused. */
const added = scratch(3);
/** The same before and after the order, in the currency of the instrument: what is converted. */
const held = scratch(3);
const total = scratch(3);
const rate = scratch(2);
const NOTIONAL = 0;
const GROSS = 1;
const MARGIN = 2;

/** How a request adds an open order: as a new one, or by a larger quantity of a filled one. */
const NEW = 1;
const REOPENS = 2;

const leavesNothing = ({ orders }: ShardState, order: number) => orders.leavesQuantity[order] === 0;

/** Whether an exact sum would be left behind: then the order is refused, limit or not. */
const inexact = (sum: number) => sum > Number.MAX_SAFE_INTEGER;

/**
 * @param row position row of account and instrument, see `rowForDeciding`
 * @param order row of the order that is replaced; 0 for a new one
 * @param lots what the request adds to the open orders of its side
 */
export function checkScopes(
  e: Emitter,
  result: RiskResult,
  account: number,
  row: number,
  side: number,
  order: number,
  lots: number,
): number {
  const { state } = e;
  const on = (state.accounts.checks[account] as number) & (MADE_HERE | MONEY);
  if (on === 0) return 0;
  result.checks |= on & MADE_HERE;
  state.scopes.now[0] = e.timeMs;
  if ((on & EXPOSURES) !== 0) {
    const missing = weigh(state, result, row, side, order);
    if (missing !== 0) return missing;
  }
  // Who lost too much may still close: what only reduces passes the loss limit.
  const closing = (on & SWITCHED_ON.DailyLoss) !== 0 && reduces(state, row, side, lots);
  const opens = order === 0 ? NEW : leavesNothing(state, order) ? REOPENS : 0;
  if (state.rates.mixed !== 0) return checkConverted(e, result, account, row, side, opens, lots);
  const scope = state.scopes.first + account;
  let reason = 0;
  if (asks(state, scope)) reason = checkScope(e, result, scope, side, opens, closing, lots);
  if (reason !== 0) return reason;
  const group = state.accounts.group[account] as number;
  if (group !== 0 && asks(state, group)) {
    reason = checkScope(e, result, group, side, opens, closing, lots);
  }
  if (reason === 0 && asks(state, 0)) {
    reason = checkScope(e, result, 0, side, opens, closing, lots);
  }
  return reason;
}

/**
 * Whether a scope has any limit of its own that is checked here. Asked before the call: V8 then inlines the
 * checks where limits are, and spends nothing on scopes that have none.
 */
function asks({ scopes }: ShardState, scope: number): boolean {
  return ((scopes.own[scope] as number) & MADE_HERE) !== 0;
}

/** Fills in `added`, from the notional that `checkLimits` left in the result. */
function weigh(
  state: ShardState,
  result: RiskResult,
  row: number,
  side: number,
  order: number,
): number {
  const { positions, orders, instruments } = state;
  const notional = result.compared[1] as number;
  if (notional === 0 && instruments.hasMark[positions.instrument[row] as number] === 0) {
    return result.fail(RISK_CHECK.MarkAge, REASON.RISK_MARK_MISSING, NO_LIMIT, 0);
  }
  const { risk } = positions;
  const at = row * RISK_ROW;
  const more = Math.max(0, notional - (orders.exposedNotional[order] as number));
  const long = (risk[at + RISK.long] as number) + (side === SIDE.Buy ? more : 0);
  const short = (risk[at + RISK.short] as number) + (side === SIDE.Buy ? 0 : more);
  const gross = Math.max(long, short);
  added[NOTIONAL] = more;
  added[GROSS] = gross - (risk[at + RISK.gross] as number);
  margined[0] = gross;
  toMargin(state, row);
  added[MARGIN] = (margined[0] as number) - (risk[at + RISK.margin] as number);
  return 0;
}

function checkScope(
  e: Emitter,
  result: RiskResult,
  scope: number,
  side: number,
  opens: number,
  closing: boolean,
  lots: number,
): number {
  const { scopes } = e.state;
  const own = scopes.own[scope] as number;
  const { rows } = scopes;
  const at = scope * SCOPED_WIDTH;
  if ((own & SWITCHED_ON.OpenOrders) !== 0) {
    const open = (rows[at + SCOPED.openOrders] as number) + 1;
    const limit = rows[at + SCOPED.maxOpenOrders] as number;
    if (opens !== 0 && open > limit) {
      return result.fail(RISK_CHECK.OpenOrders, REASON.RISK_OPEN_ORDERS, limit, open);
    }
  }
  if ((own & EXPOSURES) !== 0) {
    const reason = checkExposure(e.state, result, own, at, side);
    if (reason !== 0) return reason;
  }
  if ((own & SWITCHED_ON.OrderRate) !== 0) {
    const limit = rows[at + SCOPED.orderRate] as number;
    if (!hasToken(rows, at + SCOPED.orderRate, scopes.now)) {
      return result.fail(RISK_CHECK.OrderRate, REASON.RISK_ORDER_RATE, limit, limit + 1);
    }
  }
  if ((own & SWITCHED_ON.DailyLoss) !== 0 && !closing) {
    const limit = rows[at + SCOPED.maxDailyLoss] as number;
    const loss = (rows[at + SCOPED.pnlAtOpen] as number) - (rows[at + SCOPED.pnl] as number);
    if (loss >= limit) {
      return result.fail(RISK_CHECK.DailyLoss, REASON.RISK_DAILY_LOSS, limit, loss);
    }
  }
  return own & (SWITCHED_ON.RepeatedOrder | SWITCHED_ON.OrderToTrade)
    ? checkCounts(e, result, own, scope, opens, lots)
    : 0;
}

/** The same where there is more than one currency: what the order adds is another amount to each scope. */
function checkConverted(
  e: Emitter,
  result: RiskResult,
  account: number,
  row: number,
  side: number,
  opens: number,
  lots: number,
): number {
  const { accounts, positions, scopes } = e.state;
  const closing = reduces(e.state, row, side, lots);
  const at = row * RISK_ROW;
  const column = side === SIDE.Buy ? RISK.long : RISK.short;
  held[NOTIONAL] = positions.risk[at + column] as number;
  held[GROSS] = positions.risk[at + RISK.gross] as number;
  held[MARGIN] = positions.risk[at + RISK.margin] as number;
  for (let n = 0; n < held.length; n += 1) total[n] = (held[n] as number) + (added[n] as number);
  for (let n = 0; n < 3; n += 1) {
    const group = accounts.group[account] as number;
    const scope = n === 0 ? scopes.first + account : n === 1 ? group : 0;
    if (n === 1 && group === 0) continue;
    let reason = 0;
    if (((scopes.own[scope] as number) & MONEY) !== 0) {
      reason = convertAdded(e, result, scope, account, row, closing);
    }
    if (reason === 0 && asks(e.state, scope)) {
      reason = checkScope(e, result, scope, side, opens, closing, lots);
    }
    if (reason !== 0) return reason;
  }
  return 0;
}

/**
 * Converts what the order adds into the base currency of a scope: the difference of what the position
 * adds after and before, each rounded up, as the sums have it. What only closes passes without a rate.
 */
function convertAdded(
  e: Emitter,
  result: RiskResult,
  scope: number,
  account: number,
  row: number,
  closing: boolean,
): number {
  const { positions, scopes } = e.state;
  result.checks |= 1 << (RISK_CHECK.Rate - 1);
  const instrument = positions.instrument[row] as number;
  const rated = rateInto(e.state, instrument, scope, rate);
  if (!closing) {
    if (!rated || scopes.unrated[scope] !== 0) {
      return result.fail(RISK_CHECK.Rate, REASON.RISK_RATE_MISSING, NO_LIMIT, 0);
    }
    const stale = checkRateAge(e, result, account, instrument, scope);
    if (stale !== 0) return stale;
  }
  for (let n = 0; n < added.length; n += 1) {
    added[n] = rated ? converted(total[n] as number) - converted(held[n] as number) : 0;
  }
  return 0;
}

const converted = (amount: number) => convertUp(amount, rate[0] as number, rate[1] as number);

/** Gross, net and margin after the order; what does not raise them passes even above the limit. */
function checkExposure(
  state: ShardState,
  result: RiskResult,
  own: number,
  at: number,
  side: number,
): number {
  const { rows } = state.scopes;
  if ((own & SWITCHED_ON.GrossExposure) !== 0 && (added[GROSS] as number) > 0) {
    const limit = rows[at + SCOPED.maxGross] as number;
    const gross = (rows[at + SCOPED.gross] as number) + (added[GROSS] as number);
    if (gross > limit || inexact(gross)) {
      const value = Math.min(gross, UNLIMITED);
      return result.fail(RISK_CHECK.GrossExposure, REASON.RISK_GROSS_EXPOSURE, limit, value);
    }
  }
  if ((own & SWITCHED_ON.NetExposure) !== 0 && (added[NOTIONAL] as number) > 0) {
    const limit = rows[at + SCOPED.maxNet] as number;
    const column = side === SIDE.Buy ? SCOPED.long : SCOPED.short;
    const net = (rows[at + column] as number) + (added[NOTIONAL] as number);
    if (net > limit || inexact(net)) {
      const value = Math.min(net, UNLIMITED);
      return result.fail(RISK_CHECK.NetExposure, REASON.RISK_NET_EXPOSURE, limit, value);
    }
  }
  if ((own & SWITCHED_ON.BuyingPower) !== 0 && (added[MARGIN] as number) > 0) {
    const limit = rows[at + SCOPED.buyingPower] as number;
    const margin = (rows[at + SCOPED.margin] as number) + (added[MARGIN] as number);
    if (margin > limit || inexact(margin)) {
      const value = Math.min(margin, UNLIMITED);
      return result.fail(RISK_CHECK.BuyingPower, REASON.RISK_BUYING_POWER, limit, value);
    }
  }
  return 0;
}

/** Messages for each fill of the day, and the same order in a row. Accounts only. */
function checkCounts(
  e: Emitter,
  result: RiskResult,
  own: number,
  scope: number,
  opens: number,
  lots: number,
): number {
  const { scopes } = e.state;
  const { rows } = scopes;
  const at = scope * SCOPED_WIDTH;
  if ((own & SWITCHED_ON.OrderToTrade) !== 0) {
    const ratio = rows[at + SCOPED.orderToTrade] as number;
    const messages = (rows[at + SCOPED.messages] as number) + 1;
    const allowed = Math.max(ORDER_TO_TRADE_FREE, ratio * (rows[at + SCOPED.fills] as number));
    if (messages > allowed) {
      return result.fail(RISK_CHECK.OrderToTrade, REASON.RISK_ORDER_TO_TRADE, ratio, messages);
    }
  }
  if (opens !== NEW || (own & SWITCHED_ON.RepeatedOrder) === 0) return 0;
  const limit = rows[at + SCOPED.maxRepeated] as number;
  const last = (scope - scopes.first) * REPEATED_WIDTH;
  if ((scopes.repeated[last + REPEATED.count] as number) < limit) return 0;
  return repeats(e, last, lots)
    ? result.fail(RISK_CHECK.RepeatedOrder, REASON.RISK_REPEATED_ORDER, limit, limit + 1)
    : 0;
}

/** Whether the order at hand, of so many lots for whatever cash, is the last one of its account again. */
function repeats(e: Emitter, last: number, lots: number): boolean {
  const { repeated, now } = e.state.scopes;
  const { command: c, at } = e;
  return (
    repeated[last + REPEATED.instrument] === c.u32[(at + terms.instrument) >> 2] &&
    repeated[last + REPEATED.side] === c.bytes[at + terms.side] &&
    repeated[last + REPEATED.quantity] === lots &&
    repeated[last + REPEATED.price] === c.f64[(at + terms.price) >> 3] &&
    (now[0] as number) - (repeated[last + REPEATED.since] as number) < REPEATED_WINDOW_MS
  );
}
