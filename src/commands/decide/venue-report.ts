/**
 * VenueReport: what a venue says happened. A fill is booked whatever else is true; everything else
 * is checked against the order, and what would set it back is refused on record.
 */
import { COMMAND, commandLayouts, VENUE_REPORT } from '../../domain/commands.js';
import { eventLayouts } from '../../domain/events.js';
import { EXEC_ID_BYTES, RESTATEMENT } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { type Emitter, recordOf } from '../emitter.js';
import { REQUEST_KIND, REQUEST_STATE } from '../state/client-ids.js';
import { ENDED, isImmediate, leavesFor, statusOf } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { emitCanceled, emitRequestRejected } from './cancel-order.js';
import { refuseCommand } from './control.js';
import {
  beginOrderEvent,
  copyClientId,
  copyText,
  setAfter,
  setAfterUnchanged,
} from './order-event.js';
import { emitReplaced } from './replace-order.js';
import { decideTradeCorrected, decideVenueFill } from './venue-fill.js';

const report = commandLayouts.VenueReport.offsets;
const acknowledged = eventLayouts.OrderAcknowledged.offsets;
const rejected = eventLayouts.OrderRejected.offsets;
const ended = eventLayouts.OrderExpired.offsets;
const stopped = eventLayouts.OrderStopped.offsets;
const restated = eventLayouts.OrderRestated.offsets;
const pending = eventLayouts.CancelPending.offsets;

const ORDER_ACKNOWLEDGED = recordOf('OrderAcknowledged');
const ORDER_REJECTED = recordOf('OrderRejected');
const ORDER_EXPIRED = recordOf('OrderExpired');
const ORDER_DONE_FOR_DAY = recordOf('OrderDoneForDay');
const ORDER_SUSPENDED = recordOf('OrderSuspended');
const ORDER_CALCULATED = recordOf('OrderCalculated');
const ORDER_STOPPED = recordOf('OrderStopped');
const ORDER_RESTATED = recordOf('OrderRestated');
const CANCEL_PENDING = recordOf('CancelPending');
const REPLACE_PENDING = recordOf('ReplacePending');

export function decideVenueReport(e: Emitter): void {
  const kind = e.command.bytes[e.at + report.report] as number;
  const row = findReported(e);
  if (kind === VENUE_REPORT.Filled) {
    decideVenueFill(e, row);
    return;
  }
  if (kind === VENUE_REPORT.TradeCorrected || kind === VENUE_REPORT.TradeBusted) {
    decideTradeCorrected(e, kind === VENUE_REPORT.TradeBusted);
    return;
  }
  const reason = row === 0 ? REASON.VENUE_REPORT_UNKNOWN : decideOrderReport(e, kind, row);
  if (reason !== 0) {
    refuseCommand(e, COMMAND.VenueReport, reason, e.command.f64[(e.at + report.orderId) >> 3]!);
  }
}

/** The order that the venue means: by our order id, or by a client order id of its chain. */
export function findReported(e: Emitter): number {
  const { state, command: c, at } = e;
  const orderId = c.f64[(at + report.orderId) >> 3] as number;
  if (orderId !== 0) return state.orders.rowOf(orderId);
  const id = findRequest(e, c.u32[(at + report.account) >> 2] as number);
  return id < 0 ? 0 : (state.clientIds.order[id] as number);
}

/** Row of the client order id in the report, -1 none. */
function findRequest(e: Emitter, account: number): number {
  const { state, command: c, at } = e;
  if (c.i32[(at + report.clOrdId) >> 2] === 0) return -1;
  return state.clientIds.find(account, c.i32, (at + report.clOrdId) >> 2);
}

