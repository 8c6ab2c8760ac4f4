/**
 * A trading day opens and closes by command. Closing expires the day orders that only Daybook holds;
 * venues expire theirs and report it. Opening expires what nobody did, then renews the good-till orders
 * that only Daybook holds.
 * A batch that fills up goes on in the next one: what was expired or renewed is not done again.
 */
import { decodeCommand } from '../../domain/command-codec.js';
import { COMMAND } from '../../domain/commands.js';
import { eventLayouts } from '../../domain/events.js';
import { RESTATEMENT, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { type Emitter, recordOf } from '../emitter.js';
import { isGoodTill, isImmediate, statusOf } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { emitCanceled, isLocal } from './cancel-order.js';
import { emit, refuseCommand } from './control.js';
import { beginOrderEvent, setAfter, setAfterUnchanged } from './order-event.js';

const ended = eventLayouts.OrderExpired.offsets;
const restated = eventLayouts.OrderRestated.offsets;
const ORDER_EXPIRED = recordOf('OrderExpired');
const ORDER_RESTATED = recordOf('OrderRestated');

/** Flags that a renewal lifts, as `orderRestated` evolves it. */
const LIFTED =
  ORDER_FLAG.DoneForDay | ORDER_FLAG.Calculated | ORDER_FLAG.Suspended | ORDER_FLAG.Stopped;

/** @returns whether it is done; false when the batch is full */
export function decideCloseTradingDay(e: Emitter): boolean {
  const { tradingDay } = decodeCommand('CloseTradingDay', e.command.bytes, e.at);
  const { state } = e;
  if (state.tradingDay === 0 || tradingDay !== state.tradingDay) {
    refuseCommand(e, COMMAND.CloseTradingDay, REASON.DAY_INVALID, tradingDay);
    return true;
  }
  if (!expire(e, state.days, true)) return false;
  emit(e, 'TradingDayClosed', { tradingDay, spare32: 0 });
  return true;
}

/** @returns whether it is done; false when the batch is full */
export function decideOpenTradingDay(e: Emitter): boolean {
  const { tradingDay } = decodeCommand('OpenTradingDay', e.command.bytes, e.at);
  const { state } = e;
  const goesOn = state.tradingDay === tradingDay && nextToRenew(e, 1) !== 0;
  if (!goesOn) {
    if (state.tradingDay !== 0 || tradingDay <= state.lastTradingDay) {
      refuseCommand(e, COMMAND.OpenTradingDay, REASON.DAY_INVALID, tradingDay);
      return true;
    }
    if (!expire(e, state.days, false)) return false;
    emit(e, 'TradingDayOpened', { tradingDay, spare32: 0 });
  }
  for (let row = nextToRenew(e, 1); row !== 0; row = nextToRenew(e, row + 1)) {
    if (!e.room) return false;
    renew(e, row);
  }
  return true;
}

/**
 * Expires the day orders of `day` and before, and good-till-date orders whose time is over.
 * @param localOnly only those that no venue holds
 */
function expire(e: Emitter, day: number, localOnly: boolean): boolean {
  const { orders } = e.state;
  for (let row = 1; row < orders.used; row += 1) {
    if (orders.leavesQuantity[row] === 0 || orders.account[row] === 0) continue;
    if (localOnly && !isLocal(e.state, row)) continue;
    const dated = orders.timeInForce[row] === TIME_IN_FORCE.GoodTillDate;
    const over = dated
      ? (orders.expireTime[row] as number) <= e.timeMs
      : !isGoodTill(orders, row) && (orders.day[row] as number) <= day;
    if (!over) continue;
    if (!e.room) return false;
    emitExpired(e, row, dated ? REASON.ORDER_EXPIRED : REASON.ORDER_DAY_ENDED);
  }
  return true;
}

export function emitExpired(e: Emitter, row: number, reason: number): void {
  const { out } = e;
  const { orders } = e.state;
  if (isImmediate(orders, row)) {
    emitCanceled(e, row, -1, REASON.ORDER_IMMEDIATE_REMAINDER, 0);
    return;
  }
  const quantity = orders.quantity[row] as number;
  const cum = orders.cumQuantity[row] as number;
  const at = beginOrderEvent(e, ORDER_EXPIRED, row);
  setAfter(e, at, quantity, cum, 0);
  out.u16[(at + ended.reason) >> 1] = reason;
  out.bytes[at + ended.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    (orders.flags[row] as number) | ORDER_FLAG.Expired,
    quantity,
    cum,
  );
  out.i32[(at + ended.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}

/**
 * The first open good-till order that only Daybook holds, from row `from` on, that comes from an
 * earlier day; 0 none. A venue renews its own, or says nothing (FIX matrices H.1.d to H.1.f).
 */
function nextToRenew(e: Emitter, from: number): number {
  const { orders, days } = e.state;
  for (let row = from; row < orders.used; row += 1) {
    if (orders.leavesQuantity[row] === 0 || orders.account[row] === 0) continue;
    if (!isGoodTill(orders, row) || (orders.day[row] as number) >= days) continue;
    if (isLocal(e.state, row)) return row;
  }
  return 0;
}

/** Restated for the new day (ExecRestatementReason 1): the terms stay as they are. */
function renew(e: Emitter, row: number): void {
  const { out } = e;
  const { orders } = e.state;
  const at = beginOrderEvent(e, ORDER_RESTATED, row);
  setAfterUnchanged(e, at, row);
  out.f64[(at + restated.price) >> 3] = orders.price[row] as number;
  out.f64[(at + restated.cumValue) >> 3] = orders.cumValue[row] as number;
  out.bytes[at + restated.restatement] = RESTATEMENT.GtRenewal;
  out.bytes[at + restated.ordStatus] = statusOf(
    orders.pendingCancels[row] as number,
    orders.pendingReplaces[row] as number,
    (orders.flags[row] as number) & ~LIFTED,
    orders.quantity[row] as number,
    orders.cumQuantity[row] as number,
  );
  out.i32[(at + restated.userRef) >> 2] = orders.userRef[row] as number;
  e.end(at);
}
