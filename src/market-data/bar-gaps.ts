import type { Bar } from './bar.js';
import { type BarInterval, barStart, intervalNs } from './bar-interval.js';
import { demand } from './error.js';

/** Most bars of one filled answer: a day of seconds and some. */
export const FILLED_BARS_MAX = 100_000;

/** A time without a trade: the price stands, nothing was traded. */
export type FilledBar = {
  readonly start: bigint;
  readonly interval: BarInterval;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: 0;
  readonly turnover: 0n;
  readonly trades: 0;
};

/**
 * A bar for every interval in [from, to): those given, and between them flat bars at the close
 * before. Before the first price nothing is invented: bars begin with `closeBefore` if given, with
 * the first bar otherwise.
 *
 * @param bars ordered by start, one interval; those outside [from, to) are left out, but the ones
 *   before it give the price to start from.
 * @throws MarketDataError BAR_RANGE_TOO_LARGE.
 */
export function fillGaps(
  bars: readonly Bar[],
  interval: BarInterval,
  from: bigint,
  to: bigint,
  closeBefore?: number,
): (Bar | FilledBar)[] {
  const step = intervalNs(interval);
  const begin = barStart(from, interval);
  demand((to - begin) / step <= BigInt(FILLED_BARS_MAX), 'BAR_RANGE_TOO_LARGE', () => {
    return `${(to - begin) / step} bars of ${interval}; at most ${FILLED_BARS_MAX}`;
  });
  const filled: (Bar | FilledBar)[] = [];
  let close = closeBefore;
  let next = 0;
  for (; next < bars.length && bars[next]!.start < begin; next++) close = bars[next]!.close;
  for (let start = begin; start < to; start += step) {
    const bar = bars[next];
    if (bar !== undefined && bar.start === start) {
      filled.push(bar);
      close = bar.close;
      next++;
    } else if (close !== undefined) {
      const flat = { open: close, high: close, low: close, close };
      filled.push({ start, interval, ...flat, volume: 0, turnover: 0n, trades: 0 });
    }
  }
  return filled;
}
