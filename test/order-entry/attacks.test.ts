/** Floods of connections, logins, replays and garbage: each is bounded, and a session that behaves goes on. */
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAILED_LOGINS_OF_ADDRESS_MAX } from '../../src/lib/failed-logins.js';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

const CONNECTIONS = 64;
const HEARTBEAT = Buffer.from([0, 1, 0x52]);

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  let calm: OuchTestClient;
  let orders = 0;
  let beats: NodeJS.Timeout;

  beforeEach(async () => {
    running = await RunningGateway.start(implementation, {
      limits: { connections: CONNECTIONS },
      // Nothing ends because it is late: what ends, the limits have ended.
      times: { silenceMs: 600_000, loginMs: 600_000, stalledMs: 600_000 },
    });
    calm = await OuchTestClient.login(running.port, { user: 'bob' });
    beats = setInterval(() => calm.socket.write(HEARTBEAT), 100);
    orders = 0;
  }, 60_000);
  afterEach(async () => {
    clearInterval(beats);
    calm.close();
    await calm.untilClosed();
    await running.remove();
  }, 60_000);

  /** The calm session's next order is answered. */
  async function answered(): Promise<void> {
    orders += 1;
    calm.enter(orders);
    await calm.sequenced(orders);
  }

  const connectAll = (count: number) =>
    Promise.all(Array.from({ length: count }, () => OuchTestClient.connect(running.port)));

  const closed = async (clients: readonly OuchTestClient[]) => {
    for (const client of clients) client.close();
    await Promise.all(clients.map((client) => client.untilClosed()));
  };

  it('connections that say nothing: as many as the limit are held, every further one is closed', async () => {
    const held = await connectAll(CONNECTIONS - 1);
    const further = await connectAll(40);
    await Promise.all(further.map((client) => client.untilClosed()));
    expect(held.filter((client) => client.closed)).toEqual([]);
    await answered();
    // A place that becomes free is given again.
    await closed(held.splice(0, 1));
    let late = await OuchTestClient.login(running.port, { user: 'alice' }).catch(() => undefined);
    while (late === undefined) {
      late = await OuchTestClient.login(running.port, { user: 'alice' }).catch(() => undefined);
    }
    expect(late.received[0]?.type).toBe('A');
    await closed([...held, late]);
  }, 120_000);

  it('logins with wrong passwords: refused, no more looked at than the limit, no one locked out', async () => {
    const known = await OuchTestClient.login(running.port, { user: 'alice' });
    await closed([known]);
    let refused = 0;
    while (refused <= FAILED_LOGINS_OF_ADDRESS_MAX) {
      const clients = await connectAll(CONNECTIONS / 2);
      clients.forEach((client, i) => {
        client.sendLogin({ user: i % 2 === 0 ? 'carol' : `none${i}`, password: 'wrong' });
      });
      await answered();
      await Promise.all(clients.map((client) => client.untilClosed()));
      expect(clients.map((client) => client.received[0]?.type)).toEqual(clients.map(() => 'J'));
      refused += clients.length;
    }
    // The address has had its chances, for its strangers; who is known there has some of its own.
    const carol = await OuchTestClient.login(running.port, { user: 'carol' });
    expect(carol.received[0]?.type).toBe('J');
    const alice = await OuchTestClient.login(running.port, { user: 'alice' });
    expect(alice.received[0]?.type).toBe('A');
    await answered();
    await closed([carol, alice]);
  }, 120_000);

  it('a client that asks for everything again and again and never reads it', async () => {
    const count = 3000;
    const alice = await OuchTestClient.login(running.port, { user: 'alice' });
    for (let i = 1; i <= count; i += 1) alice.enter(i);
    await alice.sequenced(count);
    await closed([alice]);
    const files = readdirSync('/proc/self/fd').length;
    const stalled: OuchTestClient[] = [];
    for (let i = 0; i < 20; i += 1) {
      // Each takes the session over from the one before.
      const client = await OuchTestClient.login(running.port, { user: 'alice', sequence: 1 });
      client.socket.pause();
      stalled.push(client);
      await answered();
    }
    await closed(stalled);
    const again = await OuchTestClient.login(running.port, { user: 'alice', sequence: 1 });
    const messages = await again.sequenced(count);
    expect(messages.map((m) => m.fields.userRefNum)).toEqual(
      Array.from({ length: count }, (_, i) => i + 1),
    );
    await closed([again]);
    // Sockets, and the files that a replay reads. One of before may have lingered.
    const now = () => readdirSync('/proc/self/fd').length;
    await expect.poll(now, { timeout: 30_000 }).toBeLessThanOrEqual(files);
  }, 120_000);

  it('garbage as fast as the sockets take it, before a login and after one', async () => {
    const garbage = Buffer.alloc(1 << 20);
    for (let i = 0; i < garbage.length; i += 1) garbage[i] = (i * 2_654_435_761) >>> 13;
    const strangers = await connectAll(24);
    const alice = await OuchTestClient.login(running.port, { user: 'alice' });
    for (const client of [...strangers, alice]) client.socket.write(garbage);
    await answered();
    await Promise.all([...strangers, alice].map((client) => client.untilClosed()));
    await answered();
    expect(running.shard.recoveredEvents).toBe(0);
  }, 120_000);
});
