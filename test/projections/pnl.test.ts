import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProjectionFlow } from '../../bench/projection-events.js';
import { decodeEvent, encodeEvent } from '../../src/domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { SCOPE } from '../../src/domain/order-terms.js';
import { amountParts, POSITION } from '../../src/domain/position.js';
import { parseDecimal, rescaleDecimal } from '../../src/lib/decimal.js';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';
import { createDataSource } from '../../src/projections/database/data-source.js';
import { detectTimescale } from '../../src/projections/database/timescale.js';
import { pnl } from '../../src/projections/pnl/pnl.js';
import { Projector } from '../../src/projections/projector/projector.js';
import { ReadSide } from '../../src/projections/queries/read-side.js';
import { readModels } from '../../src/projections/read-models.js';
import { PnlByHand } from './pnl-by-hand.js';
import { createMigrated, startTestServer, type TestServer } from './test-database.js';

const INSTRUMENTS = 4;
const PAIR = INSTRUMENTS + 1;
const flow = new ProjectionFlow({ seed: 11, events: 6_000, batch: 500, pauseEvery: 40 });
const events = flow.batches.flatMap(decodeAll);

let server: TestServer;
let settings: ConnectionSettings;
let dataSource: DataSource;
let readSide: ReadSide;
const hand = new PnlByHand(events, PAIR);

beforeAll(async () => {
  server = await startTestServer();
  settings = await createMigrated(server);
  const projector = new Projector({
    ...{ models: readModels, shard: 0, build: 'live' },
    connect: () => connect(settings, 'test'),
  });
  await projector.open();
  for (const batch of flow.batches) await projector.project(batch);
  await projector.close();
  dataSource = await createDataSource(settings, []).initialize();
  readSide = new ReadSide({
    ...{ dataSource, shard: 0, wait: async () => undefined },
    unavailable: (cause) => new Error('unavailable', { cause }),
  });
}, 240_000);

afterAll(async () => {
  await dataSource.destroy();
  await server.stop();
});

function decodeAll(batch: RecordBuffer): DaybookEvent[] {
  const decoded: DaybookEvent[] = [];
  for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
    decoded.push(decodeEvent(batch.bytes, at));
  }
  return decoded;
}

/** A decimal as a whole number of 10^-scale. */
const scaled = (text: string, scale: number): bigint =>
  rescaleDecimal(parseDecimal(text), scale).digits;

const minuteOf = (time: Date): number => time.getTime() / 60_000;

