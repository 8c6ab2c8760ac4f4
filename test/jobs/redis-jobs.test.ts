/** On a Redis of its own; skipped by name where redis-server is not installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { type JobBackend, redisJobs } from '../../src/operations/jobs/job-backend.js';
import { freePort } from './free-port.js';
import { runnerSuite } from './runner-suite.js';

const installed = spawnSync('redis-server', ['--version']).status === 0;

describe.skipIf(!installed)('jobs on Redis (needs redis-server)', () => {
  let directory: string;
  let redis: ChildProcess;
  let backend: JobBackend;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'daybook-redis-'));
    const port = await freePort();
    const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
    const kept = ['--save', '', '--maxmemory-policy', 'noeviction'];
    redis = spawn('redis-server', [...where, ...kept], { stdio: 'ignore' });
    await vi.waitFor(() => reached(port), { timeout: 60_000, interval: 20 });
    backend = redisJobs(`redis://127.0.0.1:${port}`);
    expect(backend.description).toBe(`Redis at 127.0.0.1:${port}`);
  });
  afterAll(async () => {
    await backend?.close();
    if (redis !== undefined && redis.exitCode === null) {
      const ended = once(redis, 'exit');
      redis.kill('SIGKILL');
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  runnerSuite(() => backend);
});

function reached(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
