/** What jobs must do, whatever they are kept in. */
import { randomBytes } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import type { JobBackend } from '../../src/operations/jobs/job-backend.js';
import { jobHistory, jobStatus } from '../../src/operations/jobs/job-history.js';
import {
  type JobDefinition,
  type JobEnd,
  type JobSchedule,
  startJobRunner,
} from '../../src/operations/jobs/job-runner.js';

const WAIT = { timeout: 60_000, interval: 5 };
/** Slots are counted from 1970: the first run is at once, the next is years away. */
const RARELY_MS = 1000 * 86_400_000;
const YEARLY = { pattern: '0 0 1 1 *' };

class Recorded {
  readonly ends: JobEnd[] = [];
  readonly errors: string[] = [];
  started = 0;
  under = 0;
  most = 0;
  run: () => Promise<Record<string, unknown>> = async () => ({ run: this.started });

  definition(name: string, schedule: JobSchedule, attempts = 1): JobDefinition {
    return {
      ...{ name, schedule, attempts },
      run: async () => {
        this.started += 1;
        this.under += 1;
        this.most = Math.max(this.most, this.under);
        try {
          return await this.run();
        } finally {
          this.under -= 1;
        }
      },
    };
  }

  start(backend: JobBackend, jobs: readonly JobDefinition[], more = {}) {
    return startJobRunner({
      ...{ backend, jobs, ...more },
      onEnd: (end) => this.ends.push(end),
      onError: (job, error) => this.errors.push(`${job}: ${error.message}`),
    });
  }
}

const newName = () => `test-${randomBytes(6).toString('hex')}`;

