/** What each event about an order does to the state. */
import type { RecordBuffer } from '../../domain/event-record.js';
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { EXEC_INST, RESTATEMENT } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import { REQUEST_KIND, REQUEST_STATE } from '../state/client-ids.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';
import { holdIfNeeded, releaseChild, stopChanged, unwatch, waitsForParent } from './held-orders.js';
import {
  addRequest,
  countPending,
  endRequest,
  setExposure,
  setLeaves,
  setPrice,
} from './order-book-keeping.js';
import { countCancel, countOrder, countRefusal, countReplace } from './order-counts.js';
import { ensurePosition } from './positions.js';

const accepted = eventLayouts.OrderAccepted.offsets;
const denied = eventLayouts.OrderDenied.offsets;
const cancel = eventLayouts.CancelRequested.offsets;
const replace = eventLayouts.ReplaceRequested.offsets;
const pending = eventLayouts.CancelPending.offsets;
const requestRejected = eventLayouts.CancelRejected.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const restated = eventLayouts.OrderRestated.offsets;
const acknowledged = eventLayouts.OrderAcknowledged.offsets;
const ended = eventLayouts.OrderExpired.offsets;
const triggered = eventLayouts.OrderTriggered.offsets;

const OPTIONAL_BYTES = eventLayouts.OrderAccepted.bytes;

/** Row of the order that the event is about; every order event starts with the order id. */
export function rowOf(state: ShardState, b: RecordBuffer, at: number): number {
  const row = state.orders.rowOf(b.f64[(at + accepted.orderId) >> 3] as number);
  assert(row !== 0, 'an event is about an order that does not exist');
  return row;
}

export function orderAccepted(
  state: ShardState,
  b: RecordBuffer,
  at: number,
  idHash: number,
): void {
  const { orders, clientIds } = state;
  const row = orders.take(b.f64[(at + accepted.orderId) >> 3] as number);
  const account = b.u32[(at + accepted.account) >> 2] as number;
  const instrument = b.u32[(at + accepted.instrument) >> 2] as number;
  const quantity = b.f64[(at + accepted.quantity) >> 3] as number;
  orders.account[row] = account;
  orders.instrument[row] = instrument;
  orders.position[row] = ensurePosition(state, account, instrument);
  orders.quantity[row] = quantity;
  orders.price[row] = b.f64[(at + accepted.price) >> 3] as number;
  orders.side[row] = b.bytes[at + accepted.side] as number;
  orders.ordType[row] = b.bytes[at + accepted.ordType] as number;
  orders.timeInForce[row] = b.bytes[at + accepted.timeInForce] as number;
  orders.execInst[row] = b.u16[(at + accepted.execInst) >> 1] as number;
  orders.venue[row] = b.u16[(at + accepted.venue) >> 1] as number;
  orders.userRef[row] = b.i32[(at + accepted.userRef) >> 2] as number;
  orders.session[row] = b.i32[(at + HEADER.session) >> 2] as number;
  const strategy = b.i32[(at + accepted.strategy) >> 2] as number;
  orders.flags[row] = strategy === 0 ? 0 : ORDER_FLAG.Tagged;
  if (strategy !== 0) orders.strategy[row] = strategy;
  const long = b.u16[(at + HEADER.length) >> 1] === OPTIONAL_BYTES;
  if (long) setOptionalTerms(state, b, at, row);
  // Between two days an order is one of the day to come.
  orders.day[row] = state.tradingDay === 0 ? state.days + 1 : state.days;
  orders.clientId[row] = -1;
  if (b.i32[(at + accepted.clOrdId) >> 2] !== 0) {
    const id = clientIds.add(account, b.i32, (at + accepted.clOrdId) >> 2, idHash);
    clientIds.order[id] = row;
    clientIds.day[id] = state.days;
    clientIds.kind[id] = REQUEST_KIND.Order;
    clientIds.state[id] = REQUEST_STATE.Accepted;
    clientIds.quantity[id] = quantity;
    orders.clientId[row] = id;
  }
  state.instruments.used[instrument] = 1;
  setLeaves(state, row, quantity);
  setExposure(state, row);
  countOrder(state, b, at, account);
  if (long) joinList(state, row);
  if (long) holdIfNeeded(state, row);
}

