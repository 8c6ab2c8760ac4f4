/** Positions and P&L over REST, as they are and as they were, of the whole of `daybook start`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type RunningDaybook, startDaybook } from '../../src/cli/daybook.js';
import { type Answer, CAPACITY, order, request } from './running-api.js';

const TIMEOUT_MS = 120_000;
const WAIT_MS = 60_000;
const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-pnl-'));
const NQ = { instrument: 'NQH4', price: '16950.25' };
let daybook: RunningDaybook;

const get = (path: string): Promise<Answer> => request(daybook.address + path, 'GET', undefined);
const send = (body: unknown): Promise<Answer> =>
  request(`${daybook.address}/v1/orders`, 'POST', body);

/** Alpha buys 3 from gamma: strategy 7, in two fills; then the mark goes up by ten. */
beforeAll(async () => {
  daybook = await startDaybook({
    dataDirectory,
    ...{ host: '127.0.0.1', port: 0, samples: true, capacity: CAPACITY },
    logger: pino({ level: 'error' }),
  });
  const bought = await send(order('s-1', { ...NQ, quantity: '3', strategy: 7 }));
  expect(bought.status).toBe(201);
  for (const [i, quantity] of ['2', '1'].entries()) {
    const sale = { ...NQ, account: 'gamma', side: 'Sell', quantity };
    expect((await send(order(`s-2${i}`, sale))).status).toBe(201);
  }
  await vi.waitFor(
    async () => {
      const { body } = await get(`/v1/orders/${bought.body.orderId}`);
      expect(body.cumQuantity).toBe('3');
    },
    { timeout: WAIT_MS, interval: 100 },
  );
  const marked = await request(`${daybook.address}/v1/marks/NQH4`, 'PUT', { price: '16960.25' });
  expect(marked.status).toBe(200);
  for (const view of ['positions', 'pnl/totals']) {
    const { status } = await get(`/v1/${view}?minSequence=${marked.body.sequence}`);
    expect(status).toBe(200);
  }
}, TIMEOUT_MS);

afterAll(async () => {
  await daybook.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}, TIMEOUT_MS);

it('a position shows each execution, with the page it continues on', async () => {
  const path = '/v1/positions/history?account=alpha&instrument=NQH4';
  const all = await get(path);
  expect(all.status).toBe(200);
  expect(Number(all.headers.get('x-daybook-sequence'))).toBe(all.body.asOf);
  expect(all.body.points).toMatchObject([
    { quantity: '2', averagePrice: '16950.25', realizedPnl: '0', currency: 'USD' },
    { quantity: '3', averagePrice: '16950.25', realizedPnl: '0', currency: 'USD' },
  ]);
  const [first, second] = all.body.points;
  expect(all.body.next).toBeNull();
  const page = await get(`${path}&limit=1`);
  expect(page.body).toMatchObject({ points: [first], next: first.sequence });
  expect((await get(`${path}&limit=1&after=${page.body.next}`)).body.points).toEqual([second]);
  expect((await get(`${path}&strategy=7`)).body.points).toEqual([first, second]);
  expect((await get(`${path}&strategy=8`)).body.points).toEqual([]);
  expect((await get(`${path}&from=2099-01-01T00:00:00Z`)).body.points).toEqual([]);
});

it('the last minute of a position is as it stands, mark included', async () => {
  const { body } = await get('/v1/positions/history?account=alpha&instrument=NQH4&interval=1m');
  // 3 lots, ten points, twenty dollars a point.
  expect(body.points.at(-1)).toMatchObject({
    ...{ quantity: '3', mark: '16960.25', realizedPnl: '0', unrealizedPnl: '600' },
  });
  expect(body.points.at(-1).time).toMatch(/T\d\d:\d\d:00\.000000000Z$/);
});

it.each(['1m', '5m', '15m', '1h', '1d'])(
  'P&L by %s, of an account and of a strategy',
  async (interval) => {
    for (const whose of ['account=alpha', 'strategy=7', 'account=alpha&strategy=7']) {
      const { status, body } = await get(`/v1/pnl/history?${whose}&interval=${interval}`);
      expect(status).toBe(200);
      expect(body.points.at(-1), whose).toMatchObject({
        ...{ baseCurrency: 'USD', realizedPnl: '0', unrealizedPnl: '600', unmarked: 0 },
        currencies: [{ currency: 'USD', realizedPnl: '0', unrealizedPnl: '600' }],
      });
    }
  },
);

