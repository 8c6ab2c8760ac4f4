import { SCOPE } from '../../domain/order-terms.js';
import { formatIsoNs } from '../../lib/time.js';
import type { Ask } from '../pnl/load-book.js';
import { type BookPosition, NEVER, type PnlBook } from '../pnl/pnl-book.js';
import { ScopeSums } from '../pnl/scope-sums.js';
import { rowOfSum, rowOfTable, type ScopePnl, scopePnl } from './scope-amounts.js';
import { bucketOfMinute, bucketSql, type Interval, minuteNs, nsSql } from './series-buckets.js';

/** Whose P&L. */
export interface PnlScope {
  /** A number of `SCOPE`, and its index; 0 for the firm. */
  readonly scope: number;
  readonly scopeId: number;
  /** Only orders of this strategy, of the firm or of an account; absent or 0: all. */
  readonly strategy?: number | undefined;
}

/** How P&L came to be what it is: as it stood at the end of each bucket that changed it. Oldest first. */
export interface PnlHistoryFilter extends PnlScope {
  readonly interval: Interval;
  /** ISO 8601: from this time, and before that one. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Keyset: only points after this time. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface PnlPoint extends ScopePnl {
  /** Beginning of the bucket. */
  readonly time: string;
  /** The point is as of this event. */
  readonly sequence: number;
}

/** A point has a row for each currency; more than ISO 4217 has are not to be expected. */
const CURRENCIES_MAX = 200;

const COLUMNS = `sequence, currency, base_currency, realized, unrealized, fees, base_realized,
  base_unrealized, base_fees, unmarked`;
const ONE = 'shard = $1 AND scope = $2 AND scope_id = $3 AND strategy = $4';

function source(interval: Interval): string {
  if (interval === '1h') return `SELECT bucket, ${COLUMNS} FROM daybook.pnl_by_hour WHERE ${ONE}`;
  if (interval === '1d') return `SELECT bucket, ${COLUMNS} FROM daybook.pnl_by_day WHERE ${ONE}`;
  if (interval === '1m') {
    return `SELECT time AS bucket, ${COLUMNS} FROM daybook.pnl_minutes WHERE ${ONE}`;
  }
  const bucket = bucketSql(interval, 'time');
  return `SELECT DISTINCT ON (bucket, currency) * FROM
    (SELECT ${bucket} AS bucket, ${COLUMNS} FROM daybook.pnl_minutes WHERE ${ONE}) m
    ORDER BY bucket, currency, sequence DESC`;
}

/** The points of the tables, and the minute that has not ended yet as the book has it. */
export async function pnlHistory(
  filter: PnlHistoryFilter,
  shard: number,
  book: PnlBook,
  ask: Ask,
): Promise<readonly PnlPoint[]> {
  const { scope, scopeId, strategy = 0, interval, limit } = filter;
  const parameters: unknown[] = [shard, scope, scopeId, strategy];
  const conditions: string[] = [];
  const where = (operator: string, time: string | undefined): void => {
    if (time === undefined) return;
    parameters.push(time);
    conditions.push(`bucket ${operator} $${parameters.length}::timestamptz`);
  };
  where('>=', filter.from);
  where('<', filter.to);
  where('>', filter.after);
  const rowsMax = limit * 4 + CURRENCIES_MAX;
  parameters.push(rowsMax);
  const rows = await ask(
    `SELECT ${nsSql('bucket')} AS time_ns, h.* FROM (${source(interval)}) h
      ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
      ORDER BY bucket LIMIT $${parameters.length}`,
    parameters,
  );
  const points = toPoints(rows);
  // The last may miss a currency.
  if (rows.length === rowsMax) points.pop();
  else addOpenMinute(points, filter, book);
  return points.slice(0, limit);
}

function toPoints(rows: readonly Record<string, string>[]): PnlPoint[] {
  const buckets = new Map<string, Record<string, string>[]>();
  for (const row of rows) {
    const time = row.time_ns as string;
    const bucket = buckets.get(time);
    if (bucket === undefined) buckets.set(time, [row]);
    else bucket.push(row);
  }
  return [...buckets].map(([ns, bucket]) => ({
    time: formatIsoNs(BigInt(ns)),
    sequence: Math.max(...bucket.map((row) => Number(row.sequence))),
    ...scopePnl(bucket.map(rowOfTable)),
  }));
}

function addOpenMinute(points: PnlPoint[], filter: PnlHistoryFilter, book: PnlBook): void {
  const point = openMinute(filter, book);
  if (point === undefined) return;
  const { from, to, after } = filter;
  const ms = Date.parse(point.time);
  if (from !== undefined && ms < Date.parse(from)) return;
  if (to !== undefined && ms >= Date.parse(to)) return;
  if (after !== undefined && ms <= Date.parse(after)) return;
  if (points.at(-1)?.time === point.time) points.pop();
  points.push(point);
}

function openMinute(filter: PnlHistoryFilter, book: PnlBook): PnlPoint | undefined {
  const { scope, scopeId, strategy = 0, interval } = filter;
  const { minute, sequence } = book;
  if (minute === NEVER) return undefined;
  const sums = new ScopeSums(book);
  for (const position of book.positions) {
    if (isIn(filter, position, book)) sums.add(position, book.changedIn(position, minute));
  }
  if (book.ratesChangedIn(minute)) sums.ratesChanged();
  const rows = [...sums.changed()]
    .filter((s) => s.scope === scope && s.scopeId === scopeId && s.strategy === strategy)
    .map((sum) => rowOfSum(sum, sums));
  if (rows.length === 0) return undefined;
  const time = formatIsoNs(minuteNs(bucketOfMinute(interval, minute)));
  return { time, sequence, ...scopePnl(rows) };
}

/** Whether a position counts: what counts for other scopes as well need not be left out. */
function isIn({ scope, scopeId, strategy = 0 }: PnlScope, p: BookPosition, book: PnlBook): boolean {
  if (p.strategy !== strategy) return false;
  if (scope === SCOPE.Account) return p.account === scopeId;
  if (scope === SCOPE.Instrument) return p.instrument.instrument === scopeId;
  if (scope === SCOPE.Group) return book.accounts.get(p.account)?.group === scopeId;
  return true;
}
