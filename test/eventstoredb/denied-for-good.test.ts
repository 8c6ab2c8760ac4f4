/** A store that let a writer in and then denies it access for good, seen from outside of the process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { streamOfShard } from '../../src/log/eventstoredb/forwarder.js';
import { accessDenied } from '../../src/log/eventstoredb/server/rpc-error.js';
import { StreamStore } from '../../src/log/eventstoredb/stream-store.js';
import { startProcess } from '../api/daybook-process.js';
import { order, request } from '../api/running-api.js';
import { killed, metric, until } from './box.js';
import { notHandled, startNode } from './cluster-node.js';

const LAG_MAX = 12;

it('is asked on and on, and shows in lag, health and refused orders; cancels pass', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-denied-'));
  const store = new StreamStore();
  const node = await startNode(store);
  const url = `esdb://127.0.0.1:${node.port}?tls=false`;
  const box = await startProcess(
    join(folder, 'data'),
    ...['--eventstoredb', url, '--eventstoredb-lag-max', String(LAG_MAX)],
  );
  const submit = (id: string) =>
    request(`${box.url}/v1/orders`, 'POST', order(id, { price: '4795', quantity: '1' }));
  const stored = () => metric(box.url, 'daybook_eventstoredb_stored_sequence');
  const lag = () => metric(box.url, 'daybook_eventstoredb_lag_events');
  const check = async () => {
    const ready = await request(`${box.url}/health/ready`, 'GET', undefined);
    const { checks } = ready.body as { checks: { name: string; ok: boolean; detail: string }[] };
    return { status: ready.status, ...checks.find(({ name }) => name === 'eventstoredb')! };
  };
  try {
    await until(async () => (await metric(box.url, 'daybook_eventstoredb_takes_orders')) === 1);
    const resting = await submit('before');
    expect(resting.status).toBe(201);
    await until(async () => (await lag()) === 0);

    // What is in flight fails once; from then on nobody is let in.
    node.behaviour.fail = () => accessDenied();
    node.behaviour.refuse = () => notHandled('Server Is Not Ready');
    let taken = 0;
    let last = resting;
    while (last.status === 201) {
      last = await submit(`denied-${taken}`);
      if (last.status === 201) taken += 1;
    }
    expect(last).toMatchObject({ status: 503, body: { code: 'CAPACITY_OVERLOAD' } });
    expect(taken).toBeGreaterThan(0);
    expect(await lag()).toBeGreaterThan(LAG_MAX);
    const path = `/v1/orders/${resting.body.orderId}`;
    expect((await request(box.url + path, 'DELETE', undefined)).status).toBe(202);
    await until(async () => /EVENTSTOREDB_ACCESS_DENIED/.test((await check()).detail));
    expect(await check()).toMatchObject({ status: 503, ok: false });

    // It does not give up, and nothing of it is believed to be stored.
    const sessions = () => metric(box.url, 'daybook_eventstoredb_sessions');
    const asked = await sessions();
    await until(async () => (await sessions()) >= asked + 3);
    expect(await stored()).toBeLessThan(await metric(box.url, 'daybook_durable_sequence'));
    expect((await submit('denied-still')).status).toBe(503);

    // The operator lets it in again: all of it arrives, once, and orders are taken.
    delete node.behaviour.fail;
    delete node.behaviour.refuse;
    let tries = 0;
    await until(async () => (await submit(`after-${tries++}`)).status === 201);
    const held = () => store.readStream(streamOfShard(0), 0, 'forwards', 1_000_000);
    const durable = () => metric(box.url, 'daybook_durable_sequence');
    await until(async () => held().length === (await durable()) + 1);
    const revisions = held().map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions.keys()]);
    box.child.kill('SIGTERM');
    expect(await box.end).toMatchObject({ code: 0 });
  } finally {
    await killed(box.child);
    node.stop();
    rmSync(folder, { recursive: true });
  }
}, 240_000);