describe('the tables', () => {
  test('hold every position after each of its executions', async () => {
    const rows = await dataSource.query(
      `SELECT account, strategy::int, instrument, sequence::int, quantity::int, cost::text,
              realized::text, fees::text, mark::int, time_ns FROM daybook.position_changes`,
    );
    const found = new Map<string, Record<string, unknown>>();
    for (const row of rows) {
      found.set(`${row.sequence}/${row.account}/${row.strategy}/${row.instrument}`, row);
    }
    let compared = 0;
    for (const [i, event] of events.entries()) {
      if (!('execId' in event.data) || i % 7 !== 0) continue;
      const until = new PnlByHand(events.slice(0, i + 1), PAIR);
      for (const [key, { row, instrument, account }] of until.positions) {
        const [, strategy] = key.split('/');
        const stored = found.get(`${event.sequence}/${account}/${strategy}/${instrument}`);
        if (stored === undefined) continue;
        compared++;
        expect(stored, key).toMatchObject({
          quantity: row[POSITION.quantity],
          fees: String(row[POSITION.fees]),
          mark: until.marks.get(instrument)?.price ?? null,
          time_ns: String(event.time),
        });
        expect(scaled(stored.cost as string, 9)).toBe(amountParts(row, POSITION.cost));
        expect(scaled(stored.realized as string, 9)).toBe(amountParts(row, POSITION.realized));
      }
    }
    expect(compared).toBeGreaterThan(200);
    const executions = events.filter((event) => 'execId' in event.data);
    const tagged = executions.filter((e) => 'strategy' in e.data && e.data.strategy !== 0);
    expect(rows).toHaveLength(executions.length + tagged.length);
  });

  test('hold each position at the end of each minute that changed it, and no other', async () => {
    const rows = await dataSource.query(
      `SELECT *, cost::text, realized::text, quantity::int, strategy::int, sequence::int
         FROM daybook.position_minutes`,
    );
    const expected = new Map(
      hand.minutes.flatMap(({ minute, sequence, positions }) =>
        [...positions].map(
          ([key, row]) => [`${minute}/${key}` as string, { sequence, row }] as const,
        ),
      ),
    );
    expect(rows).toHaveLength(expected.size);
    expect(rows.length).toBeGreaterThan(500);
    for (const found of rows) {
      const { account, strategy, instrument } = found;
      const key = `${minuteOf(found.time)}/${account}/${strategy}/${instrument}`;
      const { sequence, row } = expected.get(key)!;
      expect([found.sequence, found.quantity]).toEqual([sequence, row[POSITION.quantity]]);
      expect(scaled(found.cost, 9)).toBe(amountParts(row, POSITION.cost));
      expect(scaled(found.realized, 9)).toBe(amountParts(row, POSITION.realized));
    }
  });

  test('hold the P&L of each scope at the end of each minute that changed it', async () => {
    const rows = await dataSource.query(
      `SELECT *, strategy::int, sequence::int, realized::text, unrealized::text, fees::text
         FROM daybook.pnl_minutes`,
    );
    const expected = new Map(
      hand.minutes.flatMap(({ minute, sequence, sums }) =>
        [...sums].map(([key, sum]) => [`${minute}/${key}` as string, { sequence, sum }] as const),
      ),
    );
    expect(rows).toHaveLength(expected.size);
    expect(rows.length).toBeGreaterThan(500);
    const scopes = new Set<number>();
    for (const found of rows) {
      const { scope, scope_id, strategy, currency } = found;
      scopes.add(scope);
      const key = `${minuteOf(found.time)}/${scope}/${scope_id}/${strategy}/${currency}`;
      const { sequence, sum } = expected.get(key)!;
      expect(found.sequence).toBe(sequence);
      expect(found.base_currency, key).toBe(sum.baseCurrency);
      expect(scaled(found.realized, 10), key).toBe(sum.realized);
      expect(scaled(found.unrealized, 10), key).toBe(sum.unrealized);
      expect(scaled(found.fees, 6), key).toBe(sum.fees);
      const base = ['base_realized', 'base_unrealized', 'base_fees'].map((column) =>
        scaled(found[column], 6),
      );
      expect(base, key).toEqual(sum.base);
    }
    expect([...scopes].sort()).toEqual([0, 1, 2, 3]);
  });

  test('hold opening and close of trading days: a close is as the next opening', async () => {
    const days = await dataSource.query(
      `SELECT trading_day, phase, count(*)::int AS rows, min(sequence)::int AS sequence,
              md5(string_agg(concat_ws(' ', account, strategy, instrument, quantity, cost, realized,
                fees, mark), ',' ORDER BY account, strategy, instrument)) AS hash
         FROM daybook.position_days GROUP BY 1, 2 ORDER BY 4`,
    );
    expect(days.length).toBeGreaterThan(6);
    for (const [i, { phase, trading_day, hash, sequence }] of days.entries()) {
      const event = events[sequence]!;
      expect(event.type).toBe(phase === 1 ? 'TradingDayOpened' : 'TradingDayClosed');
      expect(event.data).toMatchObject({ tradingDay: trading_day });
      if (phase === 1 && i > 0) expect(hash).toBe(days[i - 1].hash);
    }
    const { sequence } = days.at(-1);
    const until = new PnlByHand(events.slice(0, sequence), PAIR);
    expect(days.at(-1).rows).toBe(until.positions.size);
  });
});

