/** What a state holds, as an auditor reads it: orders, positions, P&L, limits, trading states. */
import { orderStatus } from '../commands/state/order-status.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { ORD_STATUS, SCOPE, SIDE, TRADING_STATE } from '../domain/order-terms.js';
import { limits as declaredLimits, type LimitDeclaration } from '../domain/risk-catalogue.js';
import { formatSteps } from '../lib/decimal.js';
import { type LimitAmount, limitAmount } from './limit-amount.js';
import { accountName, type MoneyLine, positionLines } from './position-lines.js';

/** Names of an account and an instrument; left out: all. */
export interface Parties {
  readonly account?: string | undefined;
  readonly instrument?: string | undefined;
}

export interface OrderLine {
  readonly orderId: number;
  readonly clOrdId: string;
  readonly account: string;
  readonly instrument: string;
  readonly side: string;
  readonly status: string;
  readonly price: string;
  readonly quantity: string;
  readonly cumQuantity: string;
  readonly leavesQuantity: string;
}

export interface LimitLine extends LimitAmount {
  readonly limit: string;
  readonly scope: string;
  readonly name: string;
  /** Empty: every instrument. */
  readonly instrument: string;
}

export interface TradingStateLine {
  readonly scope: 'Firm' | 'Group' | 'Account' | 'Instrument';
  readonly name: string;
  readonly state: string;
}

const nameOf = (choices: Readonly<Record<string, number>>, number: number | undefined): string =>
  Object.keys(choices).find((name) => choices[name] === number) ?? String(number);

const isOf = (line: { account: string; instrument: string }, parties: Parties): boolean =>
  (parties.account === undefined || line.account === parties.account) &&
  (parties.instrument === undefined || line.instrument === parties.instrument);

export const positionsOf = (state: ShardState, parties: Parties = {}): MoneyLine[] =>
  positionLines(state).filter((line) => isOf(line, parties));

/**
 * Orders with something left, by id.
 * @param after only those with a larger id
 */
export function openOrdersOf(
  state: ShardState,
  limit: number,
  parties: Parties = {},
  after = 0,
): OrderLine[] {
  const { orders } = state;
  const account =
    parties.account === undefined ? undefined : state.accounts.byName.get(parties.account);
  const instrument =
    parties.instrument === undefined
      ? undefined
      : state.instruments.bySymbol.get(parties.instrument);
  if (parties.account !== undefined && account === undefined) return [];
  if (parties.instrument !== undefined && instrument === undefined) return [];
  const rows: number[] = [];
  for (let row = 1; row < orders.used; row += 1) {
    if (orders.account[row] === 0 || (orders.leavesQuantity[row] as number) <= 0) continue;
    if ((orders.orderId[row] as number) <= after) continue;
    if (account !== undefined && orders.account[row] !== account) continue;
    if (instrument !== undefined && orders.instrument[row] !== instrument) continue;
    rows.push(row);
  }
  const id = (row: number) => orders.orderId[row] as number;
  rows.sort((a, b) => id(a) - id(b));
  return rows.slice(0, limit).map((row) => orderLine(state, row));
}

function orderLine(state: ShardState, row: number): OrderLine {
  const { orders, clientIds, instruments } = state;
  const terms = instruments.terms[orders.instrument[row] as number];
  const price = (ticks: number) =>
    terms === undefined
      ? String(ticks)
      : formatSteps(ticks, { units: terms.tickMantissa, scale: terms.tickScale });
  const lots = (quantity: number) =>
    terms === undefined
      ? String(quantity)
      : formatSteps(quantity, { units: terms.lotMantissa, scale: terms.lotScale });
  const id = orders.clientId[row] as number;
  return {
    orderId: orders.orderId[row] as number,
    clOrdId: id >= 0 ? clientIds.textOf(id) : '',
    account: accountName(state, orders.account[row] as number),
    instrument: terms?.symbol ?? '',
    side: nameOf(SIDE, orders.side[row]),
    status: nameOf(ORD_STATUS, orderStatus(orders, row)),
    price: price(orders.price[row] as number),
    quantity: lots(orders.quantity[row] as number),
    cumQuantity: lots(orders.cumQuantity[row] as number),
    leavesQuantity: lots(orders.leavesQuantity[row] as number),
  };
}

export function scopeName(state: ShardState, scope: number, id: number): string {
  if (scope === SCOPE.Account) return accountName(state, id);
  if (scope === SCOPE.Instrument) return state.instruments.terms[id]?.symbol ?? `#${id}`;
  if (scope !== SCOPE.Group) return '';
  return [...state.accounts.groups].find(([, index]) => index === id)?.[0] ?? `#${id}`;
}

const limitNames = new Map<number, readonly [string, LimitDeclaration]>(
  Object.entries(declaredLimits).map((entry) => [entry[1].number, entry]),
);

/** Every limit that is set. */
export function limitsOf(state: ShardState): LimitLine[] {
  return [...state.limits.values.values()].map(({ key, value }) => {
    const [limit, declared] = limitNames.get(key.limit) ?? [String(key.limit), undefined];
    return {
      limit,
      scope: nameOf(SCOPE, key.scope),
      name: scopeName(state, key.scope, key.scopeId),
      instrument: key.instrument === 0 ? '' : scopeName(state, SCOPE.Instrument, key.instrument),
      ...limitAmount(state, key, declared?.unit ?? '', value),
    };
  });
}

/** Scopes that do not trade freely; the firm always. */
export function tradingStatesOf(state: ShardState): TradingStateLine[] {
  const found: TradingStateLine[] = [
    { scope: 'Firm', name: '', state: nameOf(TRADING_STATE, state.firmState) },
  ];
  const add = (scope: 'Group' | 'Account' | 'Instrument', states: Uint8Array, count: number) => {
    for (let id = 1; id < count; id += 1) {
      if (states[id] === TRADING_STATE.Active) continue;
      const name = scopeName(state, SCOPE[scope], id);
      found.push({ scope, name, state: nameOf(TRADING_STATE, states[id]) });
    }
  };
  const { accounts, instruments } = state;
  add('Group', accounts.groupState, accounts.groups.size + 1);
  add('Account', accounts.state, accounts.count);
  add('Instrument', instruments.state, instruments.count);
  return found;
}
