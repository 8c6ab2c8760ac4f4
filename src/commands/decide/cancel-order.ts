/** CancelOrder: goes to the venue, or is done here where no venue holds the order. */

import { COMMAND } from '../../domain/commands.js';
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import {
  CL_ORD_ID_BYTES,
  CXL_REJ_REASON,
  EXEC_INST,
  ORD_STATUS,
  REPLACE_INST,
} from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { type Emitter, recordOf, shortRecordOf } from '../emitter.js';
import { REQUEST_KIND, REQUEST_STATE } from '../state/client-ids.js';
import { ENDED, leavesFor, orderStatus, statusOf } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';
import { recordCancelRate } from './cancel-rate.js';
import { checkBreakers } from './circuit-breakers.js';
import {
  beginOrderEvent,
  copyClientId,
  copyText,
  setAfter,
  setAfterUnchanged,
} from './order-event.js';

const request = eventLayouts.CancelRequested.offsets;
const rejected = eventLayouts.CancelRejected.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const replace = eventLayouts.ReplaceRequested.offsets;

const RESENT_CANCEL_REQUESTED = recordOf('CancelRequested');
/** Without its optional end, which a first request has no use for. */
const CANCEL_REQUESTED = shortRecordOf('CancelRequested');
const CANCEL_REJECTED = recordOf('CancelRejected');
const REPLACE_REJECTED = recordOf('ReplaceRejected');
const ORDER_CANCELED = recordOf('OrderCanceled');

/**
 * Requests under way per order with which a cancel is refused as already pending: above the limit of
 * replaces, so that these never keep a cancel out.
 */
export const CANCELS_UNDER_WAY_MAX = 32;

export function decideCancelOrder(e: Emitter): void {
  const { state, command: c, at } = e;
  const account = c.u32[(at + request.account) >> 2] as number;
  const reason = checkClientId(state, e, account);
  const row = reason === 0 ? findOrder(e, account) : 0;
  const quantity = c.f64[(at + request.quantity) >> 3] as number;
  const refusal = reason !== 0 ? reason : checkCancel(state, row, quantity);
  if (refusal !== 0) {
    const about = row !== 0 ? row : refusedRow(e, account, refusal, findOrder(e, account));
    rejectRequest(e, REQUEST_KIND.Cancel, refusal, about);
  } else {
    recordCancelRate(e, row);
    requestCancel(e, row, 0, quantity, true);
  }
  if (account > 0 && account < state.accounts.count) checkBreakers(e, account);
}

/** Whether the request's own id is new; cancels may come without one. */
export function checkClientId(state: ShardState, e: Emitter, account: number): number {
  const { command: c, at } = e;
  if (account === 0 || account >= state.accounts.count) return REASON.ACCOUNT_UNKNOWN;
  const id = (at + request.clOrdId) >> 2;
  if (c.i32[id] === 0) return 0;
  if (state.clientIds.findHashed(account, c.i32, id, e.idHash) >= 0) {
    return REASON.ORDER_DUPLICATE_CLIENT_ID;
  }
  return state.clientIds.full ? REASON.CAPACITY_CLIENT_IDS : 0;
}

/**
 * The order that a request means: by order id, or by any client order id of its chain, since a
 * sender may chain on a request that is not accepted yet (FIX rule 7).
 * @returns its row, 0 when the account has no such order
 */
export function findOrder(e: Emitter, account: number): number {
  const { state, command: c, at } = e;
  const orderId = c.f64[(at + request.orderId) >> 3] as number;
  let row = 0;
  if (orderId !== 0) {
    row = state.orders.rowOf(orderId);
  } else if (c.i32[(at + request.origClOrdId) >> 2] !== 0) {
    const id = state.clientIds.find(account, c.i32, (at + request.origClOrdId) >> 2);
    row = id < 0 ? 0 : (state.clientIds.order[id] as number);
  }
  return row !== 0 && state.orders.account[row] === account ? row : 0;
}

