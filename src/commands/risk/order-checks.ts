/**
 * The checks before every order and every replace, in the order of `RISK_CHECK`. The first that
 * fails decides. Pure: state and request in, reason out.
 */
import { EXEC_INST, ORD_TYPE, SIDE, TRADING_STATE } from '../../domain/order-terms.js';
import { POSITION } from '../../domain/position.js';
import { REASON } from '../../domain/reject-reasons.js';
import { NO_LIMIT, RISK_CHECK } from '../../domain/risk-catalogue.js';
import type { Emitter } from '../emitter.js';
import { BY_SCOPE, EXPOSURE, ROW, UNLIMITED } from '../state/position-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { checkNotionalByScope } from './notional-check.js';
import type { RiskResult } from './risk-result.js';

/** Bit of a check in RiskDecided.checks. */
const bit = (check: number) => 1 << (check - 1);

const STATIC_CHECKS =
  bit(RISK_CHECK.Account) |
  bit(RISK_CHECK.Instrument) |
  bit(RISK_CHECK.TradingState) |
  bit(RISK_CHECK.Terms);
const QUANTITY_BIT = bit(RISK_CHECK.MaxQuantity);
const NOTIONAL_BIT = bit(RISK_CHECK.MaxNotional);
const COLLAR_BIT = bit(RISK_CHECK.PriceCollar);
const POSITION_BIT = bit(RISK_CHECK.Position);

/** Whether account and instrument exist and may trade. */
export function checkParties(
  state: ShardState,
  result: RiskResult,
  account: number,
  instrument: number,
): number {
  const { accounts, instruments } = state;
  result.checks |= STATIC_CHECKS;
  if (account === 0 || account >= accounts.count) {
    return result.fail(RISK_CHECK.Account, REASON.ACCOUNT_UNKNOWN, NO_LIMIT, account);
  }
  if (accounts.open[account] === 0) {
    return result.fail(RISK_CHECK.Account, REASON.ACCOUNT_CLOSED, 1, 0);
  }
  if (instrument === 0 || instrument >= instruments.count) {
    return result.fail(RISK_CHECK.Instrument, REASON.INSTRUMENT_UNKNOWN, NO_LIMIT, instrument);
  }
  if (instruments.open[instrument] === 0) {
    return result.fail(RISK_CHECK.Instrument, REASON.INSTRUMENT_CLOSED, 1, 0);
  }
  return 0;
}

/** The strictest trading state of firm, group, account and instrument. */
export function tradingState(state: ShardState, account: number, instrument: number): number {
  const { accounts, instruments } = state;
  const group = accounts.group[account] as number;
  return Math.max(
    state.firmState,
    accounts.groupState[group] as number,
    accounts.state[account] as number,
    instruments.state[instrument] as number,
  );
}

/** Halted refuses every order, reducing lets through what cannot enlarge the position. */
export function checkTradingState(
  state: ShardState,
  result: RiskResult,
  account: number,
  instrument: number,
  side: number,
  quantity: number,
): number {
  const trading = tradingState(state, account, instrument);
  if (trading === TRADING_STATE.Active) return 0;
  const reason = reasonOf(state, account, instrument, trading);
  if (trading === TRADING_STATE.Halted) {
    return result.fail(RISK_CHECK.TradingState, reason, 0, trading);
  }
  const row = state.positions.find(account, instrument);
  if (reduces(state, row, side, quantity)) return 0;
  return result.fail(RISK_CHECK.TradingState, reason, 0, quantity);
}

/** Why: a circuit breaker tripped in one of the scopes, or somebody set the state. */
function reasonOf(state: ShardState, account: number, instrument: number, trading: number): number {
  const { scopes, accounts, instruments } = state;
  const group = accounts.group[account] as number;
  const tripped = (row: number) => scopes.rows[row * SCOPED_WIDTH + SCOPED.tripped] !== 0;
  if (
    tripped(scopes.first + account) ||
    tripped(0) ||
    (group !== 0 && tripped(group)) ||
    instruments.trippedTime[instrument] !== 0
  ) {
    return REASON.TRADING_CIRCUIT_BREAKER;
  }
  return trading === TRADING_STATE.Halted ? REASON.TRADING_HALTED : REASON.TRADING_REDUCING;
}

/** Whether a quantity, on top of what is open on its side, only closes what is held. */
export function reduces(state: ShardState, row: number, side: number, quantity: number): boolean {
  if (row === 0) return false;
  const { rows } = state.positions;
  const held = rows[row * ROW + POSITION.quantity] as number;
  if (side === SIDE.Buy) {
    return held < 0 && quantity + (rows[row * ROW + EXPOSURE.openBuy] as number) <= -held;
  }
  return held > 0 && quantity + (rows[row * ROW + EXPOSURE.openSell] as number) <= held;
}

/** Whether the type has a limit price. */
function isLimited(ordType: number): boolean {
  return (
    ordType === ORD_TYPE.Limit ||
    ordType === ORD_TYPE.StopLimit ||
    ordType === ORD_TYPE.TrailingStopLimit
  );
}

