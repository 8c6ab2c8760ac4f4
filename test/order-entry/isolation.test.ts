import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

const BURST = 2000;
/** A flood ends by itself, so that a failing test does. */
const BURSTS_MAX = 400;
const heartbeat = Buffer.from([0, 1, 0x52]);

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  const clients: OuchTestClient[] = [];
  const login = async (user: string) => {
    const client = await OuchTestClient.login(running.port, { user, sequence: 0 });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    running = await RunningGateway.start(implementation);
  });
  afterAll(() => running.remove());
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.close();
      await client.untilClosed();
    }
  });

  let ref = 0;
  /** Orders of the calm client, one after the other, each answered. */
  async function calmOrders(calm: OuchTestClient, count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      ref += 1;
      const mine = ref;
      calm.enter(mine, { symbol: 'LOTS' });
      await calm.until(() => calm.messages.at(-1)?.fields.userRefNum === mine);
    }
  }

  it('a session that floods without end does not keep the others from being answered', async () => {
    const calm = await login('bob');
    const flooder = await login('alice');
    let flooding = true;
    let bursts = 0;
    const flood = (async () => {
      let mine = 0;
      while (flooding && bursts < BURSTS_MAX) {
        bursts += 1;
        for (let i = 0; i < BURST; i += 1) {
          mine += 1;
          // An unknown symbol: denied, so that the tables of this shard last.
          flooder.enter(mine, { symbol: 'NONE' });
        }
        // As fast as the gateway takes it, and no slower.
        if (flooder.socket.writableNeedDrain) {
          await new Promise((resolve) => flooder.socket.once('drain', resolve));
        } else await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await flooder.sequenced(1);
    await calmOrders(calm, 20);
    // The flood was still on when the last of them was answered.
    expect(flooding && bursts < BURSTS_MAX).toBe(true);
    flooding = false;
    flooder.close();
    await Promise.race([flood, flooder.untilClosed()]);
  });

  it('clients that come, send half a packet and are killed do not disturb', async () => {
    const calm = await login('bob');
    for (let i = 0; i < 20; i += 1) {
      const killed = await login('alice');
      killed.socket.write(Buffer.from([0, 48, 0x55, 0x4f]));
      killed.socket.resetAndDestroy();
      await calmOrders(calm, 1);
    }
  });

  it('a session that does not read its answers does not keep the others from being answered', async () => {
    const calm = await login('bob');
    const stalled = await login('carol');
    stalled.socket.pause();
    for (let i = 1; i <= 5000; i += 1) stalled.enter(i, { symbol: 'NONE' });
    await calmOrders(calm, 20);
    const timer = setInterval(() => stalled.socket.write(heartbeat), 100);
    stalled.socket.resume();
    await stalled.sequenced(5000);
    clearInterval(timer);
    const refs = stalled.messages.map((m) => m.fields.userRefNum);
    expect(refs).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
  });
});
