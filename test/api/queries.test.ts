/** The whole of `daybook start` over a real socket: journal, writer, PostgreSQL, projections. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningDaybook, startDaybook } from '../../src/cli/daybook.js';
import { type Answer, CAPACITY, order, request } from './running-api.js';

const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-whole-'));
let daybook: RunningDaybook;

const start = (): Promise<RunningDaybook> =>
  startDaybook({
    dataDirectory,
    host: '127.0.0.1',
    port: 0,
    samples: true,
    logger: pino({ level: 'error' }),
    capacity: CAPACITY,
  });

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  request(daybook.address + path, method, body);

/** Asks for a view that holds the event behind `answer`. */
const askAfter = (answer: Answer, path: string): Promise<Answer> =>
  ask('GET', `${path}${path.includes('?') ? '&' : '?'}minSequence=${answer.body.sequence}`);

beforeAll(async () => {
  daybook = await start();
});
afterAll(async () => {
  await daybook.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

describe('queries', () => {
  it('show an order at once when asked for a view as new as its event', async () => {
    const made = await ask('POST', '/v1/orders', order('q-1'));
    expect(made.status).toBe(201);
    const byId = await askAfter(made, `/v1/orders/${made.body.orderId}`);
    expect(byId.status).toBe(200);
    expect(byId.body).toMatchObject({
      ...{ orderId: made.body.orderId, clientOrderId: 'q-1', account: 'alpha', side: 'Buy' },
      ...{ instrument: 'ESH4', quantity: '2', price: '4799.25' },
    });
    expect(Number(byId.headers.get('x-daybook-sequence'))).toBeGreaterThanOrEqual(
      made.body.sequence,
    );
    const byClientId = await askAfter(made, '/v1/accounts/alpha/orders/q-1');
    expect(byClientId.body.orderId).toBe(made.body.orderId);
    expect((await ask('GET', '/v1/accounts/beta/orders/q-1')).status).toBe(404);
    expect((await ask('GET', '/v1/accounts/nobody/orders/q-1')).status).toBe(404);
    expect((await ask('GET', '/v1/orders/999999')).body.code).toBe('ORDER_UNKNOWN');
  });

  it('page through orders without gap or repeat', async () => {
    const made: Answer[] = [];
    for (let i = 0; i < 7; i += 1) {
      made.push(await ask('POST', '/v1/orders', order(`p-${i}`, { account: 'beta' })));
    }
    const last = made.at(-1) as Answer;
    await askAfter(last, `/v1/orders/${last.body.orderId}`);
    const seen: number[] = [];
    let next: number | null = null;
    do {
      const before = next === null ? '' : `&before=${next}`;
      const page = await ask('GET', `/v1/orders?account=beta&limit=3${before}`);
      expect(page.status).toBe(200);
      expect(page.body.orders.length).toBeLessThanOrEqual(3);
      seen.push(...page.body.orders.map((each: { orderId: number }) => each.orderId));
      next = page.body.next;
    } while (next !== null);
    expect(seen).toEqual(made.map(({ body }) => body.orderId).reverse());
  });

  it('filter by instrument, status and openness', async () => {
    const made = await ask(
      'POST',
      '/v1/orders',
      order('f-1', { instrument: 'AAPL', price: '193.6' }),
    );
    const rows = async (query: string): Promise<number[]> =>
      (await askAfter(made, `/v1/orders?${query}`)).body.orders.map(
        (each: { orderId: number }) => each.orderId,
      );
    expect(await rows('instrument=AAPL&open=true')).toEqual([made.body.orderId]);
    expect(await rows('instrument=AAPL&status=Filled,Canceled')).toEqual([]);
    expect((await ask('GET', '/v1/orders?status=Nope')).body.errors).toMatchObject([
      { field: expect.stringMatching(/^status/) },
    ]);
    expect((await ask('GET', '/v1/orders?instrument=NOPE')).body.code).toBe('INSTRUMENT_UNKNOWN');
    expect((await ask('GET', '/v1/orders?x=1')).body.errors).toMatchObject([{ field: 'x' }]);
  });

  it('answer 409 with the first order as it is now', async () => {
    const made = await ask('POST', '/v1/orders', order('d-1'));
    await askAfter(made, `/v1/orders/${made.body.orderId}`);
    const again = await ask('POST', '/v1/orders', order('d-1'));
    expect(again.status).toBe(409);
    expect(again.body.order).toMatchObject({ orderId: made.body.orderId, clientOrderId: 'd-1' });
  });

  it('show fills, positions and P&L of a trade to the cent', async () => {
    const at = { instrument: 'NQH4', price: '16950.25', timeInForce: 'Day' };
    const bought = await ask('POST', '/v1/orders', order('t-1', { ...at, quantity: '3' }));
    const sold = await ask(
      'POST',
      '/v1/orders',
      order('t-2', { ...at, account: 'gamma', side: 'Sell', quantity: '2' }),
    );
    expect([bought.status, sold.status]).toEqual([201, 201]);
    const { orderId } = bought.body;
    await expect
      .poll(async () => (await ask('GET', `/v1/orders/${orderId}`)).body.cumQuantity, {
        timeout: 10_000,
      })
      .toBe('2');
    const now = (await ask('GET', `/v1/orders/${orderId}`)).body;
    expect(now).toMatchObject({
      ...{ status: 'PartiallyFilled', leavesQuantity: '1', averagePrice: '16950.25' },
    });
    const fills = await ask('GET', `/v1/fills?orderId=${orderId}`);
    expect(fills.body.fills).toMatchObject([
      { orderId, account: 'alpha', instrument: 'NQH4', side: 'Buy', quantity: '2' },
    ]);
    const price = { price: '16951' };
    const marked = await ask('PUT', '/v1/marks/NQH4', price);
    const positions = await askAfter(marked, '/v1/positions?instrument=NQH4');
    expect(positions.body.positions).toMatchObject([
      { account: 'alpha', quantity: '2', averagePrice: '16950.25', currency: 'USD' },
      { account: 'gamma', quantity: '-2', averagePrice: '16950.25', currency: 'USD' },
    ]);
    // 2 contracts x 0.75 points x 20 dollars.
    const pnl = await askAfter(marked, '/v1/pnl?instrument=NQH4');
    expect(pnl.body.pnl).toMatchObject([
      { account: 'alpha', realizedPnl: '0', unrealizedPnl: '30', mark: '16951' },
      { account: 'gamma', realizedPnl: '0', unrealizedPnl: '-30', mark: '16951' },
    ]);
    const canceled = await ask('DELETE', `/v1/orders/${orderId}`);
    expect(canceled.status).toBe(202);
    expect(canceled.body).toMatchObject({ outcome: 'requested', orderId, order: null });
    await expect
      .poll(async () => (await ask('GET', `/v1/orders/${orderId}`)).body.status, {
        timeout: 10_000,
      })
      .toBe('Canceled');
  });

  it('list fills, positions and P&L as of a sequence', async () => {
    for (const name of ['fills', 'positions', 'pnl']) {
      const answer = await ask('GET', `/v1/${name}`);
      expect(answer.status).toBe(200);
      expect(answer.body[name]).toBeInstanceOf(Array);
      expect(answer.headers.get('x-daybook-sequence')).toBe(String(answer.body.asOf));
    }
  });

  it('say that the view is behind when the sequence does not come', async () => {
    const answer = await ask('GET', '/v1/positions?minSequence=999999999');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'VIEW_BEHIND', minSequence: 999999999 });
  });

  it('is ready, and everything is there again after a restart', async () => {
    const ready = await ask('GET', '/health/ready');
    expect(ready.body).toMatchObject({ status: 'ready' });
    expect(ready.body.checks.map((check: { name: string }) => check.name).sort()).toEqual([
      ...['database', 'idempotency', 'journal', 'projector', 'writer'],
    ]);
    const before = await ask('GET', '/v1/orders?limit=1000');
    const instruments = await ask('GET', '/v1/instruments');
    await daybook.stop();
    daybook = await start();
    expect(daybook.shard.recoveredEvents).toBeGreaterThan(before.body.asOf);
    expect((await ask('GET', '/v1/instruments')).body.instruments).toEqual(
      instruments.body.instruments,
    );
    const after = await ask('GET', `/v1/orders?limit=1000&minSequence=${before.body.asOf}`);
    expect(after.body.orders).toEqual(before.body.orders);
    const again = await ask('POST', '/v1/orders', order('q-1'));
    expect(again.body.code).toBe('ORDER_DUPLICATE_CLIENT_ID');
    const { orderId } = (await ask('POST', '/v1/orders', order('after'))).body;
    expect(orderId).toBeGreaterThan(before.body.orders[0].orderId);
  });
});
