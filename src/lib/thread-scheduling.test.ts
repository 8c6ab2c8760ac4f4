import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { workerUrl } from './worker-url.js';

const linux = process.platform === 'linux';
/** As /proc has it: the name may hold blanks, so fields are counted behind it. */
const [NICE, POLICY] = [16, 38] as const;
const SCHED_IDLE = 5;

/** What the kernel says of a thread that has called `name`. */
async function scheduled(name: 'runInBackground' | 'runPromptly' | 'neither', native = 'on') {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { readFileSync } = require('node:fs');
    import(workerData.module).then((scheduling) => {
      scheduling[workerData.name]?.();
      const stat = readFileSync('/proc/thread-self/stat', 'utf8');
      parentPort.postMessage(stat.slice(stat.lastIndexOf(')') + 2).split(' '));
    });`;
  const module = workerUrl(import.meta.url, './thread-scheduling.js').href;
  const env = { ...process.env, DAYBOOK_NATIVE: native };
  const worker = new Worker(code, { eval: true, env, workerData: { module, name } });
  const fields = await new Promise<string[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  return { nice: Number(fields[NICE]), policy: Number(fields[POLICY]) };
}

describe.runIf(linux)('the scheduling of a thread', () => {
  it('in the background is the least there is', { timeout: 60_000 }, async () => {
    const { nice, policy } = await scheduled('runInBackground');
    // Where the kernel refuses, or without the addon: nice.
    expect(policy === SCHED_IDLE || nice === 19).toBe(true);
  });

  it('without the addon is a matter of nice, of one thread alone', {
    timeout: 60_000,
  }, async () => {
    const before = await scheduled('neither', 'off');
    expect(await scheduled('runInBackground', 'off')).toEqual({ ...before, nice: 19 });
    expect(await scheduled('runPromptly', 'off')).toEqual(before);
  });

  it('that is prompt changes nothing but its slices', { timeout: 60_000 }, async () => {
    expect(await scheduled('runPromptly')).toEqual(await scheduled('neither'));
  });
});
