/**
 * Circuit breakers: they trip by event when a value exceeds its limit within the window, and reset by
 * command or, at the next order, once their cool-down is over. Deciding has no clock: time is that of
 * the command at hand.
 */
import type { EventOf } from '../../domain/events.js';
import { SCOPE, TRADING_STATE } from '../../domain/order-terms.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import type { Emitter } from '../emitter.js';
import { SCOPED, SCOPED_WIDTH, SWITCHED_ON } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { found } from '../state/window-table.js';
import { emit } from './control.js';

const { BreakerLoss, BreakerMessages, BreakerRejects } = SWITCHED_ON;

type Trip = EventOf<'CircuitBreakerTripped'>['data'];

/** After an order message: refusals, messages and loss within the window of the account. */
export function checkBreakers(e: Emitter, account: number): void {
  const { scopes, accounts } = e.state;
  const { alarms } = scopes;
  const scope = scopes.first + account;
  if (alarms[scope] !== 0 && haltsAccount(e, account)) return;
  checkLossBreakers(e, account);
  // What was looked at and found within its limits stays there until something else is counted.
  if ((accounts.state[account] as number) < TRADING_STATE.Reducing) alarms[scope] = 0;
}

/** @returns whether refusals or messages were too many */
function haltsAccount(e: Emitter, account: number): boolean {
  const { accounts, scopes } = e.state;
  const on = accounts.checks[account] as number;
  if (accounts.state[account] === TRADING_STATE.Halted) return false;
  const scope = scopes.first + account;
  const at = scope * SCOPED_WIDTH;
  scopes.now[0] = e.timeMs;
  if ((on & BreakerRejects) !== 0) {
    const limit = scopes.rows[at + SCOPED.breakerRejects] as number;
    scopes.refusals.sum(scope, scopes.now, scopes.rows, at + SCOPED.breakerWindow);
    if ((found[0] as number) > limit) {
      haltAccount(e, account, LIMIT.BreakerRejects, limit, found[0] as number);
      return true;
    }
  }
  if ((on & BreakerMessages) !== 0) {
    const limit = scopes.rows[at + SCOPED.breakerMessages] as number;
    scopes.messages.sum(scope, scopes.now, scopes.rows, at + SCOPED.breakerWindow);
    if ((found[0] as number) > limit) {
      haltAccount(e, account, LIMIT.BreakerMessages, limit, found[0] as number);
      return true;
    }
  }
  return false;
}

function haltAccount(
  e: Emitter,
  account: number,
  breaker: number,
  limit: number,
  value: number,
): void {
  trip(e, { limit, value, scopeId: account, breaker, scope: 'Account', state: 'Halted' });
}

const trip = (e: Emitter, data: Trip) => emit(e, 'CircuitBreakerTripped', data);

/** After a fill or an order: the loss within the window of account, group and firm. */
export function checkLossBreakers(e: Emitter, account: number): void {
  const { state } = e;
  const { accounts, scopes } = state;
  const { alarms } = scopes;
  const scope = scopes.first + account;
  const group = accounts.group[account] as number;
  if (((alarms[scope] as number) | (alarms[group] as number) | (alarms[0] as number)) === 0) return;
  scopes.now[0] = e.timeMs;
  const active = (accounts.state[account] as number) < TRADING_STATE.Reducing;
  if (alarms[scope] !== 0 && active) losesTooMuch(e, scope, 'Account', account);
  if (group !== 0 && alarms[group] !== 0) {
    const trades = (accounts.groupState[group] as number) < TRADING_STATE.Reducing;
    if (trades && !losesTooMuch(e, group, 'Group', group)) alarms[group] = 0;
  }
  if (alarms[0] !== 0 && state.firmState < TRADING_STATE.Reducing) {
    if (!losesTooMuch(e, 0, 'Firm', 0)) alarms[0] = 0;
  }
}

