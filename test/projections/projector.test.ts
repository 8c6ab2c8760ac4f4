import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ProjectionFlow } from '../../bench/projection-events.js';
import { HEADER, type RecordBuffer } from '../../src/domain/event-record.js';
import { EVENT, eventLayouts } from '../../src/domain/events.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { ProjectionError } from '../../src/projections/projector/errors.js';
import { Projector, type ProjectorOptions } from '../../src/projections/projector/projector.js';
import { readModels } from '../../src/projections/read-models.js';
import { connectDying } from './dying-connection.js';
import {
  createMigrated,
  hashTables,
  startTestServer,
  type TestServer,
  withClient,
} from './test-database.js';

/** A connection dies at each of many statements; the machine may be busy. */
vi.setConfig({ testTimeout: 240_000 });

let server: TestServer;
/** What undisturbed projection gives; each test must arrive at the same tables. */
let expected: Record<string, string>;
const flow = new ProjectionFlow({ seed: 20_261_122, events: 2_000, batch: 250, pauseEvery: 20 });

beforeAll(async () => {
  server = await startTestServer();
  const settings = await createMigrated(server);
  await projectAll(settings, flow.batches);
  expected = await hashTables(settings);
  for (const [table, hash] of Object.entries(expected)) expect(hash, table).not.toMatch(/^0\//);
});

afterAll(() => server.stop());

function newProjector(
  settings: ConnectionSettings,
  options: Partial<ProjectorOptions> = {},
): Projector {
  return new Projector({
    models: readModels,
    shard: 0,
    build: 'live',
    connect: () => connect(settings, 'test projector'),
    ...options,
  });
}

async function projectAll(
  settings: ConnectionSettings,
  batches: readonly RecordBuffer[],
  options: Partial<ProjectorOptions> = {},
): Promise<void> {
  const projector = newProjector(settings, options);
  await projector.open();
  try {
    for (const batch of batches) await projector.project(batch);
  } finally {
    await projector.close();
  }
}

describe('the projector', () => {
  test('gives the same tables whatever the size of the batches', async () => {
    const settings = await createMigrated(server);
    const other = new ProjectionFlow({
      seed: 20_261_122,
      events: 2_000,
      batch: 17,
      pauseEvery: 20,
    });
    await projectAll(settings, other.batches);
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('takes a batch that is delivered again as nothing', async () => {
    const settings = await createMigrated(server);
    await projectAll(
      settings,
      flow.batches.flatMap((batch) => [batch, batch]),
    );
    await projectAll(settings, flow.batches);
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('goes on from its checkpoint after a restart at any batch', async () => {
    const settings = await createMigrated(server);
    for (const batch of flow.batches) await projectAll(settings, [batch]);
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('takes only what is new of a batch that overlaps', async () => {
    const settings = await createMigrated(server);
    const other = new ProjectionFlow({
      seed: 20_261_122,
      events: 2_000,
      batch: 170,
      pauseEvery: 20,
    });
    await projectAll(settings, other.batches.slice(0, 5));
    await projectAll(settings, flow.batches);
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('refuses a batch that leaves a gap', async () => {
    const settings = await createMigrated(server);
    await expect(projectAll(settings, flow.batches.slice(1))).rejects.toMatchObject({
      code: 'PROJECTION_GAP',
    });
  });

  test('loses and repeats nothing when its connection dies at any statement', async () => {
    const settings = await createMigrated(server);
    const { batches } = new ProjectionFlow({
      seed: 20_261_122,
      events: 2_000,
      batch: 800,
      pauseEvery: 20,
    });
    const killer = await connect(settings, 'test killer');
    let kills = 0;
    for (const batch of batches) {
      for (let nth = 1, taken = false; !taken; nth++) {
        const projector = newProjector(settings, {
          connect: () => connectDying(settings, killer, { left: nth, onKill: () => kills++ }),
        });
        try {
          await projector.open();
          await projector.project(batch);
          taken = true;
        } catch (error) {
          expect(error).not.toBeInstanceOf(ProjectionError);
        } finally {
          await projector.close().catch(() => undefined);
        }
      }
    }
    await killer.end();
    // Each batch: column types, loads, BEGIN, checkpoint, a COPY or merge per table, COMMIT.
    expect(kills).toBeGreaterThan(batches.length * 20);
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('lets only one of two advance', async () => {
    const settings = await createMigrated(server);
    const one = newProjector(settings);
    const two = newProjector(settings);
    await one.open();
    await two.open();
    const deposed = { one: 0, two: 0 };
    for (const batch of flow.batches) {
      const [first, second] = await Promise.allSettled([one.project(batch), two.project(batch)]);
      const failed = [first, second].filter((outcome) => outcome.status === 'rejected');
      expect(failed).toHaveLength(1);
      for (const outcome of failed) {
        expect(outcome.reason).toMatchObject({ code: 'PROJECTION_DEPOSED' });
      }
      if (first.status === 'rejected') {
        deposed.one++;
        await one.open();
      } else {
        deposed.two++;
        await two.open();
      }
    }
    await one.close();
    await two.close();
    expect(deposed.one + deposed.two).toBe(flow.batches.length);
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('refuses tables that another version of a model has filled', async () => {
    const settings = await createMigrated(server);
    await projectAll(settings, flow.batches.slice(0, 1));
    const newer = readModels.map((m) => (m.name === 'fills' ? { ...m, version: 2 } : m));
    await expect(projectAll(settings, flow.batches, { models: newer })).rejects.toMatchObject({
      code: 'PROJECTION_VERSION',
    });
  });
});

describe('a poison event', () => {
  /** The flow with one event that positions cannot take: its value leaves the safe range. */
  function poisoned(field: 'lastPrice' | 'version'): { batches: RecordBuffer[]; sequence: number } {
    const batches = new ProjectionFlow({ seed: 7, events: 600, batch: 200, pauseEvery: 20 })
      .batches;
    const batch = batches[1] as RecordBuffer;
    let at = 0;
    while (batch.bytes[at + HEADER.number] !== EVENT.OrderFilled) {
      at += batch.u16[(at + HEADER.length) >> 1] as number;
    }
    if (field === 'version') batch.bytes[at + HEADER.version] = 9;
    else {
      batch.f64[(at + eventLayouts.OrderFilled.offsets.lastPrice) >> 3] = Number.MAX_SAFE_INTEGER;
      batch.f64[(at + eventLayouts.OrderFilled.offsets.lastQuantity) >> 3] = 2;
    }
    return { batches, sequence: batch.f64[(at + HEADER.sequence) >> 3] as number };
  }

  test('is set aside live, by the model that cannot take it, and the others take it', async () => {
    const settings = await createMigrated(server);
    const { batches, sequence } = poisoned('lastPrice');
    const raised: string[] = [];
    await projectAll(settings, batches, {
      onDeadLetter: (letter) => raised.push(`${letter.model} ${letter.sequence}`),
    });
    expect(raised.sort()).toEqual([`pnl ${sequence}`, `positions ${sequence}`]);
    await withClient(settings, async (client) => {
      const letters = await client.query(
        'SELECT * FROM daybook.projection_dead_letters ORDER BY model',
      );
      expect(letters.rows).toMatchObject([
        { model: 'pnl', sequence: String(sequence), event_number: EVENT.OrderFilled },
        { model: 'positions', sequence: String(sequence), event_number: EVENT.OrderFilled },
      ]);
      expect(letters.rows[0].reason).toContain('safe integers');
      const sql = 'SELECT count(*)::int AS n FROM daybook.fills WHERE sequence = $1';
      expect((await client.query(sql, [sequence])).rows).toEqual([{ n: 1 }]);
    });
  });

  test('of a version that nobody knows is set aside by every model', async () => {
    const settings = await createMigrated(server);
    const { batches, sequence } = poisoned('version');
    const raised = new Set<string>();
    await projectAll(settings, batches, {
      onDeadLetter: (letter) => {
        if (letter.sequence === sequence) raised.add(letter.model);
      },
    });
    expect([...raised].sort()).toEqual(readModels.map((m) => m.name).sort());
  });

  test('that only the server refuses is found by halving', async () => {
    const settings = await createMigrated(server);
    await withClient(settings, (client) =>
      client.query('ALTER TABLE daybook.fills ADD CONSTRAINT refused CHECK (sequence <> 321)'),
    );
    const batches = flowWithFillAt(321);
    const raised: string[] = [];
    await projectAll(settings, batches, {
      onDeadLetter: (letter) => raised.push(`${letter.model} ${letter.sequence}`),
    });
    expect(raised).toEqual(['fills 321']);
  });

  test('stops a rebuild', async () => {
    const settings = await createMigrated(server);
    const { batches } = poisoned('lastPrice');
    await withClient(settings, async (client) => {
      for (const table of readModels.flatMap((m) => m.tables)) {
        await client.query(
          `CREATE TABLE daybook_rebuild.${table} (LIKE daybook.${table} INCLUDING ALL)`,
        );
      }
    });
    await expect(projectAll(settings, batches, { build: 'rebuild' })).rejects.toMatchObject({
      code: 'PROJECTION_POISON',
      model: 'positions',
    });
  });
});

/** A flow in which the event of that sequence is a fill. */
function flowWithFillAt(sequence: number): RecordBuffer[] {
  for (let seed = 1; seed < 1000; seed++) {
    const { batches } = new ProjectionFlow({ seed, events: 400, batch: 200 });
    for (const batch of batches) {
      let at = 0;
      for (let left = batch.count; left > 0; left--) {
        const found = batch.f64[(at + HEADER.sequence) >> 3] === sequence;
        if (found && batch.bytes[at + HEADER.number] === EVENT.OrderFilled) return batches;
        at += batch.u16[(at + HEADER.length) >> 1] as number;
      }
    }
  }
  throw new Error('no seed gives a fill there');
}
