/** The bookkeeping that several events share: open orders of an account, exposure, requests. */
import { ORD_TYPE, SIDE } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';
import { scratch } from '../../lib/scratch.js';
import { REQUEST_KIND, REQUEST_STATE } from '../state/client-ids.js';
import { ENDED } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { EXPOSURE, RISK, RISK_ROW, ROW, UNLIMITED } from '../state/position-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { addOpenNotional, openChange } from './exposure.js';
import { isUnlimitedStop, trailingStart, unwatch } from './held-orders.js';

/** Sets LeavesQty; an order is in the list of its position and side while something is left. */
export function setLeaves(state: ShardState, row: number, leaves: number): void {
  const { orders } = state;
  const before = orders.leavesQuantity[row] as number;
  orders.leavesQuantity[row] = leaves;
  const special = ((orders.flags[row] as number) & ORDER_FLAG.Special) !== 0;
  if (special && orders.listId[row] !== 0) state.work.addOrder(row);
  if (before > 0 === leaves > 0) return;
  if (leaves > 0) link(state, row);
  else unlink(state, row);
}

function link(state: ShardState, row: number): void {
  const { orders, positions } = state;
  const position = orders.position[row] as number;
  const heads = orders.side[row] === SIDE.Buy ? positions.openBuys : positions.openSells;
  const head = heads[position] as number;
  orders.next[row] = head;
  orders.previous[row] = 0;
  if (head !== 0) orders.previous[head] = row;
  heads[position] = row;
  noteBest(state, row);
  countOpen(state, orders.account[row] as number, 1);
  orders.open += 1;
}

function unlink(state: ShardState, row: number): void {
  const { orders, positions } = state;
  const position = orders.position[row] as number;
  const heads = orders.side[row] === SIDE.Buy ? positions.openBuys : positions.openSells;
  const next = orders.next[row] as number;
  const previous = orders.previous[row] as number;
  if (previous !== 0) orders.next[previous] = next;
  else heads[position] = next;
  if (next !== 0) orders.previous[next] = previous;
  orders.next[row] = 0;
  orders.previous[row] = 0;
  const buy = orders.side[row] === SIDE.Buy;
  const best = positions.risk[position * RISK_ROW + (buy ? RISK.bestBuy : RISK.bestSell)];
  if (reach(state, row) === best) findBest(state, position, buy);
  countOpen(state, orders.account[row] as number, -1);
  orders.open -= 1;
  orders.day[row] = state.days;
  unwatch(state, row);
  assert(orders.open >= 0, 'fewer than no open orders');
}

function countOpen(state: ShardState, account: number, by: 1 | -1): void {
  const { rows, first } = state.scopes;
  const group = state.accounts.group[account] as number;
  rows[SCOPED.openOrders] = (rows[SCOPED.openOrders] as number) + by;
  const at = (first + account) * SCOPED_WIDTH + SCOPED.openOrders;
  rows[at] = (rows[at] as number) + by;
  if (group === 0) return;
  const ofGroup = group * SCOPED_WIDTH + SCOPED.openOrders;
  rows[ofGroup] = (rows[ofGroup] as number) + by;
}

/**
 * The price up to which an order could trade: its own, or that of a replace under way, which its venue
 * may have accepted already. One without a price trades at any.
 */
export function reach(state: ShardState, row: number): number {
  const { orders } = state;
  if (orders.ordType[row] === ORD_TYPE.Limit || orders.ordType[row] === ORD_TYPE.StopLimit) {
    if (orders.requests[row] !== 0) return furthest(state, row);
    return orders.price[row] as number;
  }
  return orders.side[row] === SIDE.Buy ? UNLIMITED : -UNLIMITED;
}

function furthest(state: ShardState, row: number): number {
  const { orders, clientIds } = state;
  const buy = orders.side[row] === SIDE.Buy;
  let price = orders.price[row] as number;
  let request = orders.requests[row] as number;
  while (request !== 0) {
    const id = request - 1;
    const wanted = clientIds.price[id] as number;
    const further = buy ? wanted > price : wanted < price;
    if (further && clientIds.kind[id] === REQUEST_KIND.Replace) price = wanted;
    request = clientIds.next[id] as number;
  }
  return price;
}

/** A price as it was before; an array, because a number in a variable could be allocated. */
const left = scratch(1);

/** Sets the price of an order, open or not, and keeps the best price of its side. */
export function setPrice(state: ShardState, row: number, price: number): void {
  const { orders } = state;
  left[0] = reach(state, row);
  orders.price[row] = price;
  reachChanged(state, row);
}

/** An open order that reached up to `left[0]` before: it may be the best of its side now, or no more. */
function reachChanged(state: ShardState, row: number): void {
  const { orders, positions } = state;
  if ((orders.leavesQuantity[row] as number) <= 0 || reach(state, row) === left[0]) return;
  noteBest(state, row);
  const position = orders.position[row] as number;
  const buy = orders.side[row] === SIDE.Buy;
  const best = positions.risk[position * RISK_ROW + (buy ? RISK.bestBuy : RISK.bestSell)];
  if (left[0] === best) findBest(state, position, buy);
}

/** An order joined its side or changed its price: it may be the best now. */
function noteBest(state: ShardState, row: number): void {
  const { orders } = state;
  const { risk } = state.positions;
  const base = (orders.position[row] as number) * RISK_ROW;
  const price = reach(state, row);
  if (orders.side[row] === SIDE.Buy) {
    if (price > (risk[base + RISK.bestBuy] as number)) risk[base + RISK.bestBuy] = price;
  } else if (price < (risk[base + RISK.bestSell] as number)) {
    risk[base + RISK.bestSell] = price;
  }
}

