/** Jobs and backups of a writing daybook: how they are switched on, and how one sees that they run. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { BackupPlaceError, readKey } from '../operations/backup/place.js';
import { JOB_NAMES } from '../operations/jobs/daybook-jobs.js';
import { type RunningJobsService, startJobs } from '../operations/jobs/jobs-service.js';
import type { RunningShard } from '../operations/shard.js';
import type { ReadyDatabase } from './read-side.js';
import { UsageError } from './usage.js';

export const JOBS_HELP = `Backups and jobs (docs/recovery.md):
  --backup PLACE          ship the log to a directory or s3://BUCKET/PREFIX all the time, positions
                          every minute, a database dump each night, a drill each Sunday; they are jobs
                          in the database (or in Redis), and daybook jobs shows how they went
  --backup-key-file FILE  key that seals the backups, in place of DAYBOOK_BACKUP_KEY
`;

export const JOBS_ENVIRONMENT_HELP = `  DAYBOOK_BACKUP    as --backup; DAYBOOK_BACKUP_KEY: the key of AES-256-GCM
  REDIS_URL         keep the jobs in Redis in place of the database
`;

export const JOBS_OPTIONS = {
  backup: { type: 'string' },
  'backup-key-file': { type: 'string' },
} as const;

export interface JobsSideOptions {
  readonly place: string;
  readonly key: Uint8Array | undefined;
  readonly redisUrl: string | undefined;
}

/** Undefined: no place for backups is named, and no jobs run. @throws UsageError */
export function jobsOptions(values: {
  readonly backup?: string | undefined;
  readonly 'backup-key-file'?: string | undefined;
}): JobsSideOptions | undefined {
  const place = values.backup ?? (process.env.DAYBOOK_BACKUP || undefined);
  const keyFile = values['backup-key-file'];
  if (place === undefined) {
    if (keyFile === undefined) return undefined;
    throw new UsageError('--backup-key-file needs --backup');
  }
  try {
    const key = readKey(keyFile, process.env.DAYBOOK_BACKUP_KEY);
    return { place, key, redisUrl: process.env.REDIS_URL || undefined };
  } catch (error) {
    if (error instanceof BackupPlaceError) throw new UsageError(error.message);
    throw error;
  }
}

/** What is known of the jobs since the start, for metrics. */
export interface JobsSide {
  readonly service: RunningJobsService;
  /** Everything before this sequence is in the backup; when that was, ms since 1970. */
  shipped(): { readonly next: number; readonly at: number };
  readonly counts: ReadonlyMap<string, { ok: number; failed: number; lastOkAt: number }>;
}

export async function startJobsSide(
  { place, key, redisUrl }: JobsSideOptions,
  shard: RunningShard,
  database: ReadyDatabase,
  dataDirectory: string,
  logger: Logger,
): Promise<JobsSide> {
  const counts = new Map(
    JOB_NAMES.map((job) => [job as string, { ok: 0, failed: 0, lastOkAt: 0 }]),
  );
  let shipped = { next: 0, at: 0 };
  const service = await startJobs(
    {
      ...{ dataDirectory: resolve(dataDirectory), journal: shard.directory, shard: 0 },
      ...{ capacity: shard.capacity ?? DEFAULT_CAPACITY, database: database.settings },
      ...{ redisUrl, place, key, durableEnd: shard.durableEnd },
    },
    {
      onEnd: (end) => {
        const count = counts.get(end.job);
        if (count === undefined) return;
        if (end.ok) {
          count.ok += 1;
          count.lastOkAt = Date.now();
          return;
        }
        count.failed += 1;
        const { job, reason, seconds, final } = end;
        logger.error({ job, reason, seconds, final }, 'a job has failed');
      },
      onError: (job, reason) => logger.warn({ job, reason }, 'the jobs cannot be reached'),
      onShipped: ({ next, passedOver }) => {
        shipped = { next, at: Date.now() };
        for (const file of passedOver)
          logger.error({ file }, 'a damaged snapshot is not backed up');
      },
    },
  );
  return { service, counts, shipped: () => shipped };
}

export function jobsMetrics(jobs: JobsSide, metrics: Registry): void {
  const { counts } = jobs;
  new Counter({
    ...{ name: 'daybook_job_runs_total', help: 'Runs of jobs that have ended, by how' },
    ...{ labelNames: ['job', 'result'], registers: [metrics] },
    collect() {
      this.reset();
      for (const [job, { ok, failed }] of counts) {
        this.inc({ job, result: 'ok' }, ok);
        this.inc({ job, result: 'failed' }, failed);
      }
    },
  });
  new Gauge({
    ...{ name: 'daybook_job_last_success_timestamp_seconds', help: 'When a job last went well' },
    ...{ labelNames: ['job'], registers: [metrics] },
    collect() {
      for (const [job, { lastOkAt }] of counts) this.set({ job }, lastOkAt / 1000);
    },
  });
  new Gauge({
    ...{ name: 'daybook_backup_sequence', help: 'Last sequence in the backup' },
    registers: [metrics],
    collect() {
      this.set(jobs.shipped().next - 1);
    },
  });
}
