import { demand } from './error.js';

/** Lengths of bars in seconds. Each divides the day, so bars start at the same times every day. */
const SECONDS = {
  '1s': 1,
  '5s': 5,
  '10s': 10,
  '15s': 15,
  '30s': 30,
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '30m': 1_800,
  '1h': 3_600,
  '4h': 14_400,
  '1d': 86_400,
} as const;

export type BarInterval = keyof typeof SECONDS;

export const BAR_INTERVALS = Object.keys(SECONDS) as readonly BarInterval[];
export const SECONDS_PER_DAY = 86_400;
export const NS_PER_SECOND = 1_000_000_000;

/** @throws MarketDataError BAR_INTERVAL_INVALID. */
export function parseBarInterval(text: string): BarInterval {
  const known = BAR_INTERVALS.find((interval) => interval === text);
  demand(known !== undefined, 'BAR_INTERVAL_INVALID', () => {
    return `"${text.slice(0, 20)}" is none of ${BAR_INTERVALS.join(', ')}`;
  });
  return known;
}

export function intervalSeconds(interval: BarInterval): number {
  return SECONDS[interval];
}

export function intervalNs(interval: BarInterval): bigint {
  return BigInt(SECONDS[interval]) * BigInt(NS_PER_SECOND);
}

/** Start of the bar that `time` falls into: a bar holds its start and not its end. Days are UTC. */
export function barStart(time: bigint, interval: BarInterval): bigint {
  return time - (time % intervalNs(interval));
}

/** Whether bars of `from` fall each into exactly one bar of `to`. */
export function rollsUp(from: BarInterval, to: BarInterval): boolean {
  return SECONDS[to] % SECONDS[from] === 0;
}