it('what one gained, the other lost: the firm made nothing', async () => {
  const firm = (await get('/v1/pnl/history')).body.points.at(-1);
  expect(firm).toMatchObject({ realizedPnl: '0', unrealizedPnl: '0' });
  const { body } = await get('/v1/pnl/totals');
  const of = (name: string) => body.totals.find((each: { name: string }) => each.name === name);
  expect(of('alpha').unrealizedPnl).toBe('600');
  expect(of('gamma').unrealizedPnl).toBe('-600');
  expect((await get('/v1/pnl/totals?by=strategy')).body.totals).toMatchObject([
    { name: '7', unrealizedPnl: '600' },
  ]);
  expect((await get('/v1/pnl/totals?by=firm')).body.totals).toMatchObject([
    { name: null, unrealizedPnl: '0', fees: firm.fees },
  ]);
});

it('exposure by account and of the firm', async () => {
  const { status, body } = await get('/v1/exposure');
  expect(status).toBe(200);
  const alpha = body.exposures.find(({ name }: { name: string }) => name === 'alpha');
  // 3 x 16960.25 x 20.
  const value = '1017615';
  expect(alpha.exposure).toEqual({ long: value, short: '0', gross: value, net: value });
  const firm = (await get('/v1/exposure?by=firm')).body.exposures;
  expect(firm).toMatchObject([
    { exposure: { long: value, short: `-${value}`, gross: '2035230', net: '0' } },
  ]);
});

it('trading days, at their opening and at their close', async () => {
  const turn = async (which: string, day: string): Promise<number> => {
    const path = `${daybook.address}/v1/trading-day/${which}`;
    const { status, body } = await request(path, 'POST', { day });
    expect(status).toBe(200);
    return body.sequence;
  };
  const days = async (query: string, after: number): Promise<Answer['body']> =>
    (await get(`/v1/pnl/days?${query}&minSequence=${after}`)).body;
  const open = await days('account=alpha', await turn('open', '2099-01-01'));
  const alpha = { unrealizedPnl: '600', realizedPnl: '0', baseCurrency: 'USD' };
  expect(open.days).toMatchObject([{ day: '2099-01-01', opened: alpha, closed: null }]);
  const closed = await days('account=alpha', await turn('close', '2099-01-01'));
  expect(closed.days).toMatchObject([{ day: '2099-01-01', opened: alpha, closed: alpha }]);
  expect(closed.days[0].opened.sequence).toBeLessThan(closed.days[0].closed.sequence);
  const next = await turn('open', '2099-01-02');
  const page = await days('limit=1', next);
  expect(page).toMatchObject({ days: [{ day: '2099-01-01' }], next: '2099-01-01' });
  const second = await days(`limit=1&after=${page.next}`, next);
  expect(second.days).toMatchObject([{ day: '2099-01-02', closed: null }]);
  expect((await days('from=2099-01-02&to=2099-01-02', next)).days).toHaveLength(1);
});

it('refuses what makes no sense, and says which field', async () => {
  const refused = async (path: string) => {
    const { status, body } = await get(path);
    return [status, body.code];
  };
  expect(await refused('/v1/pnl/history?account=alpha&group=x')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/pnl/history?instrument=NQH4&strategy=7')).toEqual([
    400,
    'REQUEST_INVALID',
  ]);
  expect(await refused('/v1/pnl/history?from=yesterday')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/pnl/history?interval=2h')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/pnl/history?strategy=0')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/pnl/days?from=20261122')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/pnl/totals?by=moon')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/positions/history?account=alpha')).toEqual([400, 'REQUEST_INVALID']);
  expect(await refused('/v1/pnl/history?group=nobody')).toEqual([404, 'GROUP_UNKNOWN']);
  expect(await refused('/v1/pnl/history?account=nobody')).toEqual([404, 'ACCOUNT_UNKNOWN']);
});
