/**
 * Counts what limits on rates, repetition and order-to-trade compare with. Called for every order
 * message; one compare when no such limit is in force for the account.
 */
import type { RecordBuffer } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import {
  REPEATED,
  REPEATED_WIDTH,
  SCOPED,
  SCOPED_WIDTH,
  SWITCHED_ON,
  takeToken,
} from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { noteTime } from './event-time.js';

const accepted = eventLayouts.OrderAccepted.offsets;
const { OrderRate, CancelRate, RepeatedOrder, OrderToTrade, BreakerMessages, BreakerRejects } =
  SWITCHED_ON;

const ON_ORDER = OrderRate | RepeatedOrder | OrderToTrade | BreakerMessages;
const ON_REPLACE = OrderRate | OrderToTrade | BreakerMessages;
const ON_CANCEL = CancelRate | OrderToTrade | BreakerMessages;
const ON_REFUSAL = OrderToTrade | BreakerMessages | BreakerRejects;

/** Window of the limit on repeated orders. */
export const REPEATED_WINDOW_MS = 1000;

export function countOrder(state: ShardState, b: RecordBuffer, at: number, account: number): void {
  const on = (state.accounts.checks[account] as number) & ON_ORDER;
  if (on === 0) return;
  noteTime(state.scopes.now, b, at);
  if ((on & OrderRate) !== 0) take(state, account, OrderRate, SCOPED.orderRate);
  if ((on & RepeatedOrder) !== 0) countRepeated(state, b, at, account);
  countMessage(state, account, on);
}

export function countReplace(
  state: ShardState,
  b: RecordBuffer,
  at: number,
  account: number,
): void {
  const on = (state.accounts.checks[account] as number) & ON_REPLACE;
  if (on === 0) return;
  noteTime(state.scopes.now, b, at);
  if ((on & OrderRate) !== 0) take(state, account, OrderRate, SCOPED.orderRate);
  countMessage(state, account, on);
}

/** A cancel of the client; those of Daybook itself do not count. */
export function countCancel(state: ShardState, b: RecordBuffer, at: number, account: number): void {
  const on = (state.accounts.checks[account] as number) & ON_CANCEL;
  if (on === 0) return;
  noteTime(state.scopes.now, b, at);
  if ((on & CancelRate) !== 0) take(state, account, CancelRate, SCOPED.cancelRate);
  countMessage(state, account, on);
}

/** An order, cancel or replace that was refused here. */
export function countRefusal(
  state: ShardState,
  b: RecordBuffer,
  at: number,
  account: number,
): void {
  const on = (state.accounts.checks[account] as number) & ON_REFUSAL;
  if (on === 0) return;
  noteTime(state.scopes.now, b, at);
  countMessage(state, account, on);
  if ((on & BreakerRejects) === 0) return;
  const scope = state.scopes.first + account;
  const { rows, refusals, now } = state.scopes;
  const base = scope * SCOPED_WIDTH;
  refusals.addOne(scope, now, rows, base + SCOPED.breakerWindow);
  if (refusals.latest(scope) > (rows[base + SCOPED.breakerRejects] as number)) {
    state.scopes.alarms[scope] = 1;
  }
}

function take(state: ShardState, account: number, limit: number, column: number): void {
  const { scopes, accounts } = state;
  const row = scopes.first + account;
  const group = accounts.group[account] as number;
  if (((scopes.own[row] as number) & limit) !== 0) {
    takeToken(scopes.rows, row * SCOPED_WIDTH + column, scopes.now);
  }
  if (group !== 0 && ((scopes.own[group] as number) & limit) !== 0) {
    takeToken(scopes.rows, group * SCOPED_WIDTH + column, scopes.now);
  }
  if (((scopes.own[0] as number) & limit) !== 0) takeToken(scopes.rows, column, scopes.now);
}

function countMessage(state: ShardState, account: number, on: number): void {
  const { scopes } = state;
  const scope = scopes.first + account;
  const at = scope * SCOPED_WIDTH;
  if ((on & OrderToTrade) !== 0) {
    scopes.rows[at + SCOPED.messages] = (scopes.rows[at + SCOPED.messages] as number) + 1;
  }
  if ((on & BreakerMessages) !== 0) {
    const { rows, messages } = scopes;
    messages.addOne(scope, scopes.now, rows, at + SCOPED.breakerWindow);
    if (messages.latest(scope) > (rows[at + SCOPED.breakerMessages] as number)) {
      scopes.alarms[scope] = 1;
    }
  }
}

/** The same order again within the window counts on; any other starts a new count. */
function countRepeated(state: ShardState, b: RecordBuffer, at: number, account: number): void {
  const rows = state.scopes.repeated;
  const ms = state.scopes.now[0] as number;
  const base = account * REPEATED_WIDTH;
  const instrument = b.u32[(at + accepted.instrument) >> 2] as number;
  const side = b.bytes[at + accepted.side] as number;
  const quantity = b.f64[(at + accepted.quantity) >> 3] as number;
  const price = b.f64[(at + accepted.price) >> 3] as number;
  const again =
    rows[base + REPEATED.instrument] === instrument &&
    rows[base + REPEATED.side] === side &&
    rows[base + REPEATED.quantity] === quantity &&
    rows[base + REPEATED.price] === price &&
    ms - (rows[base + REPEATED.since] as number) < REPEATED_WINDOW_MS;
  if (again) {
    rows[base + REPEATED.count] = (rows[base + REPEATED.count] as number) + 1;
    return;
  }
  rows[base + REPEATED.instrument] = instrument;
  rows[base + REPEATED.side] = side;
  rows[base + REPEATED.quantity] = quantity;
  rows[base + REPEATED.price] = price;
  rows[base + REPEATED.count] = 1;
  rows[base + REPEATED.since] = ms;
}