/** The terms that stand in the optional part of the record: rare ones. */
function setOptionalTerms(state: ShardState, b: RecordBuffer, at: number, row: number): void {
  const { orders } = state;
  orders.flags[row] = (orders.flags[row] as number) | ORDER_FLAG.Special;
  orders.stopPrice[row] = b.f64[(at + accepted.stopPrice) >> 3] as number;
  orders.displayQuantity[row] = b.f64[(at + accepted.displayQuantity) >> 3] as number;
  orders.selfTradePrevention[row] = b.bytes[at + accepted.selfTradePrevention] as number;
  orders.offset[row] = b.f64[(at + accepted.offset) >> 3] as number;
  orders.expireTime[row] = b.f64[(at + accepted.expireTime) >> 3] as number;
  orders.listId[row] = b.f64[(at + accepted.listId) >> 3] as number;
  orders.contingency[row] = b.bytes[at + accepted.contingency] as number;
  orders.listIndex[row] = b.bytes[at + accepted.listIndex] as number;
  orders.waiting[row] = 0;
  orders.watched[row] = 0;
}

/** The whole group is looked at again: it may have traded before the order joined. */
function joinList(state: ShardState, row: number): void {
  const { orders, lists, work } = state;
  const listId = orders.listId[row] as number;
  if (listId === 0) return;
  const account = orders.account[row] as number;
  lists.add(account, listId, row);
  for (const other of lists.of(account, listId)) work.addOrder(other);
}

/** Whether a denied request used its client order id up: not when it never had a claim on one. */
function usesClientId(reason: number): boolean {
  return (
    reason !== REASON.ORDER_DUPLICATE_CLIENT_ID &&
    reason !== REASON.ORDER_CLIENT_ID_INVALID &&
    reason !== REASON.ACCOUNT_UNKNOWN &&
    reason !== REASON.VENUE_RECONCILING &&
    !(reason >= REASON.CAPACITY_ORDERS && reason <= REASON.CAPACITY_OVERLOAD)
  );
}

/** A possible resend of what was seen is answered, not refused: a client that comes back sends many. */
function isAnswered(reason: number, execInst: number): boolean {
  return reason === REASON.ORDER_DUPLICATE_CLIENT_ID && (execInst & EXEC_INST.PossResend) !== 0;
}

export function orderDenied(state: ShardState, b: RecordBuffer, at: number): void {
  const by = b.u32[(at + denied.account) >> 2] as number;
  const reason = b.u16[(at + denied.reason) >> 1] as number;
  const execInst = b.u16[(at + denied.execInst) >> 1] as number;
  if (by < state.accounts.count && !isAnswered(reason, execInst)) countRefusal(state, b, at, by);
  if (!usesClientId(reason)) return;
  if (b.i32[(at + denied.clOrdId) >> 2] === 0) return;
  const { clientIds } = state;
  const account = b.u32[(at + denied.account) >> 2] as number;
  const id = clientIds.add(account, b.i32, (at + denied.clOrdId) >> 2);
  clientIds.order[id] = 0;
  clientIds.day[id] = state.days;
  clientIds.kind[id] = REQUEST_KIND.Order;
  clientIds.state[id] = REQUEST_STATE.Rejected;
  clientIds.quantity[id] = b.f64[(at + denied.quantity) >> 3] as number;
}

export function orderRouted(state: ShardState, b: RecordBuffer, at: number): void {
  const row = rowOf(state, b, at);
  const flags = state.orders.flags[row] as number;
  state.orders.flags[row] = (flags | ORDER_FLAG.Routed) & ~ORDER_FLAG.Held;
}