describe('hours and days of P&L', () => {
  test.each(['hour', 'day'])('are as their last minute, by the %s', async (length) => {
    const support = await detectTimescale((sql) => dataSource.query(sql));
    if (support.edition === 'community')
      await dataSource.query('CALL daybook.refresh_aggregates()');
    const differences = await dataSource.query(
      `SELECT * FROM daybook.pnl_by_${length} b
         FULL JOIN (SELECT DISTINCT ON (1, shard, scope, scope_id, strategy, currency)
                           date_trunc('${length}', time, 'UTC') AS bucket, *
                      FROM daybook.pnl_minutes
                     ORDER BY 1, shard, scope, scope_id, strategy, currency, time DESC) m
           USING (bucket, shard, scope, scope_id, strategy, currency)
        WHERE (b.realized, b.unrealized, b.fees, b.base_realized, b.sequence)
              IS DISTINCT FROM (m.realized, m.unrealized, m.fees, m.base_realized, m.sequence)
           OR NOT (m.realized + m.unrealized BETWEEN b.low AND b.high)`,
    );
    expect(differences).toEqual([]);
    const [{ n }] = await dataSource.query(
      `SELECT count(DISTINCT bucket)::int AS n FROM daybook.pnl_by_${length}`,
    );
    expect(n).toBeGreaterThan(0);
  });
});

