/** Market data and value at risk of a running Daybook: over REST, through the store, to the writer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTERVALS } from '../../src/api/rest/routes/market-data.js';
import { type RunningDaybook, startDaybook } from '../../src/cli/daybook.js';
import { SETTINGS_DEFAULT } from '../../src/domain/value-at-risk/settings.js';
import { BAR_INTERVALS } from '../../src/market-data/bar-interval.js';
import { importDayBars } from '../../src/projections/market-data/imported-bars.js';
import { type Answer, CAPACITY, order, request } from './running-api.js';

const WAIT_MS = 60_000;
const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-risk-'));
let daybook: RunningDaybook;

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  request(daybook.address + path, method, body);

/** Asks until an answer is as wanted: the service computes in its own time. */
async function until(path: string, wanted: (body: Answer['body']) => boolean): Promise<Answer> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await ask('GET', path);
    if (wanted(answer.body)) return answer;
    if (Date.now() > end) throw new Error(`not in time: ${JSON.stringify(answer.body)}`);
    await daybook.risk.service.nextCycle();
  }
}

const DAY_NS = 86_400_000_000_000n;
const today = BigInt(Date.now()) * 1_000_000n - ((BigInt(Date.now()) * 1_000_000n) % DAY_NS);

/** Closes of some days before today, of two instruments that do not move alike. */
async function importHistory(days: number): Promise<void> {
  const store = daybook.risk.store;
  const es = await store.instrument({ symbol: 'ESH4', tick: '0.25', lot: '1' });
  const nq = await store.instrument({ symbol: 'NQH4', tick: '0.25', lot: '1' });
  const bars = Array.from({ length: days }, (_, i) => {
    const start = today - BigInt(days - i) * DAY_NS;
    const moves = [Math.round(150 * Math.sin(1.7 * i)), Math.round(900 * Math.cos(2.3 * i))];
    return [es, nq].map((instrument, row) => {
      const close = [19_000, 68_000][row]! + moves[row]!;
      return { instrument, start, open: close, high: close, low: close, close, volume: 1 };
    });
  });
  await importDayBars(store, bars.flat());
}

