/** The limits of firm, groups and accounts, written into their rows when one of them changes. */
import { SCOPE } from '../../domain/order-terms.js';
import { LIMIT, NO_LIMIT } from '../../domain/risk-catalogue.js';
import { UNLIMITED } from '../state/position-table.js';
import { BREAKER_WINDOW_MS, SCOPED, SCOPED_WIDTH, SWITCHED_ON } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { revalueAll } from './exposure.js';

/** Limits of the sum over a scope: its own value holds, and those of the scopes above hold too. */
const SUMMED = [
  [LIMIT.MaxOpenOrders, SCOPED.maxOpenOrders, SWITCHED_ON.OpenOrders],
  [LIMIT.MaxGrossExposure, SCOPED.maxGross, SWITCHED_ON.GrossExposure],
  [LIMIT.MaxNetExposure, SCOPED.maxNet, SWITCHED_ON.NetExposure],
  [LIMIT.MaxDailyLoss, SCOPED.maxDailyLoss, SWITCHED_ON.DailyLoss],
  [LIMIT.BuyingPower, SCOPED.buyingPower, SWITCHED_ON.BuyingPower],
  [LIMIT.BreakerLoss, SCOPED.breakerLoss, SWITCHED_ON.BreakerLoss],
] as const;

/** Token buckets of a scope. */
const RATES = [
  [LIMIT.OrderRate, SCOPED.orderRate, SWITCHED_ON.OrderRate],
  [LIMIT.CancelRate, SCOPED.cancelRate, SWITCHED_ON.CancelRate],
] as const;

/** Limits of each account on its own: the tightest of account, group and firm. */
const EACH = [
  [LIMIT.RepeatedOrders, SCOPED.maxRepeated, SWITCHED_ON.RepeatedOrder],
  [LIMIT.OrderToTradeRatio, SCOPED.orderToTrade, SWITCHED_ON.OrderToTrade],
  [LIMIT.BreakerRejects, SCOPED.breakerRejects, SWITCHED_ON.BreakerRejects],
  [LIMIT.BreakerMessages, SCOPED.breakerMessages, SWITCHED_ON.BreakerMessages],
] as const;

/** While one of these is set, positions are valued at every mark. */
const VALUED: readonly number[] = [
  LIMIT.MaxGrossExposure,
  LIMIT.MaxNetExposure,
  LIMIT.MaxDailyLoss,
  LIMIT.BuyingPower,
  LIMIT.BreakerLoss,
];

/** A limit changed, or an account came or moved: `ms` is the time of that event. */
export function resolveScopes(state: ShardState, scope: number, scopeId: number, ms: number): void {
  const { accounts, scopes } = state;
  if (scope === SCOPE.Firm) resolveOwn(state, 0, SCOPE.Firm, 0, ms);
  if (scope === SCOPE.Group) resolveOwn(state, scopeId, SCOPE.Group, scopeId, ms);
  if (scope === SCOPE.Account) {
    resolveOwn(state, scopes.first + scopeId, SCOPE.Account, scopeId, ms);
    resolveAccount(state, scopeId);
    return;
  }
  for (let account = 1; account < accounts.count; account += 1) {
    if (scope === SCOPE.Group && accounts.group[account] !== scopeId) continue;
    resolveAccount(state, account);
  }
}

/** Positions are valued while a limit needs it; the sums start anew when that begins. */
export function switchValuing(state: ShardState): void {
  const valued = state.limits.sets(VALUED) ? 1 : 0;
  if (valued === state.scopes.valued) return;
  if (valued === 1) revalueAll(state);
  state.scopes.valued = valued;
}

