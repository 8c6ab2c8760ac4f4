/** Works off what marks and fills brought about: stops that trigger, contingency groups. */
import { eventLayouts } from '../../domain/events.js';
import { ORD_TYPE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { type Emitter, recordOf } from '../emitter.js';
import { isDue, isStop } from '../evolve/held-orders.js';
import { closable, isHalted, mayGoOut, mustClose } from '../risk/release-checks.js';
import { crossesOwn } from '../risk/self-trade.js';
import { statusOf } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { requestCancel } from './cancel-order.js';
import { decideContingency } from './contingencies.js';
import { beginOrderEvent, setAfterUnchanged } from './order-event.js';
import { routeOrder } from './route-order.js';
import { emitExpired } from './trading-day.js';

const triggered = eventLayouts.OrderTriggered.offsets;
const ORDER_TRIGGERED = recordOf('OrderTriggered');

/** @returns whether all is done; false when the batch is full and the rest waits for the next */
export function workOff(e: Emitter): boolean {
  const { work } = e.state;
  while (work.any) {
    for (const row of work.orders) {
      if (!e.room) return false;
      work.deleteOrder(row);
      decideContingency(e, row);
    }
    for (const instrument of work.instruments) {
      if (!triggerDue(e, instrument)) return false;
      work.deleteInstrument(instrument);
    }
  }
  return true;
}

/** Triggers the stops of an instrument that its mark has reached, oldest last. */
function triggerDue(e: Emitter, instrument: number): boolean {
  const { orders, instruments } = e.state;
  let row = instruments.held[instrument] as number;
  while (row !== 0) {
    // Triggering takes the order off the list.
    const next = orders.nextHeld[row] as number;
    // While it may not trade a stop waits; it is looked at again at each mark and when trading resumes.
    if (isDue(e.state, row) && mayGoOut(e.state, row)) {
      if (!e.room) return false;
      triggerStop(e, row);
    }
    row = next;
  }
  return true;
}

/** A good-till-date order that was held beyond its time expires instead. */
function expireIfOver(e: Emitter, row: number): boolean {
  const expires = e.state.orders.expireTime[row] as number;
  if (expires === 0 || expires > e.timeMs) return false;
  emitExpired(e, row, REASON.ORDER_EXPIRED);
  return true;
}

/** A stop becomes a market order, a stop limit a limit order, and goes to its venue. */
function triggerStop(e: Emitter, row: number): void {
  if (expireIfOver(e, row)) return;
  const { orders, instruments } = e.state;
  const before = orders.ordType[row];
  const limited = before === ORD_TYPE.StopLimit || before === ORD_TYPE.TrailingStopLimit;
  const mark = instruments.mark[orders.instrument[row] as number] as number;
  emitTriggered(e, row, limited ? ORD_TYPE.Limit : ORD_TYPE.Market, mark);
  routeOrCancel(e, row);
}

/**
 * An order that would now trade with its own account is canceled instead, in every mode but Allow; one that
 * may only close is cut down to what there is to close.
 */
function routeOrCancel(e: Emitter, row: number): void {
  if (crossesOwn(e.state, row)) {
    requestCancel(e, row, REASON.RISK_SELF_TRADE, 0, false, true);
    return;
  }
  const reason = mustClose(e.state, row);
  const { orders } = e.state;
  if (reason !== 0) {
    const room = closable(e.state, row);
    const kept = room === 0 ? 0 : (orders.cumQuantity[row] as number) + room;
    if (room < (orders.leavesQuantity[row] as number))
      requestCancel(e, row, reason, kept, false, true);
    if (room === 0) return;
  }
  routeOrder(e, row);
}

/**
 * A child's parent filled: it goes to its venue, or waits for its price if it is a stop. While trading
 * is halted it waits, as stops do, and is looked at again when it resumes.
 */
export function triggerChild(e: Emitter, row: number): void {
  if (isHalted(e.state, row) || expireIfOver(e, row)) return;
  const ordType = e.state.orders.ordType[row] as number;
  // A stop has its price to wait for; anything else would go out now.
  if (!isStop(ordType) && !mayGoOut(e.state, row)) return;
  emitTriggered(e, row, ordType, 0);
  if (!isStop(ordType)) routeOrCancel(e, row);
}

function emitTriggered(e: Emitter, row: number, ordType: number, mark: number): void {
  const { out } = e;
  const { orders } = e.state;
  const at = beginOrderEvent(e, ORDER_TRIGGERED, row);
  setAfterUnchanged(e, at, row);
  out.f64[(at + triggered.price) >> 3] = orders.price[row] as number;
  out.f64[(at + triggered.mark) >> 3] = mark;
  out.bytes[at + triggered.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    (orders.flags[row] as number) & ~ORDER_FLAG.Held,
    orders.quantity[row] as number,
    orders.cumQuantity[row] as number,
  );
  out.bytes[at + triggered.ordType] = ordType;
  out.i32[(at + triggered.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}
