/** `replay --decide --code`: this build again, and a build that was changed by one line. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedFlow } from '../../src/cli/demo/generated-flow.js';
import { runFlow } from '../../src/cli/demo/run-flow.js';
import { logBatches } from '../../src/cli/replay/log-batches.js';
import { lengthAt } from '../../src/commands/replay/event-groups.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { journalDirectory, startShard } from '../../src/operations/shard.js';

const DIST = new URL('../../dist', import.meta.url).pathname;
const MAIN = join(DIST, 'src/cli/main.js');
const CONTRACT = {
  symbol: 'ESH4',
  tickSize: '0.25',
  lotSize: '1',
  multiplier: '50',
  currency: 'USD',
};
/** The other build refuses orders above this. */
const QUANTITY_MAX = 15;
const LINES = 6000;
/** Where the build puts the modules of deciding (scripts/bundle.mjs). */
const BUNDLE = 'lib/core.js';
/** Several processes, on a machine that may be busy. */
const TIMEOUT_MS = 240_000;
const data = mkdtempSync(join(tmpdir(), 'daybook-code-'));
const build = join(data, 'other');

/** A shorter day: each run of the command line replays it twice. */
async function* firstLines(): ReturnType<typeof generatedFlow> {
  for await (const line of generatedFlow()) {
    if (line.line > LINES) return;
    yield line;
  }
}

async function replay(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = [MAIN, 'replay', '--decide', ...args, '--data-dir', data];
  return promisify(execFile)(process.execPath, command, { maxBuffer: 64 * 1024 * 1024 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

/** Replaces a piece of a compiled module, which must be there. */
function patch(path: string, from: string, to: string): void {
  const file = join(build, 'dist/src', path);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

beforeAll(async () => {
  const shard = await startShard({
    directory: journalDirectory(data),
    producers: ['client', 'venue'],
  });
  await runFlow(shard, firstLines(), CONTRACT, 'G');
  await shard.stop();
  cpSync(join(DIST, 'src'), join(build, 'dist/src'), { recursive: true });
  symlinkSync(join(DIST, '../node_modules'), join(build, 'node_modules'));
  writeFileSync(join(build, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe('deciding by another build', { timeout: TIMEOUT_MS }, () => {
  it('gives no difference where it decides the same', async () => {
    const html = join(data, 'points.html');
    const { code, stdout } = await replay('--code', build, '--json', '--chart', html);
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('<svg xmlns=');
    expect(page).not.toMatch(/<script|src=|@import/);
    const report = JSON.parse(stdout);
    expect([code, report.code.differences, report.changes]).toEqual([0, [], []]);
    expect(report.code.commands).toBeGreaterThan(3000);
    expect(report.points.length).toBeGreaterThan(1);
    for (const point of report.points) expect(point.whatIf).toEqual(point.recorded);
  });

  it('finds the orders that a changed check refuses, counted by hand', async () => {
    patch(
      BUNDLE,
      'if (quantity > maxQuantity)',
      `if (quantity > Math.min(maxQuantity, ${QUANTITY_MAX}))`,
    );
    const csv = join(data, 'points.csv');
    const svg = join(data, 'points.svg');
    const { code, stdout } = await replay(
      ...['--code', build, '--json', '--csv', csv, '--chart', svg],
    );
    const report = JSON.parse(stdout);
    expect(code).toBe(1);
    const byHand = [];
    for (const batch of logBatches(journalDirectory(data))) {
      for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
        const event = decodeEvent(batch.bytes, at);
        if (event.type === 'OrderAccepted' && event.data.quantity > QUANTITY_MAX) {
          byHand.push(event.sequence);
        }
      }
    }
    const refused = report.changes.filter(
      (each: { request: string; change: string }) => each.request === 'order',
    );
    expect(refused.map(({ sequence }: { sequence: number }) => sequence)).toEqual(byHand);
    expect(byHand.length).toBeGreaterThan(20);
    expect(refused.every((each: { reason: string }) => each.reason === 'RISK_MAX_QUANTITY')).toBe(
      true,
    );
    // The decision of the first one, before its order.
    expect(report.code.differences[0]).toMatchObject({ commandName: 'NewOrder' });
    expect(Math.abs(report.code.differences[0].sequence - byHand[0]!)).toBeLessThanOrEqual(1);
    expect(readFileSync(csv, 'utf8').trim().split('\n').length).toBe(1 + report.points.length);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg xmlns=[\s\S]*<polyline[\s\S]*<\/svg>\n$/);
  });

  it('refuses a build of other events, and what is no build', async () => {
    const declared = 'InstrumentListed: declare({\n\t\tnumber: 2,\n\t\tversion: ';
    patch(BUNDLE, `${declared}1`, `${declared}9`);
    const other = await replay('--code', build);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('CODE_OTHER_CATALOGUE'),
    ]);
    const none = await replay('--code', tmpdir());
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no build')]);
    expect((await replay('--code', build, '--chart', 'x.png')).code).toBe(2);
  });
});
