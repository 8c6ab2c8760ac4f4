/** Marks out of the market data store, and breaches, on their way into a ring. */
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CommandPort } from '../../src/commands/command-port.js';
import { decodeCommand } from '../../src/domain/command-codec.js';
import { COMMAND_SLOT_BYTES } from '../../src/domain/commands.js';
import { Doorbell } from '../../src/lib/doorbell.js';
import { SpscRing } from '../../src/lib/ring.js';
import { MARKET_DATA_SOURCE, MarkSource } from '../../src/operations/mark-source.js';
import { BREACH_AGAIN_MS, BreachReporter } from '../../src/operations/value-at-risk.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { createDataSource } from '../../src/projections/database/data-source.js';
import { MarketDataStore } from '../../src/projections/market-data/market-data-store.js';
import { createMigrated, startTestServer, type TestServer } from './test-database.js';

let server: TestServer;
let settings: ConnectionSettings;
let store: MarketDataStore;
let dataSource: DataSource;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  settings = await createMigrated(server);
  store = new MarketDataStore({ connect: () => connect(settings, 'test') });
  dataSource = await createDataSource(settings, []).initialize();
  for (const [instrument, symbol, tick] of [
    [1, 'ONE', '0.25'],
    [2, 'TWO', '0.01'],
  ]) {
    await dataSource.query(
      `INSERT INTO daybook.instruments VALUES (0, 0, now(), 0, $1, 1, 0, 0, true, false, $3, 1, 1, $2, 'USD')`,
      [instrument, symbol, tick],
    );
  }
  return async () => {
    await store.close();
    await dataSource.destroy();
  };
});

/** A ring whose commands nobody drains. */
function openRing(slots: number) {
  const ring = SpscRing.create({ slots, slotBytes: COMMAND_SLOT_BYTES });
  return { ring, port: new CommandPort(ring, Doorbell.create(), 1) };
}

const source = (port: CommandPort, ageMsMax: number) =>
  new MarkSource({
    ...{ dataSource, shard: 0, port, everyMs: 10, ageMsMax },
    onLost: (error) => {
      throw error;
    },
  });

const now = () => BigInt(Date.now()) * 1_000_000n;

async function trade(symbol: string, tick: string, sequence: number, price: number, time: bigint) {
  const instrument = await store.instrument({ symbol, tick, lot: '1' });
  const key = { instrument, sequence, time, received: time };
  await store.take({ source: symbol, ticks: [{ ...key, price, quantity: 1 }] });
}

const HOUR_NS = 3_600_000_000_000n;
const HOURS_MS = 10 * 3_600_000;

describe('marks', () => {
  test('are made of the last trade of each instrument, once', async () => {
    const { ring, port } = openRing(64);
    const marks = source(port, HOURS_MS);
    await trade('ONE', '0.25', 1, 100, now() - HOUR_NS);
    await trade('ONE', '0.25', 2, 101, now() - HOUR_NS / 2n);
    await trade('TWO', '0.01', 1, 500, now() - HOUR_NS);
    expect(await marks.poll()).toBe(2);
    expect(await marks.poll()).toBe(0);
    await trade('ONE', '0.25', 3, 101, now() - HOUR_NS / 4n);
    // The price is the same, but it is a newer one: marks have an age.
    expect(await marks.poll()).toBe(1);
    // A late trade is not the last.
    await trade('ONE', '0.25', 4, 99, now() - HOUR_NS / 3n);
    expect(await marks.poll()).toBe(0);
    const prices: number[][] = [];
    for (let i = 0; i < ring.available(); i += 1) {
      const { instrument, price, source: from } = decodeCommand('MarkPrice', ring.u8, ring.at(i));
      prices.push([instrument, price, from]);
    }
    expect(prices.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!)).toEqual([
      [1, 101, MARKET_DATA_SOURCE],
      [1, 101, MARKET_DATA_SOURCE],
      [2, 500, MARKET_DATA_SOURCE],
    ]);
  });

  test('are not made of old trades, nor where the catalogue counts in other ticks', async () => {
    const { port } = openRing(64);
    await trade('ONE', '0.25', 1, 100, now() - HOUR_NS);
    expect(await source(port, 3_000_000).poll()).toBe(0);
    expect(await source(port, HOURS_MS).poll()).toBe(1);
    await dataSource.query("UPDATE daybook.instruments SET tick = 0.5 WHERE symbol = 'ONE'");
    expect(await source(port, HOURS_MS).poll()).toBe(0);
  });

  test('that a full ring does not take come the next time', async () => {
    const { ring, port } = openRing(16);
    for (let i = 0; i < 15; i += 1) port.submit('MarkPrice', HEADER, { instrument: 9, price: 1 });
    await trade('ONE', '0.25', 1, 100, now() - HOUR_NS);
    await trade('TWO', '0.01', 1, 500, now() - HOUR_NS);
    const marks = source(port, HOURS_MS);
    expect(await marks.poll()).toBe(1);
    expect(await marks.poll()).toBe(0);
    ring.release(ring.available());
    expect(await marks.poll()).toBe(1);
  });
});

test('marks are asked for again after a loss, told once, and no more after a defect', async () => {
  const { port } = openRing(64);
  const lost: unknown[] = [];
  let asked = 0;
  const outcomes: (() => Promise<unknown[]>)[] = [
    () => Promise.reject(Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' })),
    () => Promise.reject(Object.assign(new Error('rotated'), { code: '28P01' })),
    () => Promise.resolve([]),
    () => Promise.reject(Object.assign(new Error('gone again'), { code: '57P01' })),
    () => Promise.reject(Object.assign(new Error('no such table'), { code: '42P01' })),
  ];
  const marks = new MarkSource({
    ...{ shard: 0, port, everyMs: 1, ageMsMax: HOURS_MS },
    dataSource: { query: () => outcomes[asked++]!() } as never,
    onLost: (error) => lost.push((error as Error).message),
  }).start();
  await expect(marks.failed).rejects.toThrow('no such table');
  expect(lost).toEqual(['no route', 'gone again']);
  await marks.stop();
  expect(asked).toBe(outcomes.length);
});

const HEADER = { received: 1n, actor: 0, session: 0 };

test('a breach is reported once and, if it lasts, again', () => {
  const { ring, port } = openRing(64);
  const reporter = new BreachReporter(port);
  const breach = { scope: 'Account', scopeId: 3, value: 1_000, sequence: 7 } as const;
  const reported = () => {
    const count = ring.available();
    ring.release(count);
    return count;
  };
  reporter.report(breach, 0);
  reporter.report(breach, BREACH_AGAIN_MS - 1);
  expect(reported()).toBe(1);
  reporter.report({ ...breach, scopeId: 4 }, 1);
  reporter.report(breach, BREACH_AGAIN_MS);
  expect(reported()).toBe(2);
});