export function orderAcknowledged(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders } = state;
  const row = rowOf(state, b, at);
  const flags = orders.flags[row] as number;
  orders.flags[row] = (flags | ORDER_FLAG.Acknowledged) & ~ORDER_FLAG.Suspended;
  orders.quantity[row] = b.f64[(at + acknowledged.orderQuantity) >> 3] as number;
  setLeaves(state, row, b.f64[(at + acknowledged.leavesQuantity) >> 3] as number);
  setExposure(state, row);
}

/**
 * Adds the client order id of a request, whether it is sent on or refused at once.
 * @param row of the order that the event is about, 0 none
 * @param idHash see `evolve`
 */
function addClientId(
  state: ShardState,
  b: RecordBuffer,
  at: number,
  clOrdIdAt: number,
  kind: number,
  row: number,
  idHash: number,
): number {
  const { clientIds } = state;
  const account = b.u32[(at + cancel.account) >> 2] as number;
  const id = clientIds.add(account, b.i32, (at + clOrdIdAt) >> 2, idHash);
  clientIds.day[id] = state.days;
  clientIds.order[id] = row;
  clientIds.kind[id] = kind;
  clientIds.next[id] = 0;
  return id;
}

export function cancelRequested(
  state: ShardState,
  b: RecordBuffer,
  at: number,
  idHash: number,
): void {
  const { orders, clientIds } = state;
  const row = rowOf(state, b, at);
  const ofClient = b.u16[(at + cancel.reason) >> 1] === 0;
  if (ofClient) countCancel(state, b, at, orders.account[row] as number);
  if (b.i32[(at + cancel.clOrdId) >> 2] === 0) {
    const cutTo = b.f64[(at + cancel.quantity) >> 3] as number;
    const all = cutTo === 0;
    if (!all) orders.unanswered.set(row, { cutTo, asked: 0 });
    const flag = all ? ORDER_FLAG.CancelForced : ORDER_FLAG.CutForced;
    orders.flags[row] = (orders.flags[row] as number) | flag;
    return;
  }
  const id = addClientId(state, b, at, cancel.clOrdId, REQUEST_KIND.Cancel, row, idHash);
  clientIds.state[id] = REQUEST_STATE.Sent;
  clientIds.quantity[id] = b.f64[(at + cancel.quantity) >> 3] as number;
  clientIds.userRef[id] = b.i32[(at + cancel.userRef) >> 2] as number;
  addRequest(state, row, id);
}

export function replaceRequested(state: ShardState, b: RecordBuffer, at: number): void {
  const { clientIds } = state;
  const row = rowOf(state, b, at);
  const id = addClientId(state, b, at, replace.clOrdId, REQUEST_KIND.Replace, row, 0);
  clientIds.state[id] = REQUEST_STATE.Sent;
  clientIds.quantity[id] = b.f64[(at + replace.quantity) >> 3] as number;
  clientIds.price[id] = b.f64[(at + replace.price) >> 3] as number;
  const stopPrice = b.f64[(at + replace.stopPrice) >> 3] as number;
  const displayQuantity = b.f64[(at + replace.displayQuantity) >> 3] as number;
  if (stopPrice !== 0 || displayQuantity !== 0) {
    clientIds.further.set(id, { stopPrice, displayQuantity });
  }
  clientIds.userRef[id] = b.i32[(at + replace.userRef) >> 2] as number;
  addRequest(state, row, id);
  setExposure(state, row);
  countReplace(state, b, at, state.orders.account[row] as number);
}

/** Row of the client order id in the event, or -1. */
function findId(state: ShardState, b: RecordBuffer, at: number, clOrdIdAt: number): number {
  if (b.i32[(at + clOrdIdAt) >> 2] === 0) return -1;
  const account = b.u32[(at + cancel.account) >> 2] as number;
  return state.clientIds.find(account, b.i32, (at + clOrdIdAt) >> 2);
}

