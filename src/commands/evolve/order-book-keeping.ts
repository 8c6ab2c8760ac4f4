/** The bookkeeping that several events share: open orders of an account, exposure, requests. */
import { SIDE } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';
import { REQUEST_KIND, REQUEST_STATE } from '../state/client-ids.js';
import { ENDED } from '../state/order-status.js';
import { EXPOSURE, ROW } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';

/** Sets LeavesQty; an order is in its account's list as long as something is left. */
export function setLeaves(state: ShardState, row: number, leaves: number): void {
  const { orders } = state;
  const before = orders.leavesQuantity[row] as number;
  orders.leavesQuantity[row] = leaves;
  if (before > 0 === leaves > 0) return;
  if (leaves > 0) link(state, row);
  else unlink(state, row);
}

function link(state: ShardState, row: number): void {
  const { orders, accounts } = state;
  const account = orders.account[row] as number;
  const head = accounts.openOrders[account] as number;
  orders.next[row] = head;
  orders.previous[row] = 0;
  if (head !== 0) orders.previous[head] = row;
  accounts.openOrders[account] = row;
  accounts.openCount[account] = (accounts.openCount[account] as number) + 1;
  orders.open += 1;
}

function unlink(state: ShardState, row: number): void {
  const { orders, accounts } = state;
  const account = orders.account[row] as number;
  const next = orders.next[row] as number;
  const previous = orders.previous[row] as number;
  if (previous !== 0) orders.next[previous] = next;
  else accounts.openOrders[account] = next;
  if (next !== 0) orders.previous[next] = previous;
  orders.next[row] = 0;
  orders.previous[row] = 0;
  accounts.openCount[account] = (accounts.openCount[account] as number) - 1;
  orders.open -= 1;
  assert(orders.open >= 0, 'fewer than no open orders');
}

/**
 * Counts the order in its position's worst case: the larger of what is left and what any replace
 * under way would leave, since the venue may already have accepted it.
 */
export function setExposure(state: ShardState, row: number): void {
  const { orders, clientIds, positions } = state;
  let lots = orders.leavesQuantity[row] as number;
  if ((orders.requests[row] as number) !== 0 && ((orders.flags[row] as number) & ENDED) === 0) {
    const cum = orders.cumQuantity[row] as number;
    let request = orders.requests[row] as number;
    while (request !== 0) {
      const id = request - 1;
      if (clientIds.kind[id] === REQUEST_KIND.Replace) {
        const wanted = (clientIds.quantity[id] as number) - cum;
        if (wanted > lots) lots = wanted;
      }
      request = clientIds.next[id] as number;
    }
  }
  const change = lots - (orders.exposed[row] as number);
  if (change === 0) return;
  orders.exposed[row] = lots;
  const column = orders.side[row] === SIDE.Buy ? EXPOSURE.openBuy : EXPOSURE.openSell;
  const at = (orders.position[row] as number) * ROW + column;
  positions.rows[at] = (positions.rows[at] as number) + change;
}

/** Adds a request to those under way, behind the others: the venue answers in that order. */
export function addRequest(state: ShardState, row: number, id: number): void {
  const { orders, clientIds } = state;
  clientIds.next[id] = 0;
  let last = orders.requests[row] as number;
  if (last === 0) {
    orders.requests[row] = id + 1;
    return;
  }
  while ((clientIds.next[last - 1] as number) !== 0) last = clientIds.next[last - 1] as number;
  clientIds.next[last - 1] = id + 1;
}

/** Takes an answered request off those under way and sets its state. */
export function endRequest(state: ShardState, row: number, id: number, ended: number): void {
  const { orders, clientIds } = state;
  let before = -1;
  let request = orders.requests[row] as number;
  while (request !== 0 && request !== id + 1) {
    before = request - 1;
    request = clientIds.next[request - 1] as number;
  }
  if (request !== 0) {
    const after = clientIds.next[id] as number;
    if (before < 0) orders.requests[row] = after;
    else clientIds.next[before] = after;
    clientIds.next[id] = 0;
    if (clientIds.state[id] === REQUEST_STATE.Pending) countPending(state, row, id, -1);
  }
  clientIds.state[id] = ended;
}

/** Counts requests that the venue confirmed as pending; OrdStatus depends on them. */
export function countPending(state: ShardState, row: number, id: number, change: 1 | -1): void {
  const { orders, clientIds } = state;
  const column =
    clientIds.kind[id] === REQUEST_KIND.Cancel ? orders.pendingCancels : orders.pendingReplaces;
  column[row] = (column[row] as number) + change;
}
