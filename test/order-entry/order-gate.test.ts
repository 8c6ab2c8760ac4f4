import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  beforeAll(async () => {
    running = await RunningGateway.start(implementation);
  });
  afterAll(() => running.remove());

  const REPLACE = {
    origUserRefNum: 1,
    userRefNum: 3,
    quantity: 200,
    price: '10.0000',
    timeInForce: '0',
    display: 'Y',
    interMarketSweepEligibility: 'N',
    clOrdID: 'other',
  };

  it('while the shard takes no orders, refuses them on record and lets the cancels behind pass', async () => {
    const client = await OuchTestClient.login(running.port);
    client.enter(1, { symbol: 'LOTS' });
    await client.sequenced(1);
    running.orderGate.set(false);
    client.enter(2);
    client.send('U', REPLACE);
    client.send('X', { userRefNum: 1, quantity: 0 });
    await client.sequenced(4);
    running.orderGate.set(true);
    client.enter(4);
    const messages = await client.sequenced(5);
    expect(messages.map(({ type, fields }) => [type, fields.userRefNum])).toEqual([
      ['A', 1],
      ['J', 2],
      ['J', 3],
      ['C', 1],
      ['A', 4],
    ]);
    expect(messages[1]!.fields.reason).toBe(4);
    expect(messages[2]!.fields.reason).toBe(4);
    client.close();
  });
});
