/**
 * What became of a command, read from the log.
 *
 * A request that waits is registered under its command id; the follower of the journal's durable
 * end offers every record, and the request gets the events of its command once the commit that
 * holds them has been read. So an answer is made of what is on disk, and of nothing else.
 *
 * Records that nobody waits for cost two comparisons and no object: the ids of one producer grow,
 * so those of the waiting requests lie between the oldest and the newest.
 */
import { decodeEvent } from '../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../domain/event-record.js';
import type { DaybookEvent } from '../domain/events.js';
import { assert } from '../lib/assert.js';
import { type ApplicationError, problem } from './application/errors.js';

/** Requests that wait at a time. When full, new ones are refused (`CAPACITY_OVERLOAD`). */
export const OUTCOMES_PENDING_MAX = 8192;
/** Of these, what only requests that open no new risk (cancels) may use. */
export const OUTCOMES_RESERVED = 1024;
/** How long a request waits before it is answered with `OUTCOME_PENDING`, in milliseconds. */
export const OUTCOME_WAIT_MS_MAX = 5000;
/** How often waits that are over are looked for, in milliseconds. */
const SWEEP_MS = 100;

interface Pending {
  readonly deadlineMs: number;
  readonly resolve: (events: readonly DaybookEvent[]) => void;
  readonly reject: (error: ApplicationError) => void;
}

export interface OutcomesOptions {
  readonly pendingMax?: number;
  readonly reserved?: number;
  readonly waitMs?: number;
}

export class Outcomes {
  /** In the order of registration, which with one waiting time is the order of deadlines. */
  readonly #pending = new Map<number, Pending>();
  readonly #pendingMax: number;
  readonly #reserved: number;
  readonly #waitMs: number;
  readonly #timer: NodeJS.Timeout;
  #oldest = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  /** The command whose events are being collected; -1 none. */
  #command = -1;
  #events: DaybookEvent[] = [];
  #failure: ApplicationError | undefined;

  constructor(options: OutcomesOptions = {}) {
    this.#pendingMax = options.pendingMax ?? OUTCOMES_PENDING_MAX;
    this.#reserved = options.reserved ?? Math.min(OUTCOMES_RESERVED, this.#pendingMax >> 3);
    this.#waitMs = options.waitMs ?? OUTCOME_WAIT_MS_MAX;
    assert(this.#reserved < this.#pendingMax, 'outcomes: all places are reserved');
    this.#timer = setInterval(() => this.#sweep(performance.now()), SWEEP_MS).unref();
  }

  /** Requests that wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether another request may wait. Ask before submitting its command. */
  hasRoom(opensRisk: boolean): boolean {
    const limit = opensRisk ? this.#pendingMax - this.#reserved : this.#pendingMax;
    return this.#pending.size < limit;
  }

  /**
   * The events of a command, in their order. Call in the same turn as its submission: the follower
   * runs on this thread, so nothing can pass in between.
   *
   * @throws ApplicationError OUTCOME_PENDING when they are not durable in time, SERVICE_UNAVAILABLE
   *   when the log cannot be followed any more
   */
  of(command: number): Promise<readonly DaybookEvent[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    assert(!this.#pending.has(command), 'outcomes: a command is waited for once');
    if (this.#pending.size === 0) this.#oldest = command;
    else if (command < this.#oldest) this.#oldest = command;
    if (command > this.#newest) this.#newest = command;
    const deadlineMs = performance.now() + this.#waitMs;
    return new Promise((resolve, reject) => {
      this.#pending.set(command, { deadlineMs, resolve, reject });
    });
  }

  /** Offers the record at `at`; the records of one command come one after the other. */
  offer(view: RecordBuffer, at: number): void {
    const command = view.f64[(at + HEADER.command) / 8] as number;
    if (command === this.#command) {
      this.#events.push(decodeEvent(view.bytes, at));
      return;
    }
    if (this.#command >= 0) this.#settle();
    if (command < this.#oldest || command > this.#newest || !this.#pending.has(command)) return;
    this.#command = command;
    this.#events.push(decodeEvent(view.bytes, at));
  }

  /** A commit has been read to its end: the events of its last command are complete. */
  commitEnd(): void {
    if (this.#command >= 0) this.#settle();
    if (this.#pending.size === 0) {
      this.#oldest = Number.POSITIVE_INFINITY;
      this.#newest = Number.NEGATIVE_INFINITY;
    }
  }

  /** The log cannot be followed any more: whoever waits, or will, is told so. */
  fail(detail: string): void {
    this.#failure = problem('SERVICE_UNAVAILABLE', detail);
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  close(): void {
    clearInterval(this.#timer);
    this.fail('Daybook is stopping.');
  }

  #settle(): void {
    const waiting = this.#pending.get(this.#command);
    const events = this.#events;
    this.#pending.delete(this.#command);
    this.#command = -1;
    this.#events = [];
    waiting?.resolve(events);
  }

  #sweep(nowMs: number): void {
    for (const [command, { deadlineMs, reject }] of this.#pending) {
      if (deadlineMs > nowMs) return;
      this.#pending.delete(command);
      reject(problem('OUTCOME_PENDING'));
    }
  }
}
