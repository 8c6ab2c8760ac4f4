import { assert } from '../lib/assert.js';
import { SEQUENCES_REMEMBERED_DEFAULT, SequenceWindow } from './sequence-window.js';
import type { Quote, Trade } from './tick.js';

/** What validation finds in a tick. Refused ticks move no price and no bar; all are recorded. */
export type FindingCode =
  /** Refused: a price, quantity or time that is none. */
  | 'MALFORMED'
  /** Refused: this sequence number was seen before. */
  | 'DUPLICATE'
  /** Refused: too far behind to tell whether it was seen before. To be replayed from the source. */
  | 'SEQUENCE_TOO_OLD'
  /** Refused: the bid is above the ask. */
  | 'CROSSED'
  /** Refused: too far from the recent prices, see `OutlierLimit`. */
  | 'OUTLIER'
  /** Refused: it claims to have happened later than it reached us, by more than clocks differ. */
  | 'FROM_FUTURE'
  /** Refused: more instruments than the validator has room for. */
  | 'INSTRUMENT_LIMIT'
  /** Taken: bid equals ask. */
  | 'LOCKED'
  /** Taken: it happened before a tick of the instrument that came earlier; bars are corrected. */
  | 'LATE'
  /** Taken, but no price to trade on: it reached us long after it happened. */
  | 'STALE'
  /** Taken: the price level had changed; the outliers before it were real (see `OutlierLimit`). */
  | 'LEVEL_CHANGED';

/** A finding with the value found and the limit it was held against, both as they are compared. */
export type Finding = {
  readonly code: FindingCode;
  readonly value: number | bigint;
  readonly limit: number | bigint;
};

export type Verdict = { readonly accepted: boolean; readonly findings: readonly Finding[] };

export type TickLimits = {
  /** Farthest a price may lie from the median of recent trades, in basis points of it. */
  readonly outlierBps: number;
  /**
   * Outliers in a row, each within `outlierBps` of the one before, that make a new price level: the
   * last of them is taken. Without that, one true jump would shut an instrument out for good.
   */
  readonly outliersForLevel: number;
  /** Longest time from event to receipt before a tick is stale. */
  readonly staleNs: bigint;
  /** Farthest the source's clock may be ahead of ours. */
  readonly aheadNs: bigint;
  /** Sequence numbers remembered below the highest; a power of two. */
  readonly sequencesRemembered: number;
  readonly instruments: number;
};

export const TICK_LIMITS_DEFAULT: TickLimits = {
  outlierBps: 1_000,
  outliersForLevel: 3,
  staleNs: 5_000_000_000n,
  aheadNs: 1_000_000_000n,
  sequencesRemembered: SEQUENCES_REMEMBERED_DEFAULT,
  instruments: 20_000,
};

/** Trades whose median is the price others are held against; until there are as many, none is. */
export const REFERENCE_TRADES = 5;

type InstrumentState = {
  newest: bigint;
  /** The last prices taken, a ring. */
  readonly recent: number[];
  next: number;
  /** Outliers in a row, and the price of the last. */
  outliers: number;
  outlierPrice: number;
};

const REFUSING: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'MALFORMED',
  'DUPLICATE',
  'SEQUENCE_TOO_OLD',
  'CROSSED',
  'OUTLIER',
  'FROM_FUTURE',
  'INSTRUMENT_LIMIT',
]);

/**
 * Validates the ticks of one source (one sequence of numbers). It reads no clock: whether a tick is
 * stale follows from the times it carries, so the same ticks get the same verdicts when replayed.
 */
export class TickValidator {
  readonly #limits: TickLimits;
  readonly #seen: SequenceWindow;
  readonly #instruments = new Map<number, InstrumentState>();

  constructor(limits: TickLimits = TICK_LIMITS_DEFAULT) {
    assert(limits.outlierBps > 0 && limits.outliersForLevel >= 2, 'limits of outliers');
    this.#limits = limits;
    this.#seen = new SequenceWindow(limits.sequencesRemembered);
  }

