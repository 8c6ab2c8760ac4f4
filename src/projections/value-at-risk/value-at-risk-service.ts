import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../lib/worker-url.js';
import type { Breach } from './engine.js';
import type { ValueAtRiskMessage, ValueAtRiskTask } from './value-at-risk-worker.js';

/** How the service does, for metrics and health. */
export interface ValueAtRiskStatus {
  /** As of which the last computation was; -1 before the first. */
  readonly sequence: number;
  readonly cycles: number;
  readonly results: number;
  readonly lastMs: number;
  /** Scopes with a limit that could not be compared in the last computation. */
  readonly unknown: readonly string[];
  /** Why the database was not reached, since the last computation; '' when it was. */
  readonly retrying: string;
}

/**
 * Computes value at risk of one shard in a worker thread, and tells of limits that are exceeded: what
 * follows from that the writer decides, by a command (see `operations/value-at-risk.ts`).
 */
export class ValueAtRiskService {
  /** Rejects when the worker has failed. */
  readonly ended: Promise<void>;
  /** Called for each scope above its limit, each time it is computed. */
  onBreach: ((breach: Breach) => void) | undefined;
  readonly #worker: Worker;
  #status: ValueAtRiskStatus = {
    ...{ sequence: -1, cycles: 0, results: 0, lastMs: 0, unknown: [], retrying: '' },
  };
  #onCycle: (() => void)[] = [];

  /** @param task with settings that `checkSettings` has passed; the database is migrated */
  constructor(task: ValueAtRiskTask) {
    const url = workerUrl(import.meta.url, './value-at-risk-worker.js');
    this.#worker = new Worker(url, { workerData: task });
    this.#worker.on('message', (message: ValueAtRiskMessage) => this.#receive(message));
    this.ended = new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => {
        for (const wake of this.#onCycle.splice(0)) wake();
        resolve();
      });
    });
    this.ended.catch(() => undefined);
  }

  get status(): ValueAtRiskStatus {
    return this.#status;
  }

  /** Resolves after the next computation, or when the worker ends. */
  nextCycle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onCycle.push(resolve);
    });
  }

  /** Ends after the computation in hand. */
  async stop(): Promise<void> {
    this.#worker.postMessage('stop');
    await this.ended;
  }

  #receive(message: ValueAtRiskMessage): void {
    const before = this.#status;
    if (message.type === 'retry') {
      this.#status = { ...before, retrying: message.reason };
      return;
    }
    this.#status = {
      sequence: message.sequence ?? before.sequence,
      cycles: before.cycles + 1,
      results: before.results + message.results,
      lastMs: message.tookMs,
      unknown: message.unknown,
      retrying: '',
    };
    for (const breach of message.breaches) this.onBreach?.(breach);
    for (const wake of this.#onCycle.splice(0)) wake();
  }
}