/** @returns 0, or the reason why the report changes nothing */
function decideOrderReport(e: Emitter, kind: number, row: number): number {
  switch (kind) {
    case VENUE_REPORT.Acknowledged:
      return acknowledge(e, row);
    case VENUE_REPORT.Rejected:
      return reject(e, row);
    case VENUE_REPORT.Canceled:
      return cancel(e, row);
    case VENUE_REPORT.Replaced:
      return replace(e, row);
    case VENUE_REPORT.RequestRejected:
      return rejectRequest(e, row);
    case VENUE_REPORT.PendingCancel:
      return confirmPending(e, row, REQUEST_KIND.Cancel);
    case VENUE_REPORT.PendingReplace:
      return confirmPending(e, row, REQUEST_KIND.Replace);
    case VENUE_REPORT.Restated:
      return restate(e, row);
    case VENUE_REPORT.Stopped:
      return stop(e, row);
    case VENUE_REPORT.Expired:
      return end(e, row, ORDER_EXPIRED, ORDER_FLAG.Expired);
    case VENUE_REPORT.DoneForDay:
      return end(e, row, ORDER_DONE_FOR_DAY, ORDER_FLAG.DoneForDay);
    case VENUE_REPORT.Calculated:
      return end(e, row, ORDER_CALCULATED, ORDER_FLAG.Calculated);
    case VENUE_REPORT.Suspended:
      return end(e, row, ORDER_SUSPENDED, ORDER_FLAG.Suspended);
    default:
      return REASON.COMMAND_UNKNOWN;
  }
}

/** A request without an id is under way: what names none may be its answer. */
const FORCED = ORDER_FLAG.CancelForced | ORDER_FLAG.CutForced;

/** What a report answers that names no request: it is unsolicited. */
const UNSOLICITED = -1;
/** It names a request that was answered before: a repeated or late report. */
const ANSWERED = -2;
/** It names nothing that the order knows. */
const UNKNOWN = -3;

/** The request under way that the report answers, or why there is none. */
function requestUnderWay(e: Emitter, row: number): number {
  const { clientIds, orders } = e.state;
  if (e.command.i32[(e.at + report.clOrdId) >> 2] === 0) return UNSOLICITED;
  const id = findRequest(e, orders.account[row] as number);
  if (id < 0 || clientIds.order[id] !== row) return UNKNOWN;
  if (clientIds.kind[id] === REQUEST_KIND.Order) return UNSOLICITED;
  const state = clientIds.state[id];
  return state === REQUEST_STATE.Sent || state === REQUEST_STATE.Pending ? id : ANSWERED;
}

