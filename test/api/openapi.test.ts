/** The document says what there is: every route, and answers that are as their schemas say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { routeAccess } from '../../src/api/rest/route-access.js';
import * as V from '../../src/api/rest/schemas/views.js';
import { order, seed, startTestApi, type TestApi } from './running-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await seed(api);
});
afterAll(async () => {
  await api.stop();
  api.remove();
});

/** Every method and path of /v1 that has a rule; the stream is no plain HTTP, and stands in docs/. */
const ROUTES = Object.keys(routeAccess)
  .filter((route) => route.includes(' /v1/') && route !== 'GET /v1/stream')
  .map((route) => route.replace(/:(\w+)/g, '{$1}'));

describe('OpenAPI', () => {
  it('has every route, each with tag, summary, examples and its problems', async () => {
    const { body } = await api.request('GET', '/docs/json');
    const found: string[] = [];
    for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
      if (!path.startsWith('/v1/')) continue;
      for (const [method, operation] of Object.entries(methods)) {
        found.push(`${method.toUpperCase()} ${path}`);
        expect(operation.tags).toHaveLength(1);
        expect(operation.summary).toBeTypeOf('string');
        for (const kind of ['4XX', '5XX']) {
          const { content } = operation.responses[kind];
          expect(Object.keys(content)).toEqual(['application/problem+json']);
        }
        const json = operation.requestBody?.content['application/json'];
        if (json !== undefined) expect(JSON.stringify(json)).toContain('"example');
      }
    }
    expect(found.sort()).toEqual([...ROUTES].sort());
  });

  it('describes answers as they are', async () => {
    const strict = (schema: z.ZodObject) => z.strictObject(schema.shape);
    const fits = async (
      schema: z.ZodObject,
      ...[method, path, body]: Parameters<TestApi['request']>
    ) => {
      const answer = await api.request(method, path, body);
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
      expect(() => strict(schema).parse(answer.body)).not.toThrow();
      return answer.body;
    };
    const { orderId } = await fits(V.orderView, 'POST', '/v1/orders', order('a-1'));
    const next = { clientOrderId: 'a-2', quantity: '3', price: '4799' };
    await fits(V.requestAnswer, 'PUT', `/v1/orders/${orderId}`, next);
    await fits(V.requestAnswer, 'DELETE', `/v1/orders/${orderId}`);
    await fits(V.massCancelAnswer, 'POST', '/v1/orders/mass-cancel', {});
    await fits(V.instrumentView, 'GET', '/v1/instruments/ESH4');
    await fits(V.accountView, 'GET', '/v1/accounts/alpha');
    await fits(V.markView, 'GET', '/v1/marks/ESH4');
    const limit = { limit: 'MaxPosition', scope: 'Firm', value: '1000' };
    await fits(V.limitView, 'PUT', '/v1/limits', limit);
    const state = { scope: 'Instrument', name: 'ESH4', state: 'Reducing' };
    await fits(V.tradingStateView, 'PUT', '/v1/trading-states', state);
    await fits(V.listOf('instruments', V.instrumentView), 'GET', '/v1/instruments');
    await fits(V.listOf('accounts', V.accountView), 'GET', '/v1/accounts');
    await fits(V.listOf('marks', V.markView), 'GET', '/v1/marks');
    await fits(V.listOf('limits', V.limitView), 'GET', '/v1/limits');
    await fits(V.listOf('tradingStates', V.tradingStateView), 'GET', '/v1/trading-states');
  });
});
