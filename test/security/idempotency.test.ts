/**
 * A request with an `Idempotency-Key` that is sent again after the process has died: one order, one
 * answer, wherever it died. A crash is a stop and a file without its last line, which is what a
 * process that dies there leaves behind; one is a real kill -9.
 */
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { daybook, startProcess } from '../api/daybook-process.js';
import { ask, type SecureApi, startSecureApi } from './secure-api.js';

let secure = undefined as unknown as SecureApi;
let trader: string;
afterEach(async () => {
  await secure?.stop();
  secure?.remove();
  secure = undefined as unknown as SecureApi;
});

const requestsPath = () => join(secure.dataDirectory, 'requests', 'shard-0.log');
const lines = () => readFileSync(requestsPath(), 'utf8').split('\n').slice(0, -1);

/** The process ends, and these lines of the file were not written yet. */
async function crash(linesLost: number): Promise<void> {
  const { dataDirectory } = secure;
  await secure.stop();
  const kept = lines().slice(0, lines().length - linesLost);
  truncateSync(requestsPath(), Buffer.byteLength(kept.map((line) => `${line}\n`).join('')));
  secure = await startSecureApi({ dataDirectory });
}

async function start(): Promise<void> {
  secure = await startSecureApi();
  trader = secure.keys.trader;
}

const order = (clientOrderId: string, more: object = {}) => ({
  ...{ clientOrderId, account: 'own', instrument: 'ESH4', side: 'Buy', type: 'Limit' },
  ...{ quantity: '1', price: '4700', ...more },
});
const send = (key: string, method: string, path: string, body?: unknown) =>
  ask(secure, trader, method, path, body, { 'idempotency-key': key });
const submit = (key: string, body: unknown) => send(key, 'POST', '/v1/orders', body);

function count(type: string): number {
  const { shard } = secure;
  const reader = new JournalReader(shard.directory, { from: 0, end: shard.durableEnd });
  let found = 0;
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      if (decodeEvent(batch.bytes, at).type === type) found += 1;
    }
  }
  reader.close();
  return found;
}

describe('a request that is sent again after a restart', { timeout: 120_000 }, () => {
  it('has the answer that was given, without being done again', async () => {
    await start();
    const first = await submit('a', order('a'));
    const denied = await submit('b', order('b', { price: '4700.1' }));
    expect([first.status, denied.status]).toEqual([201, 422]);
    await crash(0);
    const again = await submit('a', order('a'));
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect((await submit('b', order('b', { price: '4700.1' }))).body).toEqual(denied.body);
    expect((await submit('a', order('c'))).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect([count('OrderAccepted'), count('OrderDenied')]).toEqual([1, 1]);
  });

  it('has the answer that was not given yet, of what is on record', async () => {
    await start();
    const others = Array.from({ length: 50 }, (_, n) => submit(`other-${n}`, order(`other-${n}`)));
    await Promise.all(others);
    const first = await submit('a', order('a'));
    const { orderId } = first.body;
    await crash(1);
    // Of another process, and among others: found by its time of receipt.
    const again = await submit('a', order('a'));
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('location')).toBe(`/v1/orders/${orderId}`);
    const change = { clientOrderId: 'r', quantity: '2', price: '4700' };
    const replaced = await send('r', 'PUT', `/v1/orders/${orderId}`, change);
    await crash(1);
    expect((await send('r', 'PUT', `/v1/orders/${orderId}`, change)).body).toEqual(replaced.body);
    const mass = await send('m', 'POST', '/v1/orders/mass-cancel', { account: 'own' });
    expect(mass.body.orders.length).toBe(51);
    await crash(1);
    const same = await send('m', 'POST', '/v1/orders/mass-cancel', { account: 'own' });
    expect([same.status, same.body]).toEqual([202, mass.body]);
    expect([count('OrderAccepted'), count('ReplaceRequested')]).toEqual([51, 1]);
    // And once more, now that its answer is on disk.
    await crash(0);
    const { headers } = await send('m', 'POST', '/v1/orders/mass-cancel', { account: 'own' });
    expect(headers.get('idempotency-replayed')).toBe('true');
  });

  it('is done when nothing of it is on record, and then known as well', async () => {
    await start();
    const first = await submit('a', order('a'));
    const path = `/v1/orders/${first.body.orderId + 1}`;
    const change = { clientOrderId: 'r', quantity: '2', price: '4700' };
    const replace = () => send('r', 'PUT', path, change);
    // There is no such order yet, nor a read model to ask for it: it begins, and leaves nothing.
    expect((await replace()).status).toBe(503);
    expect((await replace()).status).toBe(503);
    await crash(0);
    expect((await submit('b', order('b'))).status).toBe(201);
    const done = await replace();
    expect([done.status, done.body.clientOrderId]).toEqual([200, 'r']);
    await crash(1);
    expect((await replace()).body).toEqual(done.body);
    expect(count('ReplaceRequested')).toBe(1);
  });

  it('is a new one when even its beginning is not on disk: its client order id stands for it', async () => {
    await start();
    await submit('a', order('a'));
    await crash(2);
    const again = await submit('a', order('a'));
    expect([again.status, again.body.code]).toEqual([409, 'ORDER_DUPLICATE_CLIENT_ID']);
    expect(count('OrderAccepted')).toBe(1);
  });
});

describe('kill -9 under requests with keys', () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-keys-kill-'));
  afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

  it('sent again each has one answer, and is one order', { timeout: 300_000 }, async () => {
    const first = await startProcess(dataDirectory);
    const answered = new Map<string, unknown>();
    let next = 0;
    const post = (url: string, id: string) =>
      ask({ api: { address: url } }, undefined, 'POST', '/v1/orders', trade(id), {
        'idempotency-key': id,
      });
    const trade = (id: string) => order(id, { account: 'alpha' });
    const client = async (): Promise<void> => {
      for (;;) {
        const id = `key-${next++}`;
        try {
          const { status, body } = await post(first.url, id);
          expect(status, JSON.stringify(body)).toBe(201);
          answered.set(id, body);
        } catch (error) {
          // The process is gone: whether this one was taken nobody knows.
          if (error instanceof TypeError) return;
          throw error;
        }
        if (answered.size === 100) first.child.kill('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: 16 }, client));
    await first.end;
    expect(next).toBeGreaterThan(answered.size);
    const second = await startProcess(dataDirectory);
    const again = async (n: number): Promise<void> => {
      const { status, body } = await post(second.url, `key-${n}`);
      expect(status, JSON.stringify(body)).toBe(201);
      expect(body.clientOrderId).toBe(`key-${n}`);
      expect(body).toEqual(answered.get(`key-${n}`) ?? body);
    };
    await Promise.all(Array.from({ length: next }, (_, n) => again(n)));
    second.child.kill('SIGTERM');
    await second.end;
    const { out } = await daybook('log', '--data-dir', dataDirectory);
    const accepted = out.match(/"type":"OrderAccepted"/g) ?? [];
    expect(accepted.length).toBe(next);
  });
});
