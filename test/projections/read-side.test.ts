import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ProjectionFlow } from '../../bench/projection-events.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { applyFill, POSITION_WIDTH, SUSPENSE } from '../../src/domain/position.js';
import { formatIsoNs } from '../../src/lib/time.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { createDataSource } from '../../src/projections/database/data-source.js';
import { ProjectionService } from '../../src/projections/projection-service.js';
import { Projector } from '../../src/projections/projector/projector.js';
import { ReadSide } from '../../src/projections/queries/read-side.js';
import { readModels } from '../../src/projections/read-models.js';
import {
  createMigrated,
  hashTables,
  startTestServer,
  type TestServer,
  withClient,
} from './test-database.js';

const WAIT_MS = 60_000;
const flow = new ProjectionFlow({ seed: 3, events: 12_000, batch: 400, pauseEvery: 20 });
const last = flow.events - 1;

let server: TestServer;
let expected: Record<string, string>;
let directory: string;
let settings: ConnectionSettings;

beforeAll(async () => {
  server = await startTestServer();
  const undisturbed = await createMigrated(server);
  const projector = new Projector({
    models: readModels,
    shard: 0,
    build: 'live',
    connect: () => connect(undisturbed, 'test'),
  });
  await projector.open();
  for (const batch of flow.batches) await projector.project(batch);
  await projector.close();
  expected = await hashTables(undisturbed);
});

afterAll(() => server.stop());

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-read-side-'));
  settings = await createMigrated(server);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const openJournal = (): JournalWriter => JournalWriter.open(directory, { shard: 0, catalogue: 1 });

