/** The commands of backups as processes, on a journal of the generated flow with its snapshots. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedFlow } from '../../src/cli/demo/generated-flow.js';
import { runFlow } from '../../src/cli/demo/run-flow.js';
import { capacityForReplay } from '../../src/commands/state/capacity.js';
import { HEADER } from '../../src/domain/event-record.js';
import { startServerThread } from '../../src/log/eventstoredb/server-thread.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { segmentName } from '../../src/log/journal/segment.js';
import { SharedDurableEnd } from '../../src/log/journal/shared-durable-end.js';
import { journalDirectory, startShard } from '../../src/operations/shard.js';
import { startSnapshots } from '../../src/operations/snapshot-service.js';
import { connect } from '../../src/projections/database/connection-settings.js';
import { startEmbeddedServer } from '../../src/projections/database/embedded-server.js';

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
const CONTRACT = {
  ...{ symbol: 'ESH4', tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD' },
};
const root = mkdtempSync(join(tmpdir(), 'daybook-disaster-'));
const data = join(root, 'data');
const journal = journalDirectory(data);
const place = join(root, 'backup');
const KEY = '5a'.repeat(32);
let events = 0;
let stateHash = '';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function daybook(...args: string[]): Promise<Ran> {
  const env = { ...process.env, DAYBOOK_BACKUP_KEY: KEY };
  const options = { maxBuffer: 64 * 1024 * 1024, env };
  return promisify(execFile)(process.execPath, [MAIN, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ran) => error,
  );
}

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await daybook(...args, '--json');
  expect(stdout, stderr).not.toBe('');
  return { code, ...JSON.parse(stdout) };
};

beforeAll(async () => {
  const shard = await startShard({
    ...{ directory: journal, producers: ['client', 'venue', 'snapshots'] },
    segmentBytesMax: 2 * 1024 * 1024,
  });
  const snapshots = startSnapshots(shard, shard.port('snapshots'), 20_000);
  await runFlow(shard, generatedFlow(), CONTRACT, 'G');
  while (snapshots.last === undefined) await new Promise((resolve) => setImmediate(resolve));
  await snapshots.stop();
  const stopped = await shard.stop();
  events = stopped.nextSequence;
  stateHash = stopped.stateHash;
  expect((await json('backup', '--to', place, '--data-dir', data)).next).toBe(events);
}, 300_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a drill', () => {
  it('prints recovery time and point, and leaves nothing behind', async () => {
    const scratch = join(root, 'scratch');
    const args = ['drill', '--from', place, '--data-dir', data, '--scratch', scratch];
    const report = await json(...args);
    expect(report).toMatchObject({ code: 0, ok: true, findings: [], events, stateHash });
    expect(report.statesCompared).toBeGreaterThan(1);
    expect(
      report.tables.find(({ table }: { table: string }) => table === 'orders').rows,
    ).toBeGreaterThan(1000);
    expect(report.lost.events).toBe(0);
    expect(report.seconds.untilOrders).toBeGreaterThan(0);
    expect(existsSync(scratch)).toBe(false);
  }, 300_000);

  it('fails loudly and names the object when one byte of any kind of it was changed', async () => {
    const scratch = join(root, 'scratch');
    for (const [folder, kind] of [
      ['journal', /^0/],
      ['files', /^snapshot-/],
      ['manifest', /^0/],
    ] as const) {
      const name = readdirSync(join(place, folder))
        .filter((each) => kind.test(each))
        .at(-1);
      const path = join(place, folder, name as string);
      const good = readFileSync(path);
      const bad = Buffer.from(good);
      bad[Math.floor(bad.length * 0.7)]! ^= 16;
      writeFileSync(path, bad);
      const failed = await daybook('drill', '--from', place, '--scratch', scratch);
      expect(failed.code).toBe(1);
      expect(failed.stdout).toContain('DRILL FAILED');
      expect(failed.stdout).toContain(`${folder}/${name}`);
      expect(existsSync(scratch)).toBe(false);
      writeFileSync(path, good);
    }
  }, 300_000);
});

describe('backup and restore', () => {
  it('a process killed at any moment leaves a backup that the next one completes', async () => {
    const to = join(root, 'killed');
    const env = { ...process.env, DAYBOOK_BACKUP_KEY: KEY };
    for (const objects of [0, 1, 3]) {
      const args = [MAIN, 'backup', '--to', to, '--data-dir', data, '--follow', '--every', '1'];
      const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
      const ended = once(child, 'exit');
      const stored = () =>
        existsSync(join(to, 'journal')) ? readdirSync(join(to, 'journal')).length : -1;
      while (stored() < objects && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      child.kill('SIGKILL');
      await ended;
    }
    expect(await json('backup', '--to', to, '--data-dir', data)).toMatchObject({
      code: 0,
      next: events,
    });
    const target = join(root, 'from-killed');
    expect(await json('restore', '--from', to, '--to', target)).toMatchObject({
      code: 0,
      next: events,
    });
    expect((await json('verify', '--data-dir', target, '--against', data)).ok).toBe(true);
  }, 300_000);

  it('comes back as of a moment, and is a journal that daybook goes on from', async () => {
    const half = Math.floor(events / 2);
    const target = join(root, 'half');
    const restored = await json('restore', '--from', place, '--to', target, '--at', String(half));
    expect(restored.code).toBe(0);
    expect(restored.next).toBeLessThanOrEqual(half + 1);
    expect(restored.next).toBeGreaterThan(half - 20_000);
    const verified = await json('verify', '--data-dir', target);
    const { summary } = verified;
    expect([verified.code, summary.nextSequence, summary.chain]).toEqual([
      0,
      restored.next,
      restored.chain,
    ]);
    const shard = await startShard({
      ...{ directory: journalDirectory(target), producers: ['client'] },
      capacity: capacityForReplay(200_000),
    });
    expect(shard.recoveredEvents).toBe(restored.next);
    await shard.stop();
    // Its history is another one now.
    const refused = await daybook('backup', '--to', place, '--data-dir', target);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('BACKUP_OTHER_JOURNAL'),
    ]);
  }, 300_000);

  it('tells wrong use from failure', async () => {
    const codes = async (...args: string[]) => (await daybook(...args)).code;
    expect(await codes('restore', '--from', place)).toBe(2);
    expect(await codes('restore', '--from', place, '--to', join(root, 'x'), '--at', 'noon')).toBe(
      2,
    );
    expect(await codes('backup', '--to', 's3://', '--data-dir', data)).toBe(2);
    expect(await codes('restore', '--from', join(root, 'nowhere'), '--to', join(root, 'x'))).toBe(
      1,
    );
    expect(await codes('restore', '--from', place, '--to', data)).toBe(1);
  }, 300_000);
});

describe('trim', () => {
  it('removes nothing while daybook start may come, then only what the backup has', async () => {
    const copy = join(root, 'trimmed');
    cpSync(data, copy, { recursive: true });
    expect((await daybook('snapshot', '--data-dir', copy)).code).toBe(0);
    const segments = () =>
      readdirSync(journalDirectory(copy)).filter((name) => name.endsWith('.segment'));
    const before = segments();
    const trim = (...more: string[]) =>
      json('trim', '--backup', place, '--data-dir', copy, '--keep-days', '0', ...more);
    const planned = await trim('--apply');
    expect(planned).toMatchObject({ code: 0, startHolds: true, removed: [] });
    expect(planned.removable.length).toBeGreaterThan(0);
    expect(segments()).toEqual(before);
    expect(await trim('--hold', 'auditor=0')).toMatchObject({
      ...{ removable: [], held: { code: 'HELD_READER' } },
      readers: [{ name: 'auditor', from: 0 }],
    });
    const done = await trim('--release', 'auditor', '--no-start', '--apply');
    expect(done).toMatchObject({ code: 0, removed: planned.removable, startHolds: false });
    expect(segments()).toEqual(before.slice(planned.removable.length));
    const bytes = ['verify', '--data-dir', copy, '--no-states'];
    expect(await json(...bytes)).toMatchObject({ code: 0, ok: true });
    // What needs event 0 says what is held; a start does not begin.
    for (const args of [['verify'], ['log'], ['replay', '--at', String(done.first - 1)]]) {
      const told = await daybook(...args, '--data-dir', copy);
      expect([told.code, told.stderr], args[0]).toEqual([
        1,
        expect.stringContaining('JOURNAL_SEQUENCE_GONE'),
      ]);
      expect(told.stderr).toContain(String(done.first));
    }
    const started = await daybook('start', '--data-dir', copy, '--port', '0');
    expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('daybook restore')]);
    expect((await daybook('trim', '--data-dir', copy)).code).toBe(2);
    expect((await daybook('trim', '--backup', place, '--hold', 'No=1')).code).toBe(2);
  }, 300_000);
});

describe('verify', () => {
  it('finds a state that the log does not give', async () => {
    expect(await json('verify', '--data-dir', data)).toMatchObject({ code: 0, ok: true });
    const copy = join(root, 'snapshot-damaged');
    cpSync(data, copy, { recursive: true });
    const snapshots = `${journalDirectory(copy)}.snapshots`;
    const [name] = readdirSync(snapshots);
    const path = join(snapshots, name as string);
    const bytes = readFileSync(path);
    bytes[bytes.length - 9]! ^= 1;
    writeFileSync(path, bytes);
    const report = await json('verify', '--data-dir', copy);
    expect(report).toMatchObject({
      code: 1,
      ok: false,
      findings: [{ code: 'SNAPSHOT_DAMAGED', file: path }],
    });
  }, 300_000);

  it('against another journal: what is missing there and what is different, and where', async () => {
    const other = join(root, 'other');
    cpSync(journal, other, { recursive: true });
    rmSync(join(other, 'durable'));
    const against = (...more: string[]) =>
      json('verify', '--data-dir', data, '--no-states', '--against', other, ...more);
    expect(await against()).toMatchObject({ code: 0, ok: true });
    const last = readdirSync(other)
      .filter((name) => name.endsWith('.segment'))
      .at(-1) as string;
    rmSync(join(other, last));
    const from = Number(last.slice(0, 16));
    const missing = { code: 'EVENTS_MISSING', sequence: from };
    expect(await against()).toMatchObject({ code: 1, findings: [missing] });
    expect(await against('--to', String(from - 1))).toMatchObject({ code: 0 });
    const shorter = join(root, 'shorter');
    await daybook('restore', '--from', place, '--to', shorter, '--at', '5000');
    const more = await json('verify', '--data-dir', shorter, '--no-states', '--against', data);
    const { nextSequence } = more.summary;
    expect(more).toMatchObject({ code: 1, findings: [{ code: 'EVENTS_MORE' }] });
    // A writer went on from there: its first event is another than the one that followed here.
    const shard = await startShard({
      ...{ directory: journalDirectory(shorter), producers: ['client'] },
      capacity: capacityForReplay(200_000),
    });
    await shard.stop();
    const differs = await json('verify', '--data-dir', shorter, '--no-states', '--against', data);
    const [finding] = differs.findings;
    // Where the writer cut its commits is a matter of time, and so is the segment of that event.
    const segment = readdirSync(journal)
      .filter((name) => name.endsWith('.segment') && Number(name.slice(0, 16)) <= nextSequence)
      .sort()
      .at(-1) as string;
    const file = join(journal, segment);
    expect(finding).toMatchObject({ code: 'EVENT_DIFFERS', file, sequence: nextSequence });
    const record = readFileSync(file).subarray(finding.offset);
    expect(record.readDoubleLE(HEADER.sequence)).toBe(nextSequence);
  }, 300_000);

  it('against EventStoreDB: the stream that it serves itself', async () => {
    const durableEnd = new SharedDurableEnd();
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    FixedDurableEnd.find(nodeFileSystem, journal, 0).read(position);
    durableEnd.publish(position);
    const served = await startServerThread({
      ...{ directory: journal, shard: 0, durableEnd, host: '127.0.0.1', port: 0 },
    });
    try {
      const url = `esdb://127.0.0.1:${served.port}?tls=false`;
      const args = ['verify', '--data-dir', data, '--no-states', '--against', 'eventstoredb'];
      const report = await json(...args, '--url', url, '--from', String(events - 9000));
      expect(report).toMatchObject({ code: 0, ok: true });
      expect(report.summary.against.compared).toBe('9000 events');
      const copy = join(root, 'longer');
      cpSync(data, copy, { recursive: true });
      const shard = await startShard({
        ...{ directory: journalDirectory(copy), producers: ['client'] },
        capacity: capacityForReplay(200_000),
      });
      await shard.stop();
      const longer = ['verify', '--data-dir', copy, '--no-states', '--against', 'eventstoredb'];
      const lacking = await json(...longer, '--url', url, '--from', String(events - 100));
      const missing = { code: 'EVENTS_MISSING', file: 'stream daybook-0', sequence: events };
      expect(lacking).toMatchObject({ code: 1, findings: [missing] });
    } finally {
      await served.stop();
    }
  }, 300_000);

  it('against postgres: a row that somebody changed, one removed and one added', async () => {
    const copy = join(root, 'tables');
    cpSync(data, copy, { recursive: true });
    expect((await daybook('rebuild', '--data-dir', copy)).code).toBe(0);
    const server = await startEmbeddedServer(join(copy, 'postgres'));
    try {
      const against = () =>
        json('verify', '--data-dir', copy, '--no-states', '--against', 'postgres');
      const client = await connect(server.settings, 'test');
      await client.query(
        `UPDATE daybook.positions SET realized = realized + 1
          WHERE (account, instrument) = (SELECT account, instrument FROM daybook.positions LIMIT 1)`,
      );
      await client.query(
        'DELETE FROM daybook.fills WHERE sequence = (SELECT max(sequence) FROM daybook.fills)',
      );
      await client.end();
      const report = await against();
      const found = report.findings.map(
        ({ code, file }: { code: string; file: string }) => `${code} ${file}`,
      );
      expect(report.code).toBe(1);
      // These and no others: every other row of every table is as the log gives it.
      expect(found.sort()).toEqual([
        'ROW_MISSING table fills',
        'ROW_MISSING table positions',
        'ROW_UNEXPECTED table positions',
        'TABLE_HASH table fills',
        'TABLE_HASH table positions',
      ]);
    } finally {
      await server.stop();
    }
  }, 300_000);

  it('knows its own signed checkpoint, and not that of another history', async () => {
    const key = join(root, 'key');
    expect((await daybook('checkpoint', '--generate-key', key)).code).toBe(0);
    expect((await daybook('checkpoint', '--generate-key', key)).code).toBe(2);
    const signed = await daybook('checkpoint', '--key', key, '--data-dir', data);
    writeFileSync(join(root, 'signed'), signed.stdout);
    const check = ['checkpoint', '--check', join(root, 'signed'), '--public-key', `${key}.pub`];
    expect((await daybook(...check, '--data-dir', data)).code).toBe(0);
    const proof = await daybook('verify', '--prove', '700', '--data-dir', data);
    writeFileSync(join(root, 'proof'), proof.stdout);
    const through = ['--checkpoint', join(root, 'signed'), '--public-key', `${key}.pub`];
    expect((await daybook('verify', '--check', join(root, 'proof'), ...through)).code).toBe(0);
    const short = await daybook('verify', '--prove', '700', '--data-dir', data, ...through);
    writeFileSync(join(root, 'short'), short.stdout);
    expect(short.stdout.length).toBeLessThan(proof.stdout.length);
    const checkShort = ['verify', '--check', join(root, 'short'), ...through];
    const checked = await daybook(...checkShort, '--json');
    expect([checked.code, JSON.parse(checked.stdout)]).toMatchObject([
      ...[0, { ok: true, event: { sequence: 700 } }],
    ]);
    const other = join(root, 'another');
    const shard = await startShard({
      ...{ directory: journalDirectory(other), producers: ['client'] },
      capacity: capacityForReplay(1000),
    });
    await shard.stop();
    expect((await daybook(...check, '--data-dir', other)).code).toBe(1);
    const theirs = await daybook('checkpoint', '--key', key, '--data-dir', other);
    writeFileSync(join(root, 'signed'), theirs.stdout);
    expect((await daybook(...check, '--data-dir', data)).code).toBe(1);
    expect((await daybook('verify', '--check', join(root, 'proof'), ...through)).code).toBe(1);
    expect((await daybook(...checkShort)).stdout).toContain('PROOF_WRONG');
    expect(existsSync(join(journal, segmentName(0)))).toBe(true);
  }, 300_000);
});
