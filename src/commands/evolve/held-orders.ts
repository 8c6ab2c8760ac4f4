/**
 * Orders that Daybook holds back: stops until the mark reaches them, children until their parent
 * fills. Stops of an instrument hang together in a list; its nearest triggers are kept, so a mark
 * that reaches none of them pays two compares.
 */
import { CONTINGENCY, ORD_TYPE, SIDE } from '../../domain/order-terms.js';
import { ORDER_FLAG, type OrderTable } from '../state/order-table.js';
import { UNLIMITED } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';

/** Whether the type waits for a price. */
export function isStop(ordType: number): boolean {
  return ordType >= ORD_TYPE.Stop && ordType <= ORD_TYPE.TrailingStopLimit;
}

export function isTrailing(ordType: number): boolean {
  return ordType === ORD_TYPE.TrailingStop || ordType === ORD_TYPE.TrailingStopLimit;
}

/** Whether it trades at any price once it has triggered. */
export function isUnlimitedStop(ordType: number): boolean {
  return ordType === ORD_TYPE.Stop || ordType === ORD_TYPE.TrailingStop;
}

/** Where a trailing stop starts that names no stop price; there is a mark. */
export function trailingStart(
  state: ShardState,
  instrument: number,
  side: number,
  offset: number,
): number {
  const mark = state.instruments.mark[instrument] as number;
  return side === SIDE.Buy ? mark + offset : mark - offset;
}

/** Whether an order of a contingency group waits for another to fill. */
export function isChild(contingency: number, listIndex: number): boolean {
  return (
    listIndex > 0 &&
    (contingency === CONTINGENCY.OneTriggersOther || contingency === CONTINGENCY.Bracket)
  );
}

/** Whether the order is a stop that waits for its price. */
export function isWatched(orders: OrderTable, row: number): boolean {
  return ((orders.flags[row] as number) & ORDER_FLAG.Special) !== 0 && orders.watched[row] === 1;
}

/** Whether the order's parent has still to fill. */
export function waitsForParent(state: ShardState, row: number): boolean {
  const { orders } = state;
  return ((orders.flags[row] as number) & ORDER_FLAG.Special) !== 0 && orders.waiting[row] === 1;
}

/** A new order is held if it is a child or a stop. */
export function holdIfNeeded(state: ShardState, row: number): void {
  const { orders } = state;
  const child = isChild(orders.contingency[row] as number, orders.listIndex[row] as number);
  const stop = isStop(orders.ordType[row] as number);
  orders.waiting[row] = child ? 1 : 0;
  if (!child && !stop) return;
  orders.flags[row] = (orders.flags[row] as number) | ORDER_FLAG.Held;
  if (!child) watch(state, row);
}

/** The parent filled: a stop now waits for its price, anything else is held no longer. */
export function releaseChild(state: ShardState, row: number): void {
  const { orders } = state;
  orders.waiting[row] = 0;
  if (isStop(orders.ordType[row] as number)) watch(state, row);
  else orders.flags[row] = (orders.flags[row] as number) & ~ORDER_FLAG.Held;
}

/** Puts a stop on its instrument's list. */
function watch(state: ShardState, row: number): void {
  const { orders, instruments } = state;
  const instrument = orders.instrument[row] as number;
  const head = instruments.held[instrument] as number;
  orders.nextHeld[row] = head;
  orders.previousHeld[row] = 0;
  if (head !== 0) orders.previousHeld[head] = row;
  instruments.held[instrument] = row;
  orders.watched[row] = 1;
  if (isTrailing(orders.ordType[row] as number)) {
    instruments.trailing[instrument] = (instruments.trailing[instrument] as number) + 1;
    trail(state, row);
  }
  noteTrigger(state, row);
  if (isDue(state, row)) state.work.addInstrument(instrument);
}

