/** GET /v1/audit on a running shard: the past as it was, in a thread, and not without end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIT_QUESTIONS_MAX } from '../../src/operations/audit-service.js';
import { order, seed, startTestApi, type TestApi } from '../api/running-api.js';

let api: TestApi;
/** Sequences before and after each step. */
const moments: Record<string, number> = {};

const sequence = (): number => {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  api.shard.durableEnd.read(position);
  return position.nextSequence - 1;
};
const get = (path: string) => api.request('GET', path);

beforeAll(async () => {
  api = await startTestApi({ audit: true });
  await seed(api);
  moments.seeded = sequence();
  const limit = { limit: 'MaxOrderQuantity', scope: 'Account', name: 'alpha', value: '5' };
  expect((await api.request('PUT', '/v1/limits', limit)).status).toBeLessThan(300);
  moments.limited = sequence();
  expect((await api.request('POST', '/v1/orders', order('a-1'))).status).toBe(201);
  moments.ordered = sequence();
  const tooMuch = order('a-2', { quantity: '9' });
  expect((await api.request('POST', '/v1/orders', tooMuch)).status).toBe(422);
  const halt = { scope: 'Account', name: 'alpha', state: 'Halted' };
  expect((await api.request('PUT', '/v1/trading-states', halt)).status).toBeLessThan(300);
  moments.halted = sequence();
  expect(
    (await api.request('POST', '/v1/accounts/alpha/orders/a-1/cancel', {})).status,
  ).toBeLessThan(300);
  moments.canceled = sequence();
});
afterAll(async () => {
  await api.stop();
  api.remove();
});

describe('the past over HTTP', () => {
  it('tells each state as it was, and as of which sequence', async () => {
    const { seeded, limited, ordered, halted, canceled } = moments;
    const orders = async (at?: number) =>
      (await get(`/v1/audit/orders${at === undefined ? '' : `?at=${at}`}`)).body;
    expect(await orders(limited)).toMatchObject({ asOf: limited, orders: [], next: null });
    expect(await orders(ordered)).toMatchObject({ asOf: ordered, orders: [{ clOrdId: 'a-1' }] });
    expect(await orders()).toMatchObject({ asOf: canceled, orders: [] });
    // Back to an earlier moment than the last question.
    expect(await orders(limited)).toMatchObject({ asOf: limited, orders: [] });
    const limits = (await get(`/v1/audit/limits?at=${limited}`)).body;
    expect(limits.limits).toMatchObject([{ limit: 'MaxOrderQuantity', name: 'alpha', value: '5' }]);
    expect((await get(`/v1/audit/limits?at=${seeded}`)).body.limits).toEqual([]);
    const states = (await get(`/v1/audit/trading-states?at=${halted}`)).body.tradingStates;
    expect(states).toContainEqual({ scope: 'Account', name: 'alpha', state: 'Halted' });
    expect((await get(`/v1/audit/trading-states?at=${ordered}`)).body.tradingStates.length).toBe(1);
    for (const about of ['positions', 'pnl']) {
      const answer = await get(`/v1/audit/${about}?at=${ordered}&account=alpha`);
      expect([answer.status, answer.body.asOf, answer.body[about]]).toEqual([200, ordered, []]);
      expect(answer.headers.get('x-daybook-sequence')).toBe(String(ordered));
    }
  });

  it('tells the story of an order, and up to a moment', async () => {
    const { body } = await get('/v1/audit/orders/a-2');
    expect(body.order).toMatchObject({ clOrdId: 'a-2', status: 'Rejected' });
    const decision = body.events.find((event: { type: string }) => event.type === 'RiskDecided');
    expect(decision.comparedWith).toMatchObject({
      ...{ limitName: 'MaxOrderQuantity', limit: '5', value: '9', passed: false },
      ...{ setBy: { sequence: moments.limited }, mark: { price: '4799.25' } },
    });
    const whole = (await get('/v1/audit/orders/a-1')).body;
    expect(whole.order.status).toBe('Canceled');
    const early = (await get(`/v1/audit/orders/a-1?at=${moments.ordered}`)).body;
    expect(early.events).toEqual(
      whole.events.filter((event: { sequence: number }) => event.sequence <= moments.ordered!),
    );
    const byTime = await get(`/v1/audit/orders/a-1?at=${early.events.at(-1).time}`);
    expect(byTime.body.events.at(-1).sequence).toBeGreaterThanOrEqual(early.events.at(-1).sequence);
    const first = (await get('/v1/audit/orders/a-1?limit=2')).body;
    const rest = (await get(`/v1/audit/orders/a-1?after=${first.next}`)).body;
    expect([...first.events, ...rest.events]).toEqual(whole.events);
    expect(rest.next).toBeNull();
  });

  it('refuses with codes', async () => {
    const codeOf = async (path: string) => {
      const { status, body } = await get(path);
      return [status, body.code];
    };
    expect(await codeOf('/v1/audit/orders/nobody')).toEqual([404, 'ORDER_UNKNOWN']);
    expect(await codeOf('/v1/audit/limits?at=yesterday')).toEqual([400, 'MOMENT_INVALID']);
    expect(await codeOf('/v1/audit/limits?at=99999999')).toEqual([404, 'MOMENT_AHEAD']);
    expect(await codeOf('/v1/audit/limits?when=1')).toEqual([400, 'REQUEST_INVALID']);
    const without = await startTestApi();
    const answer = await without.request('GET', '/v1/audit/limits');
    expect([answer.status, answer.body.code]).toEqual([503, 'AUDIT_UNAVAILABLE']);
    await without.stop();
    without.remove();
  });

  it('takes so many questions at a time and no more; orders go on', async () => {
    const questions = Array.from({ length: 4 * AUDIT_QUESTIONS_MAX }, () =>
      get('/v1/audit/positions'),
    );
    const order = api.request('GET', '/v1/instruments');
    const statuses = (await Promise.all(questions)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(
      AUDIT_QUESTIONS_MAX,
    );
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect((await order).status).toBe(200);
    expect((await get('/v1/audit/positions')).status).toBe(200);
  });
});