describe('the projection service', () => {
  test('follows a journal while it is written, and tells how far it is', async () => {
    const writer = openJournal();
    const { memory } = writer.durableEnd;
    const service = new ProjectionService({
      ...{ shard: 0, database: settings, journal: directory, durableEnd: memory },
    });
    expect(service.asOf).toBe(-1);
    for (const batch of flow.batches) writer.append(batch);
    await service.wait(last, WAIT_MS);
    expect(service.asOf).toBe(last);
    expect(service.status.map((status) => status.next)).toEqual([last + 1, last + 1]);
    expect(service.status.map((status) => status.events)).toEqual([last + 1, last + 1]);
    await expect(service.wait(last + 1, 20)).rejects.toMatchObject({ code: 'PROJECTION_BEHIND' });
    await service.stop();
    writer.close();
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('goes on where it was after its connections are cut', async () => {
    const writer = openJournal();
    const { memory } = writer.durableEnd;
    const service = new ProjectionService({
      ...{ shard: 0, database: settings, journal: directory, durableEnd: memory },
    });
    for (const [i, batch] of flow.batches.entries()) {
      writer.append(batch);
      if (i % 10 !== 5) continue;
      await service.wait(writer.nextSequence - 1, WAIT_MS);
      await withClient(settings, (client) =>
        client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name LIKE 'daybook projector%' AND datname = current_database()`,
        ),
      );
    }
    await service.wait(last, WAIT_MS);
    await service.stop();
    writer.close();
    expect(await hashTables(settings)).toEqual(expected);
  });

  test('loses and repeats nothing when its process is killed again and again', async () => {
    const writer = openJournal();
    const rest = flow.batches.slice();
    while (rest.length > 0) {
      const killed = startProjectorProcess();
      const begun = writer.nextSequence;
      for (const batch of rest.splice(0, 4)) writer.append(batch);
      // Somewhere in what was just written, in whatever it does by then.
      await checkpointBeyond(begun, killed);
      await killNine(killed);
    }
    const final = startProjectorProcess();
    await checkpointBeyond(last, final);
    await killNine(final);
    writer.close();
    expect(await hashTables(settings)).toEqual(expected);
  }, 120_000);
});

describe('queries', () => {
  let dataSource: DataSource;
  let readSide: ReadSide;
  const events = decodeAll(flow.batches);

  beforeEach(async () => {
    const projector = new Projector({
      models: readModels,
      shard: 0,
      build: 'live',
      connect: () => connect(settings, 'test'),
    });
    await projector.open();
    for (const batch of flow.batches) await projector.project(batch);
    await projector.close();
    dataSource = await createDataSource(settings, []).initialize();
    readSide = new ReadSide({
      dataSource,
      shard: 0,
      wait: async () => undefined,
      unavailable: (cause) => new Error('unavailable', { cause }),
    });
  });

  afterEach(() => dataSource.destroy());

  test('say the sequence that they are as of, also with no rows', async () => {
    expect(await readSide.asOf()).toBe(last);
    expect(await readSide.order(1)).toEqual({ asOf: last, value: undefined });
    expect(await readSide.fills({ account: 999, limit: 10 })).toEqual({ asOf: last, value: [] });
  });

  test('page through all orders by key, newest first, without gap or repetition', async () => {
    const accepted = events.filter((event) => event.type === 'OrderAccepted');
    const ids: number[] = [];
    let before: number | undefined;
    for (;;) {
      const { value } = await readSide.orders({ limit: 97, before });
      if (value.length === 0) break;
      ids.push(...value.map((order) => order.orderId));
      before = ids.at(-1);
    }
    expect(ids).toEqual(accepted.map((event) => event.data.orderId).reverse());
  });

  test('filter orders by account, instrument, status and openness', async () => {
    const filter = {
      account: 3,
      instrument: 2,
      statuses: ['PartiallyFilled' as const],
      open: true,
    };
    const { value } = await readSide.orders({ ...filter, limit: 1000 });
    expect(value.length).toBeGreaterThan(0);
    for (const order of value) {
      const { account, instrument, status } = order;
      expect({ account, instrument, status }).toEqual({
        ...{ account: 'flow-3', instrument: 'FLOW2', status: 'PartiallyFilled' },
      });
      expect(Number(order.leavesQuantity)).toBeGreaterThan(0);
    }
    const all = await readSide.orders({ account: 3, limit: 1000 });
    const parts = await Promise.all(
      [true, false].map((open) => readSide.orders({ account: 3, open, limit: 1000 })),
    );
    expect(parts[0]!.value.length + parts[1]!.value.length).toBe(all.value.length);
  });

  test('filter orders by side, strategy and the time they were accepted', async () => {
    const accepted = events.filter((event) => event.type === 'OrderAccepted');
    const [from, to] = [accepted[100]!.time, accepted[400]!.time].map(formatIsoNs);
    const filter = { side: 'Buy' as const, strategy: 2, from, to, limit: 1000 };
    const expected = accepted
      .filter(({ data: { side, strategy } }) => side === 'Buy' && strategy === 2)
      // The table has whole microseconds.
      .filter(({ time }) => time / 1000n >= accepted[100]!.time / 1000n)
      .filter(({ time }) => time / 1000n < accepted[400]!.time / 1000n)
      .map(({ data }) => data.orderId);
    expect(expected.length).toBeGreaterThan(5);
    const { value } = await readSide.orders({
      ...filter,
      from: microseconds(from!),
      to: microseconds(to!),
    });
    expect(value.map((order) => order.orderId)).toEqual(expected.reverse());
  });

  test('find an order by its client order id of now, with its terms as text', async () => {
    const replaced = events.findLast((event) => event.type === 'OrderReplaced')!;
    const { orderId, account, clOrdId } = replaced.data;
    const { value } = await readSide.orderByClientId(account, clOrdId);
    expect(value).toEqual((await readSide.order(orderId)).value);
    expect(value).toMatchObject({ orderId, clientOrderId: clOrdId, account: `flow-${account}` });
    const ticks = replaced.data.price;
    expect(value?.price).toBe(String(ticks / 4));
  });

  test('give positions and P&L equal to the fills booked one by one', async () => {
    const booked = bookAll(events);
    const { value } = await readSide.positions({});
    expect(value).toHaveLength(booked.size);
    const rows = await dataSource.query(
      'SELECT *, cost::text AS cost, realized::text AS realized FROM daybook.positions',
    );
    for (const row of rows) {
      const at = booked.get(`${row.account}/${row.instrument}`) as Float64Array;
      const [quantity, cost, costParts, realized, realizedParts, bought, sold] = at;
      expect(row.quantity).toBe(String(quantity));
      expect(decimalParts(row.cost)).toBe(partsOf(cost!, costParts!));
      expect(decimalParts(row.realized)).toBe(partsOf(realized!, realizedParts!));
      expect([row.bought, row.sold]).toEqual([String(bought), String(sold)]);
    }
    const pnl = await readSide.pnl({ account: SUSPENSE });
    expect(pnl.value).toMatchObject([
      { account: 'suspense', instrument: 'FLOW1', currency: 'USD' },
    ]);
    const view = await dataSource.query('SELECT count(*)::int AS n FROM daybook.position_values');
    expect(view).toEqual([{ n: booked.size }]);
  });

  test('page through fills, oldest first', async () => {
    const expectedFills = events.filter((event) =>
      ['OrderFilled', 'FillCorrected', 'FillBusted', 'FillUnmatched'].includes(event.type),
    );
    const found: number[] = [];
    let after: number | undefined;
    for (;;) {
      const { value } = await readSide.fills({ limit: 250, after });
      if (value.length === 0) break;
      found.push(...value.map((fill) => fill.sequence));
      after = found.at(-1);
    }
    expect(found).toEqual(expectedFills.map((event) => event.sequence));
  });

  test('count fills by the minute on every kind of server', async () => {
    const rows = await dataSource.query(
      'SELECT sum(fills)::int AS n, sum(bought + sold)::int AS lots FROM daybook.fills_by_minute',
    );
    const trades = events.filter((e) => e.type === 'OrderFilled' || e.type === 'FillUnmatched');
    const lots = trades.reduce((sum, event) => sum + event.data.lastQuantity, 0);
    expect(rows).toEqual([{ n: trades.length, lots }]);
  });
});

/** Cut as the tables are. */
const microseconds = (time: string): string => `${time.slice(0, -4)}Z`;

function decodeAll(batches: readonly RecordBuffer[]): DaybookEvent[] {
  const events: DaybookEvent[] = [];
  for (const batch of batches) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      events.push(decodeEvent(batch.bytes, at));
    }
  }
  return events;
}

/** The slow way: every fill from the decoded events, by account and instrument. */
function bookAll(events: readonly DaybookEvent[]): Map<string, Float64Array> {
  const rows = new Map<string, Float64Array>();
  const rowOf = (account: number, instrument: number): Float64Array => {
    const key = `${account}/${instrument}`;
    const row = rows.get(key) ?? new Float64Array(POSITION_WIDTH);
    rows.set(key, row);
    return row;
  };
  for (const event of events) {
    switch (event.type) {
      case 'OrderFilled':
      case 'FillUnmatched': {
        const { instrument, side, lastQuantity, lastPrice } = event.data;
        const fee = event.type === 'OrderFilled' ? event.data.fee : 0;
        const lots = side === 'Buy' ? lastQuantity : -lastQuantity;
        const account = event.data.account + (event.type === 'OrderFilled' ? 0 : SUSPENSE);
        applyFill(rowOf(account, instrument), 0, lots, lastPrice, fee);
        break;
      }
      case 'FillCorrected':
      case 'FillBusted': {
        const { data } = event;
        const row = rowOf(data.account, data.instrument);
        const sign = data.side === 'Buy' ? 1 : -1;
        applyFill(row, 0, -sign * data.previousQuantity, data.previousPrice, data.fee);
        if (data.lastQuantity > 0) applyFill(row, 0, sign * data.lastQuantity, data.lastPrice, 0);
      }
    }
  }
  return rows;
}

const partsOf = (whole: number, parts: number): bigint =>
  BigInt(whole) * 1_000_000_000n + BigInt(parts);

/** A decimal with nine digits after the point, in billionths. */
const decimalParts = (text: string): bigint => BigInt(text.replace('.', ''));

function startProjectorProcess(): ChildProcess {
  const compiled = new URL('../../dist/src/projections/projection-service.js', import.meta.url);
  const script = join(directory, 'project.mjs');
  writeFileSync(
    script,
    `import { ProjectionService } from ${JSON.stringify(compiled.href)};
    await new ProjectionService(JSON.parse(process.argv[2])).ended;`,
  );
  const task = JSON.stringify({ shard: 0, database: settings, journal: directory });
  return spawn(process.execPath, [script, task], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Waits until all checkpoints are beyond `sequence`. */
function checkpointBeyond(sequence: number, child: ChildProcess): Promise<void> {
  return withClient(settings, async (client) => {
    const sql = `SELECT count(*)::int AS models FROM daybook.projection_checkpoints
      WHERE next_sequence > $1`;
    for (;;) {
      const { rows } = await client.query<{ models: number }>(sql, [sequence]);
      if (rows[0]?.models === readModels.length) return;
      expect(child.exitCode, 'the projector has ended by itself').toBe(null);
    }
  });
}

function killNine(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
