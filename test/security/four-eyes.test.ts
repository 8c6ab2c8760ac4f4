import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type SecureApi, startSecureApi, userWithKey } from './secure-api.js';

let secure: SecureApi;
let second: string;
let trader2: string;
const asks = (key: string, method: string, path: string, body?: unknown) =>
  ask(secure, key, method, path, body);

beforeAll(async () => {
  secure = await startSecureApi();
  const other = userWithKey('risk-2', ['risk'], []);
  const trader = userWithKey('trader-2', ['trader'], ['own']);
  second = other.key;
  trader2 = trader.key;
  await secure.change(...other.changes, ...trader.changes);
}, 60_000);
afterAll(async () => {
  await secure.stop();
  secure.remove();
});

const limit = { limit: 'MaxOrderQuantity', scope: 'Account', name: 'own', value: '100' };
const limits = async () => (await asks(secure.keys.auditor, 'GET', '/v1/limits')).body.limits;
const decide = (key: string, id: number, decision: string) =>
  asks(key, 'POST', `/v1/approvals/${id}/decision`, { decision });

describe('a limit', () => {
  it('waits for a second identity, and is as it was asked for when that approves', async () => {
    const asked = await asks(secure.keys.risk, 'PUT', '/v1/limits', limit);
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({
      status: 'Waiting',
      change: 'limit',
      limit: { value: '100' },
    });
    expect(asked.headers.get('location')).toBe(`/v1/approvals/${asked.body.approval}`);
    expect(await limits()).toEqual([]);
    const id = asked.body.approval;
    const own = await decide(secure.keys.risk, id, 'Approved');
    expect([own.status, own.body.code]).toEqual([403, 'APPROVAL_OWN']);
    const may = await decide(secure.keys.operations, id, 'Approved');
    expect([may.status, may.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    const approved = await decide(second, id, 'Approved');
    expect([approved.status, approved.body.status]).toEqual([200, 'Approved']);
    expect(await limits()).toMatchObject([limit]);
    const again = await decide(second, id, 'Approved');
    expect([again.status, again.body.code]).toEqual([409, 'APPROVAL_DECIDED']);
    expect(approved.body.decidedBy).not.toBe(approved.body.requestedBy);
  });

  it('that is refused or withdrawn is not set', async () => {
    const before = await limits();
    const other = { ...limit, value: '7' };
    const first = (await asks(secure.keys.risk, 'PUT', '/v1/limits', other)).body.approval;
    expect((await decide(second, first, 'Refused')).body.status).toBe('Refused');
    const next = (await asks(secure.keys.risk, 'PUT', '/v1/limits', other)).body.approval;
    expect((await decide(second, next, 'Withdrawn')).body.code).toBe('APPROVAL_OWN');
    expect((await decide(secure.keys.risk, next, 'Withdrawn')).body.status).toBe('Withdrawn');
    expect((await decide(second, next, 'Approved')).body.code).toBe('APPROVAL_DECIDED');
    expect(await limits()).toEqual(before);
  });

  it('is approved once by two at once', async () => {
    const id = (await asks(secure.keys.risk, 'PUT', '/v1/limits', limit)).body.approval;
    const answers = await Promise.all([1, 2, 3].map(() => decide(second, id, 'Approved')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });
});

describe('the kill switch', () => {
  const state = (to: string, name = 'own') => ({ scope: 'Account', name, state: to });
  const put = (key: string, to: string, name?: string) =>
    asks(key, 'PUT', '/v1/trading-states', state(to, name));

  it('is pulled by one and let go by two', async () => {
    const halted = await put(trader2, 'Halted');
    expect([halted.status, halted.body.state]).toEqual([200, 'Halted']);
    expect((await put(trader2, 'Halted', 'foreign')).status).toBe(403);
    expect((await put(trader2, 'Active')).status).toBe(403);
    expect((await put(trader2, 'Reducing')).status).toBe(403);
    const reducing = await put(secure.keys.risk, 'Reducing');
    expect(reducing.status).toBe(202);
    const asked = await put(secure.keys.risk, 'Active');
    expect(asked.status).toBe(202);
    const order = {
      ...{ clientOrderId: 'halted', account: 'own', instrument: 'ESH4', side: 'Buy' },
      ...{ type: 'Limit', quantity: '1', price: '4799.25' },
    };
    expect((await asks(trader2, 'POST', '/v1/orders', order)).status).toBe(422);
    expect((await decide(secure.keys.operations, asked.body.approval, 'Approved')).status).toBe(
      200,
    );
    const again = await asks(trader2, 'POST', '/v1/orders', { ...order, clientOrderId: 'goes' });
    expect(again.status).toBe(201);
  });
});

it('a base currency waits for a second identity too', async () => {
  const bases = async () =>
    (await asks(secure.keys.auditor, 'GET', '/v1/base-currencies')).body.baseCurrencies;
  const before = await bases();
  expect(before[0]).toMatchObject({ scope: 'Firm', name: null, currency: 'USD', sequence: 0 });
  const body = { scope: 'Firm', currency: 'EUR' };
  const asked = await asks(secure.keys.risk, 'PUT', '/v1/base-currencies', body);
  expect([asked.status, asked.body.change]).toEqual([202, 'baseCurrency']);
  expect(asked.body.baseCurrency).toMatchObject({ ...body, name: null });
  expect([asked.body.limit, asked.body.tradingState]).toEqual([null, null]);
  expect(await bases()).toEqual(before);
  const id = asked.body.approval;
  expect((await decide(secure.keys.risk, id, 'Approved')).body.code).toBe('APPROVAL_OWN');
  expect((await decide(secure.keys.operations, id, 'Approved')).status).toBe(403);
  expect((await decide(second, id, 'Approved')).body.status).toBe('Approved');
  expect((await bases())[0]).toMatchObject(body);
  const back = { scope: 'Firm', currency: 'USD' };
  const again = await asks(secure.keys.risk, 'PUT', '/v1/base-currencies', back);
  expect((await decide(second, again.body.approval, 'Approved')).status).toBe(200);
});

it('what waits is there after a restart, with who asked', async () => {
  const asked = await asks(secure.keys.risk, 'PUT', '/v1/limits', { ...limit, value: '55' });
  await secure.stop();
  const { keys, dataDirectory } = secure;
  secure = { ...(await startSecureApi({ dataDirectory })), keys };
  const list = (await asks(second, 'GET', '/v1/approvals')).body.approvals;
  expect(list[0]).toMatchObject({ approval: asked.body.approval, status: 'Waiting' });
  expect((await decide(keys.risk, asked.body.approval, 'Approved')).body.code).toBe('APPROVAL_OWN');
  expect((await decide(second, asked.body.approval, 'Approved')).status).toBe(200);
});