  trade(trade: Trade): Verdict {
    const whole = isCount(trade.price) && isCount(trade.quantity);
    return this.#judge(trade, whole, (state, findings) => {
      const price = { numerator: trade.price, denominator: 1 };
      this.#judgePrice(state, price, findings);
      if (refused(findings)) return;
      state.recent[state.next] = trade.price;
      state.next = (state.next + 1) % REFERENCE_TRADES;
    });
  }

  /**
   * Goes on from what was taken before this validator was made: the newest time of an instrument and
   * its last prices, oldest first. Which numbers were seen is not part of it.
   */
  resume(instrument: number, newest: bigint, prices: readonly number[]): void {
    const state = this.#stateOf(instrument);
    if (state === undefined || state.newest > 0n) return;
    state.newest = newest;
    for (const price of prices.slice(-REFERENCE_TRADES)) {
      state.recent[state.next] = price;
      state.next = (state.next + 1) % REFERENCE_TRADES;
    }
  }

  quote(quote: Quote): Verdict {
    const { bidPrice, bidQuantity, askPrice, askQuantity } = quote;
    const whole = isSide(bidPrice, bidQuantity) && isSide(askPrice, askQuantity);
    return this.#judge(quote, whole, (state, findings) => {
      if (bidPrice === 0 || askPrice === 0) return;
      if (bidPrice > askPrice) {
        findings.push({ code: 'CROSSED', value: bidPrice, limit: askPrice });
        return;
      }
      if (bidPrice === askPrice) {
        findings.push({ code: 'LOCKED', value: bidPrice, limit: askPrice });
      }
      // The middle, kept as a fraction. A quote is held against trades but sets no level itself.
      const distance = distanceBps(state, { numerator: bidPrice + askPrice, denominator: 2 });
      if (distance > this.#limits.outlierBps) {
        findings.push({ code: 'OUTLIER', value: distance, limit: this.#limits.outlierBps });
      }
    });
  }

  #judge(
    tick: Trade | Quote,
    whole: boolean,
    judgeContent: (state: InstrumentState, findings: Finding[]) => void,
  ): Verdict {
    const findings: Finding[] = [];
    const malformed = !whole || !isSequence(tick.sequence) || tick.time < 0n;
    if (malformed) return refusal({ code: 'MALFORMED', value: tick.sequence, limit: 0 });
    const known = this.#seen.see(tick.sequence);
    if (known !== 'new') {
      const code = known === 'duplicate' ? 'DUPLICATE' : 'SEQUENCE_TOO_OLD';
      return refusal({ code, value: tick.sequence, limit: this.#limits.sequencesRemembered });
    }
    const state = this.#stateOf(tick.instrument);
    if (state === undefined) {
      const limit = this.#limits.instruments;
      return refusal({ code: 'INSTRUMENT_LIMIT', value: tick.instrument, limit });
    }
    const delay = tick.received - tick.time;
    if (delay < -this.#limits.aheadNs) {
      return refusal({ code: 'FROM_FUTURE', value: -delay, limit: this.#limits.aheadNs });
    }
    if (tick.time < state.newest) {
      findings.push({ code: 'LATE', value: tick.time, limit: state.newest });
    }
    if (delay > this.#limits.staleNs) {
      findings.push({ code: 'STALE', value: delay, limit: this.#limits.staleNs });
    }
    judgeContent(state, findings);
    const accepted = !refused(findings);
    if (accepted && tick.time > state.newest) state.newest = tick.time;
    return { accepted, findings };
  }

  #judgePrice(state: InstrumentState, price: Fraction, findings: Finding[]): void {
    const limit = this.#limits.outlierBps;
    const distance = distanceBps(state, price);
    if (distance <= limit) {
      state.outliers = 0;
      return;
    }
    const near =
      state.outliers > 0 &&
      bpsBetween(price, { numerator: state.outlierPrice, denominator: 1 }) <= limit;
    state.outliers = near ? state.outliers + 1 : 1;
    state.outlierPrice = price.numerator;
    if (state.outliers < this.#limits.outliersForLevel) {
      findings.push({ code: 'OUTLIER', value: distance, limit });
      return;
    }
    findings.push({ code: 'LEVEL_CHANGED', value: distance, limit });
    // The new level starts from this price alone, or the old median would refuse what follows it.
    state.recent.fill(price.numerator);
  }

  #stateOf(instrument: number): InstrumentState | undefined {
    let state = this.#instruments.get(instrument);
    if (state !== undefined) return state;
    if (this.#instruments.size >= this.#limits.instruments) return undefined;
    state = { newest: 0n, recent: [], next: 0, outliers: 0, outlierPrice: 0 };
    this.#instruments.set(instrument, state);
    return state;
  }
}

type Fraction = { readonly numerator: number; readonly denominator: number };

/** Whole basis points, rounded up, between the price and the median; 0 while there is no median. */
function distanceBps(state: InstrumentState, price: Fraction): number {
  if (state.recent.length < REFERENCE_TRADES) return 0;
  const sorted = [...state.recent].sort((a, b) => a - b);
  return bpsBetween(price, { numerator: sorted[REFERENCE_TRADES >> 1]!, denominator: 1 });
}

function bpsBetween(price: Fraction, reference: Fraction): number {
  const a = price.numerator * reference.denominator;
  const b = reference.numerator * price.denominator;
  const scaled = Math.abs(a - b) * 10_000;
  if (
    a <= Number.MAX_SAFE_INTEGER &&
    b <= Number.MAX_SAFE_INTEGER &&
    Number.isSafeInteger(scaled)
  ) {
    // Whole numbers all the way: what is left of the remainder divides without rounding.
    const rest = scaled % b;
    return (scaled - rest) / b + (rest > 0 ? 1 : 0);
  }
  const exactA = BigInt(price.numerator) * BigInt(reference.denominator);
  const exactB = BigInt(reference.numerator) * BigInt(price.denominator);
  const apart = exactA > exactB ? exactA - exactB : exactB - exactA;
  return Number((apart * 10_000n + exactB - 1n) / exactB);
}

function refused(findings: readonly Finding[]): boolean {
  return findings.some((finding) => REFUSING.has(finding.code));
}

function refusal(finding: Finding): Verdict {
  return { accepted: false, findings: [finding] };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function isSequence(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** A side of a quote: price and quantity, or neither. Half the safe range, as prices are added. */
function isSide(price: number, quantity: number): boolean {
  if (price === 0) return quantity === 0;
  return isCount(price) && price <= Number.MAX_SAFE_INTEGER / 2 && isCount(quantity);
}
