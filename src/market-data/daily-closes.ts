import { assert } from '../lib/assert.js';
import { type AdjustmentHistory, adjustedTicks } from './corporate-action.js';

/** A close of one instrument and day. */
export type Close = {
  readonly symbol: string;
  /** As "2026-11-22". */
  readonly day: string;
  readonly ticks: number;
};

/** Adjusted prices count in thousandths of a tick: what rounding leaves is far below any move. */
export const ADJUSTED_SCALE = 1_000;

/**
 * Largest part of the days on which an instrument of a window may have had no close: beyond, so many
 * of its returns would be zeros that they would say more of its trading than of its risk.
 */
export const CARRIED_SHARE_MAX = 0.1;

/** An instrument without a close on the last so many days of all does not trade any more. */
export const SILENT_DAYS_MAX = 10;

export type CloseTable = {
  readonly instruments: readonly string[];
  readonly dayNames: readonly string[];
  /** By instrument, then day; 0 is missing. */
  readonly ticks: Float64Array;
};

/**
 * Closes as a table of instruments and days, for returns:
 *
 * - Days are the last `days` on which more than half of the instruments that trade now have a close: the
 *   weekend of a few does not become a day of all, and the table reaches back as far as most do.
 * - Instruments are those that trade now, with a close on the first of these days and on nine tenths.
 * - Prices before a corporate action are adjusted.
 */
export function closeTable(
  closes: readonly Close[],
  days: number,
  adjustments: ReadonlyMap<string, AdjustmentHistory>,
): CloseTable {
  assert(days >= 1, 'days of a table');
  const bySymbol = new Map<string, Map<string, number>>();
  for (const { symbol, day, ticks } of closes) {
    let own = bySymbol.get(symbol);
    if (own === undefined) {
      own = new Map();
      bySymbol.set(symbol, own);
    }
    own.set(day, ticks);
  }
  for (const symbol of silent(bySymbol)) bySymbol.delete(symbol);
  const dayNames = commonDays([...bySymbol.values()]).slice(-days);
  const first = dayNames[0] ?? '';
  const carriedMax = CARRIED_SHARE_MAX * dayNames.length;
  const instruments = [...bySymbol.keys()].sort().filter((symbol) => {
    const own = bySymbol.get(symbol) as Map<string, number>;
    return own.has(first) && dayNames.filter((day) => !own.has(day)).length <= carriedMax;
  });
  const ticks = new Float64Array(instruments.length * dayNames.length);
  instruments.forEach((symbol, row) => {
    const own = bySymbol.get(symbol) as Map<string, number>;
    const adjustment = adjustments.get(symbol);
    dayNames.forEach((day, column) => {
      const close = own.get(day);
      if (close === undefined) return;
      const price = adjustment === undefined ? close : adjusted(close, day, adjustment);
      ticks[row * dayNames.length + column] = price;
    });
  });
  return { instruments, dayNames, ticks };
}

function adjusted(close: number, day: string, adjustment: AdjustmentHistory): number {
  const time = BigInt(Date.parse(`${day}T00:00:00Z`)) * 1_000_000n;
  return adjustedTicks(close, time, adjustment, ADJUSTED_SCALE);
}

/** Instruments whose last close is before the last days of all. */
function silent(bySymbol: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  const all = new Set<string>();
  for (const own of bySymbol.values()) for (const day of own.keys()) all.add(day);
  const lately = [...all].sort().slice(-SILENT_DAYS_MAX);
  return [...bySymbol]
    .filter(([, own]) => !lately.some((day) => own.has(day)))
    .map(([symbol]) => symbol);
}

function commonDays(series: readonly ReadonlyMap<string, number>[]): string[] {
  const present = new Map<string, number>();
  for (const own of series) {
    for (const day of own.keys()) present.set(day, (present.get(day) ?? 0) + 1);
  }
  const most = [...present].filter(([, count]) => 2 * count > series.length);
  return most.map(([day]) => day).sort();
}
