import { assert } from '../lib/assert.js';
import { type BarInterval, barStart, rollsUp } from './bar-interval.js';
import { demand } from './error.js';
import { type Rational, rational } from './rational.js';
import { compareKeys, type TickKey, type Trade } from './tick.js';

/**
 * A bar of trades: open, high, low, close in ticks, volume in lots, turnover in ticks x lots.
 *
 * Bars of the same start merge in any order to the same bar, because each knows its first and last
 * trade: `merge` is associative and commutative. That is what lets a late trade correct a bar,
 * threads share a day, and bars roll up to longer ones, all with one result.
 */
export type Bar = {
  readonly start: bigint;
  readonly interval: BarInterval;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Sum of price x quantity, exact. */
  readonly turnover: bigint;
  readonly trades: number;
  readonly first: TickKey;
  readonly last: TickKey;
};

/** The bar of a single trade. */
export function barOf(trade: Trade, interval: BarInterval): Bar {
  const { time, sequence, price, quantity } = trade;
  const whole =
    Number.isSafeInteger(price) && price > 0 && Number.isSafeInteger(quantity) && quantity > 0;
  demand(whole, 'TICK_NOT_WHOLE', () => `trade ${sequence}: ${quantity} lots at ${price} ticks`);
  const key = { time, sequence };
  return {
    start: barStart(time, interval),
    interval,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: quantity,
    turnover: BigInt(price) * BigInt(quantity),
    trades: 1,
    first: key,
    last: key,
  };
}

/**
 * Both bars as one.
 *
 * @throws MarketDataError BAR_VOLUME_OVERFLOW.
 */
export function merge(a: Bar, b: Bar): Bar {
  assert(a.start === b.start && a.interval === b.interval, 'bars of one time merge');
  const volume = a.volume + b.volume;
  demand(Number.isSafeInteger(volume), 'BAR_VOLUME_OVERFLOW', () => {
    return `bar of ${a.start}: a volume of more than ${Number.MAX_SAFE_INTEGER} lots`;
  });
  // Two sources may give the same time and number: the price decides then, or the order of merging would.
  const opening = (compareKeys(a.first, b.first) || a.open - b.open) <= 0 ? a : b;
  const closing = (compareKeys(a.last, b.last) || a.close - b.close) >= 0 ? a : b;
  return {
    start: a.start,
    interval: a.interval,
    open: opening.open,
    high: Math.max(a.high, b.high),
    low: Math.min(a.low, b.low),
    close: closing.close,
    volume,
    turnover: a.turnover + b.turnover,
    trades: a.trades + b.trades,
    first: opening.first,
    last: closing.last,
  };
}

/** Volume-weighted average price in ticks, exact. */
export function vwap(bar: Bar): Rational {
  return rational(bar.turnover, BigInt(bar.volume));
}

/**
 * Bars of a longer interval out of those of a shorter one, ordered by start.
 *
 * @throws MarketDataError BAR_INTERVAL_INVALID when `interval` is no multiple of theirs.
 */
export function rollUp(bars: Iterable<Bar>, interval: BarInterval): Bar[] {
  const merged = new Map<bigint, Bar>();
  for (const bar of bars) {
    demand(rollsUp(bar.interval, interval), 'BAR_INTERVAL_INVALID', () => {
      return `bars of ${bar.interval} do not make bars of ${interval}`;
    });
    const longer = { ...bar, start: barStart(bar.start, interval), interval };
    const before = merged.get(longer.start);
    merged.set(longer.start, before === undefined ? longer : merge(before, longer));
  }
  return [...merged.values()].sort((a, b) => (a.start < b.start ? -1 : 1));
}