/** ExecInst of the cancel or replace in the command; a cancel may end before it. */
function execInstOf(e: Emitter): number {
  const { command: c, at } = e;
  if (c.bytes[at + HEADER.number] === COMMAND.ReplaceOrder) {
    return c.bytes[at + replace.execInst] as number;
  }
  const long = c.u16[(at + HEADER.length) >> 1] === RESENT_CANCEL_REQUESTED.bytes;
  return long ? (c.bytes[at + request.execInst] as number) : 0;
}

/**
 * The order that a refusal tells of. A possible resend [97] of an id that was seen asks how that
 * request stands, whatever order it names itself.
 * @param named row of the order that it names
 */
export function refusedRow(e: Emitter, account: number, reason: number, named: number): number {
  if (reason !== REASON.ORDER_DUPLICATE_CLIENT_ID) return named;
  if ((execInstOf(e) & EXEC_INST.PossResend) === 0) return named;
  const { clientIds } = e.state;
  const seen = clientIds.find(account, e.command.i32, (e.at + request.clOrdId) >> 2);
  return clientIds.order[seen] as number;
}

/** @param quantity OrderQty to cancel down to; 0 all. One that takes nothing away is no cancel. */
function checkCancel(state: ShardState, row: number, quantity: number): number {
  if (row === 0) return REASON.ORDER_UNKNOWN;
  const { orders } = state;
  const flags = orders.flags[row] as number;
  if (flags & ENDED) return REASON.ORDER_TOO_LATE;
  const mayComeBack = (orders.requests[row] as number) !== 0;
  if (orders.leavesQuantity[row] === 0 && !mayComeBack) return REASON.ORDER_TOO_LATE;
  if (!(quantity >= 0) || (quantity > 0 && quantity >= (orders.quantity[row] as number))) {
    return REASON.ORDER_QUANTITY_INVALID;
  }
  const full = requestsUnderWay(state, row) >= CANCELS_UNDER_WAY_MAX;
  return full ? REASON.ORDER_ALREADY_PENDING : 0;
}

/** Requests of the order that the venue has not answered. */
export function requestsUnderWay(state: ShardState, row: number): number {
  const { orders, clientIds } = state;
  let underWay = 0;
  for (let id = orders.requests[row] as number; id !== 0; id = clientIds.next[id - 1] as number) {
    underWay += 1;
  }
  return underWay;
}

/** Whether nobody but Daybook holds the order. */
export function isLocal(state: ShardState, row: number): boolean {
  const { orders } = state;
  return orders.venue[row] === 0 || ((orders.flags[row] as number) & ORDER_FLAG.Held) !== 0;
}

/**
 * Emits CancelRequested, and OrderCanceled at once when no venue has to be asked.
 *
 * @param reason why Daybook itself cancels; 0 the client asks
 * @param quantity cancel down to this OrderQty; 0 all
 * @param ofClient whether the command is the request, with ids to copy
 * @param local whether no venue has to be asked: also of what was held and has not gone out yet
 */
export function requestCancel(
  e: Emitter,
  row: number,
  reason: number,
  quantity: number,
  ofClient: boolean,
  local = isLocal(e.state, row),
): void {
  const { state, out, command: c } = e;
  const execInst = ofClient ? execInstOf(e) : 0;
  const at = beginOrderEvent(e, execInst === 0 ? CANCEL_REQUESTED : RESENT_CANCEL_REQUESTED, row);
  if (execInst !== 0) out.bytes[at + request.execInst] = execInst;
  if (ofClient) {
    copyText(e, at + request.clOrdId, request.clOrdId, CL_ORD_ID_BYTES);
    out.i32[(at + request.userRef) >> 2] = c.i32[(e.at + request.userRef) >> 2] as number;
  }
  copyClientId(e, at + request.origClOrdId, state.orders.clientId[row] as number);
  out.f64[(at + request.quantity) >> 3] = quantity;
  out.u16[(at + request.reason) >> 1] = reason;
  out.bytes[at + request.ordStatus] = orderStatus(state.orders, row);
  out.bytes[at + request.forced] = local ? 1 : 0;
  e.end(at, ofClient ? e.idHash : 0);
  if (!local) return;
  const clOrdId = (at + request.clOrdId) >> 2;
  const named = out.i32[clOrdId] !== 0;
  const account = state.orders.account[row] as number;
  emitCanceled(
    e,
    row,
    named ? state.clientIds.find(account, out.i32, clOrdId) : -1,
    reason,
    quantity,
  );
}

