/** What the README shows works as it says: its orders are sent to a Daybook that was just started. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Started, startProcess } from '../api/daybook-process.js';
import { ROOT } from './repository.js';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const orders = [...readme.matchAll(/\/v1\/orders [^\n]*-d '(\{[^']*\})'/g)].map(
  ([, body]) => body as string,
);

describe('the README', () => {
  let directory: string;
  let daybook: Started;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'readme-'));
    daybook = await startProcess(directory);
  });

  afterAll(async () => {
    daybook.child.kill('SIGTERM');
    await daybook.end;
    rmSync(directory, { recursive: true });
  });

  const submit = (body: string) =>
    fetch(`${daybook.url}/v1/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });

  it('has two orders, which trade', async () => {
    expect(orders).toHaveLength(2);
    const first = await submit(orders[0] as string);
    expect(first.status).toBe(201);
    expect(readme).toContain(`location: ${first.headers.get('location')}`);
    const sequence = first.headers.get('x-daybook-sequence');
    expect(readme).toContain(`x-daybook-sequence: ${sequence}`);
    expect(readme).toContain(`event ${sequence} is on disk`);

    expect((await submit(orders[1] as string)).status).toBe(201);
    await expect
      .poll(async () => (await fetch(`${daybook.url}/v1/orders/1`)).json(), { timeout: 10_000 })
      .toMatchObject({ status: 'PartiallyFilled', averagePrice: '4799.25' });
  });

  it('says what a refusal and a repeated id answer', async () => {
    const order = JSON.parse(orders[0] as string) as object;
    const tooLarge = { ...order, clientOrderId: 'large-1', quantity: '501' };
    const refused = await submit(JSON.stringify(tooLarge));
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      ...{ code: 'RISK_MAX_QUANTITY', limit: '500', value: '501' },
    });
    const repeated = await submit(orders[0] as string);
    expect(repeated.status).toBe(409);
  });
});
