/**
 * Tells when a file has changed, by looking at it: that works on every file system, in containers
 * and when the file is replaced.
 */
import { type Stats, stat } from 'node:fs';

export class LogWatch {
  readonly #path: string;
  readonly #changed: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #seen: string | undefined;
  #busy = false;
  failure: unknown;

  /**
   * @param changed is not called again before it has resolved; called also when the file changed
   *   before the first look. When it rejects, it is called again at the next change
   */
  constructor(
    path: string,
    lookMs: number,
    changed: () => Promise<void>,
    failed: (error: unknown) => void,
  ) {
    this.#path = path;
    this.#changed = changed;
    this.#failed = failed;
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#busy) return;
    this.#busy = true;
    stat(this.#path, (error, stats) => {
      this.#compare(error === null ? stats : undefined).finally(() => {
        this.#busy = false;
      });
    });
  }

  async #compare(stats: Stats | undefined): Promise<void> {
    const now = stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    if (now === this.#seen) return;
    this.#seen = now;
    try {
      await this.#changed();
      this.failure = undefined;
    } catch (error) {
      // What was in force stays in force; the readiness of the process says so.
      this.failure = error;
      this.#failed(error);
    }
  }
}