/**
 * Emits OrderCanceled: all that is left, or down to a quantity.
 *
 * @param id row of the client order id that is answered, -1 unsolicited
 * @param downTo OrderQty that stays; 0 none
 */
export function emitCanceled(
  e: Emitter,
  row: number,
  id: number,
  reason: number,
  downTo: number,
): void {
  const { state, out } = e;
  const { orders } = state;
  const cum = orders.cumQuantity[row] as number;
  const before = orders.leavesQuantity[row] as number;
  const old = orders.quantity[row] as number;
  // A replace may have brought the order below `downTo` meanwhile: then nothing is left to take.
  const kept = Math.min(downTo, old);
  const stays = orders.flags[row] as number;
  const leaves = downTo > cum ? leavesFor(orders, row, stays, kept, cum) : 0;
  const reduced = leaves > 0;
  const quantity = reduced ? kept : old;
  const flags = stays | (reduced ? 0 : ORDER_FLAG.Canceled);
  const at = beginOrderEvent(e, ORDER_CANCELED, row);
  setAfter(e, at, quantity, cum, leaves);
  copyClientId(e, at + canceled.clOrdId, id);
  out.f64[(at + canceled.canceledQuantity) >> 3] = before - leaves;
  out.u16[(at + canceled.reason) >> 1] = reason;
  const wasPending = id >= 0 && state.clientIds.state[id] === REQUEST_STATE.Pending ? 1 : 0;
  const ofReplace = id >= 0 && state.clientIds.kind[id] === REQUEST_KIND.Replace;
  const cancels = (orders.pendingCancels[row] as number) - (ofReplace ? 0 : wasPending);
  const replaces = (orders.pendingReplaces[row] as number) - (ofReplace ? wasPending : 0);
  out.bytes[at + canceled.ordStatus] = statusOf(cancels, replaces, flags, quantity, cum);
  out.i32[(at + canceled.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}

/** CxlRejReason [102] of a refusal. */
function cxlRejReason(reason: number): number {
  if (reason === REASON.ORDER_UNKNOWN || reason === REASON.ACCOUNT_UNKNOWN) {
    return CXL_REJ_REASON.UnknownOrder;
  }
  if (reason === REASON.ORDER_TOO_LATE) return CXL_REJ_REASON.TooLateToCancel;
  if (reason === REASON.ORDER_ALREADY_PENDING) return CXL_REJ_REASON.AlreadyPending;
  if (reason === REASON.ORDER_DUPLICATE_CLIENT_ID) return CXL_REJ_REASON.DuplicateClOrdId;
  if (reason === REASON.VENUE_REJECTED) return CXL_REJ_REASON.BrokerOption;
  return CXL_REJ_REASON.Other;
}

/** Refuses the request in the command: CancelRejected or ReplaceRejected, the order as it stands. */
export function rejectRequest(e: Emitter, kind: number, reason: number, row: number): void {
  const { state, out, command: c } = e;
  const record = kind === REQUEST_KIND.Cancel ? CANCEL_REJECTED : REPLACE_REJECTED;
  const at = e.begin(record.number, record.version, record.bytes);
  out.i32[(at + rejected.account) >> 2] = c.i32[(e.at + request.account) >> 2] as number;
  out.i32[(at + rejected.instrument) >> 2] = c.i32[(e.at + request.instrument) >> 2] as number;
  copyText(e, at + rejected.clOrdId, request.clOrdId, CL_ORD_ID_BYTES);
  // The receiver names the last accepted id, whatever the request said (FIX rule 7). One or the other:
  // a shorter text over a longer one would leave its end.
  const last = row === 0 ? -1 : (state.orders.clientId[row] as number);
  if (last >= 0) copyClientId(e, at + rejected.origClOrdId, last);
  else copyText(e, at + rejected.origClOrdId, request.origClOrdId, CL_ORD_ID_BYTES);
  if (row !== 0) {
    out.f64[(at + rejected.orderId) >> 3] = state.orders.orderId[row] as number;
    out.i32[(at + rejected.instrument) >> 2] = state.orders.instrument[row] as number;
    setAfterUnchanged(e, at, row);
  }
  out.u16[(at + rejected.reason) >> 1] = reason;
  out.bytes[at + rejected.ordStatus] =
    row === 0 ? ORD_STATUS.Rejected : orderStatus(state.orders, row);
  out.bytes[at + rejected.cxlRejReason] = cxlRejReason(reason);
  out.i32[(at + rejected.userRef) >> 2] = c.i32[(e.at + USER_REF[kind]!) >> 2] as number;
  out.bytes[at + rejected.refusedHere] = 1;
  out.f64[(at + rejected.quantity) >> 3] = exact(c.f64[(e.at + request.quantity) >> 3] as number);
  // Not refused for what it named: decided again, it names the last accepted id.
  out.bytes[at + rejected.execInst] = execInstOf(e) & (row === 0 ? 0xff : ~REPLACE_INST.NewestRef);
  if (kind === REQUEST_KIND.Replace) setWantedTerms(e, at);
  e.end(at);
}

/** A number that a record can hold; what is none was refused for it. */
const exact = (value: number) => (Number.isSafeInteger(value) ? value + 0 : -1);

/** The rest of what a replace wanted: with it the refusal can be decided again. */
function setWantedTerms(e: Emitter, at: number): void {
  const { f64 } = e.command;
  e.out.f64[(at + rejected.price) >> 3] = exact(f64[(e.at + replace.price) >> 3] as number);
  e.out.f64[(at + rejected.stopPrice) >> 3] = exact(f64[(e.at + replace.stopPrice) >> 3] as number);
  const shown = exact(f64[(e.at + replace.displayQuantity) >> 3] as number);
  e.out.f64[(at + rejected.displayQuantity) >> 3] = shown;
}

/** Where the two kinds of request have their userRef. */
const USER_REF: Readonly<Record<number, number>> = {
  [REQUEST_KIND.Cancel]: request.userRef,
  [REQUEST_KIND.Replace]: replace.userRef,
};

/** The venue refused a request that is under way. OrdStatus is that after the refusal. */
export function emitRequestRejected(e: Emitter, row: number, id: number, reason: number): void {
  const { state, out } = e;
  const { orders, clientIds } = state;
  const ofCancel = id < 0 || clientIds.kind[id] === REQUEST_KIND.Cancel;
  const at = beginOrderEvent(e, ofCancel ? CANCEL_REJECTED : REPLACE_REJECTED, row);
  setAfterUnchanged(e, at, row);
  copyClientId(e, at + rejected.clOrdId, id);
  copyClientId(e, at + rejected.origClOrdId, orders.clientId[row] as number);
  out.u16[(at + rejected.reason) >> 1] = reason;
  const wasPending = id >= 0 && clientIds.state[id] === REQUEST_STATE.Pending ? 1 : 0;
  out.bytes[at + rejected.ordStatus] = statusOf(
    (orders.pendingCancels[row] as number) - (ofCancel ? wasPending : 0),
    (orders.pendingReplaces[row] as number) - (ofCancel ? 0 : wasPending),
    orders.flags[row] as number,
    orders.quantity[row] as number,
    orders.cumQuantity[row] as number,
  );
  out.bytes[at + rejected.cxlRejReason] = cxlRejReason(reason);
  if (id >= 0) out.i32[(at + rejected.userRef) >> 2] = clientIds.userRef[id] as number;
  e.end(at);
}
