import { sleepUntil } from '../journal/wait.js';

/** Pause before a retry: doubles from `minMs` to `maxMs`, drawn from its upper half. */
export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Bounded exponential backoff; the random part keeps many boxes from coming back at once. */
export class Backoff {
  readonly #limits: BackoffLimits;
  #failures = 0;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Called after progress: the next failure is a first one again. */
  reset(): void {
    this.#failures = 0;
  }

  /** Counts a failure and waits, or until `signal` aborts. */
  async wait(signal?: AbortSignal): Promise<void> {
    const { minMs, maxMs } = this.#limits;
    const pause = Math.min(maxMs, minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    await sleepUntil(undefined, pause * (0.5 + Math.random() / 2), signal);
  }
}
