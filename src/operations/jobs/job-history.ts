/** What jobs did and will do, for `daybook jobs`, and for whoever starts and must know. */
import type { Job } from 'bullmq';
import type { JobBackend, JobQueue } from './job-backend.js';
import { dueAt, queueName } from './job-runner.js';
import { RUNS_KEPT_MAX } from './limits.js';

/** One run that has ended. Times in ms since 1970. */
export interface JobRun {
  readonly job: string;
  readonly ok: boolean;
  readonly dueAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attempts: number;
  readonly result?: unknown;
  readonly reason?: string;
}

export interface JobStatus {
  readonly job: string;
  /** `every 5 s`, or a cron pattern; undefined: not scheduled. */
  readonly schedule: string | undefined;
  readonly nextAt: number | undefined;
  readonly running: boolean;
  /** The run that ended last; undefined: none yet. */
  readonly last: JobRun | undefined;
}

export async function jobStatus(backend: JobBackend, job: string): Promise<JobStatus> {
  return withQueue(backend, job, async (queue) => {
    const scheduler = await queue.getJobScheduler(job);
    const [last] = await runsOf(queue, job, 1);
    const running = (await queue.getActiveCount()) > 0;
    const every = scheduler?.every === undefined ? undefined : Number(scheduler.every);
    return {
      ...{ job, running, last, nextAt: scheduler?.next },
      schedule: every === undefined ? scheduler?.pattern : `every ${every / 1000} s`,
    };
  });
}

/** The newest runs first, at most `most`. */
export function jobHistory(backend: JobBackend, job: string, most: number): Promise<JobRun[]> {
  return withQueue(backend, job, (queue) => runsOf(queue, job, most));
}

async function withQueue<T>(
  backend: JobBackend,
  job: string,
  ask: (queue: JobQueue) => Promise<T>,
): Promise<T> {
  const queue = backend.queue(queueName(job));
  // A failure is that of the question; the event would end the process.
  queue.on('error', () => undefined);
  try {
    return await ask(queue);
  } finally {
    await queue.close();
  }
}

async function runsOf(queue: JobQueue, job: string, most: number): Promise<JobRun[]> {
  const to = Math.min(most, RUNS_KEPT_MAX) - 1;
  const completed = await queue.getJobs(['completed'], 0, to);
  const failed = await queue.getJobs(['failed'], 0, to);
  const runs = [
    ...completed.map((run) => ({ ...runOf(job, run as Job), ok: true, result: run.returnvalue })),
    ...failed.map((run) => ({ ...runOf(job, run as Job), ok: false, reason: run.failedReason })),
  ];
  return runs.sort((a, b) => b.endedAt - a.endedAt).slice(0, most);
}

const runOf = (job: string, run: Job) => ({
  ...{ job, dueAt: dueAt(run), startedAt: run.processedOn ?? 0, endedAt: run.finishedOn ?? 0 },
  attempts: run.attemptsMade,
});
