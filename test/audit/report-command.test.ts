/** `daybook report` as a process: ranges, formats, exit codes; an index elsewhere for a log to read only. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { indexDirectory } from '../../src/audit/order-index/order-index.js';
import { timeAt } from '../../src/commands/replay/event-groups.js';
import { formatIsoNs } from '../../src/lib/time.js';
import { AnyFlow } from '../replay/any-flow.js';
import { type TestJournal, testJournal } from './journal-of.js';

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
const TIMEOUT_MS = 240_000;

let log: TestJournal;
let flow: AnyFlow;

async function report(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [
    MAIN,
    'report',
    ...args,
    '--data-dir',
    log.data,
  ]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

beforeAll(() => {
  log = testJournal();
  flow = new AnyFlow(5).begin();
  for (let i = 0; i < 400; i += 1) flow.step();
  log.append(flow.batches);
});
afterAll(() => log.remove());

describe('daybook report', { timeout: TIMEOUT_MS }, () => {
  it('writes what is asked for, of a range by sequence or by time alike', async () => {
    const index = join(log.data, 'elsewhere');
    const out = (name: string) => join(log.data, name);
    const all = await report('all', '--out', out('all'), '--index', index, '--json');
    expect(all).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(all.stdout).length).toBe(6);
    expect(readdirSync(out('all')).length).toBe(18);
    expect(existsSync(indexDirectory(log.journal))).toBe(false);
    // A batch in the middle, by its first event's sequence and time.
    const batch = flow.batches[200]!;
    const first = batch.f64[1]!;
    const bySequence = ['cat', '--from', `${first}`, '--out', out('sequence')];
    const byTime = ['cat', '--from', formatIsoNs(timeAt(batch, 0)), '--out', out('time')];
    expect((await report(...bySequence)).code).toBe(0);
    expect((await report(...byTime)).code).toBe(0);
    const read = (name: string) => readFileSync(join(out(name), 'cat.csv'), 'utf8');
    expect(read('time')).toBe(read('sequence'));
    expect(read('time').length).toBeLessThan(read('all').length);
  });

  it('says what is wrong', async () => {
    const out = join(log.data, 'again');
    expect((await report('cat', '--out', out, '--format', 'parquet')).code).toBe(0);
    const again = await report('cat', '--out', out, '--format', 'parquet');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('EEXIST')]);
    for (const args of [
      ['cat'],
      ['--out', out],
      ['dog', '--out', out],
      ['cat', '--out', out, '--format', 'xlsx'],
      ['cat', '--out', out, '--from', '99999999'],
      ['cat', '--out', out, '--from', '20', '--to', '10'],
      ['cat', '--out', out, '--to', 'noon'],
    ]) {
      expect((await report(...args)).code).toBe(2);
    }
  });

  it('ends with an error where nothing can be made', async () => {
    const failed = await report('cat', '--out', '/proc/daybook/reports');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^daybook report: ENOENT: .+ mkdir '\/proc\/daybook'\n$/);
  });
});
