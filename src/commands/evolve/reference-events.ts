/** Reference data, limits, marks, trading states, days, writers: the control plane's events. */
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { SCOPE, SELF_TRADE_PREVENTION, TRADING_STATE } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { accountCurrency, instrumentCurrency, setBase } from './base-currencies.js';
import { revalueAll, revalueInstrument } from './exposure.js';
import { resolveNotionalLimitsOfAll } from './notional-limits.js';
import { isOfPositions, resolveLimitsOf } from './positions.js';
import { purgeEnded } from './purge.js';
import {
  resolvePriceBreaker,
  resolvePriceBreakers,
  resolveScopes,
  switchValuing,
} from './scope-limits.js';

export function instrumentListed(
  state: ShardState,
  event: EventOf<'InstrumentListed' | 'InstrumentChanged'>,
): void {
  const { instruments } = state;
  const { data } = event;
  const index = data.instrument;
  if (event.type === 'InstrumentListed') {
    assert(index === instruments.count, 'instruments are numbered in turn');
    instruments.count += 1;
  }
  instruments.setTerms(index, {
    symbol: data.symbol,
    currency: data.currency,
    tickMantissa: data.tickMantissa,
    tickScale: data.tickScale,
    lotMantissa: data.lotMantissa,
    lotScale: data.lotScale,
    multiplierMantissa: data.multiplierMantissa,
    multiplierScale: data.multiplierScale,
  });
  state.scopes.now[0] = millisecondsOf(event);
  instrumentCurrency(state, index, data.symbol, data.currency);
  instruments.feePerLot[index] = data.feePerLot;
  instruments.venue[index] = data.venue;
  instruments.open[index] = data.open;
  instruments.negativePrices[index] = data.negativePrices;
  instruments.marginPercent[index] = data.marginPercent;
  resolvePriceBreaker(state, index);
  revalueInstrument(state, index);
}

/** Time of an event in whole ms. */
const millisecondsOf = (event: DaybookEvent) => Number(event.time / 1_000_000n);

export function accountOpened(
  state: ShardState,
  event: EventOf<'AccountOpened' | 'AccountChanged'>,
): void {
  const { accounts } = state;
  const { data } = event;
  const index = data.account;
  if (event.type === 'AccountOpened') {
    assert(index === accounts.count, 'accounts are numbered in turn');
    accounts.count += 1;
  }
  const before = accounts.terms[index];
  if (before && before.name !== data.name) accounts.byName.delete(before.name);
  accounts.terms[index] = {
    name: data.name,
    groupName: data.groupName,
    currency: data.currency,
  };
  accounts.byName.set(data.name, index);
  if (data.group !== 0) accounts.groups.set(data.groupName, data.group);
  moveOpenOrders(state, index, data.group);
  const moved = accounts.group[index] !== data.group;
  accounts.group[index] = data.group;
  accounts.commissionPerLot[index] = data.commissionPerLot;
  accounts.open[index] = data.open;
  accounts.selfTradePrevention[index] = SELF_TRADE_PREVENTION[data.selfTradePrevention];
  resolveScopes(state, SCOPE.Account, index, millisecondsOf(event));
  state.scopes.now[0] = millisecondsOf(event);
  const rebased = accountCurrency(state, index, data.currency);
  // In the currencies of now.
  resolveLimitsOf(state, SCOPE.Account, index);
  if (rebased) resolveNotionalLimitsOfAll(state);
  if ((moved || rebased) && state.scopes.valued !== 0) revalueAll(state);
}

/** The open orders of an account count for the group it is in. */
function moveOpenOrders(state: ShardState, account: number, group: number): void {
  const { rows, first } = state.scopes;
  const open = rows[(first + account) * SCOPED_WIDTH + SCOPED.openOrders] as number;
  const add = (to: number, by: number) => {
    if (to === 0) return;
    const at = to * SCOPED_WIDTH + SCOPED.openOrders;
    rows[at] = (rows[at] as number) + by;
  };
  add(state.accounts.group[account] as number, -open);
  add(group, open);
}

