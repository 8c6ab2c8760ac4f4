/** ReplaceOrder: the same risk as a new order for what it adds, then to the venue. */
import { COMMAND, commandLayouts } from '../../domain/commands.js';
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import {
  CL_ORD_ID_BYTES,
  EXEC_INST,
  ORD_TYPE,
  REPLACE_INST,
  TRADING_STATE,
} from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { type Emitter, recordOf } from '../emitter.js';
import { isStop, isUnlimitedStop } from '../evolve/held-orders.js';
import { checkLists, checkMarkAge, checkRestricted } from '../risk/list-checks.js';
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
import { REQUEST_KIND, REQUEST_STATE } from '../state/client-ids.js';
import { ENDED, leavesFor, orderStatus, statusOf } from '../state/order-status.js';
import {
  checkClientId,
  findOrder,
  isLocal,
  refusedRow,
  rejectRequest,
  requestsUnderWay,
} from './cancel-order.js';
import { checkBreakers, resetCooledBreakers } from './circuit-breakers.js';
import { emitRiskDecided } from './new-order.js';
import { beginOrderEvent, copyClientId, copyText, setAfter } from './order-event.js';
import { refuseSelfTrade } from './self-trade-prevention.js';

const request = eventLayouts.ReplaceRequested.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const report = commandLayouts.VenueReport.offsets;
const REPORT_BYTES = commandLayouts.VenueReport.bytes;

const REPLACE_REQUESTED = recordOf('ReplaceRequested');
const ORDER_REPLACED = recordOf('OrderReplaced');

/** Requests under way per order: more are refused as already pending. */
export const REQUESTS_UNDER_WAY_MAX = 16;

const risk = new RiskResult();

export function decideReplaceOrder(e: Emitter): void {
  const account = e.command.u32[(e.at + request.account) >> 2] as number;
  decideFor(e, account);
  if (account > 0 && account < e.state.accounts.count) checkBreakers(e, account);
}

function decideFor(e: Emitter, account: number): void {
  const { state, command: c, at } = e;
  let reason = checkClientId(state, e, account);
  if (reason === 0 && c.i32[(at + request.clOrdId) >> 2] === 0) {
    reason = REASON.ORDER_CLIENT_ID_INVALID;
  }
  let row = findOrder(e, account);
  if (row !== 0 && !isNewestRef(e, row, account)) row = 0;
  if (reason === 0) reason = checkReplace(e, row);
  if (reason !== 0) {
    rejectRequest(e, REQUEST_KIND.Replace, reason, refusedRow(e, account, reason, row));
    return;
  }
  risk.clear();
  reason = checkRisk(e, row, account);
  const instrument = state.orders.instrument[row] as number;
  emitRiskDecided(e, state.orders.orderId[row] as number, account, instrument, risk);
  if (reason !== 0) {
    rejectRequest(e, REQUEST_KIND.Replace, reason, row);
    return;
  }
  requestReplace(e, row);
}

/**
 * Whether a replace that may name only the newest reference of its order does so. That is the reference
 * of the last replace under way that has one, or else the order's: an exchange has made each replace
 * before it reads the next, so a number that is being replaced names no order any more.
 */
function isNewestRef(e: Emitter, row: number, account: number): boolean {
  const { state, command: c, at } = e;
  if (((c.bytes[at + request.execInst] as number) & REPLACE_INST.NewestRef) === 0) return true;
  const { orders, clientIds } = state;
  const named = clientIds.find(account, c.i32, (at + request.origClOrdId) >> 2);
  if (named < 0) return false;
  let newest = orders.userRef[row] as number;
  for (let id = orders.requests[row] as number; id !== 0; id = clientIds.next[id - 1] as number) {
    if (clientIds.kind[id - 1] !== REQUEST_KIND.Replace) continue;
    if (clientIds.userRef[id - 1] !== 0) newest = clientIds.userRef[id - 1] as number;
  }
  // The order's own id has its reference in the order, until a replace is accepted.
  const current =
    named === orders.clientId[row] && clientIds.kind[named] === REQUEST_KIND.Order
      ? orders.userRef[row]
      : clientIds.userRef[named];
  return current === newest;
}

