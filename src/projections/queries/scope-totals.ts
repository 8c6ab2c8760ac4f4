import { SCOPE } from '../../domain/order-terms.js';
import { formatDecimal } from '../../lib/decimal.js';
import type { PnlBook } from '../pnl/pnl-book.js';
import { type ScopeSum, ScopeSums } from '../pnl/scope-sums.js';
import { rowOfSum, type ScopePnl, scopePnl } from './scope-amounts.js';

/** By what P&L and exposure are summed up. */
export type TotalsBy = 'firm' | 'group' | 'account' | 'instrument' | 'strategy';

export interface ScopeTotalsFilter {
  readonly by: TotalsBy;
  /** Only these accounts count; absent: all. */
  readonly accounts?: readonly number[] | undefined;
}

/** Open positions at the mark, in one currency. */
export interface Exposure {
  readonly currency: string;
  /** Sum of the values above 0, and of those below. */
  readonly long: string;
  readonly short: string;
  /** long - short, and long + short. */
  readonly gross: string;
  readonly net: string;
}

export interface ScopeTotal extends ScopePnl {
  /** Index of the group, account or instrument, or the strategy; 0 for the firm. */
  readonly id: number;
  /** In the base currency; null without a rate for one of the currencies. */
  readonly exposure: Omit<Exposure, 'currency'> | null;
  readonly exposures: readonly Exposure[];
}

const KIND: Readonly<Record<TotalsBy, number>> = {
  firm: SCOPE.Firm,
  group: SCOPE.Group,
  account: SCOPE.Account,
  instrument: SCOPE.Instrument,
  strategy: SCOPE.Firm,
};

const MICROS_DIGITS = 6;

/** P&L and exposure as of the book, by scope. */
export function scopeTotals(filter: ScopeTotalsFilter, book: PnlBook): readonly ScopeTotal[] {
  const byStrategy = filter.by === 'strategy';
  const accounts = filter.accounts === undefined ? undefined : new Set(filter.accounts);
  const sums = new ScopeSums(book);
  for (const position of book.positions) {
    if ((position.strategy !== 0) !== byStrategy) continue;
    if (accounts === undefined || accounts.has(position.account)) sums.add(position, false);
  }
  const byId = new Map<number, ScopeSum[]>();
  for (const sum of sums.all) {
    if (sum.scope !== KIND[filter.by]) continue;
    const id = byStrategy ? sum.strategy : sum.scopeId;
    const found = byId.get(id);
    if (found === undefined) byId.set(id, [sum]);
    else found.push(sum);
  }
  return [...byId]
    .sort(([a], [b]) => a - b)
    .map(([id, ofScope]) => ({
      id,
      ...scopePnl(ofScope.map((sum) => rowOfSum(sum, sums))),
      exposure: baseExposure(ofScope, sums),
      exposures: ofScope
        .map((sum) => ({
          currency: sum.currency,
          ...exposure(sum.long, sum.short, sum.scale),
        }))
        .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
    }));
}

function baseExposure(
  ofScope: readonly ScopeSum[],
  sums: ScopeSums,
): Omit<Exposure, 'currency'> | null {
  let long = 0n;
  let short = 0n;
  for (const sum of ofScope) {
    const base = sums.inBase(sum);
    if (base === null) return null;
    long += base.long;
    short += base.short;
  }
  return exposure(long, short, MICROS_DIGITS);
}

function exposure(long: bigint, short: bigint, scale: number) {
  return {
    long: formatDecimal({ digits: long, scale }),
    short: formatDecimal({ digits: short, scale }),
    gross: formatDecimal({ digits: long - short, scale }),
    net: formatDecimal({ digits: long + short, scale }),
  };
}
