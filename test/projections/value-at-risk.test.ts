/** The value-at-risk engine on a real server, over positions and closes that the test knows. */
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { checkSettings, SETTINGS_DEFAULT } from '../../src/domain/value-at-risk/settings.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { importDayBars } from '../../src/projections/market-data/imported-bars.js';
import { MarketDataStore } from '../../src/projections/market-data/market-data-store.js';
import { bookFromTables } from '../../src/projections/value-at-risk/book-from-tables.js';
import { ValueAtRiskEngine } from '../../src/projections/value-at-risk/engine.js';
import { reproduce, storedResult } from '../../src/projections/value-at-risk/reproduce.js';
import { ValueAtRiskQueries } from '../../src/projections/value-at-risk/value-at-risk-queries.js';
import {
  createMigrated,
  startTestServer,
  type TestServer,
  withDataSource,
} from './test-database.js';

const DAY_NS = 86_400_000_000_000n;
/** 2026-11-16. */
const FIRST_DAY = 20_773n;
const FIRM = { scope: 'Firm', scopeId: 0 } as const;
const ACCOUNT = { scope: 'Account', scopeId: 1 } as const;
const settings = {
  ...SETTINGS_DEFAULT,
  paths: 1_000,
  monteCarloEveryMs: 1_000,
  windowEveryMs: 100,
};

let server: TestServer;
let database: ConnectionSettings;
let client: pg.Client;
let engine: ValueAtRiskEngine;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await createMigrated(server);
  client = await connect(database, 'test');
  engine = new ValueAtRiskEngine({ client, shard: 0, settings });
  for (const [i, [symbol, currency]] of INSTRUMENTS.entries()) {
    await client.query(
      `INSERT INTO daybook.instruments VALUES (0, 0, now(), 0, $1, 1, 0, 0, true, false, 0.01, 1, 1, $2, $3)`,
      [i + 1, symbol, currency],
    );
  }
  for (const account of [1, 2]) {
    await client.query(
      `INSERT INTO daybook.accounts VALUES (0, 0, now(), 0, $1, 1, 0, 0, true, $2, 'desk', 'USD')`,
      [account, `A${account}`],
    );
  }
  return () => client.end();
});

const INSTRUMENTS = [
  ['ONE', 'USD'],
  ['TWO', 'USD'],
  ['EURO', 'EUR'],
  ['EUR/USD', 'USD'],
] as const;

async function asOf(sequence: number, day: bigint): Promise<void> {
  for (const model of ['positions', 'reference']) {
    await client.query(
      `INSERT INTO daybook.projection_checkpoints
         (model, shard, build, version, next_sequence, event_time_ns)
       VALUES ($1, 0, 'live', 1, $2, $3)
       ON CONFLICT (model, shard, build) DO UPDATE SET next_sequence = $2, event_time_ns = $3`,
      [model, sequence + 1, String(day * DAY_NS + 1n)],
    );
  }
}

async function mark(instrument: number, price: number): Promise<void> {
  await client.query(
    `INSERT INTO daybook.marks (sequence, updated_ns, updated_at, price, source, instrument, shard)
     VALUES (0, 0, now(), $2, 0, $1, 0) ON CONFLICT (shard, instrument) DO UPDATE SET price = $2`,
    [instrument, price],
  );
}

/** @param cost per lot, in ticks */
async function hold(
  account: number,
  instrument: number,
  lots: number,
  cost: number,
): Promise<void> {
  await client.query(
    `INSERT INTO daybook.positions (quantity, bought, sold, bought_value, sold_value, fees, sequence,
       updated_ns, updated_at, account, instrument, shard, cost, realized)
     VALUES ($3, 1, 1, 0, 0, 0, 0, 0, now(), $1, $2, 0, $4, 0)
     ON CONFLICT (shard, account, instrument) DO UPDATE SET quantity = $3, cost = $4`,
    [account, instrument, lots, lots * cost],
  );
}

/** Closes of the days before the first: ONE goes up and down by a hundredth, TWO the other way. */
async function history(symbols: readonly string[], days = 120): Promise<void> {
  const store = new MarketDataStore({ connect: () => connect(database, 'test') });
  for (const [row, symbol] of symbols.entries()) {
    const instrument = await store.instrument({ symbol, tick: '0.01', lot: '1' });
    const bars = Array.from({ length: days }, (_, i) => {
      const close = 10_000 + ((i + row) % 2 === 0 ? 0 : 100);
      const start = (FIRST_DAY - BigInt(days - i)) * DAY_NS;
      return { instrument, start, open: close, high: close, low: close, close, volume: 1 };
    });
    await importDayBars(store, bars);
  }
  await store.close();
}

const withQueries = <T>(work: (queries: ValueAtRiskQueries) => Promise<T>): Promise<T> =>
  withDataSource(database, (dataSource) => work(new ValueAtRiskQueries(dataSource, 0)));

