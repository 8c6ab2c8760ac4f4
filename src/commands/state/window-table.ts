/**
 * What happened within a sliding window, for circuit breakers: a sum or a highest value per owner.
 *
 * The window is cut into eight slices and nine are kept, so what is read covers the whole window and
 * at most an eighth more:
 *
 * ```
 *   time      ..|..s..|..s..|..s..|..s..|..s..|..s..|..s..|..s..|.now
 *   cells        0     1     2     3     4     5     6     7     8      stamp: number of the slice
 * ```
 *
 * Everything is exact and comes from event times: the same on replay.
 */
import { scratch } from '../../lib/scratch.js';

export const WINDOW_SLICES = 8;
/** Cells of an owner. */
export const WINDOW_CELLS = WINDOW_SLICES + 1;
const CELLS = WINDOW_CELLS;

/** Length of a slice in whole ms, at least 1. */
export function sliceOf(windowMs: number): number {
  return Math.max(1, Math.ceil(windowMs / WINDOW_SLICES));
}

/** What `sum` and `highest` found: a number that is returned could be allocated. */
export const found = scratch(1);

/**
 * Times and lengths come as places in arrays, `now[0]` and `windows[at]` in ms: a number that is
 * passed could be allocated, and this is called for every order.
 */
export class WindowTable {
  /** Number of the slice + 1 in each cell; 0 never used. */
  readonly stamps: Float64Array;
  readonly values: Float64Array;
  /**
   * Of each owner: the stamp and the cell that were written last, and the sum or highest value of the
   * window as of then. Within one slice, which is where almost every call is, nothing is searched.
   */
  private readonly written: Float64Array;
  private readonly cells: Int32Array;
  private readonly results: Float64Array;
  /** The same for what was searched in a slice in which nothing was written. */
  private readonly read: Float64Array;
  private readonly answers: Float64Array;

  constructor(owners: number) {
    this.stamps = new Float64Array(owners * CELLS);
    this.values = new Float64Array(owners * CELLS);
    this.written = new Float64Array(owners);
    this.cells = new Int32Array(owners);
    this.results = new Float64Array(owners);
    this.read = new Float64Array(owners);
    this.answers = new Float64Array(owners);
  }

  /** The sum or highest value as of the moment when it was written last. */
  latest(owner: number): number {
    return this.results[owner] as number;
  }

  /** Adds one to the sum of the current slice. */
  addOne(owner: number, now: Float64Array, windows: Float64Array, at: number): void {
    noteStamp(now, windows, at);
    if (this.written[owner] === stamp[0]) {
      const cell = this.cells[owner] as number;
      this.values[cell] = (this.values[cell] as number) + 1;
      this.results[owner] = (this.results[owner] as number) + 1;
      return;
    }
    const cell = this.#turn(owner);
    this.values[cell] = (this.values[cell] as number) + 1;
    this.#sum(owner);
    this.results[owner] = found[0] as number;
  }

  /** Keeps the highest value of the current slice. */
  raise(owner: number, now: Float64Array, windows: Float64Array, at: number, value: number): void {
    noteStamp(now, windows, at);
    if (this.written[owner] === stamp[0]) {
      const cell = this.cells[owner] as number;
      if (value > (this.values[cell] as number)) this.values[cell] = value;
      if (value > (this.results[owner] as number)) this.results[owner] = value;
      return;
    }
    const cell = this.#cellOf(owner);
    const fresh = this.stamps[cell] !== stamp[0];
    if (fresh || value > (this.values[cell] as number)) this.values[cell] = value;
    this.stamps[cell] = stamp[0] as number;
    this.#note(owner, cell);
    // What deciding has found stays found.
    const before = found[0] as number;
    found[0] = value;
    this.#highest(owner);
    this.results[owner] = found[0] as number;
    found[0] = before;
  }

  /** Sets `found[0]` to the sum within the window. */
  sum(owner: number, now: Float64Array, windows: Float64Array, at: number): void {
    noteStamp(now, windows, at);
    if (this.written[owner] === stamp[0]) {
      found[0] = this.results[owner] as number;
      return;
    }
    if (this.read[owner] !== stamp[0]) {
      this.#sum(owner);
      this.#noteRead(owner);
    }
    found[0] = this.answers[owner] as number;
  }

  /** Raises `found[0]` to the highest value within the window, if there is a higher one. */
  highest(owner: number, now: Float64Array, windows: Float64Array, at: number): void {
    noteStamp(now, windows, at);
    if (this.written[owner] === stamp[0]) {
      if ((this.results[owner] as number) > (found[0] as number)) {
        found[0] = this.results[owner] as number;
      }
      return;
    }
    if (this.read[owner] !== stamp[0]) {
      const before = found[0] as number;
      found[0] = Number.NEGATIVE_INFINITY;
      this.#highest(owner);
      this.#noteRead(owner);
      found[0] = before;
    }
    if ((this.answers[owner] as number) > (found[0] as number)) {
      found[0] = this.answers[owner] as number;
    }
  }

  #noteRead(owner: number): void {
    this.read[owner] = stamp[0] as number;
    this.answers[owner] = found[0] as number;
  }

  /** Forgets an owner's past: a breaker that was reset starts anew. */
  clear(owner: number): void {
    this.stamps.fill(0, owner * CELLS, (owner + 1) * CELLS);
    this.values.fill(0, owner * CELLS, (owner + 1) * CELLS);
    this.written[owner] = 0;
    this.read[owner] = 0;
  }

  clearAll(): void {
    this.stamps.fill(0);
    this.values.fill(0);
    this.written.fill(0);
    this.read.fill(0);
  }

  #cellOf(owner: number): number {
    return owner * CELLS + (((stamp[0] as number) - 1) % CELLS);
  }

  /** Begins the current slice, empty unless it was written before. @returns its cell */
  #turn(owner: number): number {
    const cell = this.#cellOf(owner);
    if (this.stamps[cell] !== stamp[0]) {
      this.stamps[cell] = stamp[0] as number;
      this.values[cell] = 0;
    }
    this.#note(owner, cell);
    return cell;
  }

  #note(owner: number, cell: number): void {
    this.written[owner] = stamp[0] as number;
    this.cells[owner] = cell;
  }

  #sum(owner: number): void {
    const oldest = (stamp[0] as number) - WINDOW_SLICES;
    let sum = 0;
    for (let cell = owner * CELLS; cell < (owner + 1) * CELLS; cell += 1) {
      if ((this.stamps[cell] as number) >= oldest && this.stamps[cell] !== 0) {
        sum += this.values[cell] as number;
      }
    }
    found[0] = sum;
  }

  #highest(owner: number): void {
    const oldest = (stamp[0] as number) - WINDOW_SLICES;
    for (let cell = owner * CELLS; cell < (owner + 1) * CELLS; cell += 1) {
      if ((this.stamps[cell] as number) < oldest || this.stamps[cell] === 0) continue;
      if ((this.values[cell] as number) > (found[0] as number)) {
        found[0] = this.values[cell] as number;
      }
    }
  }
}

/** Stamp of the current slice; and the time and window for which it was computed. */
const stamp = scratch(1);
const stampOf = scratch(2);

/** Sets `stamp[0]`: all of one batch has one time, so it is rarely computed anew. */
function noteStamp(now: Float64Array, windows: Float64Array, at: number): void {
  if (now[0] === stampOf[0] && windows[at] === stampOf[1]) return;
  stampOf[0] = now[0] as number;
  stampOf[1] = windows[at] as number;
  stamp[0] = Math.floor((now[0] as number) / sliceOf(windows[at] as number)) + 1;
}
