import { setTimeout as delay } from 'node:timers/promises';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { nsFromWords } from '../../lib/time.js';
import { StoreError } from '../../log/eventstoredb/store-errors.js';
import { isTransient, ProjectionError } from './errors.js';
import type { LogSource } from './log-source.js';
import type { Projector } from './projector.js';

/** Waits between attempts to reach the database again. */
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5_000;
/** Where a projector is, after each batch. */
export interface FollowProgress {
  /** Everything before this sequence is in the tables. */
  readonly next: number;
  /** Events of the batch. */
  readonly events: number;
  /** From the time of the batch's first event to its commit in the tables, ms. */
  readonly lagMs: number;
}

export interface FollowOptions {
  readonly projector: Projector;
  readonly source: LogSource;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FollowProgress) => void;
  /** The database, or EventStoreDB, could not be reached; it is tried again until `signal` aborts. */
  readonly onRetry: (error: Error) => void;
}

/**
 * Follows the log into the tables until `signal` aborts or the log's writer has closed and everything
 * is projected. While the database is away it tries again; nothing is lost meanwhile, the log keeps
 * it. Where to read on is the checkpoint in the tables, whatever died before.
 *
 * @throws ProjectionError, JournalError, EventLogError, StoreError or AssertionError: what trying
 *   again cannot mend
 */
export async function followLog(options: FollowOptions): Promise<void> {
  const { projector, signal } = options;
  let retryMs = RETRY_MS_MIN;
  while (!signal.aborted) {
    try {
      await projector.open();
      options.onProgress({ next: projector.next, events: 0, lagMs: 0 });
      retryMs = RETRY_MS_MIN;
      await readOn(options);
      break;
    } catch (error) {
      if (wasSwitched(error)) continue;
      if (!isTransient(error) && !(error instanceof StoreError && error.retry)) throw error;
      options.onRetry(error);
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
      retryMs = Math.min(RETRY_MS_MAX, retryMs * 2);
    } finally {
      await projector.close();
    }
  }
}

function wasSwitched(error: unknown): boolean {
  return error instanceof ProjectionError && error.code === 'PROJECTION_SWITCHED';
}

async function readOn(options: FollowOptions): Promise<void> {
  const { projector, source, signal, onProgress } = options;
  for await (const records of source.follow(projector.next, signal)) {
    await projector.project(records);
    const lagMs = Date.now() - Number(timeOfFirst(records) / 1_000_000n);
    onProgress({ next: projector.next, events: records.count, lagMs });
  }
}

function timeOfFirst(records: RecordBuffer): bigint {
  const word = HEADER.time / 4;
  return nsFromWords(records.u32[word] as number, records.i32[word + 1] as number);
}
