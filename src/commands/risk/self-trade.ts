/**
 * Self-trade prevention: what an order does that would trade with an open order of its own account.
 *
 * The best price of each side is kept on the position's row, so the common order, which crosses
 * nothing of its own, pays one compare; only a crossing one walks the list of the other side.
 */
import { ORD_TYPE, SELF_TRADE_PREVENTION, SIDE } from '../../domain/order-terms.js';
import { reach } from '../evolve/order-book-keeping.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { RISK, RISK_ROW, UNLIMITED } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';

/** Orders that one order may make give way: beyond, the new one is refused whatever its mode. */
export const GIVE_WAY_MAX = 64;

/** The mode of an order, where it leaves it to its account. */
export function preventionOf(state: ShardState, account: number, ofOrder: number): number {
  if (ofOrder !== SELF_TRADE_PREVENTION.AccountDefault) return ofOrder;
  const mode = state.accounts.selfTradePrevention[account] as number;
  // An account that says nothing lets its orders meet.
  return mode === SELF_TRADE_PREVENTION.AccountDefault ? SELF_TRADE_PREVENTION.Allow : mode;
}

/** The mode of an order that was accepted. */
export function preventionOfOrder(state: ShardState, row: number): number {
  const { orders } = state;
  const special = ((orders.flags[row] as number) & ORDER_FLAG.Special) !== 0;
  const own = special ? (orders.selfTradePrevention[row] as number) : 0;
  return preventionOf(state, orders.account[row] as number, own);
}

/** Whether an order could cross anything of its own account, by the best price of the other side. */
export function mayCross(
  state: ShardState,
  row: number,
  side: number,
  ordType: number,
  price: number,
): boolean {
  const { risk } = state.positions;
  const at = row * RISK_ROW;
  const limited = ordType === ORD_TYPE.Limit || ordType === ORD_TYPE.StopLimit;
  if (side === SIDE.Buy) {
    return (limited ? price : UNLIMITED) >= (risk[at + RISK.bestSell] as number) && row !== 0;
  }
  return (limited ? price : -UNLIMITED) <= (risk[at + RISK.bestBuy] as number) && row !== 0;
}

/** First open order of the other side that the order would trade with, from `from` on; 0 none. */
export function nextCrossed(
  state: ShardState,
  from: number,
  side: number,
  ordType: number,
  price: number,
): number {
  const { orders } = state;
  const limited = ordType === ORD_TYPE.Limit || ordType === ORD_TYPE.StopLimit;
  let row = from;
  while (row !== 0) {
    const flags = orders.flags[row] as number;
    const away = (flags & (ORDER_FLAG.Held | ORDER_FLAG.CancelForced)) !== 0;
    const at = reach(state, row);
    if (!away && (!limited || (side === SIDE.Buy ? price >= at : price <= at))) return row;
    row = orders.next[row] as number;
  }
  return 0;
}

/** First open order of the other side. */
export function otherSide(state: ShardState, row: number, side: number): number {
  const { openBuys, openSells } = state.positions;
  return (side === SIDE.Buy ? openSells : openBuys)[row] as number;
}

/** Whether an order that was held would trade with one of its own account, were it sent now. */
export function crossesOwn(state: ShardState, row: number): boolean {
  const { orders } = state;
  if (preventionOfOrder(state, row) === SELF_TRADE_PREVENTION.Allow) return false;
  const side = orders.side[row] as number;
  const first = otherSide(state, orders.position[row] as number, side);
  return nextCrossed(state, first, side, orders.ordType[row]!, orders.price[row]!) !== 0;
}