function checkReplace(e: Emitter, row: number): number {
  if (row === 0) return REASON.ORDER_UNKNOWN;
  const { orders } = e.state;
  if ((orders.flags[row] as number) & ENDED) return REASON.ORDER_TOO_LATE;
  const quantity = e.command.f64[(e.at + request.quantity) >> 3] as number;
  // A filled order can be opened again by a larger quantity, and only so (matrix C.1.c).
  const filled = (orders.cumQuantity[row] as number) >= (orders.quantity[row] as number);
  if (filled && quantity <= (orders.cumQuantity[row] as number)) return REASON.ORDER_TOO_LATE;
  const underWay = requestsUnderWay(e.state, row);
  // Done for the day without coming back: nothing is outstanding (FIX rule 6).
  if (!filled && underWay === 0 && orders.leavesQuantity[row] === 0) return REASON.ORDER_TOO_LATE;
  if (underWay >= REQUESTS_UNDER_WAY_MAX) return REASON.ORDER_ALREADY_PENDING;
  const { reconciling } = e.state;
  if (reconciling.size > 0 && reconciling.has(orders.venue[row] as number)) {
    if (!isLocal(e.state, row)) return REASON.VENUE_RECONCILING;
  }
  const execInst = e.command.bytes[e.at + request.execInst] as number;
  return (execInst & EXEC_INST.Overload) !== 0 ? REASON.CAPACITY_OVERLOAD : 0;
}

/** What only takes lots off at the same price is a partial cancel, and cancels always pass. */
function checkRisk(e: Emitter, row: number, account: number): number {
  const { state, command: c, at } = e;
  const { orders } = state;
  const instrument = orders.instrument[row] as number;
  const side = orders.side[row] as number;
  const ordType = orders.ordType[row] as number;
  const quantity = c.f64[(at + request.quantity) >> 3] as number;
  const price = c.f64[(at + request.price) >> 3] as number;
  const execInst = c.bytes[at + request.execInst] as number;
  let reason = checkAmounts(state, risk, instrument, execInst, ordType, quantity, price);
  if (reason === 0) reason = checkFurtherTerms(e, row);
  if (reason !== 0) return reason;
  const open = quantity - (orders.cumQuantity[row] as number);
  const added = Math.max(0, open - (orders.exposed[row] as number));
  const stop = c.f64[(at + request.stopPrice) >> 3] as number;
  const moves = stop !== 0 && stop !== orders.stopPrice[row];
  if (added === 0 && price === orders.price[row] && !(moves && isStop(ordType))) return 0;
  if (
    price !== orders.price[row] &&
    price !== 0 &&
    (isUnlimitedStop(ordType) || ordType === ORD_TYPE.Market)
  ) {
    return risk.fail(RISK_CHECK.Terms, REASON.ORDER_PRICE_INVALID, 0, price);
  }
  reason = checkParties(state, risk, account, instrument);
  if (reason !== 0) return reason;
  if (tradingState(state, account, instrument) !== TRADING_STATE.Active) {
    resetCooledBreakers(e, account, instrument);
  }
  reason = checkTradingState(state, risk, account, instrument, side, added);
  if (reason !== 0) return reason;
  const position = orders.position[row] as number;
  reason = checkLimits(
    e,
    risk,
    position,
    instrument,
    side,
    ordType,
    Math.max(open, 0),
    added,
    isUnlimitedStop(ordType) ? stop || (orders.stopPrice[row] as number) : price,
  );
  if (reason !== 0) return reason;
  reason = checkScopes(e, risk, account, position, side, row, added);
  if (reason !== 0) return reason;
  reason =
    added > 0
      ? checkLists(e, risk, position, side, added, orders.execInst[row] as number)
      : checkRestricted(state, risk, position, side, 0);
  if (reason !== 0) return reason;
  reason = checkMarkAge(e, risk, position, instrument);
  if (reason !== 0 || !mayCross(state, position, side, ordType, price)) return reason;
  return refuseSelfTrade(e, risk, row, price);
}

function requestReplace(e: Emitter, row: number): void {
  const { state, out, command: c } = e;
  const { orders } = state;
  const at = beginOrderEvent(e, REPLACE_REQUESTED, row);
  copyText(e, at + request.clOrdId, request.clOrdId, CL_ORD_ID_BYTES);
  copyClientId(e, at + request.origClOrdId, orders.clientId[row] as number);
  out.f64[(at + request.quantity) >> 3] = c.f64[(e.at + request.quantity) >> 3] as number;
  out.f64[(at + request.price) >> 3] = c.f64[(e.at + request.price) >> 3] as number;
  out.f64[(at + request.stopPrice) >> 3] = c.f64[(e.at + request.stopPrice) >> 3] as number;
  out.f64[(at + request.displayQuantity) >> 3] = c.f64[
    (e.at + request.displayQuantity) >> 3
  ] as number;
  out.bytes[at + request.ordStatus] = orderStatus(orders, row);
  // It was the newest, and is recorded under the order's id, which need not be the one that it named.
  out.bytes[at + request.execInst] =
    (c.bytes[e.at + request.execInst] as number) & ~REPLACE_INST.NewestRef;
  out.i32[(at + request.userRef) >> 2] = c.i32[(e.at + request.userRef) >> 2] as number;
  const account = orders.account[row] as number;
  e.end(at);
  if (!isLocal(state, row)) return;
  const id = state.clientIds.find(account, c.i32, (e.at + request.clOrdId) >> 2);
  const quantity = c.f64[(e.at + request.quantity) >> 3] as number;
  emitReplaced(e, row, id, quantity, c.f64[(e.at + request.price) >> 3] as number);
}

