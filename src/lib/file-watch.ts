/**
 * Tells when files have changed, by looking at them: that works on every file system, in containers,
 * behind links that are switched over, and when a file is replaced.
 */
import { stat } from 'node:fs/promises';

export class FileWatch {
  readonly #paths: readonly string[];
  readonly #changed: () => Promise<void> | void;
  readonly #failed: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #seen: string | undefined;
  #busy = false;
  /** What the last call of `changed` failed with; undefined when it did not. */
  failure: unknown;

  /**
   * @param changed is called after the first look, then whenever one of the files is another one or has
   *   another size or time; not again before it has resolved
   * @param failed is told what `changed` failed with; it is called again at the next change
   */
  constructor(
    paths: readonly string[],
    lookMs: number,
    changed: () => Promise<void> | void,
    failed: (error: unknown) => void,
  ) {
    this.#paths = paths;
    this.#changed = changed;
    this.#failed = failed;
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const states = await Promise.all(this.#paths.map(stateOf));
    const now = states.join('\n');
    if (now !== this.#seen) {
      this.#seen = now;
      await this.#call();
    }
    this.#busy = false;
  }

  async #call(): Promise<void> {
    try {
      await this.#changed();
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
      this.#failed(error);
    }
  }
}

async function stateOf(path: string): Promise<string> {
  return stat(path).then(
    ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown',
  );
}
