/** NewOrder: is it ours, is it new, does risk let it pass, where does it go. */
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { EXEC_INST, ORD_STATUS, ORD_TYPE, TRADING_STATE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { scratch } from '../../lib/scratch.js';
import { copyLongs } from '../../lib/words.js';
import { type Emitter, recordOf } from '../emitter.js';
import { isStop, isTrailing, isUnlimitedStop, trailingStart } from '../evolve/held-orders.js';
import { rowForDeciding } from '../evolve/positions.js';
import { checkLists, checkMarkAge } from '../risk/list-checks.js';
import {
  checkAmounts,
  checkLimits,
  checkParties,
  checkTradingState,
  tradingState,
} from '../risk/order-checks.js';
import { RiskResult } from '../risk/risk-result.js';
import { checkScopes } from '../risk/scope-checks.js';
import { mayCross } from '../risk/self-trade.js';
import { orderStatus } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { checkBreakers, resetCooledBreakers } from './circuit-breakers.js';
import { checkTerms } from './order-terms-check.js';
import { preventSelfTrade } from './self-trade-prevention.js';

const terms = eventLayouts.OrderAccepted.offsets;
const decided = eventLayouts.RiskDecided.offsets;
const denied = eventLayouts.OrderDenied.offsets;
const routed = eventLayouts.OrderRouted.offsets;

const RISK_DECIDED = recordOf('RiskDecided');
const ORDER_ACCEPTED = recordOf('OrderAccepted');
const ORDER_DENIED = recordOf('OrderDenied');
const ORDER_ROUTED = recordOf('OrderRouted');

/** Reused for every order: deciding is one at a time. */
const risk = new RiskResult();
/** OrderQty of the order at hand; an array, because a number in a variable would be allocated. */
const ordered = scratch(1);

export function decideNewOrder(e: Emitter): void {
  const { state, command: c, at } = e;
  const account = c.u32[(at + terms.account) >> 2] as number;
  const known = account > 0 && account < state.accounts.count;
  const execInst = c.u16[(at + terms.execInst) >> 1] as number;
  const manual = (execInst & EXEC_INST.Manual) !== 0;
  if (c.i32[(at + terms.clOrdId) >> 2] === 0 && !manual) {
    deny(e, REASON.ORDER_CLIENT_ID_INVALID, -1);
    return;
  }
  const id = (at + terms.clOrdId) >> 2;
  const first = known ? state.clientIds.findHashed(account, c.i32, id, e.idHash) : -1;
  if (first >= 0) {
    deny(e, REASON.ORDER_DUPLICATE_CLIENT_ID, first);
    return;
  }
  const overload = (execInst & EXEC_INST.Overload) !== 0 ? REASON.CAPACITY_OVERLOAD : 0;
  const capacity = overload === 0 && known ? checkCapacity(e) : overload;
  if (capacity !== 0) {
    deny(e, capacity, -1);
    return;
  }
  if (state.reconciling.size > 0 && !manual && state.reconciling.has(venueOf(e))) {
    deny(e, REASON.VENUE_RECONCILING, -1);
    return;
  }
  risk.clear();
  const reason = checkRisk(e, account);
  const orderId = reason === 0 ? state.orders.nextId() : 0;
  const instrument = c.u32[(at + terms.instrument) >> 2] as number;
  emitRiskDecided(e, orderId, account, instrument, risk);
  if (reason === 0) accept(e, orderId);
  else deny(e, reason, -1);
  if (known) checkBreakers(e, account);
}

/** Room in every table that accepting would use. */
function checkCapacity(e: Emitter): number {
  const { state } = e;
  if (state.orders.full) return REASON.CAPACITY_ORDERS;
  // The last eighth is for cancels, and for the fills of orders that are already out.
  const { clientIds, executions } = state;
  if (clientIds.count >= clientIds.capacity - (clientIds.capacity >> 3)) {
    return REASON.CAPACITY_CLIENT_IDS;
  }
  if (executions.count >= executions.capacity - (executions.capacity >> 3)) {
    return REASON.CAPACITY_ORDERS;
  }
  if (state.positions.full) return REASON.CAPACITY_POSITIONS;
  return 0;
}

/** All risk checks, in order; `risk` says what they found. */
function checkRisk(e: Emitter, account: number): number {
  const { state, command: c, at } = e;
  const instrument = c.u32[(at + terms.instrument) >> 2] as number;
  const side = c.bytes[at + terms.side] as number;
  const ordType = c.bytes[at + terms.ordType] as number;
  const execInst = c.u16[(at + terms.execInst) >> 1] as number;
  const price = c.f64[(at + terms.price) >> 3] as number;
  let reason = checkParties(state, risk, account, instrument);
  if (reason !== 0) return reason;
  reason = checkTerms(e, ordType);
  if (reason !== 0) return risk.fail(RISK_CHECK.Terms, reason, -1, 0);
  reason = orderCash(e, instrument, ordType, price);
  if (reason !== 0) return reason;
  const quantity = ordered[0] as number;
  reason = checkAmounts(state, risk, instrument, execInst, ordType, quantity, price);
  if (reason !== 0) return reason;
  if (tradingState(state, account, instrument) !== TRADING_STATE.Active) {
    resetCooledBreakers(e, account, instrument);
  }
  reason = checkTradingState(state, risk, account, instrument, side, quantity);
  if (reason !== 0) return reason;
  const row = rowForDeciding(state, account, instrument);
  const worst = isUnlimitedStop(ordType) ? stopOf(e, instrument, side, ordType) : price;
  reason = checkLimits(e, risk, row, instrument, side, ordType, quantity, quantity, worst);
  if (reason !== 0) return reason;
  reason = checkScopes(e, risk, account, row, side, 0, quantity);
  if (reason !== 0) return reason;
  reason = checkLists(e, risk, row, side, quantity, execInst);
  if (reason !== 0) return reason;
  reason = checkMarkAge(e, risk, row, instrument);
  if (reason !== 0 || isStop(ordType)) return reason;
  if (!mayCross(state, row, side, ordType, price)) return 0;
  return preventSelfTrade(e, risk, ordered, row);
}

/** Stop price of a stop in the command; a trailing one that names none starts from the mark. */
function stopOf(e: Emitter, instrument: number, side: number, ordType: number): number {
  const { state, command: c, at } = e;
  const stop = c.f64[(at + terms.stopPrice) >> 3] as number;
  if (stop !== 0 || !isTrailing(ordType)) return stop;
  return trailingStart(state, instrument, side, c.f64[(at + terms.offset) >> 3] as number);
}

/** CashOrderQty [152] of the command, 0 none: it stands where a record may have ended before. */
function cashOf(e: Emitter): number {
  const { command: c, at } = e;
  if ((c.u16[(at + HEADER.length) >> 1] as number) < ORDER_ACCEPTED.bytes) return 0;
  return c.f64[(at + terms.cashQuantity) >> 3] as number;
}

/**
 * Sets `ordered` to OrderQty: as asked for, or as many whole lots as the cash buys at the limit, at
 * the mark where there is none. The venue may state another quantity when it acknowledges.
 */
function orderCash(e: Emitter, instrument: number, ordType: number, limit: number): number {
  const { state, command: c, at } = e;
  const { instruments } = state;
  const cash = cashOf(e);
  ordered[0] = c.f64[(at + terms.quantity) >> 3] as number;
  if (cash === 0) return 0;
  if (ordered[0] !== 0) return risk.fail(RISK_CHECK.Terms, REASON.ORDER_TERMS_INVALID, -1, cash);
  const limited = ordType === ORD_TYPE.Limit || ordType === ORD_TYPE.StopLimit;
  if (!limited && instruments.hasMark[instrument] === 0) {
    return risk.fail(RISK_CHECK.MarkAge, REASON.RISK_MARK_MISSING, -1, 0);
  }
  const price = limited ? limit : (instruments.mark[instrument] as number);
  if (!(cash > 0) || !Number.isSafeInteger(cash) || !(price > 0) || !Number.isSafeInteger(price)) {
    return risk.fail(RISK_CHECK.Terms, REASON.ORDER_QUANTITY_INVALID, 1, 0);
  }
  // cash / (price x numerator / denominator), rounded down; beyond safe integers, so as bigint.
  const dividend = BigInt(cash) * BigInt(instruments.microsDenominator[instrument] as number);
  const lots =
    dividend / (BigInt(price) * BigInt(instruments.microsNumerator[instrument] as number));
  ordered[0] = Number(lots);
  return 0;
}

/** The decision on record, for orders and replaces alike. */
export function emitRiskDecided(
  e: Emitter,
  orderId: number,
  account: number,
  instrument: number,
  result: RiskResult,
): void {
  const { out } = e;
  const at = e.beginUncleared(RISK_DECIDED.number, RISK_DECIDED.version, RISK_DECIDED.bytes);
  out.f64[(at + decided.orderId) >> 3] = orderId;
  out.i32[(at + decided.account) >> 2] = account;
  out.i32[(at + decided.instrument) >> 2] = instrument;
  out.f64[(at + decided.limit) >> 3] = result.compared[0] as number;
  out.f64[(at + decided.value) >> 3] = result.compared[1] as number;
  out.i32[(at + decided.checks) >> 2] = result.checks;
  out.u16[(at + decided.reason) >> 1] = result.reason;
  out.bytes[at + decided.check] = result.check;
  out.bytes[at + decided.passed] = result.reason === 0 ? 1 : 0;
  e.end(at);
}

/** OrderAccepted is the command's payload with an id; then the order goes to its venue. */
function accept(e: Emitter, orderId: number): void {
  const { state, out, command: c } = e;
  const bytes = c.u16[(e.at + HEADER.length) >> 1] as number;
  const at = e.beginUncleared(ORDER_ACCEPTED.number, ORDER_ACCEPTED.version, bytes);
  copyPayload(e, at, bytes);
  out.f64[(at + terms.orderId) >> 3] = orderId;
  out.f64[(at + terms.quantity) >> 3] = ordered[0] as number;
  const venue = venueOf(e);
  out.u16[(at + terms.venue) >> 1] = venue;
  e.end(at, e.idHash);
  const manual = ((c.u16[(e.at + terms.execInst) >> 1] as number) & EXEC_INST.Manual) !== 0;
  const held =
    ((state.orders.flags[state.orders.rowOf(orderId)] as number) & ORDER_FLAG.Held) !== 0;
  if (venue !== 0 && !manual && !held) route(e, orderId, venue);
}

/** The venue that the order names, or that of its instrument. */
function venueOf({ state, command: c, at }: Emitter): number {
  const chosen = c.u16[(at + terms.venue) >> 1] as number;
  if (chosen !== 0) return chosen;
  return state.instruments.venue[c.u32[(at + terms.instrument) >> 2] as number] as number;
}

function route(e: Emitter, orderId: number, venue: number): void {
  const { out, command: c } = e;
  const at = e.beginUncleared(ORDER_ROUTED.number, ORDER_ROUTED.version, ORDER_ROUTED.bytes);
  out.f64[(at + routed.orderId) >> 3] = orderId;
  out.i32[(at + routed.account) >> 2] = c.i32[(e.at + terms.account) >> 2] as number;
  out.i32[(at + routed.instrument) >> 2] = c.i32[(e.at + terms.instrument) >> 2] as number;
  out.i32[(at + routed.venue) >> 2] = venue;
  out.i32[(at + routed.spare32) >> 2] = 0;
  e.end(at);
}

/** Copies the payload of the command, which has the same layout. */
function copyPayload(e: Emitter, at: number, bytes: number): void {
  const skipped = terms.orderId;
  const longs = (bytes - skipped) >> 3;
  copyLongs(e.out.i64, (at + skipped) >> 3, e.command.i64, (e.at + skipped) >> 3, longs);
}

/**
 * OrderDenied holds the whole request. For a repeated client order id it also holds the state of the
 * first order, which is the answer (FIX 4.4 matrices, F.1.a).
 */
function deny(e: Emitter, reason: number, first: number): void {
  const { state, out } = e;
  const at = e.begin(ORDER_DENIED.number, ORDER_DENIED.version, ORDER_DENIED.bytes);
  copyPayload(e, at, e.command.u16[(e.at + HEADER.length) >> 1] as number);
  out.f64[(at + denied.orderId) >> 3] = 0;
  out.f64[(at + denied.orderQuantity) >> 3] = out.f64[(at + denied.quantity) >> 3] as number;
  out.u16[(at + denied.reason) >> 1] = reason;
  out.bytes[at + denied.ordStatus] = ORD_STATUS.Rejected;
  if (first >= 0) {
    const { clientIds, orders } = state;
    const row = clientIds.order[first] as number;
    if (row !== 0) {
      out.f64[(at + denied.firstOrderId) >> 3] = orders.orderId[row] as number;
      out.f64[(at + denied.orderQuantity) >> 3] = orders.quantity[row] as number;
      out.f64[(at + denied.cumQuantity) >> 3] = orders.cumQuantity[row] as number;
      out.f64[(at + denied.leavesQuantity) >> 3] = orders.leavesQuantity[row] as number;
      out.bytes[at + denied.ordStatus] = orderStatus(orders, row);
    } else {
      out.f64[(at + denied.orderQuantity) >> 3] = clientIds.quantity[first] as number;
    }
  }
  e.end(at);
}
