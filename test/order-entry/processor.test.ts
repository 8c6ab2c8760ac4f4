/** With `--spin CPU` that processor is the writer's, and no other thread of the process runs there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nativeAddon } from '../../src/lib/native-addon.js';
import { startProcess } from '../api/daybook-process.js';

const runs = nativeAddon() !== undefined && availableParallelism() > 1;

/** The processors a thread may run on, one by one. */
function processorsOf(task: string): number[] {
  const allowed = /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1];
  return (allowed ?? '').split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

it.skipIf(!runs)(
  'the writer has its processor for itself',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'processor-'));
    const cpu = processorsOf('/proc/self').at(-1)!;
    const { child, end } = await startProcess(
      directory,
      ...['--ouch-port', '0', '--spin', String(cpu)],
    );
    try {
      const tasks = `/proc/${child.pid}/task`;
      const names = new Map<string, number>();
      for (const id of readdirSync(tasks)) {
        const name = readFileSync(`${tasks}/${id}/comm`, 'utf8').trim();
        const processors = processorsOf(`${tasks}/${id}`);
        names.set(name, (names.get(name) ?? 0) + 1);
        if (name === 'writer') expect(processors).toEqual([cpu]);
        else expect([name, processors]).not.toEqual([name, expect.arrayContaining([cpu])]);
      }
      expect(names.get('writer')).toBe(1);
      expect(names.get('journal')).toBe(1);
    } finally {
      child.kill('SIGTERM');
      expect((await end).code).toBe(0);
      rmSync(directory, { recursive: true, force: true });
    }
  },
  120_000,
);
