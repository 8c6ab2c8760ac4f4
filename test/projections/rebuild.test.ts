import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProjectionFlow } from '../../bench/projection-events.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { detectTimescale } from '../../src/projections/database/timescale.js';
import { ProjectionService } from '../../src/projections/projection-service.js';
import { ProjectionError } from '../../src/projections/projector/errors.js';
import type { ReadModel } from '../../src/projections/projector/read-model.js';
import { readModels } from '../../src/projections/read-models.js';
import { type RebuildOptions, rebuild, rebuildAll } from '../../src/projections/rebuild/rebuild.js';
import { connectDying } from './dying-connection.js';
import {
  createMigrated,
  hashTables,
  startTestServer,
  type TestServer,
  withClient,
} from './test-database.js';

const WAIT_MS = 60_000;
/** Everything is built several times; the machine may be busy. */
vi.setConfig({ testTimeout: 240_000 });
const flow = new ProjectionFlow({ seed: 5, events: 6_000, batch: 300, pauseEvery: 20 });
const last = flow.events - 1;

let server: TestServer;
let directory: string;
let settings: ConnectionSettings;
let writer: JournalWriter;
let service: ProjectionService;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-rebuild-'));
  settings = await createMigrated(server);
  writer = JournalWriter.open(directory, { shard: 0, catalogue: 1 });
  const durableEnd = writer.durableEnd.memory;
  service = new ProjectionService({ shard: 0, database: settings, journal: directory, durableEnd });
});

afterEach(async () => {
  await service.stop();
  writer.close();
  rmSync(directory, { recursive: true, force: true });
});

const optionsFor = (model: ReadModel): RebuildOptions => ({
  connect: (name) => connect(settings, name),
  model,
  shards: [{ shard: 0, journal: directory, end: writer.durableEnd }],
});

