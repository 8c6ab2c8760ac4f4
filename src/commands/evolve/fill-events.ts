/** Fills, corrections and busts: the only events that move a position. */
import type { RecordBuffer } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import { applyFill, SUSPENSE } from '../../domain/position.js';
import { assert } from '../../lib/assert.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { ROW } from '../state/position-table.js';
import { SCOPED, SCOPED_WIDTH, SWITCHED_ON } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { noteTime } from './event-time.js';
import { revalue } from './exposure.js';
import { setExposure, setLeaves } from './order-book-keeping.js';
import { rowOf } from './order-events.js';
import { ensurePosition } from './positions.js';

const filled = eventLayouts.OrderFilled.offsets;
const corrected = eventLayouts.FillCorrected.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;

export function orderFilled(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders, executions, positions } = state;
  const row = rowOf(state, b, at);
  const quantity = b.f64[(at + filled.lastQuantity) >> 3] as number;
  const price = b.f64[(at + filled.lastPrice) >> 3] as number;
  const execution = executions.add(orders.venue[row] as number, b.i32, (at + filled.execId) >> 2);
  executions.order[execution] = row;
  executions.day[execution] = state.days;
  executions.quantity[execution] = quantity;
  executions.price[execution] = price;
  const fee = b.f64[(at + filled.fee) >> 3] as number;
  executions.fee[execution] = fee;
  executions.replacedBy[execution] = 0;
  orders.cumQuantity[row] = (orders.cumQuantity[row] as number) + quantity;
  orders.cumValue[row] = b.f64[(at + filled.cumValue) >> 3] as number;
  orders.flags[row] = (orders.flags[row] as number) | ORDER_FLAG.Reported;
  assert(
    orders.cumQuantity[row] === b.f64[(at + filled.cumQuantity) >> 3],
    'CumQty of a fill does not follow from the fills before it',
  );
  const lots = b.bytes[at + filled.side] === SIDE.Buy ? quantity : -quantity;
  applyFill(positions.rows, (orders.position[row] as number) * ROW, lots, price, fee);
  setLeaves(state, row, b.f64[(at + filled.leavesQuantity) >> 3] as number);
  setExposure(state, row);
  afterFill(state, b, at, row);
}

/** The position moved: its value, and the account's count of fills where a limit compares with it. */
function afterFill(state: ShardState, b: RecordBuffer, at: number, row: number): void {
  const account = state.orders.account[row] as number;
  if (state.scopes.valued !== 0) {
    noteTime(state.scopes.now, b, at);
    revalue(state, state.orders.position[row] as number);
  }
  if (((state.accounts.checks[account] as number) & SWITCHED_ON.OrderToTrade) !== 0) {
    const fills = (state.scopes.first + account) * SCOPED_WIDTH + SCOPED.fills;
    state.scopes.rows[fills] = (state.scopes.rows[fills] as number) + 1;
  }
}

/** A correction or a bust: the old execution is taken out of the position, the new one put in. */
export function fillCorrected(state: ShardState, b: RecordBuffer, at: number): void {
  const { orders, executions, positions } = state;
  const row = rowOf(state, b, at);
  const venue = orders.venue[row] as number;
  const old = executions.find(venue, b.i32, (at + corrected.execRefId) >> 2);
  assert(old >= 0, 'a correction names an execution that does not exist');
  const id = executions.add(venue, b.i32, (at + corrected.execId) >> 2);
  executions.day[id] = state.days;
  const quantity = b.f64[(at + corrected.lastQuantity) >> 3] as number;
  const price = b.f64[(at + corrected.lastPrice) >> 3] as number;
  executions.order[id] = row;
  executions.quantity[id] = quantity;
  executions.price[id] = price;
  const fee = b.f64[(at + corrected.fee) >> 3] as number;
  executions.fee[id] = (executions.fee[old] as number) + fee;
  executions.replacedBy[id] = 0;
  executions.replacedBy[old] = id + 1;
  orders.cumQuantity[row] = b.f64[(at + corrected.cumQuantity) >> 3] as number;
  orders.cumValue[row] = b.f64[(at + corrected.cumValue) >> 3] as number;
  const sign = b.bytes[at + corrected.side] === SIDE.Buy ? 1 : -1;
  const base = (orders.position[row] as number) * ROW;
  const before = executions.quantity[old] as number;
  applyFill(positions.rows, base, -sign * before, executions.price[old] as number, fee);
  if (quantity > 0) applyFill(positions.rows, base, sign * quantity, price, 0);
  setLeaves(state, row, b.f64[(at + corrected.leavesQuantity) >> 3] as number);
  setExposure(state, row);
  noteTime(state.scopes.now, b, at);
  revalue(state, orders.position[row] as number);
}

/** A fill that fits no order still moves a position: that of suspense. */
export function fillUnmatched(state: ShardState, b: RecordBuffer, at: number): void {
  const { executions, positions } = state;
  const venue = b.u16[(at + unmatched.venue) >> 1] as number;
  const id = executions.add(venue, b.i32, (at + unmatched.execId) >> 2);
  executions.day[id] = state.days;
  const quantity = b.f64[(at + unmatched.lastQuantity) >> 3] as number;
  const price = b.f64[(at + unmatched.lastPrice) >> 3] as number;
  executions.order[id] = 0;
  executions.quantity[id] = quantity;
  executions.price[id] = price;
  state.fillsUnmatched += 1;
  const instrument = b.u32[(at + unmatched.instrument) >> 2] as number;
  const account = b.u32[(at + unmatched.account) >> 2] as number;
  const row = ensurePosition(state, SUSPENSE + account, instrument);
  const lots = b.bytes[at + unmatched.side] === SIDE.Buy ? quantity : -quantity;
  applyFill(positions.rows, row * ROW, lots, price, 0);
  noteTime(state.scopes.now, b, at);
  revalue(state, row);
}
