/** What a client is told when there is no room, no answer in time, or no writer any more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { startApi } from '../../src/api/start-api.js';
import { unavailableReadModels } from '../../src/api/unavailable-read-models.js';
import { CommandPort, RESERVED_SLOTS } from '../../src/commands/command-port.js';
import { COMMAND_SLOT_BYTES } from '../../src/domain/commands.js';
import { Doorbell } from '../../src/lib/doorbell.js';
import { SpscRing } from '../../src/lib/ring.js';
import { SharedDurableEnd } from '../../src/log/journal/shared-durable-end.js';
import { order, request, seed, startTestApi } from './running-api.js';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const expectOverload = (answer: Awaited<ReturnType<typeof request>>): void => {
  expect(answer.status).toBe(503);
  expect(answer.body.code).toBe('CAPACITY_OVERLOAD');
  expect(answer.headers.get('retry-after')).toBe('1');
};

describe('overload', () => {
  it('refuses orders when too many wait, takes nothing of them, and lets cancels pass', async () => {
    const api = await startTestApi({ outcomes: { pendingMax: 4, reserved: 1 } });
    ends.push(() => api.stop(), api.remove);
    await seed(api);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => api.request('POST', '/v1/orders', order(`o-${i}`))),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expectOverload(answer);
    for (const [i, { status }] of answers.entries()) {
      const again = await api.request('POST', '/v1/orders', order(`o-${i}`));
      expect(again.status).toBe(status === 201 ? 409 : 201);
    }
  });

  it('503 when the ring of commands is full, 504 when no outcome comes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'daybook-nobody-'));
    const slots = RESERVED_SLOTS * 2;
    // A ring that nobody drains: a writer that hangs.
    const ring = SpscRing.create({ slots, slotBytes: COMMAND_SLOT_BYTES });
    const api = await startApi({
      commands: new CommandPort(ring, Doorbell.create(), 1),
      journalDirectory: directory,
      durableEnd: new SharedDurableEnd(),
      readModels: unavailableReadModels,
      readiness: async () => [],
      ...{ logger: pino({ level: 'error' }), metrics: new Registry(), version: 'test' },
      ...{ host: '127.0.0.1', port: 0, outcomes: { waitMs: 1 } },
    });
    ends.push(
      () => api.stop(),
      () => rmSync(directory, { recursive: true }),
    );
    const submit = (id: number) => request(`${api.address}/v1/orders`, 'POST', order(`n-${id}`));
    const first = await submit(0);
    expect(first.status).toBe(504);
    expect(first.body.code).toBe('OUTCOME_PENDING');
    expect(first.body.detail).toContain('client order id');
    const taken = slots - RESERVED_SLOTS - 1;
    const more = await Promise.all(Array.from({ length: taken }, (_, i) => submit(i + 1)));
    expect(more.map(({ status }) => status)).toEqual(more.map(() => 504));
    expectOverload(await submit(taken + 1));
    const { status } = await request(`${api.address}/v1/orders/mass-cancel`, 'POST', {});
    expect(status).toBe(504);
  });

  it('503 once the writer has ended, and not ready', async () => {
    const api = await startTestApi();
    ends.push(() => api.api.stop(), api.remove);
    await seed(api);
    await api.shard.stop();
    const { follower } = api.api.application;
    await expect.poll(() => follower.state).toBe('ended');
    const answer = await api.request('POST', '/v1/orders', order('e-1'));
    expect(answer.status).toBe(503);
    expect(answer.body.code).toBe('SERVICE_UNAVAILABLE');
    const ready = await api.request('GET', '/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body.checks).toMatchObject([{ name: 'journal', ok: false }]);
    expect((await api.request('GET', '/health/live')).status).toBe(200);
  });

  it('answers what is under way before it stops', async () => {
    const api = await startTestApi();
    ends.push(api.remove);
    await seed(api);
    const answers = Array.from({ length: 50 }, (_, i) =>
      api.request('POST', '/v1/orders', order(`w-${i}`)),
    );
    await answers[0];
    const stopped = api.stop();
    // Every connection was open before the end began, so each gets its order on record.
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(
      answers.map(() => 201),
    );
    await stopped;
    await expect(api.request('GET', '/health/live')).rejects.toThrow();
  });
});