function resolveOwn(
  state: ShardState,
  row: number,
  scope: number,
  scopeId: number,
  ms: number,
): void {
  const { scopes, limits } = state;
  const at = row * SCOPED_WIDTH;
  let own = 0;
  for (const [limit, column, bit] of SUMMED) {
    const value = limits.get({ limit, scope, scopeId, instrument: 0 });
    scopes.rows[at + column] = value === NO_LIMIT ? UNLIMITED : value;
    if (value !== NO_LIMIT) own |= bit;
  }
  for (const [limit, column, bit] of RATES) {
    const value = limits.get({ limit, scope, scopeId, instrument: 0 });
    if (value !== NO_LIMIT) own |= bit;
    const rate = value === NO_LIMIT ? 0 : value;
    if (rate === scopes.rows[at + column]) continue;
    // A new limit starts with a full bucket.
    scopes.rows[at + column] = rate;
    scopes.rows[at + column + 1] = rate * 1000;
    scopes.rows[at + column + 2] = ms;
  }
  const window = limits.get({ limit: LIMIT.BreakerWindow, scope, scopeId, instrument: 0 });
  // An account's own comes after: it takes the tightest of its scopes.
  if (scope !== SCOPE.Account) setWindow(state, row, window > 0 ? window : BREAKER_WINDOW_MS);
  const coolDown = limits.get({ limit: LIMIT.BreakerCoolDown, scope, scopeId, instrument: 0 });
  scopes.rows[at + SCOPED.breakerCoolDown] = coolDown === NO_LIMIT ? UNLIMITED : coolDown;
  scopes.own[row] = own;
}

/** What was counted in slices of another length does not compare: the windows start anew. */
function setWindow(state: ShardState, row: number, windowMs: number): void {
  const { scopes } = state;
  const at = row * SCOPED_WIDTH + SCOPED.breakerWindow;
  if (scopes.rows[at] === windowMs) return;
  scopes.rows[at] = windowMs;
  scopes.highestPnl.clear(row);
  scopes.refusals.clear(row);
  scopes.messages.clear(row);
}

function resolveAccount(state: ShardState, account: number): void {
  const { accounts, scopes, limits } = state;
  const group = accounts.group[account] as number;
  const row = scopes.first + account;
  const at = row * SCOPED_WIDTH;
  let own = (scopes.own[row] as number) & ~EACH.reduce((bits, [, , bit]) => bits | bit, 0);
  const inForce = (limit: number) => limits.inForce(limit, account, group, 0, UNLIMITED);
  for (const [limit, column, bit] of EACH) {
    const value = inForce(limit);
    scopes.rows[at + column] = value;
    if (value !== UNLIMITED) own |= bit;
  }
  const window = inForce(LIMIT.BreakerWindow);
  setWindow(state, row, window === UNLIMITED || window === 0 ? BREAKER_WINDOW_MS : window);
  scopes.rows[at + SCOPED.breakerCoolDown] = inForce(LIMIT.BreakerCoolDown);
  scopes.rows[at + SCOPED.rateAge] = inForce(LIMIT.RateAge);
  scopes.own[row] = own;
  accounts.checks[account] =
    own | (scopes.own[0] as number) | (group === 0 ? 0 : (scopes.own[group] as number));
}

const OF_PRICE_BREAKERS: readonly number[] = [
  LIMIT.BreakerPriceMove,
  LIMIT.BreakerWindow,
  LIMIT.BreakerCoolDown,
];

/** A limit of the firm changed: of one instrument, or 0 of all. */
export function resolvePriceBreakers(state: ShardState, limit: number, instrument: number): void {
  if (!OF_PRICE_BREAKERS.includes(limit)) return;
  if (instrument !== 0) {
    resolvePriceBreaker(state, instrument);
    return;
  }
  for (let each = 1; each < state.instruments.count; each += 1) resolvePriceBreaker(state, each);
}

/** The circuit breaker on the move of an instrument's mark; it is the firm's. */
export function resolvePriceBreaker(state: ShardState, instrument: number): void {
  const { instruments, limits } = state;
  const firm = (limit: number, of: number) => limits.inForce(limit, 0, 0, of, UNLIMITED);
  const move = firm(LIMIT.BreakerPriceMove, instrument);
  const window = firm(LIMIT.BreakerWindow, 0);
  instruments.breaker[instrument] = move === UNLIMITED ? 0 : move;
  instruments.breakerWindow[instrument] =
    window === UNLIMITED || window === 0 ? BREAKER_WINDOW_MS : window;
  instruments.breakerCoolDown[instrument] = firm(LIMIT.BreakerCoolDown, 0);
}
