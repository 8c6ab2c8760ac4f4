/** Everything that the REST API does without a database: orders and reference data, on record. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, order, seed, startTestApi, type TestApi } from './running-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await seed(api);
});
afterAll(async () => {
  await api.stop();
  api.remove();
});

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.body).toMatchObject({ status, code, type: `/problems/${code}` });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body.title).toBeTypeOf('string');
  expect(answer.body.detail).toBeTypeOf('string');
  expect(answer.body.instance).toMatch(/^urn:daybook:request:/);
}

describe('submit', () => {
  it('201 with the order, its place and the sequence of its event', async () => {
    const { status, body, headers } = await api.request('POST', '/v1/orders', order('s-1'));
    expect(body).toMatchObject({
      ...{ clientOrderId: 's-1', account: 'alpha', instrument: 'ESH4', side: 'Buy' },
      ...{ type: 'Limit', timeInForce: 'Day', quantity: '2', price: '4799.25', stopPrice: null },
      ...{ status: 'PendingNew', cumQuantity: '0', leavesQuantity: '2', averagePrice: null },
    });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/v1/orders/${body.orderId}`);
    expect(headers.get('x-daybook-sequence')).toBe(String(body.sequence));
    expect(body.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  });

  it('409 with the state of the first order when the client order id is repeated', async () => {
    const first = await api.request('POST', '/v1/orders', order('s-2', { quantity: '5' }));
    const again = await api.request('POST', '/v1/orders', order('s-2', { quantity: '7' }));
    expectProblem(again, 409, 'ORDER_DUPLICATE_CLIENT_ID');
    expect(again.body.firstOrder).toMatchObject({
      orderId: first.body.orderId,
      quantity: '5',
      leavesQuantity: '5',
    });
    const other = await api.request('POST', '/v1/orders', order('s-2', { account: 'beta' }));
    expect(other.status).toBe(201);
  });

  it('422 with check, limit and value when risk refuses; at the limit it passes', async () => {
    const limit = { limit: 'MaxOrderQuantity', scope: 'Account', name: 'beta', value: '10' };
    expect((await api.request('PUT', '/v1/limits', limit)).status).toBe(200);
    const beta = { account: 'beta' };
    const at = await api.request('POST', '/v1/orders', order('s-3', { ...beta, quantity: '10' }));
    expect(at.status).toBe(201);
    const above = await api.request(
      'POST',
      '/v1/orders',
      order('s-4', { ...beta, quantity: '11' }),
    );
    expectProblem(above, 422, 'RISK_MAX_QUANTITY');
    expect(above.body).toMatchObject({
      ...{ check: 'MaxQuantity', limit: '10', value: '11', unit: 'quantity' },
      clientOrderId: 's-4',
    });
    expect(above.headers.get('x-daybook-sequence')).toBe(String(above.body.sequence));
  });

  it.each([
    ['a price off the tick', { price: '4799.30' }, 'ORDER_PRICE_INVALID'],
    ['no price', { price: undefined }, 'ORDER_PRICE_INVALID'],
    ['a broken lot', { quantity: '1.5' }, 'ORDER_QUANTITY_INVALID'],
    ['a quantity of zero', { quantity: '0' }, 'ORDER_QUANTITY_INVALID'],
    ['a negative quantity', { quantity: '-1' }, 'ORDER_QUANTITY_INVALID'],
    ['an unknown account', { account: 'nobody' }, 'ACCOUNT_UNKNOWN'],
    ['an unknown instrument', { instrument: 'NOPE' }, 'INSTRUMENT_UNKNOWN'],
    ['a market order with a price', { type: 'Market' }, 'ORDER_PRICE_INVALID'],
  ])('422, on record, for %s', async (_what, change, code) => {
    const id = `r-${code}-${JSON.stringify(change).length}-${Math.abs(hash(_what))}`.slice(0, 40);
    const answer = await api.request('POST', '/v1/orders', order(id, change));
    expectProblem(answer, 422, code);
    expect(answer.body.sequence).toBeTypeOf('number');
  });

  it('halts and resumes an account', async () => {
    const halt = { scope: 'Account', name: 'beta', state: 'Halted', text: 'test' };
    expect((await api.request('PUT', '/v1/trading-states', halt)).body).toMatchObject(halt);
    const beta = { account: 'beta' };
    expectProblem(
      await api.request('POST', '/v1/orders', order('h-1', beta)),
      422,
      'TRADING_HALTED',
    );
    const states = await api.request('GET', '/v1/trading-states');
    expect(states.body.tradingStates).toMatchObject([halt]);
    const resume = { ...halt, state: 'Active' };
    expect((await api.request('PUT', '/v1/trading-states', resume)).status).toBe(200);
    expect((await api.request('POST', '/v1/orders', order('h-2', beta))).status).toBe(201);
  });
});

const hash = (text: string): number =>
  [...text].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) | 0, 7);

describe('bad requests', () => {
  it.each([
    ['side', { side: 'Buyy' }],
    ['side', { side: 'None' }],
    ['quantity', { quantity: 2 }],
    ['quantity', { quantity: '1e3' }],
    ['quantity', { quantity: undefined }],
    ['quantity', { quantity: '99999999999999999999' }],
    ['price', { price: 'NaN' }],
    ['clientOrderId', { clientOrderId: '' }],
    ['clientOrderId', { clientOrderId: 'x'.repeat(41) }],
    ['clientOrderId', { clientOrderId: 'gr\u00fcn' }],
    ['account', { account: 'a b' }],
    ['qty', { qty: '1' }],
    ['postOnly', { postOnly: 'yes' }],
  ])('400 naming %s', async (field, change) => {
    const answer = await api.request('POST', '/v1/orders', order('b-1', change));
    expectProblem(answer, 400, 'REQUEST_INVALID');
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect(answer.body.detail.startsWith(`${field}: `)).toBe(true);
  });

  it('takes the longest client order id', async () => {
    expect((await api.request('POST', '/v1/orders', order('x'.repeat(40)))).status).toBe(201);
  });

  const raw = (body: string, type = 'application/json'): Promise<Response> =>
    fetch(`${api.api.address}/v1/orders`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });

  it.each([
    ['cut short', '{"a":', 400, 'REQUEST_MALFORMED'],
    ['that poisons the prototype', '{"__proto__":{"x":1}}', 400, 'REQUEST_MALFORMED'],
    ['of null', 'null', 400, 'REQUEST_INVALID'],
    ['of a list', '[]', 400, 'REQUEST_INVALID'],
    ['that is empty', '', 400, 'REQUEST_INVALID'],
    ['one byte too long', ' '.repeat(64 * 1024 + 1), 413, 'REQUEST_TOO_LARGE'],
  ])('a body %s', async (_what, body, status, code) => {
    const response = await raw(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, status });
  });

  it('415 for another media type, 404 and 405 for unknown routes and methods', async () => {
    expect((await raw('x', 'text/plain')).status).toBe(415);
    expectProblem(await api.request('GET', '/v2/orders'), 404, 'ROUTE_UNKNOWN');
    const answer = await api.request('PATCH', '/v1/orders/1');
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('DELETE, GET, HEAD, PUT');
    expectProblem(await api.request('GET', '/v1/orders/%zz'), 400, 'REQUEST_MALFORMED');
    expectProblem(await api.request('GET', '/v1/orders/abc'), 400, 'REQUEST_INVALID');
  });
});

describe('cancel and replace', () => {
  const submit = async (id: string): Promise<number> =>
    (await api.request('POST', '/v1/orders', order(id))).body.orderId;

  it('cancels at once what no venue holds; a second cancel comes too late', async () => {
    const orderId = await submit('c-1');
    const canceled = await api.request('DELETE', `/v1/orders/${orderId}?clientOrderId=c-1x`);
    expect(canceled.status).toBe(200);
    expect(canceled.body).toMatchObject({
      outcome: 'done',
      orderId,
      clientOrderId: 'c-1x',
      order: { clientOrderId: 'c-1', status: 'Canceled', leavesQuantity: '0', cumQuantity: '0' },
    });
    const again = await api.request('POST', `/v1/orders/${orderId}/cancel`, {});
    expectProblem(again, 409, 'ORDER_TOO_LATE');
    expect(again.body).toMatchObject({
      cxlRejReason: 'TooLateToCancel',
      order: { orderId, status: 'Canceled' },
    });
  });

  it('cancels by client order id, and reduces', async () => {
    const orderId = await submit('c-2');
    const path = '/v1/accounts/alpha/orders/c-2';
    const reduced = await api.request('POST', `/v1/orders/${orderId}/cancel`, { quantity: '1' });
    expect(reduced.body.order).toMatchObject({ quantity: '1', leavesQuantity: '1' });
    const canceled = await api.request('DELETE', path);
    expect(canceled.status).toBe(200);
    expect(canceled.body.orderId).toBe(orderId);
  });

  it('404 for an order that does not exist', async () => {
    const path = '/v1/accounts/alpha/orders/never';
    expectProblem(await api.request('DELETE', path), 404, 'ORDER_UNKNOWN');
    expectProblem(
      await api.request('DELETE', '/v1/accounts/nobody/orders/never'),
      404,
      'ACCOUNT_UNKNOWN',
    );
  });

  it('replaces quantity and price; risk is asked again', async () => {
    const orderId = await submit('c-3');
    const path = `/v1/orders/${orderId}`;
    const body = { clientOrderId: 'c-3b', quantity: '3', price: '4799.50' };
    const replaced = await api.request('PUT', path, body);
    expect(replaced.status).toBe(200);
    expect(replaced.body.order).toMatchObject({ clientOrderId: 'c-3b', quantity: '3' });
    const off = await api.request('PUT', path, { ...body, clientOrderId: 'c-3c', price: '1.1' });
    expectProblem(off, 422, 'ORDER_PRICE_INVALID');
    const twice = await api.request('PUT', path, body);
    expectProblem(twice, 409, 'ORDER_DUPLICATE_CLIENT_ID');
    expect(twice.body.order).toMatchObject({ orderId, quantity: '3' });
  });

  it('mass-cancels what matches, and says which', async () => {
    const ids = [await submit('m-1'), await submit('m-2')];
    const sell = await api.request('POST', '/v1/orders', order('m-3', { side: 'Sell' }));
    const answer = await api.request('POST', '/v1/orders/mass-cancel', {
      account: 'alpha',
      side: 'Buy',
    });
    expect(answer.status).toBe(202);
    expect(answer.body.orders).toEqual(expect.arrayContaining(ids));
    expect(answer.body.orders).not.toContain(sell.body.orderId);
    const none = await api.request('POST', '/v1/orders/mass-cancel', {
      account: 'alpha',
      side: 'Buy',
    });
    expect(none.body).toMatchObject({ orders: [], more: false });
  });
});

describe('reference data', () => {
  it('lists, changes and shows instruments', async () => {
    const terms = { tickSize: '0.010', lotSize: '100', multiplier: '1', currency: 'EUR' };
    const made = await api.request('POST', '/v1/instruments', { symbol: 'ABC', ...terms });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ symbol: 'ABC', tickSize: '0.01', lotSize: '100' });
    expect(made.headers.get('location')).toBe('/v1/instruments/ABC');
    const again = await api.request('POST', '/v1/instruments', { symbol: 'ABC', ...terms });
    expectProblem(again, 409, 'INSTRUMENT_INVALID');
    const changed = await api.request('PUT', '/v1/instruments/ABC', { ...terms, open: false });
    expect(changed.body).toMatchObject({ open: false });
    expect((await api.request('GET', '/v1/instruments/ABC')).body).toEqual(changed.body);
    const zero = await api.request('PUT', '/v1/instruments/ABC', { ...terms, tickSize: '0' });
    expectProblem(zero, 400, 'REQUEST_INVALID');
    expectProblem(await api.request('GET', '/v1/instruments/X'), 404, 'INSTRUMENT_UNKNOWN');
    expectProblem(await api.request('GET', '/v1/marks/ABC'), 404, 'MARK_UNKNOWN');
  });

  it('refuses to change tick and lot of what has orders', async () => {
    const terms = { tickSize: '0.5', lotSize: '1', multiplier: '50', currency: 'USD' };
    const answer = await api.request('PUT', '/v1/instruments/ESH4', terms);
    expectProblem(answer, 422, 'INSTRUMENT_IN_USE');
    expect(answer.body.sequence).toBeTypeOf('number');
  });

  it('opens, changes and shows accounts and their groups', async () => {
    const body = { name: 'gamma', currency: 'EUR', group: 'other desk' };
    const made = await api.request('POST', '/v1/accounts', body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject(body);
    expectProblem(await api.request('POST', '/v1/accounts', body), 409, 'ACCOUNT_INVALID');
    const changed = await api.request('PUT', '/v1/accounts/gamma', { currency: 'EUR' });
    expect(changed.body).toMatchObject({ group: null, open: true });
    expectProblem(
      await api.request('PUT', '/v1/accounts/nobody', { currency: 'EUR' }),
      404,
      'ACCOUNT_UNKNOWN',
    );
  });

  it('sets, shows and removes limits', async () => {
    const limit = { limit: 'MaxOrderNotional', scope: 'Group', name: 'desk', instrument: 'ESH4' };
    const set = await api.request('PUT', '/v1/limits', { ...limit, value: '1000000000.50' });
    expect(set.body).toMatchObject({ ...limit, value: '1000000000.5', unit: 'money' });
    const listed = await api.request('GET', '/v1/limits');
    expect(listed.body.limits).toContainEqual(set.body);
    const removed = await api.request('PUT', '/v1/limits', { ...limit, value: null });
    expect(removed.body).toMatchObject({ value: null });
    const after = await api.request('GET', '/v1/limits');
    expect(after.body.limits).not.toContainEqual(expect.objectContaining(limit));
    const firm = { limit: 'MaxPosition', scope: 'Firm', name: 'x', value: '1' };
    expectProblem(await api.request('PUT', '/v1/limits', firm), 400, 'REQUEST_INVALID');
    const group = { limit: 'MaxPosition', scope: 'Group', name: 'x', value: '1' };
    expectProblem(await api.request('PUT', '/v1/limits', group), 404, 'GROUP_UNKNOWN');
  });

  it('sets and shows marks', async () => {
    const off = await api.request('PUT', '/v1/marks/ESH4', { price: '4799.3' });
    expectProblem(off, 400, 'REQUEST_INVALID');
    const set = await api.request('PUT', '/v1/marks/ESH4', { price: '4800' });
    expect(set.body).toMatchObject({ instrument: 'ESH4', price: '4800' });
    expect((await api.request('GET', '/v1/marks/ESH4')).body).toEqual(set.body);
    const negative = await api.request('PUT', '/v1/marks/ESH4', { price: '-1' });
    expectProblem(negative, 422, 'ORDER_PRICE_INVALID');
  });
});

describe('without a database', () => {
  it.each(['/v1/orders', '/v1/orders/1', '/v1/fills', '/v1/positions', '/v1/pnl'])(
    '503 with Retry-After for %s, while orders are taken',
    async (path) => {
      const answer = await api.request('GET', path);
      expectProblem(answer, 503, 'VIEW_UNAVAILABLE');
      expect(answer.headers.get('retry-after')).toBe('1');
    },
  );
});

describe('operations', () => {
  it('health, metrics, OpenAPI, the browsable page and the meaning of codes', async () => {
    expect((await api.request('GET', '/health/live')).body).toEqual({ status: 'live' });
    const ready = await api.request('GET', '/health/ready');
    expect(ready.body.checks).toMatchObject([{ name: 'journal', ok: true }]);
    const metrics = await api.request('GET', '/metrics');
    expect(metrics.body).toContain('daybook_http_request_seconds_bucket');
    expect(metrics.body).toContain('daybook_log_sequence');
    const openapi = await api.request('GET', '/docs/json');
    expect(openapi.body.openapi).toBe('3.1.0');
    expect((await api.request('GET', '/docs')).body).toContain('swagger-ui');
    const meaning = await api.request('GET', '/problems/RISK_MAX_QUANTITY');
    expect(meaning.body.meaning).toContain('quantity');
    expectProblem(await api.request('GET', '/problems/TOSTRING'), 404, 'ROUTE_UNKNOWN');
  });
});