/** Takes a stop off its instrument's list: triggered, canceled or expired. */
export function unwatch(state: ShardState, row: number): void {
  const { orders, instruments } = state;
  if (!isWatched(orders, row)) return;
  const instrument = orders.instrument[row] as number;
  const next = orders.nextHeld[row] as number;
  const previous = orders.previousHeld[row] as number;
  if (previous !== 0) orders.nextHeld[previous] = next;
  else instruments.held[instrument] = next;
  if (next !== 0) orders.previousHeld[next] = previous;
  orders.nextHeld[row] = 0;
  orders.previousHeld[row] = 0;
  orders.watched[row] = 0;
  if (isTrailing(orders.ordType[row] as number)) {
    instruments.trailing[instrument] = (instruments.trailing[instrument] as number) - 1;
  }
  if (instruments.held[instrument] === 0) resetTriggers(state, instrument);
}

function resetTriggers(state: ShardState, instrument: number): void {
  state.instruments.buyTrigger[instrument] = UNLIMITED;
  state.instruments.sellTrigger[instrument] = -UNLIMITED;
}

/** The stop price of a held order changed; one that trails is never further away than its offset. */
export function stopChanged(state: ShardState, row: number): void {
  if (!isWatched(state.orders, row)) return;
  if (isTrailing(state.orders.ordType[row] as number)) trail(state, row);
  noteTrigger(state, row);
  if (isDue(state, row)) state.work.addInstrument(state.orders.instrument[row] as number);
}

function noteTrigger(state: ShardState, row: number): void {
  const { orders, instruments } = state;
  const instrument = orders.instrument[row] as number;
  const stop = orders.stopPrice[row] as number;
  if (orders.side[row] === SIDE.Buy) {
    if (stop < (instruments.buyTrigger[instrument] as number)) {
      instruments.buyTrigger[instrument] = stop;
    }
  } else if (stop > (instruments.sellTrigger[instrument] as number)) {
    instruments.sellTrigger[instrument] = stop;
  }
}

/** Whether the mark has reached the stop. */
export function isDue(state: ShardState, row: number): boolean {
  const { orders, instruments } = state;
  const instrument = orders.instrument[row] as number;
  if (instruments.hasMark[instrument] === 0) return false;
  const mark = instruments.mark[instrument] as number;
  const stop = orders.stopPrice[row] as number;
  return orders.side[row] === SIDE.Buy ? mark >= stop : mark <= stop;
}

/** A trailing stop follows the mark at its offset, one way only; its limit keeps the distance. */
function trail(state: ShardState, row: number): void {
  const { orders, instruments } = state;
  const instrument = orders.instrument[row] as number;
  if (instruments.hasMark[instrument] === 0) return;
  const offset = orders.offset[row] as number;
  const before = orders.stopPrice[row] as number;
  const buy = orders.side[row] === SIDE.Buy;
  const follows = trailingStart(state, instrument, orders.side[row] as number, offset);
  const unset = before === 0;
  if (!unset && (buy ? follows >= before : follows <= before)) return;
  orders.stopPrice[row] = follows;
  const limited = orders.ordType[row] === ORD_TYPE.TrailingStopLimit;
  if (limited && !unset) {
    orders.price[row] = (orders.price[row] as number) + (follows - before);
  }
}

/** After a mark: moves what trails and notes whether anything is due. */
export function watchMark(state: ShardState, instrument: number): void {
  const { instruments, orders } = state;
  if (instruments.held[instrument] === 0) return;
  const mark = instruments.mark[instrument] as number;
  const reached =
    mark >= (instruments.buyTrigger[instrument] as number) ||
    mark <= (instruments.sellTrigger[instrument] as number);
  if (!reached && instruments.trailing[instrument] === 0) return;
  resetTriggers(state, instrument);
  let row = instruments.held[instrument] as number;
  while (row !== 0) {
    if (isTrailing(orders.ordType[row] as number)) trail(state, row);
    noteTrigger(state, row);
    if (isDue(state, row)) state.work.addInstrument(instrument);
    row = orders.nextHeld[row] as number;
  }
}
