import { type Bar, barOf, merge, rollUp } from './bar.js';
import type { BarInterval } from './bar-interval.js';
import type { Quote, Trade } from './tick.js';
import type { Finding } from './tick-validation.js';

export type Tick = Trade | Quote;

/** Most ticks of one batch: what is taken in one transaction. */
export const TICKS_PER_BATCH_MAX = 50_000;

/** Ticks of one source, in the order of its numbers as far as it kept to it. */
export type TickBatch = {
  /** Who numbered the ticks: a feed, a file, a program. */
  readonly source: string;
  readonly ticks: readonly Tick[];
};

/** A tick that validation has something to say of. */
export type TickFinding = {
  readonly tick: Tick;
  readonly accepted: boolean;
  readonly finding: Finding;
};

export type TickBatchResult = {
  /** Number of the batch in the store; -1 when nothing of it was new. */
  readonly batch: number;
  readonly trades: number;
  readonly quotes: number;
  readonly refused: number;
  /** Known already: seen before in the source, or in the store. */
  readonly duplicates: number;
  readonly findings: readonly TickFinding[];
};

/** Where feeds and imports put their ticks. A batch is taken whole or not at all. */
export interface TickSink {
  /**
   * Resolves once the ticks are durable. After an error the same batch may be given again: what was
   * taken is found to be there.
   *
   * @throws MarketDataError TICK_BATCH_TOO_LARGE, TICK_SOURCE_INVALID, BAR_VOLUME_OVERFLOW
   */
  take(batch: TickBatch): Promise<TickBatchResult>;
}

export function isTrade(tick: Tick): tick is Trade {
  return 'price' in tick;
}

/** Lengths of bars that are stored, each rolled up from the one before; others follow from these. */
export const STORED_INTERVALS = ['1s', '1m', '1h', '1d'] as const satisfies BarInterval[];

/**
 * The bars of some trades at every stored length, by instrument.
 *
 * @throws MarketDataError TICK_NOT_WHOLE, BAR_VOLUME_OVERFLOW
 */
export function foldBars(trades: readonly Trade[]): Map<number, Bar[]> {
  const seconds = new Map<number, Map<bigint, Bar>>();
  for (const trade of trades) {
    let ofInstrument = seconds.get(trade.instrument);
    if (ofInstrument === undefined) {
      ofInstrument = new Map();
      seconds.set(trade.instrument, ofInstrument);
    }
    const bar = barOf(trade, STORED_INTERVALS[0]);
    const before = ofInstrument.get(bar.start);
    ofInstrument.set(bar.start, before === undefined ? bar : merge(before, bar));
  }
  const folded = new Map<number, Bar[]>();
  for (const [instrument, ofInstrument] of seconds) {
    let shorter = [...ofInstrument.values()];
    const all = [...shorter];
    for (const interval of STORED_INTERVALS.slice(1)) {
      shorter = rollUp(shorter, interval);
      all.push(...shorter);
    }
    folded.set(instrument, all);
  }
  return folded;
}
