/**
 * Ticks as market data holds them: prices in whole ticks, quantities in whole lots of the
 * instrument, times in nanoseconds since 1970 (UTC).
 */

/** Where in its source a tick stands. Ticks of one instrument are ordered by time, then sequence. */
export type TickKey = {
  /** When it happened, by the source's clock. */
  readonly time: bigint;
  /** Number the source gave it, unique in the source and growing. */
  readonly sequence: number;
};

export type Trade = TickKey & {
  readonly instrument: number;
  /** When it reached us. */
  readonly received: bigint;
  readonly price: number;
  readonly quantity: number;
};

/** The best bid and offer. A side that is empty has price and quantity 0. */
export type Quote = TickKey & {
  readonly instrument: number;
  readonly received: bigint;
  readonly bidPrice: number;
  readonly bidQuantity: number;
  readonly askPrice: number;
  readonly askQuantity: number;
};

/** Negative, zero or positive as `a` comes before, is, or comes after `b`. */
export function compareKeys(a: TickKey, b: TickKey): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.sequence - b.sequence;
}
