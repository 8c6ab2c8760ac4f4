/** Fills, corrections and busts reported by a venue. A fill is never lost and never booked twice. */
import { COMMAND, commandLayouts } from '../../domain/commands.js';
import { eventLayouts } from '../../domain/events.js';
import { CL_ORD_ID_BYTES, EXEC_ID_BYTES } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import { type Emitter, type RecordKind, recordOf, shortRecordOf } from '../emitter.js';
import { ENDED, leavesFor, statusOf } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';
import { checkLossBreakers } from './circuit-breakers.js';
import { refuseCommand } from './control.js';
import { beginOrderEvent, copyText, setAfter } from './order-event.js';

const report = commandLayouts.VenueReport.offsets;
const filled = eventLayouts.OrderFilled.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;
const corrected = eventLayouts.FillCorrected.offsets;

/** Of an order without and with a strategy. */
const both = (name: 'OrderFilled' | 'FillCorrected' | 'FillBusted') =>
  [shortRecordOf(name), recordOf(name)] as const;
const ORDER_FILLED = both('OrderFilled');
const FILL_UNMATCHED = recordOf('FillUnmatched');
const FILL_CORRECTED = both('FillCorrected');
const FILL_BUSTED = both('FillBusted');

/** @param row the order that the venue named, 0 none */
export function decideVenueFill(e: Emitter, row: number): void {
  const { state, command: c, at: from } = e;
  const quantity = c.f64[(from + report.lastQuantity) >> 3] as number;
  const valid = isLots(quantity) && c.i32[(from + report.execId) >> 2] !== 0;
  if (!valid) {
    refuseCommand(e, COMMAND.VenueReport, REASON.ORDER_QUANTITY_INVALID, 0);
    return;
  }
  const venue = venueOf(e, row);
  if (state.executions.find(venue, c.i32, (from + report.execId) >> 2) >= 0) {
    const orderId = c.f64[(from + report.orderId) >> 3] as number;
    refuseCommand(e, COMMAND.VenueReport, REASON.VENUE_FILL_DUPLICATE, orderId);
    return;
  }
  if (row === 0) bookUnmatched(e, venue, quantity);
  else bookFill(e, row, quantity);
  if (row !== 0) checkLossBreakers(e, state.orders.account[row] as number);
}

/** Whether a quantity of a trade is one: a positive whole number of lots. */
const isLots = (quantity: number) => quantity > 0 && Number.isSafeInteger(quantity);

/** Execution ids are unique per venue: that of the order, else the one that reports. */
function venueOf(e: Emitter, row: number): number {
  if (row !== 0) return e.state.orders.venue[row] as number;
  return e.command.u16[(e.at + report.venue) >> 1] as number;
}

