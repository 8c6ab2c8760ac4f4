import type { ServerWritableStream } from '@grpc/grpc-js';

/**
 * The sending end of a read. What the client has not taken yet waits in the call's own buffer of 16
 * messages; then writing waits, and with it the reading of the log. Nothing is ever dropped.
 */
export class CallWriter<Request> {
  readonly #call: ServerWritableStream<Request, Buffer>;
  readonly #onClosed = new Set<() => void>();
  #closed = false;

  constructor(call: ServerWritableStream<Request, Buffer>) {
    this.#call = call;
    const close = () => this.#close();
    call.once('cancelled', close);
    call.once('close', close);
  }

  /** Whether nobody listens any more. */
  get closed(): boolean {
    return this.#closed || this.#call.cancelled;
  }

  /** @returns undefined when there is room at once, else a promise for room (or for the end). */
  write(message: Buffer): Promise<void> | undefined {
    if (this.closed || this.#call.write(message)) return undefined;
    return new Promise((resolve) => {
      const settle = () => {
        this.#call.removeListener('drain', settle);
        this.#onClosed.delete(settle);
        resolve();
      };
      this.#call.once('drain', settle);
      this.#onClosed.add(settle);
    });
  }

  /** Runs `listener` when the call ends from outside, at once if it already has. */
  whenClosed(listener: () => void): void {
    if (this.closed) listener();
    else this.#onClosed.add(listener);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of [...this.#onClosed]) listener();
    this.#onClosed.clear();
  }
}