function losesTooMuch(e: Emitter, row: number, scope: Trip['scope'], scopeId: number): boolean {
  const { scopes } = e.state;
  if (((scopes.own[row] as number) & BreakerLoss) === 0) return false;
  const at = row * SCOPED_WIDTH;
  const pnl = scopes.rows[at + SCOPED.pnl] as number;
  const limit = scopes.rows[at + SCOPED.breakerLoss] as number;
  found[0] = pnl;
  scopes.highestPnl.highest(row, scopes.now, scopes.rows, at + SCOPED.breakerWindow);
  const value = (found[0] as number) - pnl;
  if (value <= limit) return false;
  trip(e, { limit, value, scopeId, breaker: LIMIT.BreakerLoss, scope, state: 'Reducing' });
  return true;
}

/** After a mark: its move within the window, in basis points of where it came from, rounded up. */
export function checkPriceBreaker(e: Emitter, instrument: number): void {
  const { instruments } = e.state;
  const limit = instruments.breaker[instrument] as number;
  if (limit === 0 || instruments.state[instrument] === TRADING_STATE.Halted) return;
  const { now } = e.state.scopes;
  now[0] = e.timeMs;
  const { breakerWindow, highs, lows } = instruments;
  const mark = instruments.mark[instrument] as number;
  found[0] = mark;
  highs.highest(instrument, now, breakerWindow, instrument);
  const high = found[0] as number;
  found[0] = -mark;
  lows.highest(instrument, now, breakerWindow, instrument);
  const low = -(found[0] as number);
  const value = Math.max(move(high - mark, high), move(mark - low, low));
  if (value <= limit) return;
  trip(e, {
    limit,
    value,
    scopeId: instrument,
    breaker: LIMIT.BreakerPriceMove,
    scope: 'Instrument',
    state: 'Halted',
  });
}

/** A distance in basis points of |from|, rounded up; from zero every move is the largest. */
function move(distance: number, from: number): number {
  if (distance === 0) return 0;
  if (from === 0) return Number.MAX_SAFE_INTEGER;
  return Math.min(Math.ceil((distance * 10_000) / Math.abs(from)), Number.MAX_SAFE_INTEGER);
}

/** Resets the breakers of the order's scopes whose cool-down is over. */
export function resetCooledBreakers(e: Emitter, account: number, instrument: number): void {
  const { state } = e;
  const { scopes, instruments, accounts } = state;
  const group = accounts.group[account] as number;
  resetScope(e, scopes.first + account, 'Account', account);
  if (group !== 0) resetScope(e, group, 'Group', group);
  resetScope(e, 0, 'Firm', 0);
  const since = instruments.trippedTime[instrument] as number;
  const coolDown = instruments.breakerCoolDown[instrument] as number;
  if (since === 0 || e.timeMs - since < coolDown) return;
  reset(e, LIMIT.BreakerPriceMove, 'Instrument', instrument, instruments.stateBefore[instrument]!);
}

function resetScope(e: Emitter, row: number, scope: Trip['scope'], scopeId: number): void {
  const { rows } = e.state.scopes;
  const at = row * SCOPED_WIDTH;
  const breaker = rows[at + SCOPED.tripped] as number;
  const since = rows[at + SCOPED.trippedTime] as number;
  if (breaker === 0 || e.timeMs - since < (rows[at + SCOPED.breakerCoolDown] as number)) return;
  reset(e, breaker, scope, scopeId, rows[at + SCOPED.stateBefore] as number);
}

/** Back to what was there before it tripped: nobody trades himself free of what a person has set. */
function reset(
  e: Emitter,
  breaker: number,
  scope: Trip['scope'],
  scopeId: number,
  before: number,
): void {
  const state = before === TRADING_STATE.Reducing ? 'Reducing' : 'Active';
  emit(e, 'CircuitBreakerReset', { limit: 0, value: 0, scopeId, breaker, scope, state });
}

/** The breaker that tripped in a scope, as limit number; 0 none. */
export function trippedBreaker(state: ShardState, scope: number, scopeId: number): number {
  const { scopes, instruments } = state;
  if (scope === SCOPE.Instrument) {
    return instruments.trippedTime[scopeId] === 0 ? 0 : LIMIT.BreakerPriceMove;
  }
  const row = scope === SCOPE.Account ? scopes.first + scopeId : scopeId;
  return scopes.rows[row * SCOPED_WIDTH + SCOPED.tripped] as number;
}