function bookFill(e: Emitter, row: number, quantity: number): void {
  const { state, out, command: c } = e;
  const { orders } = state;
  const price = c.f64[(e.at + report.lastPrice) >> 3] as number;
  const flags = orders.flags[row] as number;
  const cum = (orders.cumQuantity[row] as number) + quantity;
  const orderQuantity = orders.quantity[row] as number;
  const at = beginExecution(e, ORDER_FILLED, row, filled.strategy);
  setAfter(e, at, orderQuantity, cum, leavesFor(orders, row, flags, orderQuantity, cum));
  out.f64[(at + filled.lastQuantity) >> 3] = quantity;
  out.f64[(at + filled.lastPrice) >> 3] = price;
  out.f64[(at + filled.cumValue) >> 3] = (orders.cumValue[row] as number) + quantity * price;
  out.f64[(at + filled.fee) >> 3] = feeOf(state, row, quantity);
  copyText(e, at + filled.execId, report.execId, EXEC_ID_BYTES);
  out.bytes[at + filled.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    flags | ORDER_FLAG.Reported,
    orderQuantity,
    cum,
  );
  out.bytes[at + filled.side] = orders.side[row] as number;
  out.bytes[at + filled.liquidity] = c.bytes[e.at + report.liquidity] as number;
  out.bytes[at + filled.overfill] = cum > orderQuantity || flags & ENDED ? 1 : 0;
  out.i32[(at + filled.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}

/** Opens an execution of the order in `row`, with the order's strategy if it has one. */
function beginExecution(
  e: Emitter,
  kinds: readonly [RecordKind, RecordKind],
  row: number,
  strategyAt: number,
): number {
  const { orders } = e.state;
  const tagged = ((orders.flags[row] as number) & ORDER_FLAG.Tagged) !== 0;
  const at = beginOrderEvent(e, tagged ? kinds[1] : kinds[0], row);
  if (tagged) e.out.i32[(at + strategyAt) >> 2] = orders.strategy[row] as number;
  return at;
}

/** Exchange fee and commission of a trade in micros. */
function feeOf(state: ShardState, row: number, quantity: number): number {
  const { orders, instruments, accounts } = state;
  const perLot =
    (instruments.feePerLot[orders.instrument[row] as number] as number) +
    (accounts.commissionPerLot[orders.account[row] as number] as number);
  const fee = perLot * quantity;
  assert(Number.isSafeInteger(fee), 'a fee left the range of safe integers');
  return fee;
}

/** The venue says that we traded, so we hold a position, though no order explains it. */
function bookUnmatched(e: Emitter, venue: number, quantity: number): void {
  const { out, command: c } = e;
  const at = e.begin(FILL_UNMATCHED.number, FILL_UNMATCHED.version, FILL_UNMATCHED.bytes);
  out.f64[(at + unmatched.lastQuantity) >> 3] = quantity;
  out.f64[(at + unmatched.lastPrice) >> 3] = c.f64[(e.at + report.lastPrice) >> 3] as number;
  out.f64[(at + unmatched.orderId) >> 3] = c.f64[(e.at + report.orderId) >> 3] as number;
  out.i32[(at + unmatched.account) >> 2] = c.i32[(e.at + report.account) >> 2] as number;
  out.i32[(at + unmatched.instrument) >> 2] = c.i32[(e.at + report.instrument) >> 2] as number;
  copyText(e, at + unmatched.execId, report.execId, EXEC_ID_BYTES);
  copyText(e, at + unmatched.clOrdId, report.clOrdId, CL_ORD_ID_BYTES);
  out.bytes[at + unmatched.side] = c.bytes[e.at + report.side] as number;
  out.u16[(at + unmatched.venue) >> 1] = venue;
  out.u16[(at + unmatched.reason) >> 1] = REASON.VENUE_FILL_UNKNOWN;
  e.end(at);
}

/** A correction or bust names the execution, or the last correction of it, that it replaces. */
export function decideTradeCorrected(e: Emitter, bust: boolean): void {
  const { state, command: c, at: from } = e;
  const { executions, orders } = state;
  const named = state.orders.rowOf(c.f64[(from + report.orderId) >> 3] as number);
  const venue = venueOf(e, named);
  const old = executions.find(venue, c.i32, (from + report.execRefId) >> 2);
  const row = old < 0 ? 0 : (executions.order[old] as number);
  if (row === 0) {
    refuseCommand(e, COMMAND.VenueReport, REASON.VENUE_REPORT_UNKNOWN, 0);
    return;
  }
  const orderId = orders.orderId[row] as number;
  const wanted = c.f64[(from + report.lastQuantity) >> 3] as number;
  if (c.i32[(from + report.execId) >> 2] === 0 || !(bust || isLots(wanted))) {
    refuseCommand(e, COMMAND.VenueReport, REASON.ORDER_QUANTITY_INVALID, orderId);
    return;
  }
  const seen = executions.find(venue, c.i32, (from + report.execId) >> 2) >= 0;
  if (seen || executions.replacedBy[old] !== 0 || executions.quantity[old] === 0) {
    // Reported before, or corrected since: a bust is final, corrections chain to the last one.
    const reason = seen ? REASON.VENUE_FILL_DUPLICATE : REASON.VENUE_REPORT_STALE;
    refuseCommand(e, COMMAND.VenueReport, reason, orderId);
    return;
  }
  emitCorrected(e, row, old, bust);
}

function emitCorrected(e: Emitter, row: number, old: number, bust: boolean): void {
  const { state, out, command: c } = e;
  const { orders, executions } = state;
  const before = executions.quantity[old] as number;
  const beforePrice = executions.price[old] as number;
  const quantity = bust ? 0 : (c.f64[(e.at + report.lastQuantity) >> 3] as number);
  const price = bust ? 0 : (c.f64[(e.at + report.lastPrice) >> 3] as number);
  const cum = (orders.cumQuantity[row] as number) - before + quantity;
  const orderQuantity = orders.quantity[row] as number;
  const flags = orders.flags[row] as number;
  const at = beginExecution(e, bust ? FILL_BUSTED : FILL_CORRECTED, row, corrected.strategy);
  setAfter(e, at, orderQuantity, cum, leavesFor(orders, row, flags, orderQuantity, cum));
  out.f64[(at + corrected.lastQuantity) >> 3] = quantity;
  out.f64[(at + corrected.lastPrice) >> 3] = price;
  out.f64[(at + corrected.previousQuantity) >> 3] = before;
  out.f64[(at + corrected.previousPrice) >> 3] = beforePrice;
  out.f64[(at + corrected.cumValue) >> 3] =
    (orders.cumValue[row] as number) - before * beforePrice + quantity * price;
  out.f64[(at + corrected.fee) >> 3] =
    feeOf(state, row, quantity) - (executions.fee[old] as number);
  copyText(e, at + corrected.execId, report.execId, EXEC_ID_BYTES);
  copyText(e, at + corrected.execRefId, report.execRefId, EXEC_ID_BYTES);
  out.bytes[at + corrected.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    flags,
    orderQuantity,
    cum,
  );
  out.bytes[at + corrected.side] = orders.side[row] as number;
  out.i32[(at + corrected.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}
