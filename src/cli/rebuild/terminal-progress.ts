/** One line of progress that is written over itself, on a terminal only. */

/** Between two of them, ms: a slow terminal must not slow the work. */
const PAUSE_MS = 200;

export class TerminalProgress {
  readonly #stream: NodeJS.WriteStream;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(what: string, done: number, all: number, unit = 'events'): void {
    const now = performance.now();
    if (!this.#stream.isTTY || (now - this.#shownAt < PAUSE_MS && done < all)) return;
    this.#shownAt = now;
    this.#shown = true;
    const percent = all === 0 ? 100 : Math.min(100, Math.floor((done / all) * 100));
    this.#stream.write(`\r\u001b[K${what}: ${done} of ${all} ${unit}, ${percent} %`);
  }

  /** Leaves the line. */
  end(): void {
    if (this.#shown) this.#stream.write('\n');
    this.#shown = false;
  }
}