export function acknowledge(e: Emitter, row: number): number {
  const { state, out, command: c } = e;
  const { orders } = state;
  const flags = orders.flags[row] as number;
  const known = (flags & ORDER_FLAG.Acknowledged) !== 0;
  // An acknowledgement after a fill or an end would set the order back (Lean#1799).
  if (flags & ENDED || (known && !(flags & ORDER_FLAG.Suspended))) return REASON.VENUE_REPORT_STALE;
  const stated = c.f64[(e.at + report.quantity) >> 3] as number;
  const cum = orders.cumQuantity[row] as number;
  const quantity = stated > 0 ? Math.max(stated, cum) : (orders.quantity[row] as number);
  const after = (flags | ORDER_FLAG.Acknowledged) & ~ORDER_FLAG.Suspended;
  const at = beginOrderEvent(e, ORDER_ACKNOWLEDGED, row);
  setAfter(e, at, quantity, cum, leavesFor(orders, row, after, quantity, cum));
  copyText(e, at + acknowledged.venueOrderId, report.venueOrderId, EXEC_ID_BYTES);
  out.bytes[at + acknowledged.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    after,
    quantity,
    cum,
  );
  out.u16[(at + acknowledged.venue) >> 1] = orders.venue[row] as number;
  out.i32[(at + acknowledged.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
  return 0;
}

function reject(e: Emitter, row: number): number {
  const { state, command: c } = e;
  const { orders } = state;
  const flags = orders.flags[row] as number;
  if (flags & ENDED || (orders.cumQuantity[row] as number) > 0) return REASON.VENUE_REPORT_STALE;
  const reason = c.u16[(e.at + report.reason) >> 1] as number;
  emitRejected(e, row, reason === 0 ? REASON.VENUE_REJECTED : reason);
  return 0;
}

/** Of an order that nothing was executed of. */
export function emitRejected(e: Emitter, row: number, reason: number): void {
  const { state, out } = e;
  const { orders } = state;
  const at = beginOrderEvent(e, ORDER_REJECTED, row);
  setAfter(e, at, orders.quantity[row] as number, 0, 0);
  out.u16[(at + rejected.reason) >> 1] = reason;
  out.bytes[at + rejected.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    (orders.flags[row] as number) | ORDER_FLAG.Rejected,
    orders.quantity[row] as number,
    0,
  );
  out.i32[(at + rejected.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}

function cancel(e: Emitter, row: number): number {
  const { state, command: c } = e;
  const { orders, clientIds } = state;
  const id = requestUnderWay(e, row);
  if (id === ANSWERED) return REASON.VENUE_REPORT_STALE;
  const over = orders.leavesQuantity[row] === 0;
  if ((orders.flags[row] as number) & ENDED || (over && id < 0)) return REASON.VENUE_REPORT_STALE;
  const filled = (orders.cumQuantity[row] as number) >= (orders.quantity[row] as number);
  if (filled) return REASON.VENUE_REPORT_STALE;
  const stated = c.u16[(e.at + report.reason) >> 1] as number;
  const forced = ((orders.flags[row] as number) & FORCED) !== 0;
  const unsolicited = id < 0 && !forced ? REASON.VENUE_CANCELED : 0;
  const downTo = c.f64[(e.at + report.quantity) >> 3] as number;
  // A venue may end an order in answer to a replace: the quantity wanted is not one to cut down to.
  const ofCancel = id >= 0 && clientIds.kind[id] === REQUEST_KIND.Cancel;
  const asked = ofCancel ? (clientIds.quantity[id] as number) : 0;
  emitCanceled(e, row, id, stated || unsolicited, downTo > 0 ? downTo : asked);
  return 0;
}

function replace(e: Emitter, row: number): number {
  const { state, command: c } = e;
  const { orders, clientIds } = state;
  const id = requestUnderWay(e, row);
  if (id === ANSWERED) return REASON.VENUE_REPORT_STALE;
  if (id === UNKNOWN) return REASON.VENUE_REPORT_UNKNOWN;
  if (id >= 0 && clientIds.kind[id] !== REQUEST_KIND.Replace) return REASON.VENUE_REPORT_UNKNOWN;
  if ((orders.flags[row] as number) & ENDED) return REASON.VENUE_REPORT_STALE;
  const stated = c.f64[(e.at + report.quantity) >> 3] as number;
  if (id < 0 && stated === 0) return REASON.VENUE_REPORT_UNKNOWN;
  const statedPrice = c.f64[(e.at + report.price) >> 3] as number;
  const quantity = stated !== 0 ? stated : (clientIds.quantity[id] as number);
  const asked = id >= 0 ? (clientIds.price[id] as number) : (orders.price[row] as number);
  emitReplaced(e, row, id, quantity, statedPrice !== 0 ? statedPrice : asked);
  return 0;
}

function rejectRequest(e: Emitter, row: number): number {
  const id = requestUnderWay(e, row);
  const forced = ((e.state.orders.flags[row] as number) & FORCED) !== 0;
  if (id === ANSWERED) return REASON.VENUE_REPORT_STALE;
  if (id === UNKNOWN || (id < 0 && !forced)) return REASON.VENUE_REPORT_UNKNOWN;
  const stated = e.command.u16[(e.at + report.reason) >> 1] as number;
  // A cancel of our own has no id: this reason, which only a venue gives, says that it is over.
  emitRequestRejected(e, row, id, stated === 0 || id < 0 ? REASON.VENUE_REJECTED : stated);
  return 0;
}

function confirmPending(e: Emitter, row: number, kind: number): number {
  const { state, out } = e;
  const { orders, clientIds } = state;
  const id = requestUnderWay(e, row);
  if (id === ANSWERED) return REASON.VENUE_REPORT_STALE;
  if (id < 0 || clientIds.kind[id] !== kind) return REASON.VENUE_REPORT_UNKNOWN;
  // Once the order has ended, "pending" would set it back, and for good: nobody answers any more.
  if ((orders.flags[row] as number) & ENDED) return REASON.VENUE_REPORT_STALE;
  if (clientIds.state[id] !== REQUEST_STATE.Sent) return REASON.VENUE_REPORT_STALE;
  const ofCancel = kind === REQUEST_KIND.Cancel;
  const at = beginOrderEvent(e, ofCancel ? CANCEL_PENDING : REPLACE_PENDING, row);
  setAfterUnchanged(e, at, row);
  copyClientId(e, at + pending.clOrdId, id);
  out.bytes[at + pending.ordStatus] = statusOf(
    (orders.pendingCancels[row] as number) + (ofCancel ? 1 : 0),
    (orders.pendingReplaces[row] as number) + (ofCancel ? 0 : 1),
    orders.flags[row] as number,
    orders.quantity[row] as number,
    orders.cumQuantity[row] as number,
  );
  out.i32[(at + pending.userRef) >> 2] = clientIds.userRef[id] as number;
  e.end(at);
  return 0;
}

/** Expired, done for day, calculated, suspended. */
function end(e: Emitter, row: number, record: typeof ORDER_EXPIRED, flag: number): number {
  const { state, out, command: c } = e;
  const { orders } = state;
  const flags = orders.flags[row] as number;
  if (flags & ENDED || flags & flag) return REASON.VENUE_REPORT_STALE;
  const over = orders.leavesQuantity[row] === 0;
  if (over && (flag === ORDER_FLAG.Expired || flag === ORDER_FLAG.Suspended)) {
    return REASON.VENUE_REPORT_STALE;
  }
  if (flag === ORDER_FLAG.Expired && isImmediate(orders, row)) {
    // What an immediate order cannot execute is canceled, not expired (matrices I.1.a, I.1.b).
    emitCanceled(e, row, UNSOLICITED, REASON.ORDER_IMMEDIATE_REMAINDER, 0);
    return 0;
  }
  const quantity = orders.quantity[row] as number;
  const cum = orders.cumQuantity[row] as number;
  const at = beginOrderEvent(e, record, row);
  setAfter(e, at, quantity, cum, leavesFor(orders, row, flags | flag, quantity, cum));
  out.u16[(at + ended.reason) >> 1] = c.u16[(e.at + report.reason) >> 1] as number;
  out.bytes[at + ended.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    flags | flag,
    quantity,
    cum,
  );
  out.i32[(at + ended.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
  return 0;
}

function stop(e: Emitter, row: number): number {
  const { state, out, command: c } = e;
  const { orders } = state;
  const flags = orders.flags[row] as number;
  if (flags & ENDED || orders.leavesQuantity[row] === 0) return REASON.VENUE_REPORT_STALE;
  const at = beginOrderEvent(e, ORDER_STOPPED, row);
  setAfterUnchanged(e, at, row);
  out.f64[(at + stopped.lastQuantity) >> 3] = c.f64[(e.at + report.lastQuantity) >> 3] as number;
  out.f64[(at + stopped.lastPrice) >> 3] = c.f64[(e.at + report.lastPrice) >> 3] as number;
  out.bytes[at + stopped.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    flags | ORDER_FLAG.Stopped,
    orders.quantity[row] as number,
    orders.cumQuantity[row] as number,
  );
  out.i32[(at + stopped.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
  return 0;
}

/**
 * A change without a request: reduction, renewal of a good-till order, corporate action, quantity
 * that was hidden. Lifts done-for-day, suspension and stop; never an end.
 */
export function restate(
  e: Emitter,
  row: number,
  why: number = e.command.bytes[e.at + report.restatement] as number,
): number {
  const { state, out, command: c } = e;
  const { orders } = state;
  const statedQuantity = c.f64[(e.at + report.quantity) >> 3] as number;
  // Only a corporate action restates what was executed; otherwise CumQty is the sum of the fills.
  const corporate = why === RESTATEMENT.GtCorporateAction;
  const statedCum = corporate ? (c.f64[(e.at + report.cumQuantity) >> 3] as number) : 0;
  const statedPrice = c.f64[(e.at + report.price) >> 3] as number;
  const cum = statedCum > 0 ? statedCum : (orders.cumQuantity[row] as number);
  const quantity = Math.max(statedQuantity || (orders.quantity[row] as number), cum);
  const lifted = (orders.flags[row] as number) & ENDED;
  const at = beginOrderEvent(e, ORDER_RESTATED, row);
  setAfter(e, at, quantity, cum, lifted ? 0 : quantity - cum);
  out.f64[(at + restated.price) >> 3] = statedPrice || (orders.price[row] as number);
  out.f64[(at + restated.cumValue) >> 3] = orders.cumValue[row] as number;
  out.bytes[at + restated.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    lifted | ORDER_FLAG.Reported,
    quantity,
    cum,
  );
  out.bytes[at + restated.restatement] = why;
  out.i32[(at + restated.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
  return 0;
}