/** @param open a backend; each test uses names of its own in it */
export function runnerSuite(open: () => JobBackend): void {
  it('runs by the clock, never beside itself, and keeps a bounded history', async () => {
    const recorded = new Recorded();
    const name = newName();
    const job = recorded.definition(name, { every: 20 });
    const running = await recorded.start(open(), [job], { runsKept: 5 });
    await vi.waitFor(() => expect(recorded.ends.length).toBeGreaterThan(12), WAIT);
    await running.stop();
    expect(recorded.ends.every(({ ok }) => ok)).toBe(true);
    expect(recorded.most).toBe(1);
    const runs = await jobHistory(open(), name, 100);
    expect(runs.length).toBeGreaterThan(2);
    expect(runs.length).toBeLessThan(8);
    const [first] = runs;
    expect(first).toMatchObject({
      job: name,
      ok: true,
      attempts: 1,
      result: { run: expect.any(Number) },
    });
    expect(runs.map(({ endedAt }) => endedAt)).toEqual(
      runs.map(({ endedAt }) => endedAt).sort((a, b) => b - a),
    );
    expect(await jobStatus(open(), name)).toMatchObject({
      ...{ job: name, schedule: 'every 0.02 s', running: false, last: first },
    });
  });

  it('raises a failure, tells it in its status, and goes on', async () => {
    const recorded = new Recorded();
    const name = newName();
    recorded.run = async () => {
      if (recorded.started <= 2) throw new Error(`no room ${recorded.started}`);
      return {};
    };
    let running = await recorded.start(open(), [recorded.definition(name, { every: RARELY_MS })]);
    await vi.waitFor(() => expect(recorded.ends).toHaveLength(1), WAIT);
    expect(recorded.ends[0]).toMatchObject({ ok: false, final: true, reason: 'no room 1' });
    const status = await jobStatus(open(), name);
    expect(status.last).toMatchObject({ ok: false, reason: 'no room 1' });
    expect(status.nextAt).toBeGreaterThan(Date.now());
    await running.stop();
    // Another schedule is taken up; the next run goes well.
    running = await recorded.start(open(), [recorded.definition(name, { every: 30 })]);
    await vi.waitFor(() => expect(recorded.ends.some(({ ok }) => ok)).toBe(true), WAIT);
    await running.stop();
    expect((await jobStatus(open(), name)).last).toMatchObject({ ok: true });
    expect((await jobHistory(open(), name, 100)).filter(({ ok }) => !ok)).toHaveLength(2);
  });

  it('tries a run again as often as it may, and tells which was the last', async () => {
    const recorded = new Recorded();
    const name = newName();
    recorded.run = async () => {
      if (recorded.started < 3) throw new Error('not yet');
      return {};
    };
    const job = recorded.definition(name, { every: RARELY_MS }, 3);
    const running = await recorded.start(open(), [job]);
    await vi.waitFor(() => expect(recorded.ends).toHaveLength(3), WAIT);
    expect(recorded.ends.map(({ ok, final }) => [ok, final])).toEqual([
      [false, false],
      [false, false],
      [true, true],
    ]);
    await running.stop();
    expect(await jobHistory(open(), name, 9)).toMatchObject([{ ok: true, attempts: 3 }]);
  });

  it('makes up for missed runs once, and is by the clock again', async () => {
    const every = 1000;
    const recorded = new Recorded();
    const name = newName();
    const job = recorded.definition(name, { every });
    let running = await recorded.start(open(), [job]);
    await vi.waitFor(() => expect(recorded.ends.length).toBeGreaterThan(0), WAIT);
    await running.stop();
    const stopped = Date.now();
    recorded.ends.length = 0;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(stopped + 4 * every), WAIT);
    const again = Date.now();
    running = await recorded.start(open(), [job]);
    await vi.waitFor(() => expect(recorded.ends.length).toBeGreaterThan(2), WAIT);
    await running.stop();
    const missed = recorded.ends.filter(({ dueAt }) => dueAt < again - every);
    expect(missed.length, JSON.stringify([again, recorded.ends])).toBe(1);
    expect(recorded.ends[0]).toBe(missed[0]);
  });

  it('goes on when the clock is set back by a day', async () => {
    const recorded = new Recorded();
    const name = newName();
    const job = recorded.definition(name, { every: 500 });
    const running = await recorded.start(open(), [job]);
    try {
      await vi.waitFor(() => expect(recorded.ends.length).toBeGreaterThan(1), WAIT);
      const machine = Date.now.bind(Date);
      vi.spyOn(Date, 'now').mockImplementation(() => machine() - 86_400_000);
      const before = recorded.ends.length;
      await vi.waitFor(() => expect(recorded.ends.length).toBeGreaterThan(before + 3), WAIT);
      expect(recorded.ends.at(-1)?.dueAt).toBeLessThan(machine() - 80_000_000);
      expect(recorded.most).toBe(1);
    } finally {
      vi.restoreAllMocks();
      await running.stop();
    }
  });

  it('runs what died with its process once more', async () => {
    const recorded = new Recorded();
    const name = newName();
    const job = recorded.definition(name, { every: RARELY_MS });
    let release: (() => void) | undefined;
    recorded.run = async () => {
      if (recorded.started === 1) await new Promise<void>((resolve) => (release = resolve));
      return {};
    };
    const silent = { runSilentMsMax: 3000 };
    const backend = open();
    const dying = backend.worker.bind(backend);
    const workers: { close(force: boolean): Promise<void> }[] = [];
    const spied = {
      ...backend,
      worker: (...args: Parameters<typeof dying>) => {
        const worker = dying(...args);
        workers.push(worker);
        return worker;
      },
    };
    await recorded.start(spied, [job], silent);
    await vi.waitFor(() => expect(recorded.started).toBe(1), WAIT);
    // As a kill would: nothing is said to the queue any more.
    await workers[0]?.close(true);
    const running = await recorded.start(open(), [job], silent);
    await vi.waitFor(() => expect(recorded.ends.filter(({ ok }) => ok)).toHaveLength(1), WAIT);
    expect(recorded.started).toBe(2);
    release?.();
    await running.stop();
  });

  it('knows a schedule by the calendar', async () => {
    const recorded = new Recorded();
    const name = newName();
    const running = await recorded.start(open(), [recorded.definition(name, YEARLY)]);
    const status = await jobStatus(open(), name);
    await running.stop();
    expect(status).toMatchObject({ schedule: YEARLY.pattern, last: undefined });
    expect((status.nextAt as number) % 3_600_000).toBe(0);
    expect(await jobStatus(open(), newName())).toMatchObject({ schedule: undefined });
  });
}
