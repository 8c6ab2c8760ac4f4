/**
 * OrdStatus of an order: of all the states it is in, the one that FIX 4.4 ranks highest (volume 4,
 * "Order State Changes", precedence of OrdStatus).
 */
import { ORD_STATUS, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { ORDER_FLAG, type OrderTable } from './order-table.js';

/** One test decides for the common order, which is in none of these states. */
const ENDINGS_AND_STOPS =
  ORDER_FLAG.DoneForDay |
  ORDER_FLAG.Calculated |
  ORDER_FLAG.Stopped |
  ORDER_FLAG.Suspended |
  ORDER_FLAG.Canceled |
  ORDER_FLAG.Expired;

/** Ended for good: what arrives later is booked, but the order never comes back. */
export const ENDED = ORDER_FLAG.Canceled | ORDER_FLAG.Expired | ORDER_FLAG.Rejected;

/** The venue has the order; a busted fill does not take that back. */
const KNOWN_TO_VENUE = ORDER_FLAG.Acknowledged | ORDER_FLAG.Reported;

/** Over for the day; a good-till order keeps what is left. */
const OVER_TODAY = ORDER_FLAG.DoneForDay | ORDER_FLAG.Calculated;

export function statusOf(
  pendingCancels: number,
  pendingReplaces: number,
  flags: number,
  quantity: number,
  cumQuantity: number,
): number {
  // What has ended is pending, done for the day, stopped or suspended no more, whoever has yet to
  // answer: the report that ends an order says so (FIX rule 2), and nobody waits for ever.
  const live = (flags & ENDED) === 0;
  if (live && pendingCancels > 0) return ORD_STATUS.PendingCancel;
  if (live && pendingReplaces > 0) return ORD_STATUS.PendingReplace;
  if (flags & ENDINGS_AND_STOPS) {
    if (live && flags & ORDER_FLAG.DoneForDay) return ORD_STATUS.DoneForDay;
    if (flags & ORDER_FLAG.Calculated) return ORD_STATUS.Calculated;
  }
  if (cumQuantity > 0 && cumQuantity >= quantity) return ORD_STATUS.Filled;
  if (flags & ENDINGS_AND_STOPS) {
    if (live && flags & ORDER_FLAG.Stopped) return ORD_STATUS.Stopped;
    if (live && flags & ORDER_FLAG.Suspended) return ORD_STATUS.Suspended;
    if (flags & ORDER_FLAG.Canceled) return ORD_STATUS.Canceled;
    if (flags & ORDER_FLAG.Expired) return ORD_STATUS.Expired;
  }
  if (cumQuantity > 0) return ORD_STATUS.PartiallyFilled;
  if (flags & ORDER_FLAG.Rejected) return ORD_STATUS.Rejected;
  return flags & KNOWN_TO_VENUE ? ORD_STATUS.New : ORD_STATUS.PendingNew;
}

/** OrdStatus of the order in a row, as it stands. */
export function orderStatus(orders: OrderTable, row: number): number {
  return statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    orders.flags[row] as number,
    orders.quantity[row] as number,
    orders.cumQuantity[row] as number,
  );
}

/** Whether the order outlives its day: GTC and GTD. */
export function isGoodTill(orders: OrderTable, row: number): boolean {
  const timeInForce = orders.timeInForce[row];
  return timeInForce === TIME_IN_FORCE.GoodTillCancel || timeInForce === TIME_IN_FORCE.GoodTillDate;
}

/** Whether the order lives for a moment only: IOC and FOK. */
export function isImmediate(orders: OrderTable, row: number): boolean {
  const timeInForce = orders.timeInForce[row];
  return (
    timeInForce === TIME_IN_FORCE.ImmediateOrCancel || timeInForce === TIME_IN_FORCE.FillOrKill
  );
}

/**
 * LeavesQty for given flags and quantities (FIX 4.4: OrderQty = CumQty + LeavesQty, but 0 when
 * canceled, expired, rejected, or done for the day without coming back).
 */
export function leavesFor(
  orders: OrderTable,
  row: number,
  flags: number,
  quantity: number,
  cumQuantity: number,
): number {
  if (flags & ENDED) return 0;
  if (flags & OVER_TODAY && !isGoodTill(orders, row)) return 0;
  return Math.max(0, quantity - cumQuantity);
}
