/**
 * kill -9 under load, again and again: no acknowledged order is missing, none is there twice, the
 * read models equal the log, and the journal verifies.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { daybook, type Started, startProcess } from './daybook-process.js';
import { order, request } from './running-api.js';

const ROUNDS = 3;
const CLIENTS = 16;
const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-kill-'));
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

interface Acknowledged {
  readonly orderId: number;
  readonly account: string;
}

/** What the clients were told, by client order id. */
const acknowledged = new Map<string, Acknowledged>();
/** Sent, and not answered when the process died: on record or not. */
const unanswered = new Set<string>();
let next = 0;

/** Enters orders, buys and sells that trade with each other, until the server is gone. */
async function trade(url: string): Promise<void> {
  for (;;) {
    const id = `k-${next++}`;
    const side = next % 2 === 0 ? 'Buy' : 'Sell';
    const account = ['alpha', 'beta', 'gamma'][next % 3] as string;
    unanswered.add(id);
    try {
      const more = { side, account, quantity: String(1 + (next % 5)) };
      const answer = await request(`${url}/v1/orders`, 'POST', order(id, more));
      unanswered.delete(id);
      if (answer.status === 201) acknowledged.set(id, { orderId: answer.body.orderId, account });
      else expect([422, 503]).toContain(answer.status);
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
  }
}

interface LogEvent {
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, number | string>>;
}

async function readLog(): Promise<LogEvent[]> {
  const { code, out, err } = await daybook('log', '--data-dir', dataDirectory);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogEvent]));
}

function checkLog(events: readonly LogEvent[]): void {
  expect(events.every(({ sequence }, at) => sequence === at)).toBe(true);
  const accepted = events.filter(({ type }) => type === 'OrderAccepted');
  const ids = new Map(accepted.map(({ data }) => [data.clOrdId as string, data.orderId as number]));
  expect(ids.size).toBe(accepted.length);
  for (const [id, { orderId }] of acknowledged) expect(ids.get(id)).toBe(orderId);
  for (const id of ids.keys()) expect(acknowledged.has(id) || unanswered.has(id)).toBe(true);
  const executions = events.filter(({ type }) => type === 'OrderFilled').map(({ data }) => data);
  // Each leg of a match has an execution id of its own: none may be there twice.
  expect(new Set(executions.map(({ execId }) => execId)).size).toBe(executions.length);
}

/** Positions and fills of the read models are those that the log adds up to. */
async function checkReadModels({ url }: Started, events: readonly LogEvent[]): Promise<void> {
  const last = events.at(-1)?.sequence;
  const get = async (path: string) =>
    (
      await request(
        `${url}${path}${path.includes('?') ? '&' : '?'}minSequence=${last}`,
        'GET',
        undefined,
      )
    ).body;
  const expected = new Map<number, number>();
  let fills = 0;
  for (const { type, data } of events) {
    if (type !== 'OrderFilled') continue;
    const lots = Number(data.lastQuantity) * (data.side === 'Buy' ? 1 : -1);
    expected.set(Number(data.account), (expected.get(Number(data.account)) ?? 0) + lots);
    fills += 1;
  }
  const positions = (await get('/v1/positions?instrument=ESH4')).positions;
  const sorted = (values: number[]): number[] => values.sort((a, b) => a - b);
  expect(sorted(positions.map(({ quantity }: { quantity: string }) => Number(quantity)))).toEqual(
    sorted([...expected.values()]),
  );
  expect(await count(get, 'fills', 'after')).toBe(fills);
  const accepted = events.filter(({ type }) => type === 'OrderAccepted').length;
  expect(await count(get, 'orders', 'before')).toBe(accepted);
}

/** Counts the rows of all pages. */
async function count(
  // biome-ignore lint/suspicious/noExplicitAny: any answer
  get: (path: string) => Promise<any>,
  what: string,
  cursor: string,
): Promise<number> {
  let rows = 0;
  let next = '';
  for (;;) {
    const page = await get(`/v1/${what}?limit=1000${next}`);
    rows += page[what].length;
    if (page.next === null) return rows;
    next = `&${cursor}=${page.next}`;
  }
}

describe('kill -9 under load', () => {
  it('loses no acknowledged order and repeats none, in any round', async () => {
    const seed = Date.now() % 2 ** 31;
    process.stdout.write(`kill -9: seed ${seed}\n`);
    const moments = fc.sample(fc.integer({ min: 100, max: 1500 }), { seed, numRuns: ROUNDS });
    for (const [round, ms] of moments.entries()) {
      const running = await startProcess(dataDirectory);
      expect(running.epoch).toBe(round + 1);
      const clients = Array.from({ length: CLIENTS }, () => trade(running.url));
      await delay(ms);
      running.child.kill('SIGKILL');
      await Promise.all(clients);
      await running.end;
      expect((await daybook('verify', '--data-dir', dataDirectory)).code).toBe(0);
    }
    const running = await startProcess(dataDirectory);
    expect(running.epoch).toBe(ROUNDS + 1);
    // Sent again under its id, an order is never entered twice.
    for (const [id, { orderId, account }] of [...acknowledged].slice(-50)) {
      const again = await request(`${running.url}/v1/orders`, 'POST', order(id, { account }));
      expect(again.status).toBe(409);
      expect(again.body.firstOrder.orderId).toBe(orderId);
    }
    const events = await readLog();
    checkLog(events);
    expect(acknowledged.size).toBeGreaterThan(0);
    await checkReadModels(running, events);
    running.child.kill('SIGTERM');
    expect(await running.end).toMatchObject({ code: 0 });
  });
});