describe('queries', () => {
  const last = events.length - 1;

  test('page through P&L by the minute, the one that has not ended included', async () => {
    const scope = { scope: SCOPE.Account, scopeId: 4, interval: '1m' as const };
    const points: { time: string; realizedPnl: string | null }[] = [];
    let after: string | undefined;
    for (;;) {
      const { asOf, value } = await readSide.pnlHistory({ ...scope, after, limit: 7 });
      expect(asOf).toBe(last);
      if (value.length === 0) break;
      points.push(...value);
      after = value.at(-1)?.time;
    }
    const expected = [...hand.minutes, hand.open].flatMap(({ minute, sums }) => {
      const ofAccount = [...sums].filter(([key]) => key.startsWith('2/4/0/'));
      if (ofAccount.length === 0) return [];
      const base = ofAccount.reduce((sum, [, { base: amounts }]) => sum + amounts![0], 0n);
      return [{ ms: minute * 60_000, base }];
    });
    expect(expected.length).toBeGreaterThan(20);
    const found = points.map(({ time, realizedPnl }) => ({
      ms: Date.parse(time),
      base: scaled(realizedPnl!, 6),
    }));
    expect(found).toEqual(expected);
  });

  test.each(['5m', '15m', '1h', '1d'] as const)(
    'give P&L by %s as of its end',
    async (interval) => {
      const scope = { scope: SCOPE.Firm, scopeId: 0 };
      const minutes = (await readSide.pnlHistory({ ...scope, interval: '1m', limit: 1000 })).value;
      const { value } = await readSide.pnlHistory({ ...scope, interval, limit: 1000 });
      const length = { '5m': 5, '15m': 15, '1h': 60, '1d': 1440 }[interval] * 60_000;
      const byBucket = new Map(
        minutes.map((point) => [Math.floor(Date.parse(point.time) / length) * length, point]),
      );
      expect(value.map((point) => Date.parse(point.time))).toEqual([...byBucket.keys()]);
      for (const { time, ...amounts } of value) {
        expect(byBucket.get(Date.parse(time))).toMatchObject(amounts);
      }
    },
  );

  test('cut P&L by time', async () => {
    const scope = { scope: SCOPE.Group, scopeId: 1, interval: '1m' as const, limit: 1000 };
    const all = (await readSide.pnlHistory(scope)).value;
    const [from, to] = [all[5]!.time, all[12]!.time];
    expect((await readSide.pnlHistory({ ...scope, from, to })).value).toEqual(all.slice(5, 12));
    const open = all.at(-1)!.time;
    expect((await readSide.pnlHistory({ ...scope, from: open })).value).toEqual(all.slice(-1));
    expect((await readSide.pnlHistory({ ...scope, to: open })).value).toEqual(all.slice(0, -1));
  });

  test('page through a position by execution and by the minute', async () => {
    const position = { account: 2, instrument: 3 };
    for (const interval of ['change', '1m'] as const) {
      const points: number[] = [];
      let after: number | undefined;
      let end: unknown;
      for (;;) {
        const page = await readSide.positionHistory({ ...position, interval, after, limit: 9 });
        if (page.value.length === 0) break;
        points.push(...page.value.map((point) => point.sequence));
        after = points.at(-1);
        end = page.value.at(-1);
      }
      expect(points.length).toBeGreaterThan(20);
      expect(points).toEqual([...points].sort((a, b) => a - b));
      if (interval === 'change') {
        const executions = events.filter(
          (e) => 'execId' in e.data && e.data.account === 2 && e.data.instrument === 3,
        );
        expect(points).toEqual(executions.map((e) => e.sequence));
      } else {
        // The last minute in which it changed is how it stands, except where only a mark moved.
        const [now] = (await readSide.positions({ account: 2, instrument: 3 })).value;
        const [amounts] = (await readSide.pnl({ account: 2, instrument: 3 })).value;
        expect(end).toMatchObject({
          ...{ quantity: now!.quantity, averagePrice: now!.averagePrice },
          ...{ realizedPnl: amounts!.realizedPnl, unrealizedPnl: amounts!.unrealizedPnl },
        });
      }
    }
  });

  test('say what a strategy made of its own executions', async () => {
    const { value } = await readSide.scopeTotals({ by: 'strategy' });
    expect(value.map(({ id }) => id)).toEqual([1, 2, 3]);
    for (const { id, currencies } of value) {
      for (const { currency, realizedPnl } of currencies) {
        let expected = 0n;
        for (const { strategy, instrument, row } of hand.positions.values()) {
          if (strategy !== id || (instrument === 4 ? 'EUR' : 'USD') !== currency) continue;
          expected += amountParts(row, POSITION.realized) * 125n;
        }
        expect(scaled(realizedPnl, 10)).toBe(expected);
      }
    }
  });

  test('add accounts up to groups and the firm, P&L and exposure alike', async () => {
    const accounts = (await readSide.scopeTotals({ by: 'account' })).value;
    const [firm] = (await readSide.scopeTotals({ by: 'firm' })).value;
    for (const currency of ['USD', 'EUR']) {
      const sum = (pick: (total: (typeof accounts)[number]) => string | undefined) =>
        accounts.reduce((total, account) => total + scaled(pick(account) ?? '0', 10), 0n);
      const of = (total: (typeof accounts)[number]) =>
        total.currencies.find((each) => each.currency === currency);
      expect(sum((a) => of(a)?.realizedPnl)).toBe(scaled(of(firm!)!.realizedPnl, 10));
      expect(sum((a) => of(a)?.unrealizedPnl)).toBe(scaled(of(firm!)!.unrealizedPnl, 10));
      const exposed = (total: (typeof accounts)[number]) =>
        total.exposures.find((each) => each.currency === currency);
      expect(sum((a) => exposed(a)?.gross)).toBe(scaled(exposed(firm!)!.gross, 10));
      expect(sum((a) => exposed(a)?.net)).toBe(scaled(exposed(firm!)!.net, 10));
    }
    const mine = (await readSide.scopeTotals({ by: 'firm', accounts: [1, 2] })).value;
    expect(mine).not.toEqual([firm]);
    const groups = (await readSide.scopeTotals({ by: 'group' })).value;
    expect(groups.map(({ id }) => id)).toEqual([1, 2]);
  });

  test('show trading days, the open one without a close', async () => {
    const { value } = await readSide.pnlDays({ scope: SCOPE.Firm, scopeId: 0, limit: 100 });
    expect(value.length).toBeGreaterThan(3);
    for (const [i, { opened, closed }] of value.slice(0, -1).entries()) {
      expect(closed).not.toBeNull();
      const { time: _, sequence: __, ...amounts } = value[i + 1]!.opened!;
      expect(closed).toMatchObject(amounts);
      expect(opened === null).toBe(i === 0);
    }
    expect(value.at(-1)!.closed).toBeNull();
  });
});

