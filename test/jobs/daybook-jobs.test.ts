/** The jobs themselves, on a log of the generated flow and its read models. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generatedFlow } from '../../src/cli/demo/generated-flow.js';
import { runFlow } from '../../src/cli/demo/run-flow.js';
import { capacityForReplay } from '../../src/commands/state/capacity.js';
import { positionsOfState } from '../../src/commands/state-positions.js';
import { positionsHash } from '../../src/domain/positions-hash.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { SharedDurableEnd } from '../../src/log/journal/shared-durable-end.js';
import { DirectoryStore } from '../../src/operations/backup/directory-store.js';
import { type DrillReport, drill } from '../../src/operations/backup/drill.js';
import { getFilePiece, readNewestManifest } from '../../src/operations/backup/manifest.js';
import { daybookJobs } from '../../src/operations/jobs/daybook-jobs.js';
import { startDrill } from '../../src/operations/jobs/drill-in-thread.js';
import { POSITIONS_KEPT_MAX, takePositions } from '../../src/operations/jobs/positions-snapshot.js';
import { newState } from '../../src/operations/new-state.js';
import { journalDirectory, startShard } from '../../src/operations/shard.js';
import { recoverState } from '../../src/operations/snapshots.js';
import { checkStates, recordedStates } from '../../src/operations/state-check.js';
import { checkTablesAgainstState } from '../../src/operations/table-state-check.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { readModels } from '../../src/projections/read-models.js';
import { projectUntil } from '../../src/projections/rebuild/project-until.js';
import {
  createMigrated,
  hashTables,
  startTestServer,
  type TestServer,
  withClient,
} from '../projections/test-database.js';

const CONTRACT = {
  ...{ symbol: 'ESH4', tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD' },
};
const root = mkdtempSync(join(tmpdir(), 'daybook-jobs-'));
const data = join(root, 'data');
const journal = journalDirectory(data);
const key = new Uint8Array(32).fill(3);
const capacity = capacityForReplay(200_000);
const store = new DirectoryStore(join(root, 'backup'));
let server: TestServer;
let database: ConnectionSettings;
let end: FixedDurableEnd;
let events = 0;

beforeAll(async () => {
  const shard = await startShard({ directory: journal, producers: ['client', 'venue'], capacity });
  await runFlow(shard, generatedFlow(), CONTRACT, 'G');
  events = (await shard.stop()).nextSequence;
  server = await startTestServer();
  database = await createMigrated(server);
  end = FixedDurableEnd.find(nodeFileSystem, journal, 0);
  const open = () => connect(database, 'test');
  const log = { shard: 0, journal, end, until: events };
  await projectUntil({ ...log, models: readModels, connect: open });
}, 300_000);
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

function durable() {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  return position;
}

function jobs(runDrill: () => Promise<DrillReport>) {
  const all = daybookJobs({
    ...{ dataDirectory: data, journal, shard: 0, durable, store, key, database, capacity },
    ...{ drill: runDrill, onShipped: () => {} },
  });
  return (name: string) => all.find((job) => job.name === name)!.run();
}

it('ships, dumps into the same backup, and a drill of it is good', async () => {
  const run = jobs(() => drill({ store, key, capacity, readModels: true, scratch: root }));
  const [shipped, dumped] = await Promise.all([run('ship'), run('dump')]);
  expect(shipped).toMatchObject({ next: events, behind: 0 });
  expect(dumped).toMatchObject({ next: events, name: expect.stringMatching(/^daybook-\d{4}-/) });
  expect(readdirSync(data)).toEqual(['journal']);
  expect(await run('drill')).toMatchObject({ events });
}, 300_000);

it('a drill runs in a thread, reports, and can be stopped; nothing is left of it', async () => {
  const durableEnd = new SharedDurableEnd();
  durableEnd.publish({ ...durable(), nextSequence: events + 5 });
  const scratch = join(root, 'drill');
  const place = join(root, 'backup');
  const started = { place, key, capacity, scratch, durableEnd: durableEnd.memory };
  const report = await startDrill(started).report;
  expect(report).toMatchObject({ ok: true, events, lost: { events: 5 } });
  expect(report.tables.length).toBeGreaterThan(5);
  const stopped = startDrill(started);
  stopped.stop();
  await expect(stopped.report).rejects.toThrow('being stopped');
  const wrong = startDrill({ ...started, key: undefined });
  await expect(wrong.report).rejects.toThrow('BACKUP_KEY_WRONG');
  expect(readdirSync(root)).not.toContain('drill');
}, 300_000);

it('a dump loads into an empty database and gives the same tables', async () => {
  const manifest = await readNewestManifest(store, key);
  const dump = manifest!.files.find(({ kind }) => kind === 'dump')!;
  const pieces = dump.pieces.map((piece) => getFilePiece(store, dump, piece, key));
  const script = Buffer.concat(await Promise.all(pieces)).toString('utf8');
  const other = await createMigrated(server);
  await withClient(other, async (client) => {
    const blocks = script.matchAll(/\n(COPY (\S+) \(.*\) FROM stdin;)\n([\s\S]*?)\\\.\n/g);
    for (const [, sql, table, rows] of blocks) {
      await client.query(`DELETE FROM ${table}`);
      await pipeline(Readable.from([rows]), client.query(copyFrom(sql as string)));
    }
  });
  expect(await hashTables(other)).toEqual(await hashTables(database));
}, 300_000);

it('a drill that finds something, or an object that was changed, is a run that failed', async () => {
  const run = jobs(() => drill({ store, key, capacity, readModels: false, scratch: root }));
  const [name] = readdirSync(join(root, 'backup', 'journal'));
  const path = join(root, 'backup', 'journal', name as string);
  const good = readFileSync(path);
  const bad = Buffer.from(good);
  bad[bad.length >> 1]! ^= 1;
  writeFileSync(path, bad);
  await expect(run('drill')).rejects.toThrow(name);
  writeFileSync(path, good);
  const report = await drill({ store, key, capacity, readModels: false, scratch: root });
  const finding = { file: 'f', offset: 0, sequence: 7, code: 'STATE_HASH', reason: 'differs' };
  const found = jobs(async () => ({ ...report, ok: false, findings: [finding] }));
  await expect(found('drill')).rejects.toThrow('1 findings: STATE_HASH f, sequence 7: differs');
}, 300_000);

it('positions are taken once a state, exact, and a bounded number is kept', async () => {
  const directory = join(root, 'positions');
  mkdirSync(directory);
  for (let each = 0; each < POSITIONS_KEPT_MAX; each += 1) {
    writeFileSync(join(directory, `positions-2-${String(each).padStart(16, '0')}.json`), '{}');
  }
  // Of the format before: discarded.
  writeFileSync(join(directory, 'positions-0000000000000001.json'), '{}');
  const taken = await takePositions(database, 0, directory);
  expect(taken).toMatchObject({ sequence: events - 1, written: true });
  expect(await takePositions(database, 0, directory)).toMatchObject({ written: false });
  const names = readdirSync(directory).sort();
  expect(names).toHaveLength(POSITIONS_KEPT_MAX);
  expect(names[0]).toBe('positions-2-0000000000000001.json');
  const file = JSON.parse(readFileSync(join(directory, taken.file), 'utf8'));
  const rows = await withClient(database, async (client) => {
    const found = await client.query(
      'SELECT quantity::text, realized::text FROM daybook.positions ORDER BY account, instrument',
    );
    return found.rows;
  });
  expect(file).toMatchObject({
    format: 'daybook-positions-2',
    sequence: events - 1,
    stateHash: taken.stateHash,
    positions: rows,
  });
  expect(file.contentHash).toBe(
    createHash('sha256').update(JSON.stringify(file.positions)).digest('hex'),
  );
  // The log evolved gives the same positions, and others do not have the same hash.
  const { state } = recoverState(journal, 0, end, () => newState(capacity, 1));
  const held = [...positionsOfState(state)];
  expect(positionsHash(held)).toBe(taken.stateHash);
  const index = held.findIndex(({ bought }) => bought > 0n);
  held[index] = { ...held[index]!, realized: held[index]!.realized + 1n };
  expect(positionsHash(held)).not.toBe(taken.stateHash);
});

it('positions of a minute that are not what the log gives, or were changed, are findings', async () => {
  const directory = join(root, 'compared');
  const taken = await takePositions(database, 0, directory);
  const path = join(directory, taken.file);
  const right = readFileSync(path, 'utf8');
  const check = async () => {
    const recorded = recordedStates({ journal, end, positions: directory });
    const { findings } = await checkStates({
      ...{ journal, end, recorded, state: newState(capacity, 1) },
    });
    return findings.map(({ code, file, sequence }) => ({ code, file, sequence }));
  };
  expect(await check()).toEqual([]);
  const of = { file: path, sequence: events - 1 };
  writeFileSync(path, right.replace(taken.stateHash, '00'.repeat(32)));
  expect(await check()).toEqual([{ code: 'POSITIONS_HASH', ...of }]);
  writeFileSync(path, right.replace('"quantity":"', '"quantity":"1'));
  expect(await check()).toEqual([{ code: 'POSITIONS_DAMAGED', ...of }]);
  writeFileSync(path, right.slice(0, -10));
  expect(await check()).toEqual([{ code: 'POSITIONS_DAMAGED', ...of }]);
});

it('what a drill compares it finds: a state hash, an order, a position, an order that is missing', async () => {
  const state = newState(capacity, 1);
  const recorded = recordedStates({ journal, end });
  const of = 'state' as const;
  const other = { of, hash: '00'.repeat(32), file: 'SnapshotTaken, event 501' };
  const wrong = new Map([[500, [other]]]);
  const byAnchor = new Map([...recorded.byAnchor, ...wrong]);
  const check = await checkStates({ journal, end, recorded: { ...recorded, byAnchor }, state });
  const finding = { code: 'STATE_HASH', sequence: 500, file: 'SnapshotTaken, event 501' };
  expect(check).toMatchObject({ findings: [finding], next: events });
  const right = new Map([[events - 1, [{ of, hash: check.stateHash, file: 'here' }]]]);
  const again = { ...recorded, byAnchor: right };
  const good = await checkStates({ journal, end, recorded: again, state: newState(capacity, 2) });
  expect(good).toMatchObject({ findings: [], compared: 1, stateHash: check.stateHash });

  await withClient(database, async (client) => {
    expect(await checkTablesAgainstState(client, state)).toEqual([]);
    const [order, gone] = state.orders.orderId.subarray(1, 3);
    await client.query(
      `UPDATE daybook.orders SET cum_quantity = cum_quantity + 1 WHERE order_id = ${order}`,
    );
    await client.query(`UPDATE daybook.orders SET order_id = -order_id WHERE order_id = ${gone}`);
    await client.query('UPDATE daybook.positions SET realized = realized + 0.000000001');
    const findings = await checkTablesAgainstState(client, state);
    const found = new Set(findings.map(({ code, file }) => `${code} ${file}`));
    expect(found).toEqual(new Set(['TABLE_DIFFERS table orders', 'TABLE_DIFFERS table positions']));
    const reasons = findings.map(({ reason }) => reason).join('\n');
    expect(reasons).toContain(`order ${order} is`);
    expect(reasons).toContain(`${state.orders.count - 1} of the ${state.orders.count} orders`);
  });
});