describe('the engine', () => {
  test('does nothing before the read models and closes are there', async () => {
    expect(await engine.cycle(0)).toMatchObject({ sequence: undefined, results: 0 });
    await asOf(7, FIRST_DAY);
    expect(await engine.cycle(1)).toMatchObject({ sequence: 7, results: 0 });
  });

  test('computes account, group and firm, and only what changed', async () => {
    await history(['ONE', 'TWO']);
    await mark(1, 10_000);
    await mark(2, 10_000);
    await hold(1, 1, 50, 10_000);
    await hold(2, 2, 50, 10_000);
    await asOf(7, FIRST_DAY);
    // Four methods of the firm, a group and two accounts.
    expect(await engine.cycle(0)).toMatchObject({ sequence: 7, results: 16 });
    expect(await engine.cycle(1)).toMatchObject({ results: 0 });
    await hold(2, 2, 60, 10_000);
    await asOf(8, FIRST_DAY);
    // Account 1 stands; Monte Carlo of the others is not due yet.
    expect(await engine.cycle(2)).toMatchObject({ sequence: 8, results: 9 });
    expect(await engine.cycle(1_100)).toMatchObject({ results: 3 });
    await withQueries(async (queries) => {
      const { asOf: sequence, value } = await queries.latest(ACCOUNT);
      expect(sequence).toBe(7);
      const historical = value.find(({ method }) => method === 'historical');
      // 5,000 dollars that lose a hundredth of 101 on every second day.
      expect(historical?.figures[2]).toMatchObject({ confidence: 9_900, horizonDays: 1 });
      expect(historical?.figures[2]?.valueAtRisk).toBeCloseTo(5_000 * (1 - 100 / 101), 8);
      const firm = (await queries.latest(FIRM)).value.find(({ method }) => method === 'historical');
      expect(firm?.components.map(({ position }) => position)).toEqual(['ONE', 'TWO']);
      const sum = firm?.components.reduce((total, each) => total + (each.component[1] ?? 0), 0);
      expect(sum).toBeCloseTo(firm?.figures[2]?.valueAtRisk ?? Number.NaN, 8);
      // One goes up when the other falls: most of it is hedged.
      expect(sum).toBeLessThan(15);
    });
  });

  test('follows closes that are corrected', async () => {
    await history(['ONE']);
    await mark(1, 10_000);
    await hold(1, 1, 50, 10_000);
    await asOf(7, FIRST_DAY);
    await engine.cycle(0);
    await history(['ONE'], 110);
    expect(await engine.cycle(50)).toMatchObject({ results: 0 });
    // The same closes again: the store changed, the window did not.
    expect(await engine.cycle(200)).toMatchObject({ results: 0 });
    await history(['TWO']);
    expect((await engine.cycle(400)).results).toBeGreaterThan(0);
  });

  test('names what it leaves out, and computes nothing where nothing is left', async () => {
    await history(['ONE', 'EUR/USD']);
    await hold(1, 1, 50, 10_000);
    await mark(1, 10_000);
    await hold(1, 2, 10, 9_000);
    await hold(1, 3, 10, 9_000);
    await hold(2, 2, 10, 9_000);
    await asOf(7, FIRST_DAY);
    await engine.cycle(0);
    await withQueries(async (queries) => {
      const [first] = (await queries.latest(ACCOUNT)).value;
      expect(first).toMatchObject({ complete: false, positions: 1 });
      // TWO has no mark: its cost stands in. EURO cannot be valued in dollars at all.
      expect(first?.missing).toEqual([
        { position: 'EURO', reason: 'NO_RATE' },
        { position: 'TWO', reason: 'NO_MARK', value: 900 },
      ]);
      const [none] = (await queries.latest({ scope: 'Account', scopeId: 2 })).value;
      expect(none).toMatchObject({ figures: [], reason: 'VAR_NOTHING_COVERED', complete: false });
      const { value: stress } = await queries.stress({ scope: 'Account', scopeId: 2 });
      expect(stress?.scenarios.every(({ profit }) => profit === null)).toBe(true);
    });
    // With a rate, a position in euros is exposed to its price and to the rate.
    await mark(4, 11_000);
    await mark(3, 9_000);
    await asOf(8, FIRST_DAY);
    await engine.cycle(10);
    await withQueries(async (queries) => {
      const [first] = (await queries.latest(ACCOUNT)).value;
      expect(first?.components.map(({ position }) => position)).toEqual(['ONE', 'currency EUR']);
      expect(first?.components[1]?.exposure).toBeCloseTo(900 * 110, 8);
      expect(first?.missing[0]).toMatchObject({ position: 'EURO', reason: 'NO_HISTORY' });
    });
  });
});

