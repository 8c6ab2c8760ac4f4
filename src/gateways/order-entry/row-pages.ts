/** The memory under `SessionOrders`: pages of rows, handed to whichever session is next in need. */

/** Words of a row. */
export const ROW_WORDS = 16;
export const PAGE_ROWS = 8192;
export const PAGE_SHIFT = 13;
const PAGE_BYTES = PAGE_ROWS * ROW_WORDS * 4;

export class RowPage {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(buffer: SharedArrayBuffer, at: number) {
    this.i32 = new Int32Array(buffer, at, PAGE_BYTES / 4);
    this.u32 = new Uint32Array(buffer, at, PAGE_BYTES / 4);
    this.f64 = new Float64Array(buffer, at, PAGE_BYTES / 8);
    this.bytes = new Uint8Array(buffer, at, PAGE_BYTES);
    this.view = new DataView(buffer, at, PAGE_BYTES);
  }
}

/**
 * ```
 *   reserve  | page | page | page | ...        one piece of memory, may be taken from the machine at the start
 *               |      |
 *            session session  ...              then one page at a time; given back at the end of a day
 * ```
 *
 * Shared memory, though nobody shares it: what is not shared counts as pressure on V8's memory, and a page
 * for each 8192 orders then starts a collection of the whole heap every few seconds, some 4 ms each.
 */
export class RowPages {
  /** Public for `useHugePages`. */
  readonly reserve: Int32Array;
  readonly #pages: number;
  #reserved = 0;
  readonly #givenBack: RowPage[] = [];

  /**
   * @param rows rows to reserve: what a page costs when it is first touched, 0.1 us an order, is then paid
   *   before any order comes. Sessions get more pages than that when they need them.
   */
  constructor(rows: number) {
    this.#pages = Math.ceil(rows / PAGE_ROWS);
    this.reserve = new Int32Array(new SharedArrayBuffer(this.#pages * PAGE_BYTES));
  }

  /** @returns a page of zeros */
  take(): RowPage {
    const used = this.#givenBack.pop();
    if (used !== undefined) {
      used.i32.fill(0);
      return used;
    }
    if (this.#reserved === this.#pages) return new RowPage(new SharedArrayBuffer(PAGE_BYTES), 0);
    const at = this.#reserved * PAGE_BYTES;
    this.#reserved += 1;
    return new RowPage(this.reserve.buffer as SharedArrayBuffer, at);
  }

  /** Whoever gives pages back looks at them no more. */
  giveBack(pages: readonly RowPage[]): void {
    this.#givenBack.push(...pages);
  }
}