test('after a restart within a minute, the minute ends the same', async () => {
  // One event a batch and a projector for each: every state that can be loaded, is.
  const few = new ProjectionFlow({ seed: 23, events: 180, batch: 1, pauseEvery: 2 });
  const tables = async (restart: boolean) => {
    const database = await createMigrated(server);
    const open = async () => {
      const projector = new Projector({
        ...{ models: [pnl], shard: 0, build: 'live' },
        connect: () => connect(database, 'test'),
      });
      await projector.open();
      return projector;
    };
    let projector = await open();
    for (const batch of few.batches) {
      await projector.project(batch);
      if (!restart) continue;
      await projector.close();
      projector = await open();
    }
    await projector.close();
    const source = await createDataSource(database, []).initialize();
    const rows: unknown[] = [];
    for (const table of pnl.tables) {
      rows.push(await source.query(`SELECT t::text FROM daybook.${table} t ORDER BY 1`));
    }
    await source.destroy();
    return rows;
  };
  const straight = await tables(false);
  expect(await tables(true)).toEqual(straight);
  for (const rows of straight) expect((rows as unknown[]).length).toBeGreaterThan(0);
}, 240_000);

test('a batch of very many rows is cut into several, and is the same', async () => {
  const database = await createMigrated(server);
  const { batch, days } = manyDays(400, 140);
  const projector = new Projector({
    ...{ models: [pnl], shard: 0, build: 'live' },
    connect: () => connect(database, 'test'),
  });
  await projector.open();
  await projector.project(batch);
  expect(projector.next).toBe(batch.count);
  await projector.close();
  const source = await createDataSource(database, []).initialize();
  const [found] = await source.query(
    `SELECT count(*)::int AS rows, count(DISTINCT xmin::text)::int AS batches,
            count(DISTINCT sequence)::int AS days FROM daybook.position_days`,
  );
  await source.destroy();
  expect(found).toMatchObject({ rows: 400 * days, days });
  expect(found.batches).toBeGreaterThan(1);
  expect(found.batches).toBeLessThan(days / 4);
}, 240_000);

/** Positions in as many instruments, and days that open and close, in one batch. */
function manyDays(positions: number, turns: number): { batch: RecordBuffer; days: number } {
  const batch = new RecordBuffer(1024 * 1024);
  const emit = (type: string, data: object): void => {
    const sequence = batch.count;
    const time = 1_703_462_400_000_000_000n + BigInt(sequence);
    const header = { sequence, time, received: time, command: 1, actor: 0, session: 0 };
    const event = { type, ...header, data } as unknown as DaybookEvent;
    batch.length += encodeEvent(event, batch.bytes, batch.length);
    batch.count++;
  };
  for (let instrument = 1; instrument <= positions; instrument++) {
    emit('OrderFilled', {
      ...{ orderId: instrument, account: 1, instrument, side: 'Buy', lastQuantity: 1 },
      ...{ lastPrice: 100, execId: `x${instrument}`, ordStatus: 'Filled', liquidity: 'Added' },
    });
  }
  for (let day = 0; day < turns; day++) {
    emit(day % 2 === 0 ? 'TradingDayOpened' : 'TradingDayClosed', { tradingDay: 20_240_000 + day });
  }
  return { batch, days: turns };
}