export function requestPending(state: ShardState, b: RecordBuffer, at: number): void {
  const row = rowOf(state, b, at);
  const id = findId(state, b, at, pending.clOrdId);
  assert(id >= 0, 'a pending request is known');
  if (state.clientIds.state[id] !== REQUEST_STATE.Sent) return;
  state.clientIds.state[id] = REQUEST_STATE.Pending;
  state.orders.flags[row] = (state.orders.flags[row] as number) | ORDER_FLAG.Reported;
  countPending(state, row, id, 1);
}

export function requestWasRejected(
  state: ShardState,
  b: RecordBuffer,
  at: number,
  kind: number,
): void {
  const { orders, clientIds } = state;
  const row = orders.rowOf(b.f64[(at + requestRejected.orderId) >> 3] as number);
  const empty = b.i32[(at + requestRejected.clOrdId) >> 2] === 0;
  if (empty) {
    const ofVenue = b.u16[(at + requestRejected.reason) >> 1] === REASON.VENUE_REJECTED;
    if (row !== 0 && kind === REQUEST_KIND.Cancel && ofVenue) forcedRefused(state, row);
    return;
  }
  const reason = b.u16[(at + requestRejected.reason) >> 1] as number;
  const by = b.u32[(at + requestRejected.account) >> 2] as number;
  const resend = isAnswered(reason, b.bytes[at + requestRejected.execInst] as number);
  if (by < state.accounts.count && !resend) countRefusal(state, b, at, by);
  let id = findId(state, b, at, requestRejected.clOrdId);
  if (id < 0) {
    if (!usesClientId(reason)) return;
    id = addClientId(state, b, at, requestRejected.clOrdId, kind, row, 0);
    clientIds.state[id] = REQUEST_STATE.Rejected;
    return;
  }
  // A repeated id is refused without touching the request that had it first.
  if (reason === REASON.ORDER_DUPLICATE_CLIENT_ID || row === 0) return;
  endRequest(state, row, id, REQUEST_STATE.Rejected);
  setExposure(state, row);
}

/** The answer does not say to which request. Of both, the cut is over first: no cancel is forgotten. */
function forcedAnswered(state: ShardState, row: number): void {
  const flags = state.orders.flags[row] as number;
  const cut = (flags & ORDER_FLAG.CutForced) !== 0;
  state.orders.flags[row] = flags & ~(cut ? ORDER_FLAG.CutForced : ORDER_FLAG.CancelForced);
  if (state.orders.unanswered.size !== 0) state.orders.noteAnswer(row);
}

/**
 * A cut that crossed a replace took nothing off and is refused, while what the group needs is less: it
 * is asked for once more. Not again and again, of a venue that refuses every one.
 */
function forcedRefused(state: ShardState, row: number): void {
  const { orders } = state;
  const before = orders.flags[row] as number;
  forcedAnswered(state, row);
  if ((before & ORDER_FLAG.CutForced) === 0) return;
  orders.flags[row] = (orders.flags[row] as number) | ORDER_FLAG.CutRefused;
  const inGroup = (before & ORDER_FLAG.Special) !== 0 && orders.listId[row] !== 0;
  if (inGroup && (before & ORDER_FLAG.CutRefused) === 0) state.work.addOrder(row);
}

export function orderCanceled(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders } = state;
  const row = rowOf(state, b, at);
  const id = findId(state, b, at, canceled.clOrdId);
  if (id >= 0) endRequest(state, row, id, REQUEST_STATE.Accepted);
  const leaves = b.f64[(at + canceled.leavesQuantity) >> 3] as number;
  orders.quantity[row] = b.f64[(at + canceled.orderQuantity) >> 3] as number;
  if (leaves === 0) {
    const flags = orders.flags[row] as number;
    const over = ORDER_FLAG.CancelForced | ORDER_FLAG.CutForced | ORDER_FLAG.Held;
    orders.flags[row] = (flags | ORDER_FLAG.Canceled) & ~over;
    if (orders.unanswered.size !== 0) orders.unanswered.delete(row);
  } else if (id < 0) {
    // Cut down, not gone: it can be asked to cancel again. (The answer to another request is not ours.)
    forcedAnswered(state, row);
    orders.flags[row] = (orders.flags[row] as number) & ~ORDER_FLAG.CutRefused;
  }
  setLeaves(state, row, leaves);
  setExposure(state, row);
}