beforeAll(async () => {
  daybook = await startDaybook({
    dataDirectory,
    host: '127.0.0.1',
    port: 0,
    samples: true,
    logger: pino({ level: 'error' }),
    capacity: CAPACITY,
    valueAtRisk: { ...SETTINGS_DEFAULT, everyMs: 50, windowEveryMs: 50, paths: 1_000 },
  });
  await importHistory(150);
});
afterAll(async () => {
  await daybook.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

const trade = (sequence: number, more: object = {}) => ({
  ...{ symbol: 'ESH4', time: new Date().toISOString(), sequence },
  ...{ price: '4799.25', quantity: '2', ...more },
});

// Each waits for the service at most WAIT_MS at a time.
const TIMEOUT = { timeout: 3 * WAIT_MS };

describe('market data', TIMEOUT, () => {
  it('comes in over REST and goes out as bars, JSON and CSV', async () => {
    const time = '2024-03-15T15:00:00.5Z';
    const trades = [trade(1, { time }), trade(2, { time, price: '4800', quantity: '1' })];
    const quotes = [
      { symbol: 'ESH4', time, sequence: 3, bidPrice: '4799', bidQuantity: '4' },
      {
        symbol: 'ESH4',
        time,
        sequence: 4,
        bidPrice: '4801',
        bidQuantity: '1',
        askPrice: '4800',
        askQuantity: '1',
      },
    ];
    const body = { source: 'feed', trades, quotes };
    const taken = await ask('POST', '/v1/market-data/ticks', body);
    expect(taken.body).toMatchObject({ trades: 2, quotes: 1, refused: 1, duplicates: 0 });
    expect((await ask('POST', '/v1/market-data/ticks', body)).body).toMatchObject({
      duplicates: 4,
    });
    const range = 'symbol=ESH4&from=2024-03-15T15:00:00Z&to=2024-03-15T15:03:00Z';
    const bars = await ask('GET', `/v1/market-data/bars?${range}&interval=1m&fill=true`);
    expect(bars.status).toBe(200);
    expect(Number(bars.headers.get('x-daybook-batch'))).toBe(bars.body.asOf);
    expect(bars.body.bars).toMatchObject([
      { open: '4799.25', close: '4800', volume: '3', vwap: '4799.5', trades: 2 },
      { open: '4800', close: '4800', volume: '0', vwap: null },
      { start: '2024-03-15T15:02:00.000000000Z' },
    ]);
    const csv = await ask('GET', `/v1/market-data/bars?${range}&interval=1m&format=csv`);
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.body).toBe(
      'start,open,high,low,close,volume,vwap,trades\r\n' +
        '2024-03-15T15:00:00.000000000Z,4799.25,4800,4799.25,4800,3,4799.5,2\r\n',
    );
    const accepted = await fetch(`${daybook.address}/v1/market-data/trades?${range}`, {
      headers: { accept: 'text/csv' },
    });
    expect((await accepted.text()).split('\r\n')[0]).toBe('time,price,quantity,source,sequence');
    const found = await ask('GET', '/v1/market-data/findings?symbol=ESH4');
    expect(found.body.findings.map((each: { code: string }) => each.code)).toContain('CROSSED');
    expect((await ask('GET', `/v1/market-data/quotes?${range}`)).body.quotes).toMatchObject([
      { bidPrice: '4799', askPrice: null },
    ]);
  });

  it('is refused with stable codes', async () => {
    const bars = '/v1/market-data/bars?interval=1m&from=2024-03-15T15:00:00Z';
    expect((await ask('GET', `${bars}&symbol=NOPE`)).body.code).toBe('INSTRUMENT_UNKNOWN');
    expect((await ask('GET', `${bars}&symbol=ESH4&interval=7m`)).status).toBe(400);
    expect((await ask('GET', `${bars}&symbol=ESH4&limit=10001`)).body.code).toBe('REQUEST_INVALID');
    expect((await ask('GET', `${bars}&symbol=ESH4&limit=10000`)).status).toBe(200);
    const body = { source: 'feed', trades: [trade(9, { price: '4799.1' })] };
    expect((await ask('POST', '/v1/market-data/ticks', body)).body.errors).toMatchObject([
      { field: 'price' },
    ]);
    const action = { symbol: 'AAPL', exDate: '2024-03-15', kind: 'cash_dividend', amount: '1' };
    const refused = await ask('POST', '/v1/market-data/corporate-actions', action);
    expect(refused.body.code).toBe('MARKET_DATA_INVALID');
  });

  it('keeps corporate actions', async () => {
    const action = { symbol: 'AAPL', exDate: '2024-03-15', kind: 'split', to: 4, from: 1 };
    expect((await ask('POST', '/v1/market-data/corporate-actions', action)).status).toBe(201);
    const kept = await ask('GET', '/v1/market-data/corporate-actions?symbol=AAPL');
    expect(kept.body.actions).toMatchObject([{ exDate: '2024-03-15', kind: 'split', to: 4 }]);
  });

  it('becomes marks of the shard', async () => {
    const trades = [trade(20, { price: '4805.5' })];
    await ask('POST', '/v1/market-data/ticks', { source: 'live', trades });
    const marked = await until('/v1/marks/ESH4', ({ price }) => price === '4805.5');
    expect(marked.body).toMatchObject({ source: 1 });
  });

  it('knows the lengths of bars that the library knows', () => {
    expect(INTERVALS).toEqual(BAR_INTERVALS);
  });
});

describe('value at risk', TIMEOUT, () => {
  it('is computed by every method when positions change, with the sequence it is of', async () => {
    const at = { instrument: 'NQH4', price: '16950.25', timeInForce: 'Day' };
    await ask('POST', '/v1/orders', order('v-1', { ...at, quantity: '3' }));
    const sold = await ask(
      'POST',
      '/v1/orders',
      order('v-2', { ...at, account: 'beta', side: 'Sell', quantity: '3' }),
    );
    expect(sold.status).toBe(201);
    const risk = await until('/v1/risk/value-at-risk?account=alpha', ({ results }) => {
      return (
        results.length === 4 && results.every((each: { positions: number }) => each.positions === 1)
      );
    });
    for (const result of risk.body.results) {
      expect(result).toMatchObject({ complete: true, reason: null, baseCurrency: 'USD' });
      expect(result.sequence).toBeGreaterThanOrEqual(sold.body.sequence);
      expect(result.figures).toHaveLength(4);
      expect(result.window.days).toBe(149);
      const [component] = result.components;
      expect(component.position).toBe('NQH4');
      const ninetyFive = result.figures[0];
      expect(component.component[0]).toBeCloseTo(ninetyFive.valueAtRisk, 6);
      expect(ninetyFive.expectedShortfall).toBeGreaterThanOrEqual(ninetyFive.valueAtRisk);
    }
    const methods = risk.body.results.map((each: { method: string }) => each.method);
    expect(methods).toEqual([
      ...['historical', 'monte_carlo', 'parametric_equal', 'parametric_exponential'],
    ]);
    // The firm holds both sides: nothing is left of the risk.
    const firm = await until('/v1/risk/value-at-risk', ({ results }) => results.length === 4);
    expect(firm.body.results[0].figures[0].valueAtRisk).toBe(0);
    expect((await ask('GET', '/v1/risk/value-at-risk?group=samples')).status).toBe(200);
    expect((await ask('GET', '/v1/risk/value-at-risk?group=nobody')).body.code).toBe(
      'GROUP_UNKNOWN',
    );
    const both = await ask('GET', '/v1/risk/value-at-risk?group=samples&account=alpha');
    expect(both.body.code).toBe('REQUEST_INVALID');
  });

  it('has a history, stress scenarios and a backtest', async () => {
    const of = 'account=alpha';
    const history = await ask(
      'GET',
      `/v1/risk/value-at-risk/history?${of}&method=historical&limit=1`,
    );
    expect(history.body.results).toHaveLength(1);
    expect(history.body.next).toBe(history.body.results[0].id);
    const stress = await until(
      `/v1/risk/value-at-risk/stress?${of}`,
      (body) => body.stress !== null,
    );
    const down = stress.body.stress.scenarios.find(
      (each: { name: string }) => each.name === 'all prices down 10 %',
    );
    // 3 lots x multiplier 20 x the mark, a tenth of it.
    const mark = (await ask('GET', '/v1/marks/NQH4')).body.price;
    expect(down.profit).toBeCloseTo(-0.1 * 3 * 20 * Number(mark), 6);
    const backtest = await ask('GET', `/v1/risk/value-at-risk/backtest?${of}`);
    expect(backtest.body.backtest).toMatchObject({
      method: 'historical',
      confidence: 9900,
      days: [],
    });
  });

  it('names positions without history, and does not take them for nothing', async () => {
    const at = { instrument: 'AAPL', price: '193.6', timeInForce: 'Day' };
    await ask('POST', '/v1/orders', order('v-3', { ...at, quantity: '5' }));
    await ask(
      'POST',
      '/v1/orders',
      order('v-4', { ...at, account: 'beta', side: 'Sell', quantity: '5' }),
    );
    const risk = await until('/v1/risk/value-at-risk?account=alpha', ({ results }) =>
      results.some((each: { complete: boolean }) => !each.complete),
    );
    const incomplete = risk.body.results.find((each: { complete: boolean }) => !each.complete);
    expect(incomplete.missing).toMatchObject([{ position: 'AAPL', reason: 'NO_HISTORY' }]);
    expect(incomplete.missing[0].value).toBeGreaterThan(0);
  });

  it('above its limit sets the account to reducing, on record with limit and value', async () => {
    const limit = { limit: 'MaxValueAtRisk', scope: 'Account', name: 'alpha', value: '100' };
    expect((await ask('PUT', '/v1/limits', limit)).status).toBe(200);
    const states = await until(
      '/v1/trading-states',
      ({ tradingStates }) => tradingStates.length > 0,
    );
    expect(states.body.tradingStates).toMatchObject([
      { scope: 'Account', name: 'alpha', state: 'Reducing' },
    ]);
    const refused = await ask('POST', '/v1/orders', order('v-5'));
    expect(refused.status).toBe(422);
    // By hand it goes on, and is stopped again by the next computation.
    const resume = { scope: 'Account', name: 'alpha', state: 'Active' };
    await ask('PUT', '/v1/limits', { ...limit, value: null });
    expect((await ask('PUT', '/v1/trading-states', resume)).status).toBe(200);
    expect((await ask('GET', '/v1/trading-states')).body.tradingStates).toEqual([]);
  });
});
