/** EventStoreDB from the command line, everything in processes of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, describe, expect, it } from 'vitest';
import { daybook, ended, MAIN, type Started, startProcess } from '../api/daybook-process.js';
import { order, request } from '../api/running-api.js';
import {
  killed,
  metric,
  readJournal,
  readTables,
  settled,
  startStore,
  trade,
  until,
} from './box.js';
import { selfSigned } from './self-signed.js';

const folder = mkdtempSync(join(tmpdir(), 'daybook-store-'));
const running: { child: Started['child'] }[] = [];
afterAll(async () => {
  for (const { child } of running) await killed(child);
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, ...args: string[]): Promise<Started> {
  const started = await startProcess(join(folder, name), ...args);
  running.push(started);
  return started;
}

async function stop({ child, end }: Started): Promise<void> {
  child.kill('SIGTERM');
  expect(await end).toMatchObject({ code: 0 });
}

const submit = (url: string, id: string, more = {}) =>
  request(`${url}/v1/orders`, 'POST', order(id, more));
/** Rests: nobody sells there. */
const RESTING = { price: '4795', quantity: '1' };

describe('a box whose record is EventStoreDB', { timeout: 240_000 }, () => {
  it('is lost, comes back from the store alone, and goes on', async () => {
    const store = await startStore(join(folder, 'lost.store'));
    const lost = join(folder, 'lost');
    const box = await start('lost', '--eventstoredb', store.url);
    await until(
      async () => (await request(`${box.url}/health/ready`, 'GET', undefined)).status === 200,
    );
    await trade(box.url, 150);
    const last = await settled(box.url);
    const tables = await readTables(lost);
    await stop(box);
    const { records, hash } = readJournal(lost);
    expect(records.length).toBeGreaterThan((200 * last) / 2);
    rmSync(lost, { recursive: true });

    // A box without a journal does not begin another one where the store has events.
    const fresh = await daybook(
      'start',
      '--data-dir',
      lost,
      '--port',
      '0',
      '--eventstoredb',
      store.url,
    );
    expect(fresh).toMatchObject({ code: 1 });
    expect(fresh.err).toContain('EVENTSTOREDB_AHEAD');

    const args = ['rebuild', '--from', 'eventstoredb', '--url', store.url, '--data-dir', lost];
    const first = spawn(process.execPath, [MAIN, ...args]);
    running.push({ child: first });
    await until(async () => existsSync(join(lost, 'restoring')));
    await killed(first);
    const early = await daybook('start', '--data-dir', lost, '--port', '0');
    expect(early).toMatchObject({ code: 1 });
    expect(early.err).toContain('RESTORE_UNFINISHED');
    const again = await daybook(...args, '--json');
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(again.out)).toMatchObject({ ok: true, events: last + 1, stateHash: hash });

    const restored = readJournal(lost);
    expect(restored.hash).toBe(hash);
    expect(restored.records.equals(records)).toBe(true);
    expect(await readTables(lost)).toEqual(tables);
    const text = await daybook(...args);
    expect(text.out).toContain(`state hash  ${hash}\n`);

    const next = await start('lost', '--eventstoredb', store.url);
    expect(next).toMatchObject({ epoch: 2, recoveredEvents: last + 1 });
    await until(async () => (await metric(next.url, 'daybook_eventstoredb_takes_orders')) === 1);
    expect((await submit(next.url, 'after')).status).toBe(201);
    await stop(next);
    const models = await daybook('rebuild', 'orders', 'fills', '--data-dir', lost, '--json');
    expect(JSON.parse(models.out)).toMatchObject({ ok: true, models: ['orders', 'fills'] });
    await store.kill();
  });

  it('refuses new orders while the store lags, lets cancels pass, and recovers', async () => {
    const file = join(folder, 'lag.store');
    const store = await startStore(file);
    const args = ['--eventstoredb', store.url, '--eventstoredb-lag-max', '10'];
    const box = await start('lag', ...args);
    await until(async () => (await metric(box.url, 'daybook_eventstoredb_takes_orders')) === 1);
    const resting = await submit(box.url, 'rest-1', RESTING);
    expect(resting.status).toBe(201);
    await store.kill();
    let taken = 0;
    let refused: Awaited<ReturnType<typeof request>> | undefined;
    while (refused === undefined) {
      const answer = await submit(box.url, `lag-${taken}`, RESTING);
      if (answer.status === 201) taken += 1;
      else refused = answer;
    }
    expect(refused).toMatchObject({ status: 503, body: { code: 'CAPACITY_OVERLOAD' } });
    expect(await metric(box.url, 'daybook_eventstoredb_lag_events')).toBeGreaterThan(10);
    const path = `/v1/orders/${resting.body.orderId}`;
    expect((await request(box.url + path, 'DELETE', undefined)).status).toBe(202);
    const ready = await request(`${box.url}/health/ready`, 'GET', undefined);
    expect(ready.status).toBe(503);
    expect(ready.body.checks).toContainEqual(
      expect.objectContaining({ name: 'eventstoredb', ok: false }),
    );
    // The forwarder has what the others leave of the processor: it may say so later.
    await until(async () => {
      const { checks } = (await request(`${box.url}/health/ready`, 'GET', undefined)).body;
      const why = checks.find(({ name }: { name: string }) => name === 'eventstoredb').detail;
      return /^not reached \(EVENTSTOREDB_UNAVAILABLE\), \d+ events/.test(why);
    });
    const back = await startStore(file, store.port);
    await until(async () => (await submit(box.url, `back-${taken++}`, RESTING)).status === 201);
    await stop(box);
    const said = (await box.end).err.split('\n').filter((line) => line.includes('EventStoreDB is'));
    expect(said[0]).toContain('EventStoreDB is not reached: events wait in the journal');
    expect(said.at(-1)).toContain('EventStoreDB is reached again');
    expect(said[0]).toContain('EVENTSTOREDB_UNAVAILABLE');

    // A new writer takes orders once the store has its first event, and cancels at once.
    await back.kill();
    const next = await start('lag', '--eventstoredb', store.url);
    expect(await submit(next.url, 'early', RESTING)).toMatchObject({
      ...{ status: 503, body: { code: 'CAPACITY_OVERLOAD' } },
    });
    const open = (await request(`${next.url}/v1/orders?limit=1`, 'GET', undefined)).body.orders[0];
    const early = await request(`${next.url}/v1/orders/${open.orderId}`, 'DELETE', undefined);
    expect(early.status).toBe(202);
    const third = await startStore(file, store.port);
    await until(async () => (await submit(next.url, 'early', RESTING)).status === 201);
    await stop(next);
    await third.kill();
  });

  it('ends loudly when another writer has the stream', async () => {
    const store = await startStore(join(folder, 'fence.store'));
    const box = await start('fence', '--eventstoredb', store.url);
    await settled(box.url);
    const other = EventStoreDBClient.connectionString(store.url);
    await other.appendToStream(
      'daybook-0',
      jsonEvent({ type: 'WriterStarted', data: { epoch: 9 } }),
    );
    void submit(box.url, 'doomed').catch(() => undefined);
    const { code, err } = await box.end;
    expect(code).toBe(1);
    expect(err).toContain('EVENTSTOREDB_');
    await other.dispose();
    await store.kill();
  });

  it('serves an unmodified client that reads, subscribes and resumes', async () => {
    const box = await start('served', '--eventstore-port', '0');
    await trade(box.url, 60);
    const held = (await metric(box.url, 'daybook_durable_sequence')) + 1;
    const wanted = held + 60;
    const script = fileURLToPath(new URL('auditor-process.mjs', import.meta.url));
    const { eventStorePort } = box as Started & { eventStorePort: number };
    const url = `esdb://127.0.0.1:${eventStorePort}?tls=false`;
    const auditor = spawn(process.execPath, [script, url, 'daybook-0', String(wanted)]);
    let over = false;
    const seen = ended(auditor).finally(() => {
      over = true;
    });
    while (!over) await trade(box.url, 2);
    const { code, out, err } = await seen;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const audit = JSON.parse(out.trim().split('\n').at(-1) ?? '');
    const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect(audit.revisions.slice(0, held)).toEqual(upTo(held));
    expect(audit.followed).toEqual(upTo(wanted));
    const log = await daybook('log', '--data-dir', join(folder, 'served'), '--type', 'OrderFilled');
    const fills = log.out.split('\n').filter((line) => line !== '');
    const sequences = fills.map((line) => JSON.parse(line).sequence as number);
    expect(audit.filled).toEqual(sequences.filter((each) => each <= audit.filled.at(-1)));
    expect(audit.refused).toBe('access-denied');
    await stop(box);
  });

  it('serves over TLS, with a certificate of its own', async () => {
    const { certificateFile, keyFile, remove } = selfSigned();
    const files = ['--eventstore-cert', certificateFile, '--eventstore-key', keyFile];
    const box = await start('encrypted', '--eventstore-port', '0', ...files);
    const { eventStorePort } = box as Started & { eventStorePort: number };
    const url = `esdb://localhost:${eventStorePort}?tlsCAFile=${certificateFile}`;
    const client = EventStoreDBClient.connectionString(url);
    const types: string[] = [];
    for await (const { event } of client.readStream('daybook-0', { maxCount: 1 })) {
      types.push(event?.type ?? '');
    }
    expect(types).toEqual(['WriterStarted']);
    await client.dispose();
    await stop(box);
    remove();
  });

  it('is projected on another box, killed and resumed, into the same tables', async () => {
    const store = await startStore(join(folder, 'role.store'));
    const box = await start('role', '--eventstoredb', store.url);
    await until(async () => (await metric(box.url, 'daybook_eventstoredb_takes_orders')) === 1);
    const args = ['--role', 'projector', '--eventstoredb', store.url];
    const first = await start('elsewhere', ...args);
    const trading = trade(box.url, 120);
    await until(async () => (await metric(first.url, 'daybook_projected_sequence')) > 60);
    await killed(first.child);
    await trading;
    const last = await settled(box.url);
    const second = await start('elsewhere', ...args);
    await until(async () => (await metric(second.url, 'daybook_projected_sequence')) === last);
    // The store goes away and comes back: it follows on.
    await store.kill();
    const back = await startStore(join(folder, 'role.store'), store.port);
    await trade(box.url, 20);
    const end = await settled(box.url);
    await until(async () => (await metric(second.url, 'daybook_projected_sequence')) === end);
    expect(await readTables(join(folder, 'elsewhere'))).toEqual(
      await readTables(join(folder, 'role')),
    );
    const ready = await request(`${second.url}/health/ready`, 'GET', undefined);
    expect(ready).toMatchObject({ status: 200 });
    await stop(second);
    await stop(box);
    await back.kill();
  });

  it.each([
    ['start', '--eventstoredb', 'nonsense'],
    ['start', '--eventstoredb-lag-max', '5'],
    ['start', '--role', 'projector'],
    ['start', '--role', 'nobody'],
    ['start', '--role', 'projector', '--eventstoredb', 'esdb://127.0.0.1:1', '--host', '0.0.0.0'],
    ['start', '--eventstore-port', '1', '--eventstore-cert', 'x.pem'],
    ['rebuild', '--from', 'paper'],
    ['rebuild', '--from', 'eventstoredb'],
    ['rebuild', 'nothing'],
  ])('%s %s %s ... is wrong use', async (...args) => {
    const { code, out } = await daybook(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});
