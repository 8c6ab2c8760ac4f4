import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  /** With 256 slots kept for cancels, 256 orders fit the ring. */
  const RING_SLOTS = 512;
  const ORDERS = 5000;

  let running: RunningGateway;
  beforeAll(async () => {
    running = await RunningGateway.start(
      implementation,
      { limits: { inputBytes: 4096, outputBytes: 4096 } },
      RING_SLOTS,
    );
  });
  afterAll(() => running.remove());

  it('a full ring holds the sockets back and drops nothing', async () => {
    const clients = await Promise.all(
      ['alice', 'bob', 'carol'].map((user) => OuchTestClient.login(running.port, { user })),
    );
    for (const client of clients) {
      for (let i = 1; i <= ORDERS; i += 1) {
        client.enter(i, { symbol: 'LOTS' });
        if (i % 2 === 0) client.send('X', { userRefNum: i, quantity: 0 });
      }
    }
    const refs = Array.from({ length: ORDERS }, (_, i) => i + 1);
    for (const client of clients) {
      await client.sequenced(ORDERS * 1.5);
      const of = (type: string) =>
        client.messages.filter((m) => m.type === type).map((m) => m.fields.userRefNum);
      expect(of('A')).toEqual(refs);
      expect(of('C')).toEqual(refs.filter((ref) => ref % 2 === 0));
      client.close();
    }
  });
});
