import { assert } from '../lib/assert.js';
import { type Bar, barOf, merge } from './bar.js';
import { type BarInterval, barStart } from './bar-interval.js';
import type { Trade } from './tick.js';

/** Bars a builder keeps by default: a trading day of minutes, twice over. */
export const BARS_KEPT_DEFAULT = 2_880;

/**
 * What a trade did. `opened`: first of a new newest bar. `extended`: of the newest bar.
 * `corrected`: came late, into an older bar, which must be published again. `missed`: its bar is no
 * longer kept; the bar has to be built again from the stored ticks, and the trade is not lost, for
 * ticks are stored before bars are built.
 */
export type BarChange =
  | { readonly kind: 'opened' | 'extended' | 'corrected'; readonly bar: Bar }
  | { readonly kind: 'missed'; readonly start: bigint };

/** Builds the bars of one instrument and interval from trades as they come, late ones included. */
export class BarBuilder {
  readonly interval: BarInterval;
  readonly #kept: number;
  /** By start. Insertion order is not time order once a late trade has opened an older bar. */
  readonly #bars = new Map<bigint, Bar>();
  #newest = -1n;
  /** Bars before this start have been let go. */
  #floor = 0n;

  constructor(interval: BarInterval, kept = BARS_KEPT_DEFAULT) {
    assert(Number.isInteger(kept) && kept >= 1, 'a builder keeps one bar at least');
    this.interval = interval;
    this.#kept = kept;
  }

  /**
   * Takes a trade that validation has accepted (a duplicate would count twice).
   *
   * @throws MarketDataError TICK_NOT_WHOLE, BAR_VOLUME_OVERFLOW; the bars stay as they were.
   */
  add(trade: Trade): BarChange {
    const start = barStart(trade.time, this.interval);
    if (start < this.#floor) return { kind: 'missed', start };
    const single = barOf(trade, this.interval);
    const before = this.#bars.get(start);
    const bar = before === undefined ? single : merge(before, single);
    this.#bars.set(start, bar);
    if (start < this.#newest) {
      this.#letGo();
      return { kind: 'corrected', bar };
    }
    const kind = start > this.#newest ? 'opened' : 'extended';
    this.#newest = start;
    this.#letGo();
    return { kind, bar };
  }

  /** The bars kept, by start. */
  bars(): Bar[] {
    return [...this.#bars.values()].sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  #letGo(): void {
    if (this.#bars.size <= this.#kept) return;
    let oldest = this.#newest;
    for (const start of this.#bars.keys()) if (start < oldest) oldest = start;
    this.#bars.delete(oldest);
    this.#floor = oldest + 1n;
  }
}
