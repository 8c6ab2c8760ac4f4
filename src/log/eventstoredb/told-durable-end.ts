import type { DurableEnd, DurablePosition, WriterState } from '../journal/durable-end.js';

/**
 * The durable end as its file has it, in another process than the writer's; that the writer has closed
 * does not stand there and has to be told.
 */
export class ToldDurableEnd implements DurableEnd {
  readonly #file: DurableEnd;
  #state: WriterState = 'open';
  readonly #waiting = new Set<() => void>();

  constructor(file: DurableEnd) {
    this.#file = file;
  }

  read(into: DurablePosition): void {
    this.#file.read(into);
  }

  state(): WriterState {
    return this.#state;
  }

  async wait(nextSequence: number, signal?: AbortSignal): Promise<void> {
    const over = new AbortController();
    const abort = (): void => over.abort();
    if (this.#state !== 'open' || signal?.aborted === true) return;
    this.#waiting.add(abort);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await this.#file.wait(nextSequence, over.signal);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#waiting.delete(abort);
    }
  }

  waitBlocking(nextSequence: number, timeoutMs: number): void {
    if (this.#state === 'open') this.#file.waitBlocking(nextSequence, timeoutMs);
  }

  /** Nothing more will be durable. */
  tellClosed(): void {
    this.#state = 'closed';
    for (const abort of this.#waiting) abort();
  }

  close(): void {
    this.#file.close();
  }
}
