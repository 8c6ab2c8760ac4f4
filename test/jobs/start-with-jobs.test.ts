/** `daybook start --backup` as a process: shipping by itself, and a failure that is seen everywhere. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { daybook, startProcess } from '../api/daybook-process.js';
import { trade } from '../eventstoredb/box.js';

const WAIT = { timeout: 90_000, interval: 250 };
const root = mkdtempSync(join(tmpdir(), 'daybook-start-jobs-'));
const data = join(root, 'data');
const place = join(root, 'backup');
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Listed {
  readonly job: string;
  readonly last?: { readonly ok: boolean; readonly reason?: string };
}

async function list(): Promise<{ code: number | null; jobs: Listed[]; ship: Listed | undefined }> {
  const { code, out } = await daybook('jobs', 'list', '--data-dir', data, '--json');
  const { jobs } = JSON.parse(out) as { jobs: Listed[] };
  return { code, jobs, ship: jobs.find(({ job }) => job === 'ship') };
}

it('ships while it runs; a place that breaks is told by log, metric and daybook jobs', async () => {
  const running = await startProcess(data, '--backup', place);
  const metrics = async () => (await fetch(`${running.url}/metrics`)).text();
  try {
    await vi.waitFor(async () => {
      const { code, ship } = await list();
      expect([code, ship]).toMatchObject([0, { last: { ok: true, result: { behind: 0 } } }]);
    }, WAIT);
    const { jobs } = await list();
    expect(jobs.map(({ job }) => job)).toEqual(['ship', 'positions', 'dump', 'drill']);
    expect(await metrics()).toMatch(/daybook_job_runs_total\{job="ship",result="ok"\} [1-9]/);
    const parts = (await metrics()).matchAll(/daybook_part_failed\{part="(\w+)"\} 0\n/g);
    expect([...parts].map(([, part]) => part)).toEqual([
      ...['snapshots', 'audit', 'value_at_risk', 'marks', 'jobs'],
    ]);
    expect(readdirSync(join(place, 'manifest')).length).toBeGreaterThan(0);
    // The disk of the backups is gone: a file stands where it was.
    rmSync(place, { recursive: true });
    writeFileSync(place, '');
    await trade(running.url, 1);
    await vi.waitFor(async () => {
      const { code, ship } = await list();
      expect([code, ship?.last]).toMatchObject([1, { ok: false, reason: expect.any(String) }]);
    }, WAIT);
    expect(await metrics()).toMatch(/daybook_job_runs_total\{job="ship",result="failed"\} [1-9]/);
    const history = await daybook('jobs', 'history', 'ship', '--data-dir', data, '--json');
    const { runs } = JSON.parse(history.out) as { runs: { ok: boolean }[] };
    expect(new Set(runs.map(({ ok }) => ok))).toEqual(new Set([true, false]));
  } finally {
    running.child.kill('SIGTERM');
  }
  const { code, err } = await running.end;
  expect(code).toBe(0);
  expect(err).toContain('a job has failed');
}, 300_000);
