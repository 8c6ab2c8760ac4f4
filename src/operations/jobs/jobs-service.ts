/** Runs the jobs of a box in a thread of their own, beside the writer. */
import { Worker } from 'node:worker_threads';
import type { Capacity } from '../../commands/state/capacity.js';
import { workerUrl } from '../../lib/worker-url.js';
import type { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import type { ConnectionSettings } from '../../projections/database/connection-settings.js';
import type { Shipped } from '../backup/backup.js';
import type { JobEnd } from './job-runner.js';

export interface JobsOptions {
  readonly dataDirectory: string;
  readonly journal: string;
  readonly shard: number;
  readonly capacity: Capacity;
  readonly database: ConnectionSettings;
  /** Jobs are kept there; undefined: in the database. */
  readonly redisUrl: string | undefined;
  /** Where backups go (`backup/place.ts`), and the key that seals them. */
  readonly place: string;
  readonly key: Uint8Array | undefined;
}

/** Can cross a thread. */
export interface JobsThreadData extends JobsOptions {
  readonly durableEnd: SharedArrayBuffer;
}

export type JobsThreadMessage =
  | { readonly kind: 'ready'; readonly backend: string }
  | { readonly kind: 'end'; readonly end: JobEnd }
  | { readonly kind: 'error'; readonly job: string; readonly reason: string }
  | { readonly kind: 'shipped'; readonly shipped: Shipped }
  | { readonly kind: 'stopped' };

export interface JobEvents {
  readonly onEnd: (end: JobEnd) => void;
  readonly onError: (job: string, reason: string) => void;
  readonly onShipped: (shipped: Shipped) => void;
}

export interface RunningJobsService {
  /** Where the jobs are kept. */
  readonly backend: string;
  /** Rejects when the thread dies: orders go on, backups do not. */
  readonly failed: Promise<never>;
  /** Runs under way get a while to end; what does not is run again after the next start. */
  stop(): Promise<void>;
}

/** How long runs under way may take to end when Daybook does, ms. */
const STOP_MS_MAX = 10_000;

/** @throws when the backend or the place cannot be used */
export async function startJobs(
  options: JobsOptions & { readonly durableEnd: SharedDurableEnd },
  events: JobEvents,
): Promise<RunningJobsService> {
  const data: JobsThreadData = { ...options, durableEnd: options.durableEnd.memory };
  const worker = new Worker(workerUrl(import.meta.url, './jobs-thread.js'), { workerData: data });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the jobs' thread ended with ${code}`));
    });
  });
  failed.catch(() => undefined);
  const ready = new Promise<string>((resolve) => {
    worker.on('message', (message: JobsThreadMessage) => {
      if (message.kind === 'ready') resolve(message.backend);
      else if (message.kind === 'end') events.onEnd(message.end);
      else if (message.kind === 'error') events.onError(message.job, message.reason);
      else if (message.kind === 'shipped') events.onShipped(message.shipped);
    });
  });
  const backend = await Promise.race([ready, failed]);
  return {
    backend,
    failed,
    stop: async () => {
      worker.postMessage('stop');
      const late = setTimeout(() => void worker.terminate(), STOP_MS_MAX);
      await exited;
      clearTimeout(late);
    },
  };
}
