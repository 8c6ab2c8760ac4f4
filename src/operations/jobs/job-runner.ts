/**
 * Runs jobs by the clock. Each job has a queue of its own, so that it never runs beside itself, one
 * that takes long keeps no other waiting, and its history is bounded by itself.
 */
import type { Job } from 'bullmq';
import type { JobBackend, JobQueue, JobWorker } from './job-backend.js';
import { CLOCK_BACK_MS, CLOCK_LOOK_MS, RUN_SILENT_MS_MAX, RUNS_KEPT_MAX } from './limits.js';

/** Every so many ms, or a cron pattern in UTC. */
export type JobSchedule = { readonly every: number } | { readonly pattern: string };

export interface JobDefinition {
  /** Small letters; also that of its queue. */
  readonly name: string;
  readonly schedule: JobSchedule;
  /** How often a run that fails is tried, with growing pauses; 1: the next one comes soon enough. */
  readonly attempts: number;
  /** Does the work; what it gives is kept in the history, as JSON. */
  run(): Promise<Readonly<Record<string, unknown>>>;
}

/** How a run ended. */
export interface JobEnd {
  readonly job: string;
  readonly ok: boolean;
  /** When it was due, ms since 1970. */
  readonly dueAt: number;
  readonly seconds: number;
  readonly result?: Readonly<Record<string, unknown>>;
  /** Why it failed; `final` when it is not tried again. */
  readonly reason?: string;
  readonly final: boolean;
}

export interface JobRunnerOptions {
  readonly backend: JobBackend;
  readonly jobs: readonly JobDefinition[];
  readonly onEnd: (end: JobEnd) => void;
  /** The backend is not reached; it is tried again by itself. */
  readonly onError: (job: string, error: Error) => void;
  readonly runsKept?: number;
  readonly runSilentMsMax?: number;
}

export interface RunningJobs {
  /** Waits for the runs under way. */
  stop(): Promise<void>;
}

/**
 * Starts what is due: a run that was missed while nobody ran jobs begins at once, one however many
 * were missed, and the next is by the clock again.
 *
 * A clock that is set back would keep every job waiting for as long, shipping among them: when that is
 * seen, here or at a start, the schedules begin anew.
 */
export async function startJobRunner(options: JobRunnerOptions): Promise<RunningJobs> {
  const { backend, jobs } = options;
  const queues: JobQueue[] = [];
  const workers: JobWorker[] = [];
  const kept = options.runsKept ?? RUNS_KEPT_MAX;
  let anew: Promise<unknown> = Promise.resolve();
  const watch = watchClock(() => {
    const all = jobs.map(async (job, index) => {
      const queue = queues[index];
      if (queue === undefined) return;
      try {
        await queue.removeJobScheduler(job.name);
        await schedule(queue, job, kept);
      } catch (error) {
        options.onError(job.name, error as Error);
      }
    });
    anew = Promise.all([anew, ...all]);
  });
  const stop = async () => {
    clearInterval(watch);
    await anew;
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(queues.map((queue) => queue.close()));
  };
  try {
    for (const job of jobs) {
      const queue = backend.queue(queueName(job.name));
      queue.on('error', (error) => options.onError(job.name, error));
      queues.push(queue);
      await schedule(queue, job, kept);
      workers.push(startWorker(job, options));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** @param onBack the wall clock was set back: it has lost against the one that nobody can set */
function watchClock(onBack: () => void): NodeJS.Timeout {
  let known = Date.now() - performance.now();
  const timer = setInterval(() => {
    const offset = Date.now() - performance.now();
    if (offset < known - CLOCK_BACK_MS) onBack();
    known = offset;
  }, CLOCK_LOOK_MS);
  timer.unref();
  return timer;
}

export const queueName = (job: string): string => `daybook-${job}`;

/** An unchanged schedule is left alone: to set it anew would drop a run that is overdue. */
async function schedule(queue: JobQueue, job: JobDefinition, kept: number): Promise<void> {
  const found = await queue.getJobScheduler(job.name);
  const { schedule: wanted } = job;
  const same =
    'every' in wanted
      ? Number(found?.every) === wanted.every
      : found?.pattern === wanted.pattern && found.every === undefined;
  // Its next run is further away than any can be: it was planned before the clock was set back.
  const strayed =
    'every' in wanted && (found?.next ?? 0) > Date.now() + wanted.every + CLOCK_BACK_MS;
  if (found !== undefined && same && !strayed) return;
  // Another schedule begins anew; BullMQ would count it from the next run of the old one.
  if (found !== undefined) await queue.removeJobScheduler(job.name);
  const repeat = 'every' in wanted ? wanted : { ...wanted, tz: 'UTC' };
  await queue.upsertJobScheduler(job.name, repeat, {
    name: job.name,
    data: {},
    opts: {
      attempts: job.attempts,
      backoff: { type: 'exponential', delay: 1000 },
      removeOnComplete: { count: kept },
      removeOnFail: { count: kept },
    },
  });
}

function startWorker(job: JobDefinition, options: JobRunnerOptions): JobWorker {
  const { onEnd, onError } = options;
  const silent = options.runSilentMsMax ?? RUN_SILENT_MS_MAX;
  const worker = options.backend.worker(queueName(job.name), () => job.run(), {
    concurrency: 1,
    lockDuration: silent,
    stalledInterval: silent / 2,
    maxStalledCount: 1,
  });
  worker.on('error', (error) => onError(job.name, error));
  worker.on('completed', (run, result) => {
    onEnd({ ...endOf(job, run), ok: true, final: true, result });
  });
  worker.on('failed', (run, error) => {
    const final = run === undefined || run.attemptsMade >= job.attempts;
    onEnd({ ...endOf(job, run), ok: false, final, reason: error.message });
  });
  return worker;
}

function endOf(job: JobDefinition, run: Job | undefined) {
  const now = Date.now();
  const started = run?.processedOn ?? now;
  return {
    job: job.name,
    dueAt: run === undefined ? now : dueAt(run),
    seconds: Math.max(0, ((run?.finishedOn ?? now) - started) / 1000),
  };
}

/** The moment of the schedule that a run is for, ms since 1970. */
export const dueAt = (run: Job): number => run.opts.prevMillis ?? run.timestamp;
