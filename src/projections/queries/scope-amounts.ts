/** The P&L of a scope as text: by currency, and together in the scope's base currency. */
import { addDecimals, type Decimal, formatDecimal, parseDecimal } from '../../lib/decimal.js';
import type { ScopeSum, ScopeSums } from '../pnl/scope-sums.js';

/** Decimal amounts of one currency. */
export interface CurrencyPnl {
  readonly currency: string;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
}

/** Together, in the base currency: null without a rate for one of the currencies. */
export interface ScopePnl {
  readonly baseCurrency: string;
  readonly realizedPnl: string | null;
  readonly unrealizedPnl: string | null;
  readonly fees: string | null;
  /** Open positions without a mark: in no figure but realised and fees. */
  readonly unmarked: number;
  readonly currencies: readonly CurrencyPnl[];
}

/** One currency of one scope, from a table or computed now. */
export interface SumRow {
  readonly currency: string;
  readonly baseCurrency: string;
  readonly realized: Decimal;
  readonly unrealized: Decimal;
  readonly fees: Decimal;
  readonly base: readonly [realized: Decimal, unrealized: Decimal, fees: Decimal] | null;
  readonly unmarked: number;
}

const MICROS_DIGITS = 6;
const micros = (digits: bigint): Decimal => ({ digits, scale: MICROS_DIGITS });

export function rowOfSum(sum: ScopeSum, sums: ScopeSums): SumRow {
  const { currency, baseCurrency, scale, unmarked } = sum;
  const base = sums.inBase(sum);
  return {
    ...{ currency, baseCurrency, unmarked },
    realized: { digits: sum.realized, scale },
    unrealized: { digits: sum.unrealized, scale },
    fees: micros(sum.fees),
    base: base && [micros(base.realized), micros(base.unrealized), micros(base.fees)],
  };
}

/** From columns of `pnl_minutes` and its like, numerics as text. */
export function rowOfTable(row: Readonly<Record<string, unknown>>): SumRow {
  const decimal = (column: string): Decimal => parseDecimal(row[column] as string);
  return {
    currency: row.currency as string,
    baseCurrency: row.base_currency as string,
    realized: decimal('realized'),
    unrealized: decimal('unrealized'),
    fees: decimal('fees'),
    base:
      row.base_realized === null
        ? null
        : [decimal('base_realized'), decimal('base_unrealized'), decimal('base_fees')],
    unmarked: Number(row.unmarked),
  };
}

/** @param rows every currency of one scope, at least one */
export function scopePnl(rows: readonly SumRow[]): ScopePnl {
  const total = (place: 0 | 1 | 2): string | null => {
    let sum: Decimal = { digits: 0n, scale: 0 };
    for (const { base } of rows) {
      if (base === null) return null;
      sum = addDecimals(sum, base[place]);
    }
    return formatDecimal(sum);
  };
  const byCurrency = [...rows].sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return {
    baseCurrency: rows[0]?.baseCurrency ?? '',
    realizedPnl: total(0),
    unrealizedPnl: total(1),
    fees: total(2),
    unmarked: rows.reduce((count, row) => count + row.unmarked, 0),
    currencies: byCurrency.map(({ currency, realized, unrealized, fees }) => ({
      currency,
      realizedPnl: formatDecimal(realized),
      unrealizedPnl: formatDecimal(unrealized),
      fees: formatDecimal(fees),
    })),
  };
}
