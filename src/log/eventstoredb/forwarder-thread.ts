import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../lib/worker-url.js';
import type { SharedDurableEnd } from '../journal/shared-durable-end.js';
import { type ForwardLag, isOverloaded, lagOf } from './forward-lag.js';
import type { ForwarderLimits } from './forwarder.js';
import { SharedForwardState } from './shared-forward-state.js';
import type { StoreAddress } from './store-address.js';
import { StoreError, type StoreErrorCode } from './store-errors.js';

/** What the thread is started with. */
export interface ForwarderThreadData {
  readonly directory: string;
  readonly shard: number;
  readonly connectionString: StoreAddress;
  readonly limits: Partial<ForwarderLimits>;
  readonly durableEnd: SharedArrayBuffer;
  readonly state: SharedArrayBuffer;
}

/** How the thread ended; a `code` without `isStore` is that of a JournalError. */
export type ForwarderThreadMessage =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed';
      readonly code: string | undefined;
      readonly isStore: boolean;
      readonly message: string;
    };

export interface ForwarderThreadOptions {
  /** Of the journal, and its shard. */
  readonly directory: string;
  readonly shard: number;
  readonly durableEnd: SharedDurableEnd;
  /** `esdb://…` or `esdb+discover://…`. */
  readonly connectionString: StoreAddress;
  readonly limits?: Partial<ForwarderLimits>;
  /** Lag above which {@link ForwarderThread.overloaded} says so. */
  readonly lagLimit?: Partial<ForwardLag>;
}

/**
 * A forwarder on a thread of its own, so that encoding and the network never hold up writer or
 * gateways. What it does is `forwarder.ts`; what is seen of it from here is shared memory.
 */
export class ForwarderThread {
  /**
   * Resolves after {@link stop}, or when the writer has closed and the store has everything.
   *
   * Rejects with StoreError, or an Error with the code of a JournalError: the shard must stop.
   */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #state = new SharedForwardState();
  readonly #options: ForwarderThreadOptions;

  constructor(options: ForwarderThreadOptions) {
    this.#options = options;
    const workerData: ForwarderThreadData = {
      directory: options.directory,
      shard: options.shard,
      connectionString: options.connectionString,
      limits: options.limits ?? {},
      durableEnd: options.durableEnd.memory,
      state: this.#state.memory,
    };
    const url = workerUrl(import.meta.url, './forwarder-worker.js');
    this.#worker = new Worker(url, { workerData });
    this.ended = this.#end();
  }

  /** Everything before this sequence is known to be in the store. */
  get storedSequence(): number {
    return this.#state.read().stored;
  }

  get connected(): boolean {
    return this.#state.read().connected;
  }

  get sessions(): number {
    return this.#state.read().sessions;
  }

  lag(): ForwardLag {
    return lagOf(this.#state.read(), this.#options.durableEnd, Date.now());
  }

  /** Whether new orders are to be refused because the store is too far behind. */
  get overloaded(): boolean {
    return isOverloaded(this.lag(), this.#options.lagLimit);
  }

  /** Stops forwarding where it is; what is in flight may or may not be in the store. */
  async stop(): Promise<void> {
    this.#worker.postMessage('stop');
    await this.ended;
  }

  #end(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.on('message', (message: ForwarderThreadMessage) => {
        if (message.kind === 'done') resolve();
        else reject(failure(message));
      });
      this.#worker.once('error', reject);
      this.#worker.once('exit', (code) =>
        reject(new Error(`the forwarder's thread ended: ${code}`)),
      );
    });
  }
}

function failure(message: Extract<ForwarderThreadMessage, { kind: 'failed' }>): Error {
  if (message.isStore) return new StoreError(message.code as StoreErrorCode, message.message);
  return Object.assign(new Error(message.message), { code: message.code });
}
