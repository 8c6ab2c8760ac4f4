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
export const WINDOW_SLICES = 8;
/** Cells of an owner. */
export const WINDOW_CELLS = WINDOW_SLICES + 1;
const CELLS = WINDOW_CELLS;

/** Length of a slice in whole ms, at least 1. */
export function sliceOf(windowMs: number): number {
  return Math.max(1, Math.ceil(windowMs / WINDOW_SLICES));
}

export class WindowTable {
  /** Number of the slice + 1 in each cell; 0 never used. */
  readonly stamps: Float64Array;
  readonly values: Float64Array;

  constructor(owners: number) {
    this.stamps = new Float64Array(owners * CELLS);
    this.values = new Float64Array(owners * CELLS);
  }

  /** Adds to the sum of the current slice. */
  add(owner: number, ms: number, windowMs: number, amount: number): void {
    const slice = Math.floor(ms / sliceOf(windowMs));
    const cell = owner * CELLS + (slice % CELLS);
    const fresh = this.stamps[cell] !== slice + 1;
    this.stamps[cell] = slice + 1;
    this.values[cell] = fresh ? amount : (this.values[cell] as number) + amount;
  }

  /** Keeps the highest value of the current slice. */
  raise(owner: number, ms: number, windowMs: number, value: number): void {
    const slice = Math.floor(ms / sliceOf(windowMs));
    const cell = owner * CELLS + (slice % CELLS);
    if (this.stamps[cell] !== slice + 1) {
      this.stamps[cell] = slice + 1;
      this.values[cell] = value;
    } else if (value > (this.values[cell] as number)) {
      this.values[cell] = value;
    }
  }

  sum(owner: number, ms: number, windowMs: number): number {
    const oldest = Math.floor(ms / sliceOf(windowMs)) + 1 - WINDOW_SLICES;
    let sum = 0;
    for (let cell = owner * CELLS; cell < (owner + 1) * CELLS; cell += 1) {
      if ((this.stamps[cell] as number) >= oldest && this.stamps[cell] !== 0) {
        sum += this.values[cell] as number;
      }
    }
    return sum;
  }

  /** @returns the highest value within the window, `none` when there is none */
  highest(owner: number, ms: number, windowMs: number, none: number): number {
    const oldest = Math.floor(ms / sliceOf(windowMs)) + 1 - WINDOW_SLICES;
    let highest = none;
    for (let cell = owner * CELLS; cell < (owner + 1) * CELLS; cell += 1) {
      if ((this.stamps[cell] as number) < oldest || this.stamps[cell] === 0) continue;
      if ((this.values[cell] as number) > highest) highest = this.values[cell] as number;
    }
    return highest;
  }

  /** Forgets an owner's past: a breaker that was reset starts anew. */
  clear(owner: number): void {
    this.stamps.fill(0, owner * CELLS, (owner + 1) * CELLS);
    this.values.fill(0, owner * CELLS, (owner + 1) * CELLS);
  }
}