export function limitChanged(state: ShardState, event: EventOf<'LimitChanged'>): void {
  const { limit, scopeId, instrument, value } = event.data;
  const scope = SCOPE[event.data.scope];
  state.limits.set({ limit, scope, scopeId, instrument }, value);
  if (isOfPositions(limit)) {
    resolveLimitsOf(state, scope, scopeId);
    return;
  }
  resolveScopes(state, scope, scopeId, millisecondsOf(event));
  if (scope === SCOPE.Firm) resolvePriceBreakers(state, limit, instrument);
  switchValuing(state);
}

function baseCurrencyChanged(state: ShardState, event: EventOf<'BaseCurrencyChanged'>): void {
  const { scopeId, currency } = event.data;
  state.scopes.now[0] = millisecondsOf(event);
  if (!setBase(state, scopeId, currency)) return;
  resolveNotionalLimitsOfAll(state);
  if (state.scopes.valued !== 0) revalueAll(state);
}

export function tradingStateChanged(
  state: ShardState,
  event: EventOf<
    'TradingHalted' | 'TradingResumed' | 'CircuitBreakerTripped' | 'CircuitBreakerReset'
  >,
): void {
  const { scope, scopeId } = event.data;
  const next = TRADING_STATE[event.data.state];
  breakerChanged(state, event);
  noteWaiting(state);
  switch (SCOPE[scope]) {
    case SCOPE.Firm:
      state.firmState = next;
      return;
    case SCOPE.Group:
      state.accounts.groupState[scopeId] = next;
      return;
    case SCOPE.Account:
      state.accounts.state[scopeId] = next;
      return;
    case SCOPE.Instrument:
      state.instruments.state[scopeId] = next;
      return;
  }
}

/** Stops that were reached during a halt, and groups whose parents filled in it, are looked at again. */
function noteWaiting(state: ShardState): void {
  const { instruments, lists, work } = state;
  for (const row of lists.rows()) work.addOrder(row);
  for (let index = 1; index < instruments.count; index += 1) {
    if (instruments.held[index] !== 0) work.addInstrument(index);
  }
}

function tradingStateOf(state: ShardState, scope: number, scopeId: number): number {
  if (scope === SCOPE.Firm) return state.firmState;
  if (scope === SCOPE.Group) return state.accounts.groupState[scopeId] as number;
  if (scope === SCOPE.Account) return state.accounts.state[scopeId] as number;
  return state.instruments.state[scopeId] as number;
}

/** A breaker that tripped is remembered until it is reset; whoever halts by hand takes over from it. */
function breakerChanged(
  state: ShardState,
  event: EventOf<
    'TradingHalted' | 'TradingResumed' | 'CircuitBreakerTripped' | 'CircuitBreakerReset'
  >,
): void {
  const { scopes, instruments } = state;
  const { scopeId } = event.data;
  const breaker = event.type === 'CircuitBreakerTripped' ? event.data.breaker : 0;
  const ms = breaker === 0 ? 0 : millisecondsOf(event);
  // One breaker may trip after another: what was there before the first is what a reset goes back to.
  const before = tradingStateOf(state, SCOPE[event.data.scope], scopeId);
  if (SCOPE[event.data.scope] === SCOPE.Instrument) {
    const first = instruments.trippedTime[scopeId] === 0;
    if (breaker === 0) instruments.stateBefore[scopeId] = 0;
    else if (first) instruments.stateBefore[scopeId] = before;
    instruments.trippedTime[scopeId] = ms;
    instruments.highs.clear(scopeId);
    instruments.lows.clear(scopeId);
    return;
  }
  const row = SCOPE[event.data.scope] === SCOPE.Account ? scopes.first + scopeId : scopeId;
  const at = row * SCOPED_WIDTH;
  const first = scopes.rows[at + SCOPED.tripped] === 0;
  if (breaker === 0) scopes.rows[at + SCOPED.stateBefore] = 0;
  else if (first) scopes.rows[at + SCOPED.stateBefore] = before;
  scopes.rows[row * SCOPED_WIDTH + SCOPED.tripped] = breaker;
  scopes.rows[row * SCOPED_WIDTH + SCOPED.trippedTime] = ms;
  scopes.highestPnl.clear(row);
  scopes.refusals.clear(row);
  scopes.messages.clear(row);
}