describe('limits', () => {
  const set = (value: number) =>
    client.query(
      `INSERT INTO daybook.limits VALUES (0, 0, now(), $1, 1, 0, 0, $2, 2)
       ON CONFLICT (shard, limit_kind, scope, scope_id, instrument) DO UPDATE SET value = $1`,
      [value, LIMIT.MaxValueAtRisk],
    );

  test('are exceeded by a value above them, not by one that is equal', async () => {
    await history(['ONE']);
    await hold(1, 1, 50, 10_000);
    await mark(1, 10_000);
    await set(0);
    await asOf(7, FIRST_DAY);
    const { breaches } = await engine.cycle(0);
    expect(breaches).toMatchObject([{ ...ACCOUNT, sequence: 7 }]);
    const value = breaches[0]?.value as number;
    expect(value).toBeGreaterThan(0);
    for (const [limit, exceeded] of [
      [value - 1, 1],
      [value, 0],
      [value + 1, 0],
    ] as const) {
      await set(limit);
      await asOf(8 + limit, FIRST_DAY);
      expect((await engine.cycle(1)).breaches).toHaveLength(exceeded);
    }
  });

  test('hold before there are any closes: all positions count whole', async () => {
    await mark(1, 10_000);
    await hold(1, 1, 50, 10_000);
    await set(4_999_999_999);
    await asOf(7, FIRST_DAY);
    expect(await engine.cycle(0)).toMatchObject({
      results: 0,
      breaches: [{ ...ACCOUNT, value: 5_000_000_000 }],
    });
    await set(5_000_000_000);
    await asOf(8, FIRST_DAY);
    expect((await engine.cycle(1)).breaches).toEqual([]);
  });

  test('count positions without history whole, and say what they cannot compare', async () => {
    await history(['ONE']);
    await mark(2, 10_000);
    await hold(1, 2, 50, 10_000);
    await set(4_999_999_999);
    await asOf(7, FIRST_DAY);
    expect((await engine.cycle(0)).breaches).toMatchObject([{ value: 5_000_000_000 }]);
    await hold(1, 3, 1, 10_000);
    await asOf(8, FIRST_DAY);
    expect(await engine.cycle(1)).toMatchObject({ breaches: [], unknown: ['account:1'] });
  });
});

describe('what is stored', () => {
  test('can be made again to the last digit, and a difference is found', async () => {
    await history(['ONE', 'TWO']);
    await mark(1, 10_000);
    await mark(2, 10_050);
    await hold(1, 1, 50, 10_000);
    await hold(1, 2, -33, 10_000);
    await asOf(7, FIRST_DAY);
    await engine.cycle(0);
    const { rows } = await client.query<{ id: string }>('SELECT id FROM risk.results');
    expect(rows.length).toBeGreaterThan(8);
    const book = await bookFromTables(client, 0, 7);
    for (const { id } of rows) {
      const stored = await storedResult(client, Number(id));
      const result = await reproduce(client, stored!, book);
      expect(result).toMatchObject({ deviations: [], windowUnchanged: true });
    }
    await hold(1, 1, 51, 10_000);
    const stored = await storedResult(client, Number(rows[0]?.id));
    const other = await reproduce(client, stored!, await bookFromTables(client, 0, 7));
    expect(other.deviations.map(({ what }) => what)).toContain('portfolio');
    expect(other.deviations.map(({ what }) => what)).toContain('value at risk');
    expect(await storedResult(client, 999_999)).toBe(undefined);
  });

  test('is tested day by day: the forecast of one day against the profit of the next', async () => {
    await history(['ONE']);
    await hold(1, 1, 50, 10_000);
    const closes = [10_000, 10_020, 9_700, 9_710, 9_690];
    for (const [i, close] of closes.entries()) {
      await mark(1, close);
      await asOf(10 + i, FIRST_DAY + BigInt(i));
      await engine.cycle(2_000 * i);
    }
    await withQueries(async (queries) => {
      const { asOf: sequence, value } = await queries.backtest(ACCOUNT, 'historical', 9_900, 250);
      expect(sequence).toBe(14);
      expect(value.days.map(({ day }) => day)).toEqual([
        ...['2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'],
      ]);
      expect(value.days.map(({ profit }) => profit)).toEqual([10, -160, 5, -10]);
      expect(value.days.map(({ exception }) => exception)).toEqual([false, true, false, false]);
      expect(value.result).toMatchObject({ days: 4, exceptions: 1, exceptionDays: [1] });
      const one = await queries.backtest(ACCOUNT, 'historical', 9_900, 1);
      expect(one.value.days.map(({ day }) => day)).toEqual(['2026-11-20']);
    });
  });
});

test('the default settings can be computed with', () => {
  expect(() => checkSettings(SETTINGS_DEFAULT)).not.toThrow();
  expect(() => checkSettings({ ...SETTINGS_DEFAULT, limitConfidence: 9_000 })).toThrow(
    expect.objectContaining({ code: 'VAR_PARAMETER_INVALID' }),
  );
});
