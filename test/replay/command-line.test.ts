/** `daybook replay`, `snapshot` and `verify --prove` as processes, on a log of the generated flow. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMoment } from '../../src/audit/moment.js';
import { generatedFlow } from '../../src/cli/demo/generated-flow.js';
import { runFlow } from '../../src/cli/demo/run-flow.js';
import { stateBefore } from '../../src/cli/replay/log-batches.js';
import { DEFAULT_CAPACITY } from '../../src/commands/state/capacity.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { journalDirectory, startShard } from '../../src/operations/shard.js';

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
const CONTRACT = {
  symbol: 'ESH4',
  tickSize: '0.25',
  lotSize: '1',
  multiplier: '50',
  currency: 'USD',
};
const data = mkdtempSync(join(tmpdir(), 'daybook-audit-'));
const journal = journalDirectory(data);
let last: { stateHash: string; nextSequence: number };

const daybook = (...args: string[]) => anywhere(...args, '--data-dir', data);

async function anywhere(...args: string[]): Promise<{ code: number; stdout: string }> {
  const run = promisify(execFile)(process.execPath, [MAIN, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return run.then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
  );
}

beforeAll(async () => {
  const shard = await startShard({ directory: journal, producers: ['client', 'venue'] });
  await runFlow(shard, generatedFlow(), CONTRACT, 'G');
  last = await shard.stop();
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe('the audit commands', () => {
  it('decide again without a difference', async () => {
    const { code, stdout } = await daybook('replay', '--decide', '--json');
    const report = { ok: true, events: last.nextSequence, stateHash: last.stateHash };
    expect([code, JSON.parse(stdout)]).toMatchObject([0, report]);
  });

  it('show the state at a sequence and at its time', async () => {
    const sequence = Math.floor(last.nextSequence / 2);
    const report = JSON.parse((await daybook('replay', '--at', String(sequence), '--json')).stdout);
    const state = stateBefore(journal, DEFAULT_CAPACITY, sequence + 1);
    expect(report.stateHash).toBe(stateHash(state));
    expect(report.orders.length).toBe(state.orders.open);
    const atTime = JSON.parse((await daybook('replay', '--at', report.time, '--json')).stdout);
    expect(atTime.sequence).toBeGreaterThanOrEqual(sequence);
    expect(atTime.time).toBe(report.time);
  });

  it('tell the story of one order by its id and by its client order id', async () => {
    const { stdout } = await daybook('replay', '--order', '3', '--json');
    const { order, events } = JSON.parse(stdout);
    const types = events.map(({ type }: { type: string }) => type);
    expect(types.slice(0, 3)).toEqual(['RiskDecided', 'OrderAccepted', 'OrderRouted']);
    const { clOrdId, account } = order;
    const byClient = await daybook(
      ...['replay', '--order', clOrdId, '--account', account, '--format', 'json'],
    );
    expect(byClient.stdout).toBe(stdout);
    const { stdout: text } = await daybook('replay', '--order', '3');
    expect(text).toContain(`${events[1].sequence}  ${events[1].time}  OrderAccepted`);
    const { stdout: csv } = await daybook('replay', '--order', '3', '--format', 'csv');
    expect(csv.trim().split('\n').length).toBe(1 + events.length);
    const early = await daybook(
      'replay',
      '--order',
      '3',
      '--at',
      `${events[1].sequence}`,
      '--json',
    );
    expect(JSON.parse(early.stdout).events).toEqual(events.slice(0, 2));
    expect((await daybook('replay', '--order', '999999')).code).toBe(1);
  });

  it('take a snapshot beside the journal, which stays clean', async () => {
    const { stdout } = await daybook('snapshot', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ stateHash: last.stateHash });
    expect((await daybook('verify')).code).toBe(0);
  });

  it('prove one event', async () => {
    const proof = join(data, 'proof.json');
    writeFileSync(proof, (await daybook('verify', '--prove', '20')).stdout);
    const { code, stdout } = await anywhere('verify', '--check', proof);
    expect([code, JSON.parse(stdout.split('\n')[0] as string).sequence]).toEqual([0, 20]);
    writeFileSync(proof, '{}');
    expect((await anywhere('verify', '--check', proof)).code).toBe(1);
  });

  it('refuse to verify from beyond the end, where nothing would be verified', async () => {
    const { nextSequence } = last;
    const json = (from: number) => daybook('verify', '--json', '--from', `${from}`);
    const { code, stdout } = await json(nextSequence - 1);
    expect([code, JSON.parse(stdout).ok]).toEqual([0, true]);
    expect(await json(nextSequence)).toEqual({ code: 2, stdout: '' });
    expect(await json(nextSequence * 2)).toEqual({ code: 2, stdout: '' });
  });

  it('say what is wrong use', async () => {
    for (const args of [
      [],
      ['--at', 'noon'],
      ['--at', '99999999'],
      ['--decide', '--limits', '/no'],
    ]) {
      expect((await daybook('replay', ...args)).code).toBe(2);
    }
    expect(parseMoment('1970-01-01T00:00:01.5Z')).toEqual({ time: 1_500_000_000n });
  });
});
