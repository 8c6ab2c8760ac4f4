import { type Backtest, backtest } from '../../domain/value-at-risk/backtest.js';

/** A stored day of one scope and method. */
export interface StoredDay {
  /** As "2026-11-22". */
  readonly day: string;
  readonly sequence: number;
  /** Micros since the beginning; undefined: not known. */
  readonly profit: bigint | undefined;
  readonly complete: boolean;
  /** One day; undefined when it could not be computed. */
  readonly valueAtRisk: number | undefined;
}

/** A day of the backtest: what had been forecast the day before, and what came. */
export interface BacktestDay {
  readonly day: string;
  readonly profit: number;
  readonly valueAtRisk: number;
  readonly exception: boolean;
  /** The last event of the day that is in the profit. */
  readonly sequence: number;
}

/** Why a day is not in a backtest. */
export type SkippedReason =
  /** Nothing was computed on the trading day before. */
  | 'NO_FORECAST'
  /** The forecast left positions out. */
  | 'FORECAST_INCOMPLETE'
  /** A mark or a rate was missing on one of the two days. */
  | 'NO_PROFIT';

export interface BacktestOfDays {
  readonly days: readonly BacktestDay[];
  readonly skipped: readonly { readonly day: string; readonly reason: SkippedReason }[];
  /** Undefined without a single day. */
  readonly result: Backtest | undefined;
}

/**
 * Daily backtest: the value at risk that a day ended with against the profit of the next, which is what
 * the accounts made, trades and fees of the day included ("actual" P&L, not "hypothetical").
 *
 * @param stored by day
 * @param tradingDays days with market data, by day: a forecast holds for the next of them only
 */
export function backtestOfDays(
  stored: readonly StoredDay[],
  tradingDays: readonly string[],
  confidence: number,
): BacktestOfDays {
  const days: BacktestDay[] = [];
  const skipped: { day: string; reason: SkippedReason }[] = [];
  for (let i = 1; i < stored.length; i++) {
    const [before, today] = [stored[i - 1] as StoredDay, stored[i] as StoredDay];
    const { day, sequence } = today;
    const between = tradingDays.some((each) => each > before.day && each < day);
    const { valueAtRisk } = before;
    if (between || valueAtRisk === undefined) skipped.push({ day, reason: 'NO_FORECAST' });
    else if (!before.complete) skipped.push({ day, reason: 'FORECAST_INCOMPLETE' });
    else if (before.profit === undefined || today.profit === undefined) {
      skipped.push({ day, reason: 'NO_PROFIT' });
    } else {
      const profit = Number(today.profit - before.profit) / 1e6;
      days.push({ day, profit, valueAtRisk, exception: -profit > valueAtRisk, sequence });
    }
  }
  if (days.length === 0) return { days, skipped, result: undefined };
  const profits = days.map((each) => each.profit);
  const valuesAtRisk = days.map((each) => each.valueAtRisk);
  return { days, skipped, result: backtest(profits, valuesAtRisk, confidence) };
}
