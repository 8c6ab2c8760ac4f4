/** The market data store against the libraries it is built of, on a real server. */
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bar, rollUp } from '../../src/market-data/bar.js';
import { BAR_INTERVALS, type BarInterval, rollsUp } from '../../src/market-data/bar-interval.js';
import type { Quote, Trade } from '../../src/market-data/tick.js';
import { foldBars, TICKS_PER_BATCH_MAX } from '../../src/market-data/tick-batch.js';
import { TICK_LIMITS_DEFAULT } from '../../src/market-data/tick-validation.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { createDataSource } from '../../src/projections/database/data-source.js';
import { detectTimescale } from '../../src/projections/database/timescale.js';
import { recordCorporateActions } from '../../src/projections/market-data/corporate-actions.js';
import { importDayBars } from '../../src/projections/market-data/imported-bars.js';
import { MarketDataQueries } from '../../src/projections/market-data/market-data-queries.js';
import {
  MarketDataStore,
  TRANSACTIONS_WAITING_MAX,
} from '../../src/projections/market-data/market-data-store.js';
import { DUPLICATES_RECORDED_MAX } from '../../src/projections/market-data/tick-findings.js';
import { createMigrated, startTestServer, type TestServer, withClient } from './test-database.js';

const NS = 1_000_000_000n;
const DAY = 86_400n * NS;
/** 2026-11-16, a Monday. */
const MONDAY = 20_773n * DAY;
const ES = { symbol: 'ESH4', tick: '0.25', lot: '1' };
const AAPL = { symbol: 'AAPL', tick: '0.01', lot: '10' };

let server: TestServer;
let settings: ConnectionSettings;
let store: MarketDataStore;
let dataSource: DataSource;
let queries: MarketDataQueries;

const open = (): MarketDataStore => {
  // Far apart on purpose: outliers are the matter of one test only.
  const limits = { ...TICK_LIMITS_DEFAULT, outlierBps: 1_000_000 };
  return new MarketDataStore({ connect: () => connect(settings, 'test'), limits });
};

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  settings = await createMigrated(server);
  store = open();
  dataSource = await createDataSource(settings, []).initialize();
  queries = new MarketDataQueries(dataSource);
  return async () => {
    await store.close();
    await dataSource.destroy();
  };
});

const trade = (instrument: number, sequence: number, more: Partial<Trade> = {}): Trade => {
  const time = more.time ?? MONDAY + BigInt(sequence) * NS;
  return { instrument, sequence, price: 100, quantity: 1, received: time, ...more, time };
};

const quote = (instrument: number, sequence: number, more: Partial<Quote> = {}): Quote => {
  const time = more.time ?? MONDAY + BigInt(sequence) * NS;
  const sides = { bidPrice: 99, bidQuantity: 5, askPrice: 101, askQuantity: 7 };
  return { instrument, sequence, received: time, ...sides, ...more, time };
};

const barsOf = (symbol: string, interval: string, more: object = {}) =>
  queries.bars({
    ...{ symbol, interval, from: MONDAY, to: MONDAY + 2n * DAY, limit: 10_000 },
    ...{ fill: false, adjusted: false, ...more },
  });

/** What the library makes of the trades, in the terms of the answer. */
function expectedBars(trades: readonly Trade[], interval: BarInterval): unknown[] {
  const seconds = (foldBars(trades).values().next().value ?? []) as Bar[];
  const own = seconds.filter((bar) => bar.interval === '1s');
  return rollUp(own, interval).map((bar) => ({
    trades: bar.trades,
    volume: String(bar.volume),
    open: String(bar.open / 4),
    high: String(bar.high / 4),
    low: String(bar.low / 4),
    close: String(bar.close / 4),
  }));
}

