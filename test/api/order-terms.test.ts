/** Orders beyond the plain ones: what the catalogue has, REST can enter. */
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

const submit = (id: string, more: Record<string, unknown>) =>
  api.request('POST', '/v1/orders', { ...order(id), ...more });

it('trailing stops, pegs, lists and amounts of money are taken', { timeout: 60_000 }, async () => {
  const unpriced = { price: undefined };
  const trailing = await submit('trail', { ...unpriced, type: 'TrailingStop', offset: '2.50' });
  expect([trailing.status, trailing.body.type]).toEqual([201, 'TrailingStop']);
  const off = await submit('off', { ...unpriced, type: 'TrailingStop', offset: '2.51' });
  expect([off.status, off.body.code]).toEqual([422, 'ORDER_PRICE_INVALID']);
  const without = await submit('without', { ...unpriced, type: 'TrailingStop' });
  expect([without.status, without.body.code]).toEqual([422, 'ORDER_TERMS_INVALID']);
  const list = { id: 1, contingency: 'OneCancelsOther' };
  for (const index of [1, 2]) {
    const { status, body } = await submit(`oco-${index}`, { list: { ...list, index } });
    expect(status, JSON.stringify(body)).toBe(201);
  }
  const cash = await submit('cash', { quantity: '0', cashQuantity: '1000000' });
  expect([cash.status, cash.body.quantity], JSON.stringify(cash.body)).toEqual([201, '4']);
  for (const more of [
    { list: { id: 0, contingency: 'Bracket', index: 0 } },
    { peg: 'Nose' },
    { offset: 1 },
  ]) {
    expect((await submit('bad', more)).status).toBe(400);
  }
});
