/**
 * Where the time of orders goes on the fast path, always on. All orders of a commit share the times
 * of its first turn, so a commit costs a few clock readings and one count for each stage:
 *
 * ```
 *   socket  --->  decoded  --->  decided  --->  written  --->  durable  --->  sent
 *   (bytes are    (commands in   (events in     (pwrite)       (fdatasync)    (given to the
 *    there)        the ring)      batch)                                       sockets)
 *
 *   a commit is    gathered  -------------->  in flight  ------------------->  answered
 * ```
 *
 * A commit with commands of other producers only is not counted. Pauses are told apart by cause: a sync,
 * a collection of garbage.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { build, type Histogram } from 'hdr-histogram-js';

const STAGES = ['decoded', 'decided', 'written', 'durable', 'sent'] as const;
export type Stage = (typeof STAGES)[number];

/** A commit's words: its socket time, its stages' times, its orders. */
const ORDERS = STAGES.length + 1;
const COMMIT_WORDS = ORDERS + 1;

/** Longest that is told apart, ns. */
const LATENCY_NS_MAX = 60_000_000_000;
const NS_PER_MS = 1e6;
const NS_PER_US = 1e3;
const PERCENTILES = { p50Us: 50, p99Us: 99, p999Us: 99.9, p9999Us: 99.99 } as const;

export interface Percentiles {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly p9999Us: number;
  readonly maxUs: number;
}

export interface TurnLatencies {
  /** Of each stage since the one before; `decoded` since the bytes were there. */
  readonly stages: Readonly<Record<Stage, Percentiles>>;
  /** From bytes to answer, of turns that waited for the disk. */
  readonly total: Percentiles;
  /** From bytes to answer of sessions that are answered from memory. */
  readonly memory: Percentiles;
  /** Every collection of garbage in this thread, and every sync. */
  readonly garbage: Percentiles;
  readonly sync: Percentiles;
}

const histogram = (): Histogram =>
  build({ highestTrackableValue: LATENCY_NS_MAX, numberOfSignificantValueDigits: 2 });

export class TurnLatency {
  readonly #stages = STAGES.map(histogram);
  readonly #total = histogram();
  readonly #memory = histogram();
  readonly #garbage = histogram();
  readonly #sync = histogram();
  readonly #observer: PerformanceObserver;
  /** Times of a commit, ms of performance.now(): socket, then the stages; at the end its orders. */
  readonly #gathered = new Float64Array(COMMIT_WORDS);
  readonly #inFlight = new Float64Array(COMMIT_WORDS);
  readonly #answered = new Float64Array(COMMIT_WORDS);
  /** Of the last turn that brought commands: when its bytes were there, ms. */
  readonly #turnAt = new Float64Array(1);
  /** Commands of the turn at hand. */
  #turnTaken = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#garbage.recordValue(clamped(duration));
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Bytes were there at `turned[0]` ms; they are `taken` commands in the ring by now. */
  decoded(turned: Float64Array, taken: number): void {
    this.#turnTaken = taken;
    if (taken === 0) return;
    this.#turnAt[0] = turned[0]!;
    const gathered = this.#gathered;
    if (gathered[ORDERS] === 0) {
      gathered[0] = turned[0]!;
      gathered[1] = performance.now();
    }
    gathered[ORDERS]! += taken;
  }

  /** Answers of sessions that do not wait for the disk are out. */
  early(): void {
    if (this.#turnTaken === 0) return;
    const took = clamped(performance.now() - this.#turnAt[0]!);
    this.#memory.recordValueWithCount(took, this.#turnTaken);
  }

  /** The batch is decided, and on its way to the disk. */
  decided(): void {
    this.#inFlight.set(this.#gathered);
    this.#gathered[ORDERS] = 0;
    this.#inFlight[2] = performance.now();
  }

  written(ms = performance.now()): void {
    this.#inFlight[3] = ms;
  }

  durable(ms = performance.now()): void {
    const inFlight = this.#inFlight;
    inFlight[4] = ms;
    this.#sync.recordValue(clamped(ms - inFlight[3]!));
    this.#answered.set(inFlight);
    inFlight[ORDERS] = 0;
  }

  /** What was to be sent is with the sockets since `turned[0]` ms. */
  sent(turned: Float64Array): void {
    const times = this.#answered;
    const count = times[ORDERS]!;
    if (count === 0) return;
    times[ORDERS] = 0;
    times[5] = turned[0]!;
    for (let i = 0; i < STAGES.length; i += 1) {
      this.#stages[i]!.recordValueWithCount(clamped(times[i + 1]! - times[i]!), count);
    }
    this.#total.recordValueWithCount(clamped(times[5]! - times[0]!), count);
  }

  /** Starts again: what was before is forgotten. */
  reset(): void {
    for (const each of [...this.#stages, this.#total, this.#memory, this.#garbage, this.#sync]) {
      each.reset();
    }
  }

  get latencies(): TurnLatencies {
    const stages = Object.fromEntries(
      STAGES.map((name, i) => [name, percentilesOf(this.#stages[i]!)]),
    ) as Record<Stage, Percentiles>;
    return {
      stages,
      total: percentilesOf(this.#total),
      memory: percentilesOf(this.#memory),
      garbage: percentilesOf(this.#garbage),
      sync: percentilesOf(this.#sync),
    };
  }

  close(): void {
    this.#observer.disconnect();
  }
}

function clamped(ms: number): number {
  return Math.min(LATENCY_NS_MAX, Math.max(1, Math.round(ms * NS_PER_MS)));
}

function percentilesOf(of: Histogram): Percentiles {
  const us = (ns: number) => Math.round(ns / (NS_PER_US / 10)) / 10;
  const { p50Us, p99Us, p999Us, p9999Us } = PERCENTILES;
  return {
    count: of.totalCount,
    p50Us: us(of.getValueAtPercentile(p50Us)),
    p99Us: us(of.getValueAtPercentile(p99Us)),
    p999Us: us(of.getValueAtPercentile(p999Us)),
    p9999Us: us(of.getValueAtPercentile(p9999Us)),
    maxUs: of.totalCount === 0 ? 0 : us(of.maxValue),
  };
}
