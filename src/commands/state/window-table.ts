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

/** What `sum` and `highest` found: a number that is returned could be allocated. */
export const found = new Float64Array(1);

/**
 * Times and lengths come as places in arrays, `now[0]` and `windows[at]` in ms: a number that is
 * passed could be allocated, and this is called for every order.
 */
export class WindowTable {
  /** Number of the slice + 1 in each cell; 0 never used. */
  readonly stamps: Float64Array;
  readonly values: Float64Array;

  constructor(owners: number) {
    this.stamps = new Float64Array(owners * CELLS);
    this.values = new Float64Array(owners * CELLS);
  }

  /** Adds one to the sum of the current slice. */
  addOne(owner: number, now: Float64Array, windows: Float64Array, at: number): void {
    const slice = Math.floor((now[0] as number) / sliceOf(windows[at] as number));
    const cell = owner * CELLS + (slice % CELLS);
    const fresh = this.stamps[cell] !== slice + 1;
    this.stamps[cell] = slice + 1;
    this.values[cell] = fresh ? 1 : (this.values[cell] as number) + 1;
  }

  /** Keeps the highest value of the current slice. */
  raise(owner: number, now: Float64Array, windows: Float64Array, at: number, value: number): void {
    const slice = Math.floor((now[0] as number) / sliceOf(windows[at] as number));
    const cell = owner * CELLS + (slice % CELLS);
    if (this.stamps[cell] !== slice + 1) {
      this.stamps[cell] = slice + 1;
      this.values[cell] = value;
    } else if (value > (this.values[cell] as number)) {
      this.values[cell] = value;
    }
  }

  /** Sets `found[0]` to the sum within the window. */
  sum(owner: number, now: Float64Array, windows: Float64Array, at: number): void {
    const oldest =
      Math.floor((now[0] as number) / sliceOf(windows[at] as number)) + 1 - WINDOW_SLICES;
    let sum = 0;
    for (let cell = owner * CELLS; cell < (owner + 1) * CELLS; cell += 1) {
      if ((this.stamps[cell] as number) >= oldest && this.stamps[cell] !== 0) {
        sum += this.values[cell] as number;
      }
    }
    found[0] = sum;
  }

  /** Raises `found[0]` to the highest value within the window, if there is a higher one. */
  highest(owner: number, now: Float64Array, windows: Float64Array, at: number): void {
    const oldest =
      Math.floor((now[0] as number) / sliceOf(windows[at] as number)) + 1 - WINDOW_SLICES;
    for (let cell = owner * CELLS; cell < (owner + 1) * CELLS; cell += 1) {
      if ((this.stamps[cell] as number) < oldest || this.stamps[cell] === 0) continue;
      if ((this.values[cell] as number) > (found[0] as number)) {
        found[0] = this.values[cell] as number;
      }
    }
  }

  /** Forgets an owner's past: a breaker that was reset starts anew. */
  clear(owner: number): void {
    this.stamps.fill(0, owner * CELLS, (owner + 1) * CELLS);
    this.values.fill(0, owner * CELLS, (owner + 1) * CELLS);
  }

  clearAll(): void {
    this.stamps.fill(0);
    this.values.fill(0);
  }
}
