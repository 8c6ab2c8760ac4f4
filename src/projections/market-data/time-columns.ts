import { highWord, lowWord } from '../../lib/time.js';
import type { CopyRows } from '../copy/copy-rows.js';

/** A time in ns since 1970 as timestamptz, cut to the microsecond below. */
export function writeTime(rows: CopyRows, ns: bigint): void {
  // Times of ticks are not negative: the upper word has no sign to lose.
  rows.timestamp(lowWord(ns), highWord(ns));
}

const NS_PER_US = 1000n;

/** A time in ns as the parameter of a statement: `to_timestamp` would go through a double. */
export function timestampText(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  const micros = ((ns / NS_PER_US) % 1_000_000n).toString().padStart(6, '0');
  return `${seconds}.${micros}Z`;
}