export function orderReplaced(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders, clientIds } = state;
  const row = rowOf(state, b, at);
  const id = findId(state, b, at, replaced.clOrdId);
  // Before its request ends: the order then reaches as far as it did.
  setPrice(state, row, b.f64[(at + replaced.price) >> 3] as number);
  if (id >= 0) {
    endRequest(state, row, id, REQUEST_STATE.Accepted);
    const before = orders.clientId[row] as number;
    // The id of an order has its reference in the order, where it is about to be overwritten.
    if (clientIds.kind[before] === REQUEST_KIND.Order) {
      clientIds.userRef[before] = orders.userRef[row] as number;
    }
    orders.clientId[row] = id;
    if (clientIds.userRef[id] !== 0) orders.userRef[row] = clientIds.userRef[id] as number;
  }
  orders.flags[row] = (orders.flags[row] as number) & ~ORDER_FLAG.CutRefused;
  orders.quantity[row] = b.f64[(at + replaced.orderQuantity) >> 3] as number;
  orders.stopPrice[row] = b.f64[(at + replaced.stopPrice) >> 3] as number;
  stopChanged(state, row);
  orders.displayQuantity[row] = b.f64[(at + replaced.displayQuantity) >> 3] as number;
  setLeaves(state, row, b.f64[(at + replaced.leavesQuantity) >> 3] as number);
  setExposure(state, row);
}

/** Suspended, done for day, calculated and stopped end with a fresh word from the venue. */
const LIFTED_BY_RESTATEMENT =
  ORDER_FLAG.DoneForDay | ORDER_FLAG.Calculated | ORDER_FLAG.Suspended | ORDER_FLAG.Stopped;

export function orderRestated(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders } = state;
  const row = rowOf(state, b, at);
  orders.quantity[row] = b.f64[(at + restated.orderQuantity) >> 3] as number;
  orders.cumQuantity[row] = b.f64[(at + restated.cumQuantity) >> 3] as number;
  orders.cumValue[row] = b.f64[(at + restated.cumValue) >> 3] as number;
  if (b.bytes[at + restated.restatement] === RESTATEMENT.GtRenewal) orders.day[row] = state.days;
  setPrice(state, row, b.f64[(at + restated.price) >> 3] as number);
  const kept = (orders.flags[row] as number) & ~LIFTED_BY_RESTATEMENT;
  orders.flags[row] = kept | ORDER_FLAG.Reported;
  setLeaves(state, row, b.f64[(at + restated.leavesQuantity) >> 3] as number);
  setExposure(state, row);
}

/** Rejected, expired, done for day, calculated, suspended, stopped: a flag and what is left. */
export function orderFlagged(state: ShardState, b: RecordBuffer, at: number, flag: number): void {
  const { orders } = state;
  const row = rowOf(state, b, at);
  orders.flags[row] = (orders.flags[row] as number) | flag | ORDER_FLAG.Reported;
  setLeaves(state, row, b.f64[(at + ended.leavesQuantity) >> 3] as number);
  setExposure(state, row);
}

export function orderTriggered(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders } = state;
  const row = rowOf(state, b, at);
  if (waitsForParent(state, row)) {
    releaseChild(state, row);
    return;
  }
  unwatch(state, row);
  orders.ordType[row] = b.bytes[at + triggered.ordType] as number;
  orders.flags[row] = (orders.flags[row] as number) & ~ORDER_FLAG.Held;
  setPrice(state, row, b.f64[(at + triggered.price) >> 3] as number);
  setExposure(state, row);
}
