import { assert } from '../../lib/assert.js';
import { ProjectionError } from './errors.js';

/** Queries that may wait at a time; one more is refused with PROJECTION_WAITERS. */
export const WAITERS_MAX = 10_000;

interface Waiter {
  readonly lanes: readonly number[];
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Lets queries wait until the tables hold a sequence: "a view at least as new as". Fed by the
 * projectors after each commit, so nobody polls.
 */
export class SequenceWaiters {
  /** By lane: everything before this sequence is in its tables. */
  readonly #next: number[];
  readonly #waiters = new Set<Waiter>();

  constructor(lanes: number) {
    this.#next = new Array<number>(lanes).fill(0);
  }

  /** The sequence that the tables of a lane are next to take. */
  next(lane: number): number {
    return this.#next[lane] as number;
  }

  publish(lane: number, next: number): void {
    assert(lane < this.#next.length, 'a lane that exists');
    // A projector that starts again may begin behind what was shown before; the tables do not.
    if (next > (this.#next[lane] as number)) this.#next[lane] = next;
    for (const waiter of this.#waiters) {
      if (!this.#holds(waiter.lanes, waiter.sequence)) continue;
      this.#remove(waiter);
      waiter.resolve();
    }
  }

  /**
   * @param sequence the tables must hold this event
   * @throws ProjectionError PROJECTION_BEHIND after `timeoutMs`, PROJECTION_WAITERS when too many wait
   */
  wait(lanes: readonly number[], sequence: number, timeoutMs: number): Promise<void> {
    if (this.#holds(lanes, sequence)) return Promise.resolve();
    if (this.#waiters.size >= WAITERS_MAX) {
      const message = `${WAITERS_MAX} queries wait for the read models already`;
      return Promise.reject(new ProjectionError('PROJECTION_WAITERS', message));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#remove(waiter);
        reject(new ProjectionError('PROJECTION_BEHIND', this.#behind(lanes, sequence, timeoutMs)));
      }, timeoutMs);
      const waiter: Waiter = { lanes, sequence, resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Nobody will publish any more. */
  fail(error: Error): void {
    for (const waiter of [...this.#waiters]) {
      this.#remove(waiter);
      waiter.reject(error);
    }
  }

  #holds(lanes: readonly number[], sequence: number): boolean {
    return lanes.every((lane) => (this.#next[lane] as number) > sequence);
  }

  #behind(lanes: readonly number[], sequence: number, timeoutMs: number): string {
    const least = Math.min(...lanes.map((lane) => this.#next[lane] as number));
    return `after ${timeoutMs} ms the view is as of ${least - 1}, not yet ${sequence}`;
  }

  #remove(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
  }
}
