/**
 * Two sides compared on a machine that is never quiet: windows in pairs, one of each side, their order
 * drawn anew for each pair, all samples of a side in one pool.
 *
 * How sure the ratio of the two percentiles is, is told by a bootstrap of the pairs (Efron 1979, the
 * percentile method): as many pairs are drawn, with repeats, as there are, and their ratio is taken, over and over.
 * A pair is drawn whole, for the samples of one window share what the machine did just then.
 */

/** How many samples had which value, ascending by value. */
export type Histogram = readonly (readonly [value: number, count: number])[];

export interface PairOfWindows {
  readonly without: Histogram;
  readonly with: Histogram;
}

export interface ComparedPercentile {
  readonly without: number;
  readonly with: number;
  readonly ratio: number;
  /** 19 times in 20 the ratio is between these. */
  readonly ratioLow: number;
  readonly ratioHigh: number;
}

const RESAMPLES = 2_000;
const [LOW, HIGH] = [0.025, 0.975] as const;

/** Numbers in [0, 1), the same for the same seed: xorshift32 (Marsaglia 2003). */
export function randomOf(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** @param share 0.99 for p99 */
export function comparePairs(
  pairs: readonly PairOfWindows[],
  share: number,
  random: () => number,
): ComparedPercentile {
  const without = new Pool(pairs.map((pair) => pair.without));
  const withIt = new Pool(pairs.map((pair) => pair.with));
  const every = pairs.map((_, i) => i);
  const ratios = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i += 1) {
    const drawn = every.map(() => Math.floor(random() * pairs.length));
    ratios[i] = withIt.percentile(drawn, share) / without.percentile(drawn, share);
  }
  ratios.sort();
  const sides = {
    without: without.percentile(every, share),
    with: withIt.percentile(every, share),
  };
  return {
    ...sides,
    ratio: sides.with / sides.without,
    ratioLow: ratios[Math.floor(LOW * RESAMPLES)]!,
    ratioHigh: ratios[Math.floor(HIGH * RESAMPLES)]!,
  };
}

/** The windows of one side, any of which can be thrown into one pool. */
export class Pool {
  /** Every value that occurs, ascending; the counts of each window in that order. */
  readonly #values: readonly number[];
  readonly #counts: readonly Float64Array[];

  constructor(windows: readonly Histogram[]) {
    const distinct = new Set(windows.flatMap((window) => window.map(([value]) => value)));
    this.#values = [...distinct].sort((a, b) => a - b);
    const places = new Map(this.#values.map((value, i) => [value, i]));
    this.#counts = windows.map((window) => {
      const counts = new Float64Array(this.#values.length);
      for (const [value, count] of window) counts[places.get(value)!] = count;
      return counts;
    });
  }

  /** The least value that more than `share` of the samples of `drawn` windows do not exceed; 0 of none. */
  percentile(drawn: readonly number[], share: number): number {
    const sums = new Float64Array(this.#values.length);
    let total = 0;
    for (const window of drawn) {
      const counts = this.#counts[window]!;
      for (let i = 0; i < sums.length; i += 1) {
        sums[i]! += counts[i]!;
        total += counts[i]!;
      }
    }
    let seen = 0;
    for (let i = 0; i < sums.length; i += 1) {
      seen += sums[i]!;
      if (seen > total * share) return this.#values[i]!;
    }
    return this.#values.at(-1) ?? 0;
  }
}
