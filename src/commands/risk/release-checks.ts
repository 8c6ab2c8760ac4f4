/**
 * What an order that Daybook held back has to pass when it goes out: it was checked when it came, and
 * trading state, position and the orders beside it may have changed since.
 */
import { CONTINGENCY, EXEC_INST, SIDE, TRADING_STATE } from '../../domain/order-terms.js';
import { POSITION } from '../../domain/position.js';
import { REASON } from '../../domain/reject-reasons.js';
import { isChild } from '../evolve/held-orders.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { RISK, RISK_ROW, ROW, RULE } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';
import { tradingState } from './order-checks.js';

/** The strictest trading state of the order's scopes. */
function tradingStateOf(state: ShardState, row: number): number {
  const { orders } = state;
  return tradingState(state, orders.account[row] as number, orders.instrument[row] as number);
}

export const isHalted = (state: ShardState, row: number): boolean =>
  tradingStateOf(state, row) === TRADING_STATE.Halted;

/** Whether its trading states let it out now: reducing only what closes, halted nothing. */
export function mayGoOut(state: ShardState, row: number): boolean {
  const { orders } = state;
  const trading = tradingStateOf(state, row);
  if (trading === TRADING_STATE.Active) return true;
  if (trading === TRADING_STATE.Halted) return false;
  return closable(state, row) >= (orders.leavesQuantity[row] as number);
}

/**
 * Lots of the position that the order could close, beside what works at venues on its side. One of its
 * own group that it cancels, or is canceled by, is not beside it.
 */
export function closable(state: ShardState, row: number): number {
  const { orders, positions } = state;
  const position = orders.position[row] as number;
  const held = positions.rows[position * ROW + POSITION.quantity] as number;
  const buy = orders.side[row] === SIDE.Buy;
  let lots = buy ? -held : held;
  let other = (buy ? positions.openBuys : positions.openSells)[position] as number;
  while (other !== 0 && lots > 0) {
    const isHeld = ((orders.flags[other] as number) & ORDER_FLAG.Held) !== 0;
    if (other !== row && !isHeld && !cancelEachOther(state, row, other)) {
      lots -= orders.exposed[other] as number;
    }
    other = orders.next[other] as number;
  }
  return Math.max(0, lots);
}

function cancelEachOther({ orders }: ShardState, row: number, other: number): boolean {
  if (((orders.flags[other] as number) & ORDER_FLAG.Special) === 0) return false;
  if (orders.listId[row] === 0 || orders.listId[row] !== orders.listId[other]) return false;
  return orders.contingency[row] !== CONTINGENCY.OneTriggersOther;
}

/**
 * Why it may do nothing but close, 0 when it may do more. A child may be a short sale by its parent alone, and
 * that may have bought less.
 */
export function mustClose(state: ShardState, row: number): number {
  const { orders, positions } = state;
  if (((orders.execInst[row] as number) & EXEC_INST.ReduceOnly) !== 0) {
    return REASON.RISK_REDUCE_ONLY;
  }
  if (orders.side[row] === SIDE.Buy) return 0;
  const rules = positions.risk[(orders.position[row] as number) * RISK_ROW + RISK.rules] as number;
  const child = isChild(orders.contingency[row] as number, orders.listIndex[row] as number);
  const covered = RULE.NoShortSale | (child ? RULE.LocateNeeded : 0);
  return (rules & covered) !== 0 ? REASON.RISK_SHORT_SALE : 0;
}
