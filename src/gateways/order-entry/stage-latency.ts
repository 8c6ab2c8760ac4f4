/**
 * Where the time of an order goes, always on. One sample a batch, its first accepted order, which has
 * waited longest: so these are what a batch took, not the mean order.
 *
 * ```
 *   received  --->  decided  --->  seen durable  --->  sent
 *   (tick)          (writer)       (this thread)       (given to the sockets)
 * ```
 */
import { build, type Histogram } from 'hdr-histogram-js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';
import type { Clock } from '../../lib/time.js';

/** Longest that is told apart, us. */
const LATENCY_US_MAX = 60_000_000;
const TWO_32 = 2 ** 32;
const NS_PER_US = 1000;

export interface StagePercentiles {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

export interface StageLatencies {
  readonly receivedToDecided: StagePercentiles;
  readonly decidedToDurable: StagePercentiles;
  readonly durableToSent: StagePercentiles;
}

const histogram = (): Histogram =>
  build({ highestTrackableValue: LATENCY_US_MAX, numberOfSignificantValueDigits: 2 });

export class StageLatency {
  readonly #decided = histogram();
  readonly #durable = histogram();
  readonly #sent = histogram();
  readonly #clock: Clock;
  #seenLow = 0;
  #seenHigh = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A batch was read: of its first accepted order, the stages up to here. */
  seen(batch: RecordBuffer): void {
    this.#clock.tick();
    this.#seenLow = this.#clock.low;
    this.#seenHigh = this.#clock.high;
    const { bytes, u16, u32 } = batch;
    for (let at = 0; at < batch.length; at += u16[(at + HEADER.length) >> 1]!) {
      if (bytes[at + HEADER.number] !== EVENT.OrderAccepted) continue;
      const time = (at + HEADER.time) >> 2;
      const received = (at + HEADER.received) >> 2;
      const low = u32[time]!;
      const high = u32[time + 1]!;
      record(this.#decided, u32[received]!, u32[received + 1]!, low, high);
      record(this.#durable, low, high, this.#seenLow, this.#seenHigh);
      return;
    }
  }

  /** All that the batch brought was given to the sockets. */
  sent(): void {
    this.#clock.tick();
    record(this.#sent, this.#seenLow, this.#seenHigh, this.#clock.low, this.#clock.high);
  }

  get percentiles(): StageLatencies {
    return {
      receivedToDecided: percentilesOf(this.#decided),
      decidedToDurable: percentilesOf(this.#durable),
      durableToSent: percentilesOf(this.#sent),
    };
  }
}

function record(
  into: Histogram,
  fromLow: number,
  fromHigh: number,
  toLow: number,
  toHigh: number,
): void {
  const ns = (toHigh - fromHigh) * TWO_32 + (toLow - fromLow);
  // Two clocks of one machine may differ by their last digits.
  into.recordValue(Math.min(LATENCY_US_MAX, Math.max(0, Math.round(ns / NS_PER_US))));
}

function percentilesOf(of: Histogram): StagePercentiles {
  return {
    count: of.totalCount,
    p50Us: of.getValueAtPercentile(50),
    p99Us: of.getValueAtPercentile(99),
    p999Us: of.getValueAtPercentile(99.9),
    maxUs: of.maxValue,
  };
}