/** Quantity and price on lot and tick, positive where they must be. */
export function checkAmounts(
  state: ShardState,
  result: RiskResult,
  instrument: number,
  execInst: number,
  ordType: number,
  quantity: number,
  price: number,
): number {
  const offLot = (execInst & EXEC_INST.OffLot) !== 0;
  if (offLot || !(quantity > 0) || !Number.isSafeInteger(quantity)) {
    return result.fail(RISK_CHECK.Terms, REASON.ORDER_QUANTITY_INVALID, 1, offLot ? quantity : 0);
  }
  const priced = isLimited(ordType);
  const offTick = (execInst & EXEC_INST.OffTick) !== 0;
  const mayBeNegative = state.instruments.negativePrices[instrument] === 1;
  if (offTick || !Number.isSafeInteger(price) || (priced && price <= 0 && !mayBeNegative)) {
    return result.fail(RISK_CHECK.Terms, REASON.ORDER_PRICE_INVALID, 1, price);
  }
  return 0;
}

/**
 * The limits on size, notional, price and position.
 *
 * @param row position row of account and instrument, see `rowForDeciding`
 * @param lots what the request adds to the open orders of its side; for a replace the increase
 * @param price of a stop without a limit its stop price: it trades there or worse
 */
export function checkLimits(
  e: Emitter,
  result: RiskResult,
  row: number,
  instrument: number,
  side: number,
  ordType: number,
  quantity: number,
  lots: number,
  price: number,
): number {
  const { state } = e;
  const { rows } = state.positions;
  const { instruments } = state;
  const base = row * ROW;
  const maxQuantity = rows[base + EXPOSURE.maxQuantity] as number;
  result.checks |= QUANTITY_BIT;
  if (quantity > maxQuantity) {
    return result.fail(RISK_CHECK.MaxQuantity, REASON.RISK_MAX_QUANTITY, maxQuantity, quantity);
  }
  const maxNotional = rows[base + EXPOSURE.maxNotional] as number;
  const collar = rows[base + EXPOSURE.collar] as number;
  const hasMark = instruments.hasMark[instrument] === 1;
  const mark = instruments.mark[instrument] as number;
  const priced = isLimited(ordType);
  if (!priced && !hasMark && (maxNotional !== UNLIMITED || collar !== UNLIMITED)) {
    return result.fail(RISK_CHECK.MarkAge, REASON.RISK_MARK_MISSING, NO_LIMIT, 0);
  }
  // The notional of every order must be exact, limit or not: fills and sums build on it.
  result.checks |= NOTIONAL_BIT;
  // What reaches the mark trades there, whatever worse price it would take; |a| because prices may be negative.
  let ticks = Math.abs(price);
  const reaches = !priced || (side === SIDE.Buy ? price > mark : price < mark);
  if (reaches && Math.abs(mark) > ticks) ticks = Math.abs(mark);
  const ticksLots = quantity * ticks;
  const scaled = ticksLots * (instruments.microsNumerator[instrument] as number);
  if (scaled > Number.MAX_SAFE_INTEGER) {
    return result.fail(
      RISK_CHECK.MaxNotional,
      REASON.RISK_NOT_EXACT,
      Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    );
  }
  // Rounded up to a micro: rounding never lets an order through.
  const notional = Math.ceil(scaled / (instruments.microsDenominator[instrument] as number));
  if (notional > maxNotional) {
    if (maxNotional !== BY_SCOPE) {
      return result.fail(RISK_CHECK.MaxNotional, REASON.RISK_MAX_NOTIONAL, maxNotional, notional);
    }
    const closing = reduces(state, row, side, lots);
    const reason = checkNotionalByScope(e, result, row, notional, closing);
    if (reason !== 0) return reason;
  }
  // What a request that passes leaves on record; BY_SCOPE is no limit there.
  result.compared[0] = maxNotional;
  if (maxNotional === UNLIMITED) result.compared[0] = NO_LIMIT;
  result.compared[1] = notional;
  if (priced && collar !== UNLIMITED) {
    const reason = checkCollar(result, collar, hasMark, mark, price);
    if (reason !== 0) return reason;
  }
  return checkPosition(state, result, base, side, lots);
}

/** |price - mark| x 10000 <= collar x |mark|, in whole numbers. */
function checkCollar(
  result: RiskResult,
  collar: number,
  hasMark: boolean,
  mark: number,
  price: number,
): number {
  result.checks |= COLLAR_BIT;
  if (!hasMark) return result.fail(RISK_CHECK.PriceCollar, REASON.RISK_MARK_MISSING, collar, 0);
  const distance = Math.abs(price - mark) * 10_000;
  const allowed = collar * Math.abs(mark);
  if (!Number.isSafeInteger(distance) || distance > allowed) {
    const basisPoints = mark === 0 ? UNLIMITED : Math.ceil(distance / Math.abs(mark));
    return result.fail(
      RISK_CHECK.PriceCollar,
      REASON.RISK_PRICE_COLLAR,
      collar,
      Math.min(basisPoints, UNLIMITED),
    );
  }
  return 0;
}

/** The position if this and every open order of the side filled, and none of the other. */
function checkPosition(
  state: ShardState,
  result: RiskResult,
  base: number,
  side: number,
  lots: number,
): number {
  const { rows } = state.positions;
  const limit = rows[base + EXPOSURE.maxPosition] as number;
  result.checks |= POSITION_BIT;
  const held = rows[base + POSITION.quantity] as number;
  const worst =
    side === SIDE.Buy
      ? held + (rows[base + EXPOSURE.openBuy] as number) + lots
      : (rows[base + EXPOSURE.openSell] as number) + lots - held;
  if (worst > limit) {
    // What reduces an existing excess passes: the worst case on the other side is not touched.
    return result.fail(
      RISK_CHECK.Position,
      REASON.RISK_POSITION_LIMIT,
      limit,
      Math.min(worst, UNLIMITED),
    );
  }
  return 0;
}