/** The day's counts start again, and its profit and loss from where it stands. */
function startDayCounts(state: ShardState): void {
  revalueAll(state);
  const { rows } = state.scopes;
  for (let at = 0; at < rows.length; at += SCOPED_WIDTH) {
    rows[at + SCOPED.pnlAtOpen] = rows[at + SCOPED.pnl] as number;
    rows[at + SCOPED.messages] = 0;
    rows[at + SCOPED.fills] = 0;
  }
}

/** What a good-till order was done with yesterday it is not today; a renewal report is optional. */
function wakeGoodTillOrders(state: ShardState): void {
  const { orders } = state;
  for (let row = 1; row < orders.used; row += 1) {
    if (orders.leavesQuantity[row] === 0) continue;
    orders.flags[row] =
      (orders.flags[row] as number) & ~(ORDER_FLAG.DoneForDay | ORDER_FLAG.Calculated);
  }
}

/** The events that are rare enough to be decoded into objects. */
export function evolveReference(state: ShardState, event: DaybookEvent): void {
  state.scopes.alarms.fill(1);
  switch (event.type) {
    case 'WriterStarted':
      assert(event.data.epoch === state.epoch + 1, 'epochs follow each other');
      state.epoch = event.data.epoch;
      state.shard = event.data.shard;
      return;
    case 'InstrumentListed':
    case 'InstrumentChanged':
      instrumentListed(state, event);
      return;
    case 'AccountOpened':
    case 'AccountChanged':
      accountOpened(state, event);
      return;
    case 'LimitChanged':
      limitChanged(state, event);
      return;
    case 'BaseCurrencyChanged':
      baseCurrencyChanged(state, event);
      return;
    case 'TradingHalted':
    case 'TradingResumed':
    case 'CircuitBreakerTripped':
    case 'CircuitBreakerReset':
      tradingStateChanged(state, event);
      return;
    case 'TradingDayOpened':
      state.tradingDay = event.data.tradingDay;
      state.days += 1;
      purgeEnded(state);
      wakeGoodTillOrders(state);
      startDayCounts(state);
      return;
    case 'TradingDayClosed':
      state.lastTradingDay = state.tradingDay;
      state.tradingDay = 0;
      return;
    case 'ActorRegistered':
      state.actors.register(event.data);
      return;
    case 'VenueReconciliationStarted':
      state.reconciling.add(event.data.venue);
      askAnew(state, event.data.venue);
      return;
    case 'VenueReconciled':
      state.reconciling.delete(event.data.venue);
      return;
    case 'VenueDifferenceFound':
      if (event.data.difference === 'RequestUnanswered') countAsked(state, event.data.orderId);
      return;
    case 'RequestRepeated':
    case 'ApprovalRequested':
    case 'ApprovalDecided':
    case 'SnapshotTaken':
    case 'CommandRefused':
    case 'MassCancelDone':
      return;
    default:
      assert(false, `${event.type} is evolved from its record`);
  }
}

/** Another time that a venue was asked how an order stands of which it owes an answer. */
function countAsked({ orders }: ShardState, orderId: number): void {
  const row = orders.rowOf(orderId);
  const { cutTo = 0, asked = 0 } = orders.unanswered.get(row) ?? {};
  orders.unanswered.set(row, { cutTo, asked: asked + 1 });
}

/** The venue is connected anew: what it did not answer before, it may answer now. */
function askAnew({ orders }: ShardState, venue: number): void {
  for (const [row, { asked }] of orders.unanswered) {
    if (asked !== 0 && orders.venue[row] === venue) orders.noteAnswer(row);
  }
}
