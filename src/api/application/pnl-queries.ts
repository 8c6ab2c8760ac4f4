/** Positions and P&L as they were, and summed up as they are; each answer says what it is as of. */
import { SCOPE } from '../../domain/order-terms.js';
import { SUSPENSE } from '../../domain/position.js';
import { accountsFor, authorize, EVERY_ACCOUNT } from '../identity/authorize.js';
import type { Application, Caller } from './application.js';
import { invalidField, problem } from './errors.js';
import { instrumentIndex } from './instruments.js';
import { accountIndex } from './order-reference.js';
import type {
  Interval,
  PnlDayView,
  PnlPointView,
  PnlTotalView,
  PositionPointView,
  ScopeExposureView,
  ScopeTotal,
  TotalsBy,
} from './pnl-views.js';
import { atLeast, type Query } from './queries.js';
import { type AsOf, PAGE_ROWS_DEFAULT, type PnlScope } from './read-models.js';
import { dayNumber, dayText } from './trading-days.js';

export interface PositionHistoryQuery extends Query {
  readonly account: string;
  readonly instrument: string;
  readonly strategy?: number | undefined;
  readonly interval?: Interval | 'change' | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Continues after a page: only points with a larger sequence. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

/** At most one of group, account and instrument; a strategy goes with none or an account. */
export interface ScopeQuery extends Query {
  readonly account?: string | undefined;
  readonly group?: string | undefined;
  readonly instrument?: string | undefined;
  readonly strategy?: number | undefined;
  readonly limit?: number | undefined;
}

export interface PnlHistoryQuery extends ScopeQuery {
  readonly interval?: Interval | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Continues after a page: only points after this time. */
  readonly after?: string | undefined;
}

export interface PnlDaysQuery extends ScopeQuery {
  /** "2026-11-22", both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Continues after a page: only later days. */
  readonly after?: string | undefined;
}

export interface TotalsQuery extends Query {
  readonly by?: TotalsBy | undefined;
}

/** @throws ApplicationError PERMISSION_DENIED, ACCOUNT_UNKNOWN, INSTRUMENT_UNKNOWN, VIEW_* */
export async function positionHistory(
  app: Application,
  caller: Caller,
  query: PositionHistoryQuery,
): Promise<AsOf<readonly PositionPointView[]>> {
  authorize(caller.identity, 'positions.read', query.account);
  const { strategy, interval = 'change', from, to, after } = query;
  const filter = {
    account: accountIndex(app, query.account),
    instrument: instrumentIndex(app, query.instrument),
    ...{ strategy, interval, from, to, after, limit: query.limit ?? PAGE_ROWS_DEFAULT },
  };
  return atLeast(app, query.minSequence, () => app.readModels.positionHistory(filter), 'pnl');
}

/** @throws ApplicationError REQUEST_INVALID, PERMISSION_DENIED, *_UNKNOWN, VIEW_* */
export async function pnlHistory(
  app: Application,
  caller: Caller,
  query: PnlHistoryQuery,
): Promise<AsOf<readonly PnlPointView[]>> {
  const { interval = '1m', from, to, after, limit = PAGE_ROWS_DEFAULT } = query;
  const filter = { ...scopeOf(app, caller, query), interval, from, to, after, limit };
  return atLeast(app, query.minSequence, () => app.readModels.pnlHistory(filter), 'pnl');
}

/** @throws as `pnlHistory` */
export async function pnlDays(
  app: Application,
  caller: Caller,
  query: PnlDaysQuery,
): Promise<AsOf<readonly PnlDayView[]>> {
  const { limit = PAGE_ROWS_DEFAULT } = query;
  const [from, to, after] = [query.from, query.to, query.after].map((day) =>
    day === undefined ? undefined : dayNumber(day),
  );
  const filter = { ...scopeOf(app, caller, query), from, to, after, limit };
  const { asOf, value } = await atLeast(
    app,
    query.minSequence,
    () => app.readModels.pnlDays(filter),
    'pnl',
  );
  const days = value.map(({ tradingDay, ...rest }) => ({ day: dayText(tradingDay), ...rest }));
  return { asOf, value: days };
}

/** @throws ApplicationError PERMISSION_DENIED, VIEW_* */
export async function pnlTotals(
  app: Application,
  caller: Caller,
  query: TotalsQuery,
): Promise<AsOf<readonly PnlTotalView[]>> {
  const by = query.by ?? 'account';
  const { asOf, value } = await totals(app, caller, 'positions.read', by, query);
  return {
    asOf,
    value: value.map(({ id, exposure: _, exposures: __, ...pnl }) => ({
      name: nameOf(app, by, id),
      ...pnl,
    })),
  };
}

/** @throws ApplicationError PERMISSION_DENIED, VIEW_* */
export async function exposure(
  app: Application,
  caller: Caller,
  query: TotalsQuery,
): Promise<AsOf<readonly ScopeExposureView[]>> {
  const by = query.by ?? 'account';
  const { asOf, value } = await totals(app, caller, 'risk.read', by, query);
  return {
    asOf,
    value: value.map(({ id, baseCurrency, exposure: inBase, unmarked, exposures }) => ({
      name: nameOf(app, by, id),
      ...{ baseCurrency, exposure: inBase, unmarked, currencies: exposures },
    })),
  };
}

/** Whoever sees some accounts only is shown those one by one: a sum over them is nobody's figure. */
function totals(
  app: Application,
  caller: Caller,
  action: 'positions.read' | 'risk.read',
  by: TotalsBy,
  query: TotalsQuery,
): Promise<AsOf<readonly ScopeTotal[]>> {
  const visible = accountsFor(caller.identity, action);
  if (by !== 'account') authorize(caller.identity, action, EVERY_ACCOUNT);
  const accounts =
    visible === 'all'
      ? undefined
      : [...visible].flatMap((name) => app.reference.accountByName(name)?.index ?? []);
  return atLeast(app, query.minSequence, () => app.readModels.scopeTotals({ by, accounts }), 'pnl');
}

/** Whose P&L is asked for; asks for the permission before it looks anything up. */
function scopeOf(app: Application, caller: Caller, query: ScopeQuery): PnlScope {
  const { account, group, instrument, strategy = 0 } = query;
  const named = [account, group, instrument].filter((name) => name !== undefined);
  if (named.length > 1) throw invalidField('account', 'one of account, group and instrument');
  if (strategy !== 0 && (group ?? instrument) !== undefined) {
    throw invalidField('strategy', 'of the firm or of an account');
  }
  authorize(caller.identity, 'positions.read', account ?? EVERY_ACCOUNT);
  if (account !== undefined) {
    return { scope: SCOPE.Account, scopeId: accountIndex(app, account), strategy };
  }
  if (instrument !== undefined) {
    return { scope: SCOPE.Instrument, scopeId: instrumentIndex(app, instrument) };
  }
  if (group === undefined) return { scope: SCOPE.Firm, scopeId: 0, strategy };
  const index = app.reference.groupByName(group);
  if (index === undefined) throw problem('GROUP_UNKNOWN', undefined, { group });
  return { scope: SCOPE.Group, scopeId: index };
}

function nameOf(app: Application, by: TotalsBy, id: number): string | null {
  const { reference } = app;
  switch (by) {
    case 'firm':
      return null;
    case 'strategy':
      return String(id);
    case 'group':
      return reference.groupName(id) ?? `#${id}`;
    case 'instrument':
      return reference.instrument(id)?.symbol ?? `#${id}`;
    case 'account': {
      const name = reference.account(id % SUSPENSE)?.name;
      if (id < SUSPENSE) return name ?? `#${id}`;
      return name === undefined ? 'suspense' : `suspense of ${name}`;
    }
  }
}
