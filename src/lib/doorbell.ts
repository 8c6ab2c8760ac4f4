/**
 * Wakes one sleeping thread. Several producers share a doorbell, since the writer drains one ring per
 * producer thread but can sleep in one place only.
 *
 * `ring` costs one load while nobody sleeps; the system call of `Atomics.notify` is made only when
 * somebody does.
 *
 * **No wake-up is lost.** Atomics operations on all memory have one total order that agrees with each
 * thread's own (ECMAScript memory model). Four of them matter:
 *
 * ```
 *     producer                              sleeper
 *     P  store ring.published               S  bell: AWAKE -> SLEEPING
 *     L  load bell                          C  look at every ring
 * ```
 *
 * - L sees SLEEPING: the producer turns the bell to AWAKE and notifies. `Atomics.wait` compares and falls
 *   asleep as one step against notify: either it comes first and is notified, or it comes later, finds
 *   AWAKE and does not sleep. When the turning fails, someone else turned it first, which is the next case.
 * - L sees AWAKE: a sleeper that still waits is about to be notified by the producer that turned the
 *   bell. Any later attempt to sleep has its S after L, so P < L < S < C: its look at the rings finds
 *   what was published, and it does not sleep.
 *
 * A notify that comes late, for a sleep that is over, may end the next sleep early, so the sleeper looks
 * at its rings after every return and does not trust the reason.
 */
import { writeSync } from 'node:fs';
import { assert } from './assert.js';

/** Words of the bell: who sleeps, and the eventfd to write to plus one, 0 when it is Atomics.wait. */
const STATE = 0;
const EVENT_FD = 1;

const AWAKE = 0;
const SLEEPING = 1;

/** What an eventfd takes: one more. */
const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** A whole pair of cache lines, so that nothing else slows the load in `ring`. */
const BELL_BYTES = 128;

export class Doorbell {
  readonly shared: SharedArrayBuffer;
  readonly #bell: Int32Array;

  private constructor(shared: SharedArrayBuffer) {
    assert(shared.byteLength === BELL_BYTES, 'doorbell: the shared memory holds no doorbell');
    this.shared = shared;
    this.#bell = new Int32Array(shared);
  }

  static create(): Doorbell {
    return new Doorbell(new SharedArrayBuffer(BELL_BYTES));
  }

  static attach(shared: SharedArrayBuffer): Doorbell {
    return new Doorbell(shared);
  }

  /** Call after `publish`, from any thread. */
  ring(): void {
    if (Atomics.load(this.#bell, STATE) !== SLEEPING) return;
    if (Atomics.compareExchange(this.#bell, STATE, SLEEPING, AWAKE) !== SLEEPING) return;
    const eventFd = Atomics.load(this.#bell, EVENT_FD);
    if (eventFd === 0) Atomics.notify(this.#bell, STATE, 1);
    else writeSync(eventFd - 1, ONE);
  }

  /**
   * From here on the sleeper sleeps in a system call that an eventfd ends, in place of `sleep`.
   * The file must stay open as long as anybody may ring.
   */
  wakeThrough(eventFd: number): void {
    Atomics.store(this.#bell, EVENT_FD, eventFd + 1);
  }

  /**
   * `sleep` in a system call: the proof above holds, since what was written to the eventfd before
   * the call ends it at once.
   *
   * @param wait blocks until bytes are written to the eventfd, or for as long as it likes
   */
  sleepIn(hasWork: () => boolean, wait: () => void): void {
    const before = Atomics.compareExchange(this.#bell, STATE, AWAKE, SLEEPING);
    assert(before === AWAKE, 'doorbell: a second thread goes to sleep');
    if (!hasWork()) wait();
    Atomics.store(this.#bell, STATE, AWAKE);
  }

  /**
   * Blocks the calling thread until the bell rings or the time is over; at once when there is work.
   * One thread only may sleep.
   *
   * @param hasWork looks at every ring whose producer rings this bell; called once
   * @param timeoutMs longest sleep, in milliseconds
   * @returns false when the time ran out; whatever it says, look at the rings again
   */
  sleep(hasWork: () => boolean, timeoutMs: number): boolean {
    const before = Atomics.compareExchange(this.#bell, STATE, AWAKE, SLEEPING);
    assert(before === AWAKE, 'doorbell: a second thread goes to sleep');
    if (hasWork()) {
      Atomics.store(this.#bell, STATE, AWAKE);
      return true;
    }
    const outcome = Atomics.wait(this.#bell, STATE, SLEEPING, timeoutMs);
    Atomics.store(this.#bell, STATE, AWAKE);
    return outcome !== 'timed-out';
  }
}
