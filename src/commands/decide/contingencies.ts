/**
 * Contingency groups (ContingencyType [1385]), by what became of one of their orders:
 *
 * - one cancels the other: what a fill leaves of one order is the most that the others keep, so a
 *   filled order cancels them, and a part of it cuts them down;
 * - one triggers the other: children wait until the parent is filled; a parent that ends early
 *   releases them for what it did trade, or takes them with it;
 * - bracket: both, the children are an OCO.
 *
 * Each look decides from the state of the group alone, so looking twice does nothing twice.
 */
import { CONTINGENCY } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import type { Emitter } from '../emitter.js';
import { waitsForParent } from '../evolve/held-orders.js';
import { ENDED } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';
import { requestCancel } from './cancel-order.js';
import { triggerChild } from './triggers.js';

/** Orders of a group at most: a longer list is refused. */
export const LIST_ORDERS_MAX = 16;

/** @param row an order of the group that changed */
export function decideContingency(e: Emitter, row: number): void {
  const { orders, lists } = e.state;
  // Noted before a restart or a purge: another order may have the row now.
  if (((orders.flags[row] as number) & ORDER_FLAG.Special) === 0) return;
  const group = lists.of(orders.account[row] as number, orders.listId[row] as number);
  const contingency = orders.contingency[row];
  if (contingency === CONTINGENCY.OneCancelsOther) {
    cutAll(e, group);
    return;
  }
  if (orders.listIndex[row] !== 0) {
    if (contingency === CONTINGENCY.Bracket) cutAll(e, group);
    return;
  }
  for (const child of group) {
    // One that was canceled, or expired, while it waited is over whatever its parent does.
    if (orders.listIndex[child] === 0 || isOver(e.state, child)) continue;
    if (waitsForParent(e.state, child)) decideChild(e, row, child);
  }
}

/** Looks from each: an order that waited for the answer to one cut may have to be cut again. */
function cutAll(e: Emitter, group: readonly number[]): void {
  for (const row of group) {
    if (e.state.orders.listIndex[row] !== 0 || !isParent(e.state, row)) cutOthers(e, row, group);
  }
}

/** The others of the group keep at most what is left of an order that traded. */
function cutOthers(e: Emitter, row: number, group: readonly number[]): void {
  const { state } = e;
  const { orders } = state;
  if (orders.cumQuantity[row] === 0) return;
  const left = isOver(state, row) ? 0 : (orders.leavesQuantity[row] as number);
  // An order that was canceled after a part traded leaves the others what it did not trade.
  const rest = Math.max(left, orders.quantity[row]! - orders.cumQuantity[row]!);
  for (const other of group) {
    if (other === row || (orders.listIndex[other] === 0 && isParent(state, other))) continue;
    if ((orders.leavesQuantity[other] as number) <= rest) continue;
    const flags = orders.flags[other] as number;
    if (flags & ORDER_FLAG.CancelForced) continue;
    // A second cut waits for the answer to the first, a cancel does not.
    if (flags & ORDER_FLAG.CutForced && rest > 0) continue;
    const downTo = rest === 0 ? 0 : (orders.cumQuantity[other] as number) + rest;
    requestCancel(e, other, REASON.ORDER_CONTINGENCY, downTo, false);
  }
}

const isParent = (state: ShardState, row: number) =>
  state.orders.contingency[row] !== CONTINGENCY.OneCancelsOther;

const isOver = (state: ShardState, row: number) =>
  ((state.orders.flags[row] as number) & ENDED) !== 0 || state.orders.leavesQuantity[row] === 0;

/** A child of a parent that filled is released, of one that ended early cut down or canceled. */
export function decideChild(e: Emitter, parent: number, child: number): void {
  const { state } = e;
  const { orders } = state;
  if (!isOver(state, parent)) return;
  const traded = orders.cumQuantity[parent] as number;
  if (traded === 0) {
    requestCancel(e, child, REASON.ORDER_CONTINGENCY, 0, false);
    return;
  }
  if (traded < (orders.quantity[parent] as number) && traded < orders.quantity[child]!) {
    requestCancel(e, child, REASON.ORDER_CONTINGENCY, traded, false);
  }
  triggerChild(e, child);
}