/**
 * Emits OrderReplaced. A quantity below CumQty means "stop executing": OrderQty becomes CumQty and
 * the order is Filled (FIX rule 6, matrix C.3.b).
 *
 * @param id row of the client order id that is answered, -1 unsolicited
 */
export function emitReplaced(
  e: Emitter,
  row: number,
  id: number,
  wanted: number,
  price: number,
): void {
  const { state, out } = e;
  const { orders, clientIds } = state;
  const cum = orders.cumQuantity[row] as number;
  const quantity = Math.max(wanted, cum);
  const at = beginOrderEvent(e, ORDER_REPLACED, row);
  setAfter(e, at, quantity, cum, leavesFor(orders, row, orders.flags[row]!, quantity, cum));
  copyClientId(e, at + replaced.clOrdId, id);
  out.f64[(at + replaced.price) >> 3] = price;
  setFurtherTerms(e, at, row, id);
  const wasPending = id >= 0 && clientIds.state[id] === REQUEST_STATE.Pending ? 1 : 0;
  out.bytes[at + replaced.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    (orders.pendingReplaces[row] as number) - wasPending,
    orders.flags[row] as number,
    quantity,
    cum,
  );
  const userRef = id >= 0 ? (clientIds.userRef[id] as number) : 0;
  out.i32[(at + replaced.userRef) >> 2] = userRef !== 0 ? userRef : (orders.userRef[row] as number);
  e.end(at);
}

/**
 * Stop price and displayed quantity of OrderReplaced: as the venue states them, else as the request
 * that it answers wanted them, else as they were.
 */
function setFurtherTerms(e: Emitter, at: number, row: number, id: number): void {
  const { state, out, command: c } = e;
  const { orders, clientIds } = state;
  const to = out.f64;
  to[(at + replaced.stopPrice) >> 3] = orders.stopPrice[row] as number;
  to[(at + replaced.displayQuantity) >> 3] = orders.displayQuantity[row] as number;
  const wanted = clientIds.further.size === 0 ? undefined : clientIds.further.get(id);
  if (wanted !== undefined) {
    const { stopPrice, displayQuantity } = wanted;
    if (stopPrice !== 0) to[(at + replaced.stopPrice) >> 3] = stopPrice;
    if (displayQuantity !== 0) to[(at + replaced.displayQuantity) >> 3] = displayQuantity;
  }
  if (c.bytes[e.at + HEADER.number] !== COMMAND.VenueReport) return;
  if (c.u16[(e.at + HEADER.length) >> 1] !== REPORT_BYTES) return;
  const stop = c.f64[(e.at + report.stopPrice) >> 3] as number;
  if (stop !== 0) to[(at + replaced.stopPrice) >> 3] = stop;
  const display = c.f64[(e.at + report.displayQuantity) >> 3] as number;
  if (display !== 0) to[(at + replaced.displayQuantity) >> 3] = display;
}

/** What a replace may ask for beside quantity and price, as for a new order; 0 leaves it as it is. */
function checkFurtherTerms(e: Emitter, row: number): number {
  const { f64 } = e.command;
  const stop = f64[(e.at + request.stopPrice) >> 3] as number;
  const display = f64[(e.at + request.displayQuantity) >> 3] as number;
  if (stop === 0 && display === 0) return 0;
  const { orders, instruments } = e.state;
  if (display !== 0) {
    const quantity = f64[(e.at + request.quantity) >> 3] as number;
    if (!Number.isSafeInteger(display) || display < 0 || display > quantity) {
      return risk.fail(RISK_CHECK.Terms, REASON.ORDER_QUANTITY_INVALID, -1, 0);
    }
  }
  if (stop === 0) return 0;
  // An order that was a stop once may be asked for with all of its terms, a new stop price included.
  if (!isStop(orders.ordType[row] as number) && orders.stopPrice[row] === 0) {
    return risk.fail(RISK_CHECK.Terms, REASON.ORDER_TERMS_INVALID, -1, 0);
  }
  const mayBeNegative = instruments.negativePrices[orders.instrument[row] as number] === 1;
  if (Number.isSafeInteger(stop) && (stop > 0 || mayBeNegative)) return 0;
  return risk.fail(RISK_CHECK.Terms, REASON.ORDER_PRICE_INVALID, -1, 0);
}
