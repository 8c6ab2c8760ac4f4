/**
 * Wall-clock time in nanoseconds since 1970-01-01 UTC: reading it, its two 32-bit words (the binary
 * form of an i64 without a BigInt), and its ISO 8601 text.
 *
 * The real clock is read in this file only; everything else is given a `Clock`. Time annotates, the
 * sequence orders: so a time that is briefly wrong is harmless, one that runs backwards is not shown.
 */
import { assert } from './assert.js';
import type { NativeAddon } from './native-addon.js';

const NS_PER_SECOND = 1_000_000_000;
const MS_PER_DAY = 86_400_000;
/** The largest i64, 2262-04-11: the end of time in this format. */
export const TIME_NS_MAX = 2n ** 63n - 1n;

export type TimeErrorCode = 'TIME_SYNTAX' | 'TIME_OUT_OF_RANGE';

export class TimeError extends Error {
  override readonly name = 'TimeError';
  readonly code: TimeErrorCode;

  constructor(code: TimeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Nanoseconds from the two words of an i64, the low one first in little-endian memory. */
export function nsFromWords(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Bits 0 to 31, unsigned. */
export function lowWord(ns: bigint): number {
  return Number(ns & 0xffff_ffffn);
}

/** Bits 32 to 63, unsigned. */
export function highWord(ns: bigint): number {
  return Number((ns >> 32n) & 0xffff_ffffn);
}

/**
 * Whole milliseconds of a time in nanoseconds, rounded down, without a bigint: 2^32 ns are 4294 ms and
 * 967,296 ns, and what those add up to stays below 2^52, where dividing by a million rounds nothing up
 * to a whole number that it is not.
 *
 * @param low bits 0 to 31, unsigned; @param high bits 32 to 62
 */
export function msFromWords(low: number, high: number): number {
  return high * 4294 + Math.floor((high * 967_296 + low) / 1_000_000);
}

/** Where a Clock gets its time from: the machine, or a test that turns the hands. */
export interface TimeSource {
  /** Milliseconds since 1970 when the monotonic clock was 0, as exactly as the machine knows. */
  readonly originMs: number;
  /** Sets `into[0]` to the milliseconds since then, with a fraction; never steps. */
  readMonotonic(into: Float64Array): void;
  /** Whole milliseconds since 1970; steps when the machine's clock is set. */
  wallMs(): number;
}

const machineTime: TimeSource = {
  originMs: performance.timeOrigin,
  readMonotonic: (into) => {
    into[0] = performance.now();
  },
  wallMs: () => Date.now(),
};

/**
 * The same by the addon: a tick then leaves nothing to the collector of garbage, where `performance.now`
 * returns a boxed number. For a thread whose pauses count (`npm run bench -- core`, `own_p9999_us`).
 */
export function nativeTime(addon: Pick<NativeAddon, 'readMonotonic' | 'monotonicMs'>): TimeSource {
  const sinceOrigin = performance.now();
  return {
    originMs: performance.timeOrigin + sinceOrigin - addon.monotonicMs(),
    readMonotonic: (into) => addon.readMonotonic(into),
    wallMs: () => Date.now(),
  };
}

/** How often the wall clock is looked at, in milliseconds: bounds how long a step goes unnoticed. */
const WALL_CHECK_MS = 100;
/** Half of what counts as a step. Date.now is cut to whole milliseconds, so 1 ms apart is not one. */
const STEP_TOLERANCE_MS = 2;

/**
 * A clock in nanoseconds that never goes back. `tick` reads it; `low`, `high` and `ns` answer for the
 * last tick, so that all that happens in one batch has one time. A tick takes about 100 ns: once per batch.
 *
 * It follows the monotonic clock (a double of milliseconds: good to 15 ns after three years), and is
 * moved along when the machine's wall clock has been set. When that was set back, time stands still
 * until it has caught up.
 */
export class Clock {
  readonly #source: TimeSource;
  readonly #monotonic = new Float64Array(1);
  /** Wall-clock milliseconds at monotonic 0: a whole part and the nanoseconds beyond it. */
  #offsetMs: number;
  #offsetNs: number;
  #wallCheckedMs = 0;
  #seconds = 0;
  #nanoseconds = 0;
  /** The words of the last tick, unsigned. */
  low = 0;
  high = 0;
  /** How often the wall clock was seen to have been set, forwards or back. Worth an alarm. */
  steps = 0;

  constructor(source: TimeSource = machineTime) {
    this.#source = source;
    this.#offsetMs = Math.floor(source.originMs);
    this.#offsetNs = Math.floor((source.originMs - this.#offsetMs) * 1e6);
    this.tick();
  }

  /** Reads the time. */
  tick(): void {
    this.#source.readMonotonic(this.#monotonic);
    const monotonicMs = this.#monotonic[0] as number;
    if (monotonicMs - this.#wallCheckedMs >= WALL_CHECK_MS) this.#followWall(monotonicMs);
    const wholeMs = Math.floor(monotonicMs);
    const ns = this.#offsetNs + Math.floor((monotonicMs - wholeMs) * 1e6);
    const ms = this.#offsetMs + wholeMs;
    const seconds = Math.floor(ms / 1000);
    this.#advance(seconds, (ms - seconds * 1000) * 1_000_000 + ns);
  }

  /** Whatever was read before, time goes on from `ns` at the earliest: after a restart, from the log. */
  notBefore(ns: bigint): void {
    assert(ns >= 0n && ns <= TIME_NS_MAX, 'clock: time out of range');
    const perSecond = BigInt(NS_PER_SECOND);
    this.#advance(Number(ns / perSecond), Number(ns % perSecond));
  }

  /** The last tick, in nanoseconds since 1970. */
  ns(): bigint {
    return nsFromWords(this.low, this.high);
  }

  #followWall(monotonicMs: number): void {
    this.#wallCheckedMs = monotonicMs;
    const offMs = this.#source.wallMs() - (this.#offsetMs + monotonicMs);
    if (Math.abs(offMs) <= STEP_TOLERANCE_MS) return;
    this.#offsetMs += Math.round(offMs);
    this.steps++;
  }

  /** @param nanoseconds may be a second or more; the carry is made here */
  #advance(secondsBeforeCarry: number, nanosecondsBeforeCarry: number): void {
    const carry = Math.floor(nanosecondsBeforeCarry / NS_PER_SECOND);
    const seconds = secondsBeforeCarry + carry;
    const nanoseconds = nanosecondsBeforeCarry - carry * NS_PER_SECOND;
    if (seconds < this.#seconds) return;
    if (seconds === this.#seconds && nanoseconds <= this.#nanoseconds) return;
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
    // seconds * 1e9 passes 2^53, so it is multiplied in halves of 16 bits:
    // ns = upper * 2^16 + lower, with upper < 2^48 and lower < 2^47, all exact.
    const upper = Math.floor(seconds / 65536) * NS_PER_SECOND;
    const lower = (seconds % 65536) * NS_PER_SECOND + nanoseconds;
    const upperHigh = Math.floor(upper / 65536);
    const rest = (upper - upperHigh * 65536) * 65536 + lower;
    this.low = rest >>> 0;
    this.high = upperHigh + Math.floor(rest / 2 ** 32);
  }
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** "2026-11-22T14:50:06.123456789Z": always UTC, always nine digits, so that text sorts as time. */
export function formatIsoNs(ns: bigint): string {
  assert(ns >= 0n && ns <= TIME_NS_MAX, 'time: out of range');
  const ms = Number(ns / 1_000_000n);
  const rest = String(ns % 1_000_000n).padStart(6, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${rest}Z`;
}

/**
 * ISO 8601 date and time with a zone ("Z" or "+hh:mm") and up to nine digits of a second.
 *
 * @returns nanoseconds since 1970
 * @throws TimeError TIME_SYNTAX, also for days and hours that do not exist and for leap seconds;
 *   TIME_OUT_OF_RANGE before 1970 or after TIME_NS_MAX
 */
export function parseIsoNs(text: string): bigint {
  const match = text.length <= 64 ? ISO.exec(text) : null;
  if (match === null) throw notATime(text);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    ...[number, number, number, number, number, number],
  ];
  const zoneHours = Number(match[9] ?? 0);
  const zoneMinutes = Number(match[10] ?? 0);
  const dayMs = Date.UTC(year, month - 1, day);
  const date = new Date(dayMs);
  // Date.UTC carries 30 February into March; a day that exists comes back unchanged.
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59) throw notATime(text);
  if (zoneHours > 23 || zoneMinutes > 59) throw notATime(text);
  const zoneMs = (zoneHours * 60 + zoneMinutes) * 60_000 * (match[8] === '-' ? -1 : 1);
  const ms = dayMs + ((hour * 60 + minute) * 60 + second) * 1000 - zoneMs;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; they are out of range either way.
  const ns = BigInt(year < 1900 ? -MS_PER_DAY : ms) * 1_000_000n;
  const exact = ns + BigInt((match[7] ?? '').padEnd(9, '0'));
  if (exact < 0n || exact > TIME_NS_MAX) {
    throw new TimeError('TIME_OUT_OF_RANGE', `not between 1970 and 2262: ${text}`);
  }
  return exact;
}

function notATime(text: string): TimeError {
  const shown = JSON.stringify(text.slice(0, 64));
  return new TimeError('TIME_SYNTAX', `not an ISO 8601 time with a zone: ${shown}`);
}