describe('a rebuild', () => {
  test('of every model gives the same tables, and the projector goes on in them', async () => {
    for (const batch of flow.batches.slice(0, 10)) writer.append(batch);
    await service.wait(writer.nextSequence - 1, WAIT_MS);
    const before = await hashTables(settings);
    for (const model of readModels) await rebuild(optionsFor(model));
    expect(await hashTables(settings)).toEqual(before);
    for (const batch of flow.batches.slice(10)) writer.append(batch);
    await service.wait(last, WAIT_MS);
    const live = await hashTables(settings);
    for (const model of readModels) await rebuild(optionsFor(model));
    expect(await hashTables(settings)).toEqual(live);
  });

  test('repairs what someone changed by hand', async () => {
    for (const batch of flow.batches) writer.append(batch);
    await service.wait(last, WAIT_MS);
    const good = await hashTables(settings);
    await withClient(settings, async (client) => {
      await client.query('UPDATE daybook.positions SET quantity = quantity + 1');
      await client.query('DELETE FROM daybook.orders WHERE open');
    });
    expect(await hashTables(settings)).not.toEqual(good);
    await rebuildAll(readModels, optionsFor(readModels[0]!));
    expect(await hashTables(settings)).toEqual(good);
  });

  test('while orders flow never shows a query half a table, and ends with the same', async () => {
    for (const batch of flow.batches.slice(0, 5)) writer.append(batch);
    await service.wait(writer.nextSequence - 1, WAIT_MS);
    let stop = false;
    const answers: { next: number; least: number; rows: number }[] = [];
    const queries = withClient(settings, async (client) => {
      while (!stop) {
        const { rows } = await client.query(
          `SELECT c.next_sequence::int AS next, f.least, f.rows FROM daybook.projection_checkpoints c,
             (SELECT min(sequence)::int AS least, count(*)::int AS rows FROM daybook.order_events) f
            WHERE c.model = 'order_events' AND c.build = 'live'`,
        );
        answers.push(...rows);
      }
    });
    const rebuilds = (async () => {
      for (const model of readModels) await rebuild(optionsFor(model));
      stop = true;
    })();
    for (const batch of flow.batches.slice(5)) {
      writer.append(batch);
      await service.wait(writer.nextSequence - 1, WAIT_MS);
    }
    await rebuilds;
    await queries;
    const first = answers[0]!;
    for (const [i, answer] of answers.entries()) {
      expect(answer.least).toBe(first.least);
      expect(answer.rows).toBeGreaterThanOrEqual(answers[i - 1]?.rows ?? 0);
    }
    const live = await hashTables(settings);
    for (const model of readModels) await rebuild(optionsFor(model));
    expect(await hashTables(settings)).toEqual(live);
  });

  test('killed at any statement and run again ends with the same tables', async () => {
    for (const batch of flow.batches) writer.append(batch);
    await service.wait(last, WAIT_MS);
    const good = await hashTables(settings);
    const model = readModels.find((candidate) => candidate.name === 'pnl')!;
    const killer = await connect(settings, 'test killer');
    let kills = 0;
    for (let nth = 1, done = false; !done; nth++) {
      const countdown = { left: nth, onKill: () => kills++ };
      try {
        await rebuild({
          ...optionsFor(model),
          connect: () => connectDying(settings, killer, countdown),
        });
        done = countdown.left > 0;
      } catch (error) {
        expect(error).not.toBeInstanceOf(ProjectionError);
      }
      expect(await hashTables(settings), `killed at statement ${nth}`).toEqual(good);
    }
    await killer.end();
    // Later runs go on from where the killed ones were, so they have fewer statements left.
    expect(kills).toBeGreaterThan(20);
  });

  test('of one model is refused while another one of it runs', async () => {
    for (const batch of flow.batches) writer.append(batch);
    await service.wait(last, WAIT_MS);
    const model = readModels[0]!;
    let second: Promise<unknown> | undefined;
    await rebuild({
      ...optionsFor(model),
      onProgress: () => {
        second ??= rebuild(optionsFor(model)).catch((error: unknown) => error);
      },
    });
    // Whether it met the first depends on the moment; if it did, it was refused with that code.
    const outcome = await second;
    if (outcome !== undefined) expect(outcome).toMatchObject({ code: 'PROJECTION_REBUILDING' });
  });

  test('fills the hours and days of P&L from all of the new tables', async () => {
    for (const batch of flow.batches) writer.append(batch);
    await service.wait(last, WAIT_MS);
    const hours = () =>
      withClient(settings, async (client) => {
        const { rows } = await client.query(
          'SELECT * FROM daybook.pnl_by_hour ORDER BY bucket, scope, scope_id, strategy, currency',
        );
        return rows;
      });
    const before = await hours();
    expect(before.length).toBeGreaterThan(20);
    await rebuild(optionsFor(readModels.find((candidate) => candidate.name === 'pnl')!));
    expect(await hours()).toEqual(before);
    await withClient(settings, async (client) => {
      const support = await detectTimescale(async (sql) => (await client.query(sql)).rows);
      if (support.edition !== 'community') return;
      // What the events have not ended yet is computed when asked, all before is materialised.
      await client.query(
        'ALTER MATERIALIZED VIEW daybook.pnl_by_hour SET (timescaledb.materialized_only)',
      );
      const last = before.at(-1)!.bucket.getTime();
      const ended = before.filter(({ bucket }) => bucket.getTime() < last);
      expect(await hours()).toEqual(ended);
      expect(ended.length).toBeGreaterThan(10);
    });
  });

  test('to a new version of a model lets its projector start', async () => {
    for (const batch of flow.batches) writer.append(batch);
    await service.wait(last, WAIT_MS);
    const fills = readModels.find((candidate) => candidate.name === 'fills')!;
    await rebuild(optionsFor({ ...fills, version: 2 }));
    await withClient(settings, async (client) => {
      const { rows } = await client.query(
        `SELECT version, generation, next_sequence::int AS next
           FROM daybook.projection_checkpoints WHERE model = 'fills'`,
      );
      expect(rows).toEqual([{ version: 2, generation: 1, next: last + 1 }]);
    });
  });
});
