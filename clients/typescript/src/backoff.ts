/** How long to wait before trying again: doubling from first to longest, half of it at random. */

/** Milliseconds. */
export const FIRST_WAIT_MS = 50;
export const WAIT_MS_MAX = 5000;

export class Backoff {
  #failures = 0;

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
  }

  /** Resolves after the wait that the failures so far ask for, or at once when `signal` aborts. */
  async wait(signal?: AbortSignal): Promise<void> {
    if (this.#failures === 0 || signal?.aborted === true) return;
    const ms = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 20));
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      // So that clients that lost one server together do not come back together.
      const timer = setTimeout(done, ms * (0.5 + Math.random() / 2));
      signal?.addEventListener('abort', done);
    });
  }
}
