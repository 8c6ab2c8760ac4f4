import { Worker } from 'node:worker_threads';
import { workerUrl } from '../lib/worker-url.js';
import type { ConnectionSettings } from './database/connection-settings.js';
import type { FollowProgress } from './projector/follow.js';
import type { LogSourceSettings } from './projector/log-source.js';
import type { DeadLetter } from './projector/projector.js';
import { SequenceWaiters } from './projector/sequence-waiters.js';
import type { ProjectorMessage, ProjectorTask } from './projector-worker.js';
import { projectorLanes } from './read-models.js';

export type ProjectionServiceOptions = LogSourceSettings & {
  readonly shard: number;
  /** Migrated already. */
  readonly database: ConnectionSettings;
};

/** Values for metrics, by lane of `projectorLanes`. */
export interface ProjectionStatus {
  readonly models: readonly string[];
  /** Everything before this sequence is in the tables. */
  readonly next: number;
  /** Events projected since the start, and the transactions it took. */
  readonly events: number;
  readonly batches: number;
  /** Of the last batch: from its first event's time to its commit. */
  readonly lagMs: number;
  /** When that was, or the start: ms since 1970, of this process's clock. */
  readonly progressMs: number;
  /** Why the database was not reached, since the last batch; '' when it was. */
  readonly retrying: string;
}

type Status = { -readonly [K in keyof ProjectionStatus]: ProjectionStatus[K] };

/**
 * Projects one shard in a worker thread and tells how far it is.
 *
 * Events that a model could not take are in `deadLetters` (at most DEAD_LETTERS_MAX, the newest) and
 * on record in the database; any of them is an alarm.
 */
export class ProjectionService {
  /** Rejects when the worker has failed: the read side is then dead and Daybook must say so. */
  readonly ended: Promise<void>;
  readonly deadLetters: DeadLetter[] = [];
  deadLetterCount = 0;
  /** Called after each batch of each lane, for metrics. */
  onProgress: ((progress: FollowProgress & { readonly lane: number }) => void) | undefined;
  /** Called for each event that a model could not take: an alarm. */
  onDeadLetter: ((letter: DeadLetter) => void) | undefined;
  readonly #worker: Worker;
  readonly #status: Status[];
  readonly #waiters = new SequenceWaiters(projectorLanes.length);

  constructor(options: ProjectionServiceOptions) {
    const { shard, database, ...log } = options;
    const task: ProjectorTask = { shard, database, log };
    this.#status = projectorLanes.map((models) => ({
      models: models.map((model) => model.name),
      ...{ next: 0, events: 0, batches: 0, lagMs: 0, progressMs: Date.now(), retrying: '' },
    }));
    const url = workerUrl(import.meta.url, './projector-worker.js');
    this.#worker = new Worker(url, { workerData: task });
    this.#worker.on('message', (message: ProjectorMessage) => this.#receive(message));
    this.ended = new Promise((resolve, reject) => {
      this.#worker.once('error', (error) => {
        this.#waiters.fail(error as Error);
        reject(error);
      });
      this.#worker.once('exit', () => {
        this.#waiters.fail(new Error('the projector has ended'));
        resolve();
      });
    });
    // Observed by whoever awaits it; a failure before that is not an unhandled one.
    this.ended.catch(() => undefined);
  }

  /** Of each lane. */
  get status(): readonly ProjectionStatus[] {
    return this.#status;
  }

  /** The sequence as of which all tables are: the newest event that every one of them holds. */
  get asOf(): number {
    return Math.min(...this.#status.map((status) => status.next)) - 1;
  }

  /**
   * Resolves once the tables hold the event of that sequence.
   *
   * @param models that matter; default all
   * @throws ProjectionError PROJECTION_BEHIND after `timeoutMs`, PROJECTION_WAITERS
   */
  wait(sequence: number, timeoutMs: number, models?: readonly string[]): Promise<void> {
    const lanes = this.#status.flatMap((status, lane) =>
      models === undefined || status.models.some((name) => models.includes(name)) ? [lane] : [],
    );
    return this.#waiters.wait(lanes, sequence, timeoutMs);
  }

  /** Ends after the batch in hand. */
  async stop(): Promise<void> {
    this.#worker.postMessage('stop');
    await this.ended;
  }

  #receive(message: ProjectorMessage): void {
    if (message.type === 'dead-letter') {
      this.deadLetterCount++;
      this.deadLetters.push(message.letter);
      if (this.deadLetters.length > DEAD_LETTERS_MAX) this.deadLetters.shift();
      this.onDeadLetter?.(message.letter);
      return;
    }
    const status = this.#status[message.lane] as Status;
    if (message.type === 'retry') {
      status.retrying = message.reason;
      return;
    }
    status.next = message.next;
    status.events += message.events;
    status.batches += message.events > 0 ? 1 : 0;
    status.lagMs = message.lagMs;
    status.progressMs = Date.now();
    status.retrying = '';
    this.#waiters.publish(message.lane, message.next);
    this.onProgress?.(message);
  }
}

/** Newest dead letters kept in memory; all of them are in `projection_dead_letters`. */
export const DEAD_LETTERS_MAX = 100;
