/** A limit of a desk in a currency that its accounts do not have, over REST, and after a restart. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { order, seed, startTestApi, type TestApi } from './running-api.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await seed(api);
}, 60_000);
afterAll(async () => {
  await api.stop();
  api.remove();
});

const put = (path: string, body: unknown) => api.request('PUT', path, body);
const bases = async () => (await api.request('GET', '/v1/base-currencies')).body.baseCurrencies;
const firm = (currency: string, sequence: number) => ({
  ...{ scope: 'Firm', name: null, currency, sequence },
});
const desk = (currency: string, sequence: number) => ({
  ...{ scope: 'Group', name: 'desk', currency, sequence },
});

it('follows the first account until one is set', async () => {
  expect(await bases()).toEqual([firm('USD', 0), desk('USD', 0)]);
  const set = await put('/v1/base-currencies', { scope: 'Firm', currency: 'EUR' });
  expect(set.status).toBe(200);
  expect(set.body).toEqual(firm('EUR', set.body.sequence));
  expect(await bases()).toEqual([set.body, desk('EUR', 0)]);
  const own = await put('/v1/base-currencies', { scope: 'Group', name: 'desk', currency: 'GBP' });
  expect(await bases()).toEqual([set.body, desk('GBP', own.body.sequence)]);
});

it('holds a limit in it, at the marked rate: at the limit, and a micro above', async () => {
  const missing = await api.request('POST', '/v1/orders', order('no-limit'));
  expect(missing.status).toBe(201);
  const gross = { limit: 'MaxGrossExposure', scope: 'Group', name: 'desk' };
  await put('/v1/limits', { ...gross, value: '1000000000' });
  const unrated = await api.request('POST', '/v1/orders', order('no-rate'));
  expect([unrated.status, unrated.body.code]).toEqual([422, 'RISK_RATE_MISSING']);
  const pair = { symbol: 'GBP/USD', tickSize: '0.01', lotSize: '1', multiplier: '1' };
  await api.request('POST', '/v1/instruments', { ...pair, currency: 'USD', venue: 0 });
  await put('/v1/marks/GBP%2FUSD', { price: '1.25' });
  // Two orders of 2 x 50 x 4799.25 USD, 767,880 GBP together.
  await put('/v1/limits', { ...gross, value: '767879.999999' });
  const above = await api.request('POST', '/v1/orders', order('above'));
  expect([above.status, above.body.code]).toEqual([422, 'RISK_GROSS_EXPOSURE']);
  await put('/v1/limits', { ...gross, value: '767880' });
  expect((await api.request('POST', '/v1/orders', order('at'))).status).toBe(201);
});

it.each([
  [{ scope: 'Account', name: 'alpha', currency: 'EUR' }, 400, 'REQUEST_INVALID'],
  [{ scope: 'Firm', name: 'desk', currency: 'EUR' }, 400, 'REQUEST_INVALID'],
  [{ scope: 'Group', currency: 'EUR' }, 400, 'REQUEST_INVALID'],
  [{ scope: 'Group', name: 'nobody', currency: 'EUR' }, 404, 'GROUP_UNKNOWN'],
  [{ scope: 'Firm', currency: 'eur' }, 400, 'REQUEST_INVALID'],
  [{ scope: 'Firm' }, 400, 'REQUEST_INVALID'],
])('refuses %o', async (body, status, code) => {
  const before = await bases();
  const answer = await put('/v1/base-currencies', body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(await bases()).toEqual(before);
});

it('is there after a restart', async () => {
  const before = await bases();
  const { dataDirectory } = api;
  await api.stop();
  api = await startTestApi({ dataDirectory });
  expect(await bases()).toEqual(before);
});