/** The best order left its side, or is worse now: looks for the best of those that are there. */
function findBest(state: ShardState, position: number, buy: boolean): void {
  const { orders, positions } = state;
  const at = position * RISK_ROW + (buy ? RISK.bestBuy : RISK.bestSell);
  const { risk } = positions;
  left[0] = risk[at] as number;
  if (buy) risk[at] = -UNLIMITED;
  else risk[at] = UNLIMITED;
  let each = (buy ? positions.openBuys : positions.openSells)[position] as number;
  // Another one at the same price is as good: many orders at one price cost nothing.
  while (each !== 0 && risk[at] !== left[0]) {
    noteBest(state, each);
    each = orders.next[each] as number;
  }
}

/**
 * Counts the order in its position's worst case: the larger of what is left and what any replace
 * under way would leave, since the venue may already have accepted it.
 */
export function setExposure(state: ShardState, row: number): void {
  const { orders, clientIds, positions } = state;
  let lots = orders.leavesQuantity[row] as number;
  let price = Math.abs(orders.price[row] as number);
  if ((orders.requests[row] as number) !== 0 && ((orders.flags[row] as number) & ENDED) === 0) {
    const cum = orders.cumQuantity[row] as number;
    let request = orders.requests[row] as number;
    while (request !== 0) {
      const id = request - 1;
      if (clientIds.kind[id] === REQUEST_KIND.Replace) {
        const wanted = (clientIds.quantity[id] as number) - cum;
        if (wanted > lots) lots = wanted;
        const dearer = Math.abs(clientIds.price[id] as number);
        if (dearer > price) price = dearer;
      }
      request = clientIds.next[id] as number;
    }
  }
  const buy = orders.side[row] === SIDE.Buy;
  const position = orders.position[row] as number;
  const change = lots - (orders.exposed[row] as number);
  if (change !== 0) {
    orders.exposed[row] = lots;
    const at = position * ROW + (buy ? EXPOSURE.openBuy : EXPOSURE.openSell);
    positions.rows[at] = (positions.rows[at] as number) + change;
  }
  noteNotional(state, row, lots, price);
  if (openChange[0] === 0) return;
  orders.exposedNotional[row] = (orders.exposedNotional[row] as number) + openChange[0]!;
  addOpenNotional(state, position, buy ? RISK.buys : RISK.sells);
}

/**
 * Sets `openChange` to what the order's open lots add to its notional so far, in micros rounded up; at
 * the mark where the order has no price, at its stop price where that is dearer.
 */
function noteNotional(state: ShardState, row: number, lots: number, price: number): void {
  const { orders, instruments } = state;
  const instrument = orders.instrument[row] as number;
  const limited = price !== 0 && orders.ordType[row] === ORD_TYPE.Limit;
  const at = limited ? price : ticksOf(state, row, instrument, price);
  openChange[0] =
    Math.ceil(
      (lots * at * (instruments.microsNumerator[instrument] as number)) /
        (instruments.microsDenominator[instrument] as number),
    ) - (orders.exposedNotional[row] as number);
}

/** What a lot of an order counts at that may trade at the mark, or from its stop price on; ticks. */
function ticksOf(state: ShardState, row: number, instrument: number, price: number): number {
  const { orders } = state;
  const ordType = orders.ordType[row] as number;
  const limited = ordType === ORD_TYPE.StopLimit || ordType === ORD_TYPE.TrailingStopLimit;
  if (limited && price !== 0) return price;
  const ticks = Math.max(price, Math.abs(state.instruments.mark[instrument] as number));
  if (!isUnlimitedStop(ordType)) return ticks;
  const side = orders.side[row] as number;
  const start = trailingStart(state, instrument, side, orders.offset[row] as number);
  return Math.max(ticks, Math.abs((orders.stopPrice[row] as number) || start));
}

/** Adds a request to those under way, behind the others: the venue answers in that order. */
export function addRequest(state: ShardState, row: number, id: number): void {
  const { orders, clientIds } = state;
  clientIds.next[id] = 0;
  let last = orders.requests[row] as number;
  if (last === 0) orders.requests[row] = id + 1;
  else {
    while ((clientIds.next[last - 1] as number) !== 0) last = clientIds.next[last - 1] as number;
    clientIds.next[last - 1] = id + 1;
  }
  const replaces = clientIds.kind[id] === REQUEST_KIND.Replace;
  if (replaces && (orders.leavesQuantity[row] as number) > 0) noteBest(state, row);
}

/** Takes an answered request off those under way and sets its state. */
export function endRequest(state: ShardState, row: number, id: number, ended: number): void {
  const { orders, clientIds } = state;
  const replaces = clientIds.kind[id] === REQUEST_KIND.Replace;
  if (replaces) left[0] = reach(state, row);
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
    if (replaces) reachChanged(state, row);
    if (clientIds.state[id] === REQUEST_STATE.Pending) countPending(state, row, id, -1);
  }
  clientIds.state[id] = ended;
  if (orders.unanswered.size !== 0) orders.noteAnswer(row);
  if (clientIds.further.size !== 0) clientIds.further.delete(id);
}

/** Counts requests that the venue confirmed as pending; OrdStatus depends on them. */
export function countPending(state: ShardState, row: number, id: number, change: 1 | -1): void {
  const { orders, clientIds } = state;
  const column =
    clientIds.kind[id] === REQUEST_KIND.Cancel ? orders.pendingCancels : orders.pendingReplaces;
  column[row] = (column[row] as number) + change;
}