describe('ticks', () => {
  test('give the same bars in whatever order, batches and repetitions they come', async () => {
    const es = await store.instrument(ES);
    const arbitraryTrade = fc.record({
      second: fc.nat(7_000),
      price: fc.integer({ min: 1, max: 1_000 }),
      quantity: fc.integer({ min: 1, max: 50 }),
    });
    let round = 0;
    const property = fc.asyncProperty(
      fc.array(arbitraryTrade, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 }),
      async (drawn, cuts) => {
        // Each round has a source and a day of its own: the store keeps what the others left.
        const day = MONDAY + BigInt(10 * ++round) * DAY;
        const all = drawn.map(({ second, price, quantity }, sequence) => {
          return trade(es, sequence, { time: day + BigInt(second) * NS, price, quantity });
        });
        let rest = all.slice();
        for (const cut of cuts) {
          const batch = rest.splice(0, cut % (rest.length + 1));
          await store.take({ source: `s${round}`, ticks: batch });
          // Given again, as after a lost answer: once to the same process, once to a new one.
          if (cut % 3 === 0) await store.take({ source: `s${round}`, ticks: batch });
          if (cut % 5 !== 0) continue;
          await store.close();
          store = open();
          rest = [...batch, ...rest];
        }
        await store.take({ source: `s${round}`, ticks: rest });
        for (const interval of ['1s', '15s', '1m', '30m', '1h', '1d'] as const) {
          const { value } = await barsOf('ESH4', interval, { from: day, to: day + DAY });
          const shown = value.map(({ start: _start, vwap: _vwap, ...bar }) => bar);
          expect(shown).toEqual(expectedBars(all, interval));
        }
      },
    );
    await fc.assert(property, { numRuns: 25, seed: 6 });
  });

  test('known already are counted, not stored again, and their batch may be given again', async () => {
    const es = await store.instrument(ES);
    const ticks = [1, 2, 3, 4].map((sequence) => trade(es, sequence));
    const first = await store.take({ source: 'feed', ticks });
    expect(first).toMatchObject({ trades: 4, quotes: 0, refused: 0, duplicates: 0, findings: [] });
    await store.close();
    store = open();
    const more = [...ticks.slice(2), trade(es, 5), quote(es, 6)];
    expect(await store.take({ source: 'feed', ticks: more })).toMatchObject({
      ...{ trades: 1, quotes: 1, refused: 0, duplicates: 2 },
    });
    // All of it is known now: nothing changes, so there is no batch.
    expect((await store.take({ source: 'feed', ticks: more })).duplicates).toBe(4);
    expect((await barsOf('ESH4', '1d')).value).toMatchObject([{ trades: 5, volume: '5' }]);
    // The same numbers of another source are other ticks.
    expect(await store.take({ source: 'other', ticks })).toMatchObject({ trades: 4 });
    expect((await barsOf('ESH4', '1d')).value).toMatchObject([{ trades: 9, volume: '9' }]);
  });

  test('of a batch are stored all or none, and a failed one can be given again', async () => {
    const es = await store.instrument(ES);
    const huge = trade(es, 1, { quantity: Number.MAX_SAFE_INTEGER });
    const ticks = [huge, trade(es, 2, { time: huge.time })];
    await expect(store.take({ source: 'feed', ticks })).rejects.toMatchObject({
      code: 'BAR_VOLUME_OVERFLOW',
    });
    expect((await barsOf('ESH4', '1d')).value).toEqual([]);
    const taken = await store.take({ source: 'feed', ticks: ticks.slice(1) });
    expect(taken).toMatchObject({ trades: 1, duplicates: 0 });
  });

  test('go on after the connection was cut', async () => {
    const es = await store.instrument(ES);
    await store.take({ source: 'feed', ticks: [trade(es, 1)] });
    await withClient(settings, (client) =>
      client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'test' AND datname = current_database()`,
      ),
    );
    const ticks = [trade(es, 2)];
    const again = async (): Promise<number> => {
      try {
        return (await store.take({ source: 'feed', ticks })).trades;
      } catch {
        return (await store.take({ source: 'feed', ticks })).trades;
      }
    };
    expect(await again()).toBe(1);
    expect((await barsOf('ESH4', '1d')).value).toMatchObject([{ trades: 2 }]);
  });

  test('are taken up to the limit of a batch and no more', async () => {
    const es = await store.instrument(ES);
    const ticks = Array.from({ length: TICKS_PER_BATCH_MAX }, (_, i) => trade(es, i + 1));
    expect(() => store.take({ source: 'feed', ticks: [...ticks, trade(es, 0)] })).toThrowError(
      expect.objectContaining({ code: 'TICK_BATCH_TOO_LARGE' }),
    );
    expect((await store.take({ source: 'feed', ticks })).trades).toBe(TICKS_PER_BATCH_MAX);
  });

  test('are refused when the instrument counts in other sizes than what is stored', async () => {
    await store.instrument(ES);
    expect(await store.instrument({ ...ES, tick: '0.250' })).toBe(await store.instrument(ES));
    await expect(store.instrument({ ...ES, tick: '0.5' })).rejects.toMatchObject({
      code: 'INSTRUMENT_TERMS_CHANGED',
    });
    await expect(store.take({ source: 'a b', ticks: [] })).rejects.toMatchObject({
      code: 'TICK_SOURCE_INVALID',
    });
  });
});

describe('writes', () => {
  test('wait for each other up to a limit, and are refused beyond it', async () => {
    const begun: (() => void)[] = [];
    const held = store.transaction(() => new Promise<void>((resolve) => begun.push(resolve)));
    const waiting = Array.from({ length: TRANSACTIONS_WAITING_MAX }, (_, i) =>
      store.transaction(async () => i),
    );
    const one = store.transaction(async () => -1);
    await expect(one).rejects.toMatchObject({ code: 'MARKET_DATA_BUSY' });
    await expect.poll(() => begun.length, { timeout: 30_000 }).toBe(1);
    begun[0]!();
    await held;
    expect(await Promise.all(waiting)).toEqual([...waiting.keys()]);
    expect(await store.transaction(async () => 'again')).toBe('again');
  });
});

describe('validation', () => {
  test('records crossed, outlying, stale, late and malformed ticks with value and limit', async () => {
    await store.close();
    store = new MarketDataStore({ connect: () => connect(settings, 'test') });
    const es = await store.instrument(ES);
    const steady = [1, 2, 3, 4, 5].map((sequence) => trade(es, sequence));
    const at = (sequence: number) => MONDAY + BigInt(sequence) * NS;
    const odd = [
      quote(es, 6, { bidPrice: 102 }),
      trade(es, 7, { price: 200 }),
      trade(es, 8, { received: at(8) + 6n * NS }),
      trade(es, 9, { time: at(2), received: at(2) }),
      trade(es, 10, { quantity: 0.5 }),
      trade(es, 11, { time: at(60), received: at(11) }),
    ];
    const result = await store.take({ source: 'feed', ticks: [...steady, ...odd] });
    expect(result).toMatchObject({ trades: 7, quotes: 0, refused: 4 });
    const { value } = await queries.findings('ESH4', 100);
    const found = value.map(({ code, accepted, sequence }) => `${sequence} ${code} ${accepted}`);
    expect(found.sort()).toEqual([
      ...['10 MALFORMED false', '11 FROM_FUTURE false', '6 CROSSED false', '7 OUTLIER false'],
      ...['8 STALE true', '9 LATE true'],
    ]);
    const outlier = value.find(({ code }) => code === 'OUTLIER');
    expect(outlier).toMatchObject({
      value: '10000',
      limit: '1000',
      tick: '{"price":200,"quantity":1}',
    });
    // A validator made anew knows the last prices.
    await store.close();
    store = new MarketDataStore({ connect: () => connect(settings, 'test') });
    const after = await store.take({ source: 'feed', ticks: [trade(es, 70, { price: 300 })] });
    expect(after.findings.map(({ finding }) => finding.code)).toEqual(['OUTLIER']);
  });

  test('records so many repetitions and counts the others', async () => {
    const es = await store.instrument(ES);
    const ticks = Array.from({ length: DUPLICATES_RECORDED_MAX + 1 }, () => trade(es, 1));
    const { duplicates } = await store.take({ source: 'feed', ticks: [trade(es, 1), ...ticks] });
    expect(duplicates).toBe(DUPLICATES_RECORDED_MAX + 1);
    expect((await queries.findings('ESH4', 1_000)).value).toHaveLength(DUPLICATES_RECORDED_MAX);
  });
});

describe('queries', () => {
  test('page through trades and quotes without gap or repetition', async () => {
    const es = await store.instrument(ES);
    // Many within one microsecond: the key goes on by number.
    const ticks = Array.from({ length: 50 }, (_, i) =>
      trade(es, i + 1, { time: MONDAY + BigInt(i % 3) }),
    );
    await store.take({ source: 'feed', ticks: [...ticks, quote(es, 100), quote(es, 101)] });
    const seen: number[] = [];
    let after: string | undefined;
    for (;;) {
      const range = { symbol: 'ESH4', from: MONDAY, to: MONDAY + DAY };
      const { value } = await queries.trades({ ...range, limit: 7, after });
      if (value.length === 0) break;
      seen.push(...value.map(({ sequence }) => sequence));
      after = value.at(-1)?.cursor;
    }
    expect(seen.sort((a, b) => a - b)).toEqual(ticks.map(({ sequence }) => sequence));
    const quotes = await queries.quotes({
      symbol: 'ESH4',
      from: MONDAY,
      to: MONDAY + DAY,
      limit: 9,
    });
    expect(quotes.value).toMatchObject([
      { bidPrice: '24.75', askPrice: '25.25', bidQuantity: '5', askQuantity: '7', sequence: 100 },
      { sequence: 101 },
    ]);
  });

  test('answer every interval, with VWAP, by start', async () => {
    const es = await store.instrument(ES);
    const ticks = [
      trade(es, 1, { price: 100, quantity: 1 }),
      trade(es, 2, { price: 101, quantity: 2 }),
    ];
    const { batch } = await store.take({ source: 'feed', ticks });
    for (const interval of BAR_INTERVALS.filter((each) => rollsUp('5s', each))) {
      const { asOf, value } = await barsOf('ESH4', interval);
      expect(asOf).toBe(batch);
      expect(value, interval).toEqual([
        {
          ...{ start: '2026-11-16T00:00:00.000000000Z', open: '25', high: '25.25', low: '25' },
          ...{ close: '25.25', volume: '3', vwap: '25.166666666667', trades: 2 },
        },
      ]);
    }
    expect((await barsOf('NOPE', '1m')).value).toEqual([]);
    await expect(barsOf('ESH4', '7m')).rejects.toMatchObject({ code: 'BAR_INTERVAL_INVALID' });
  });

  test('fill gaps at the close before, as it is adjusted', async () => {
    const aapl = await store.instrument(AAPL);
    const ticks = [
      trade(aapl, 1, { price: 20_000, time: MONDAY }),
      trade(aapl, 2, { price: 10_100, time: MONDAY + 2n * DAY }),
    ];
    await store.take({ source: 'feed', ticks });
    const split = {
      instrument: aapl,
      exTime: MONDAY + DAY,
      kind: 'split',
      to: 2,
      from: 1,
    } as const;
    await recordCorporateActions(store, [split]);
    const whole = { from: MONDAY - DAY, to: MONDAY + 3n * DAY, fill: true };
    const closes = async (more: object) =>
      (await barsOf('AAPL', '1d', { ...whole, ...more })).value.map(({ close }) => close);
    // Nothing is invented before the first price.
    expect(await closes({ adjusted: false })).toEqual(['200', '200', '101']);
    expect(await closes({ adjusted: true })).toEqual(['100', '100', '101']);
    // The price before the range is found outside it.
    expect(await closes({ adjusted: true, from: MONDAY + DAY })).toEqual(['100', '101']);
    const [first] = (await barsOf('AAPL', '1d', { adjusted: true })).value;
    expect(first).toMatchObject({ volume: '20', vwap: '100' });
  });

  test('take a dividend off the close before its ex-date', async () => {
    const aapl = await store.instrument(AAPL);
    const dividend = {
      ...{ instrument: aapl, exTime: MONDAY + DAY, kind: 'cash_dividend' as const },
      ...{ amount: { numerator: 200n, denominator: 1n }, closeBefore: undefined },
    };
    await expect(recordCorporateActions(store, [dividend])).rejects.toMatchObject({
      code: 'CORPORATE_ACTION_INVALID',
    });
    await store.take({ source: 'feed', ticks: [trade(aapl, 1, { price: 20_000, time: MONDAY })] });
    const { actions } = await recordCorporateActions(store, [dividend]);
    expect(actions).toMatchObject([{ closeBefore: 20_000 }]);
    expect((await barsOf('AAPL', '1d', { adjusted: true })).value).toMatchObject([
      { close: '198' },
    ]);
    expect((await barsOf('AAPL', '1d')).value).toMatchObject([{ close: '200' }]);
  });

  test('imported bars stand where no ticks are, and are not changed by them', async () => {
    const es = await store.instrument(ES);
    const bar = { instrument: es, open: 90, high: 110, low: 80, close: 100, volume: 7 };
    await store.take({ source: 'feed', ticks: [trade(es, 1, { time: MONDAY + DAY })] });
    const days = [MONDAY, MONDAY + DAY].map((start) => ({ ...bar, start }));
    expect(await importDayBars(store, days)).toMatchObject({ bars: 1 });
    await importDayBars(store, [{ ...bar, start: MONDAY, close: 104 }]);
    await store.take({ source: 'feed', ticks: [trade(es, 2, { time: MONDAY })] });
    expect((await barsOf('ESH4', '1d')).value).toMatchObject([
      { open: '22.5', high: '27.5', low: '20', close: '26', volume: '7', vwap: null, trades: 0 },
      { open: '25', trades: 1 },
    ]);
  });
});

test('ticks, bars and results are hypertables where the server offers them', async () => {
  await withClient(settings, async (client) => {
    const support = await detectTimescale(async (sql) => (await client.query(sql)).rows);
    if (support.edition === 'none') {
      const { rows } = await client.query("SELECT 'market.trades'::regclass::text AS name");
      expect(rows).toEqual([{ name: 'market.trades' }]);
      return;
    }
    const { rows } = await client.query<{ name: string }>(
      `SELECT hypertable_schema || '.' || hypertable_name AS name
         FROM timescaledb_information.hypertables
        WHERE hypertable_schema IN ('market', 'risk') ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([
      ...['market.bars', 'market.findings', 'market.quotes', 'market.trades'],
      ...['risk.results', 'risk.stress'],
    ]);
    const jobs = await client.query<{ name: string }>(
      `SELECT hypertable_name AS name FROM timescaledb_information.jobs
        WHERE hypertable_schema IN ('market', 'risk') AND proc_name LIKE '%compression' ORDER BY 1`,
    );
    const compressed = ['findings', 'quotes', 'results', 'stress', 'trades'];
    const expected = support.edition === 'community' ? compressed : [];
    expect(jobs.rows.map(({ name }) => name)).toEqual(expected);
  });
});
