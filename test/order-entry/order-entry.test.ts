import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  const clients: OuchTestClient[] = [];

  const login = async (...args: Parameters<typeof OuchTestClient.login>) => {
    const client = await OuchTestClient.login(...args);
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    running = await RunningGateway.start(implementation);
  });
  afterAll(() => running.remove());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  describe('logging in', () => {
    it('accepts the right password, names the session and the next sequence number', async () => {
      const client = await login(running.port, { user: 'bob', sequence: 0 });
      expect(client.received[0]).toMatchObject({ type: 'A' });
      expect(client.received[0]!.payload.toString('latin1')).toBe(
        `${'BOB_000000'}${'1'.padStart(20)}`,
      );
    });

    it.each([
      ['a wrong password', { password: 'wrong' }, 'A'],
      ['an unknown user', { user: 'eve' }, 'A'],
      ['another session', { session: 'OTHER00000' }, 'S'],
      ['a sequence number that is not reached', { sequence: 10_000 }, 'S'],
      ['a sequence number that is no number', { sequence: '1x' }, 'S'],
    ])('refuses %s', async (_, terms, code) => {
      const client = await login(running.port, terms);
      expect(client.received.map((p) => [p.type, p.payload.toString()])).toEqual([['J', code]]);
      await client.untilClosed();
    });

    it.each(['', '0000000000001', '1'])('takes the sequence number %j', async (sequence) => {
      const client = await login(running.port, { user: 'bob', sequence });
      expect(client.received[0]).toMatchObject({ type: 'A' });
    });

    it('ends who says something else first', async () => {
      const client = await OuchTestClient.connect(running.port);
      client.enter(1);
      await client.untilClosed();
      expect(client.received).toEqual([]);
    });

    it('lets the newest login of a session have it', async () => {
      const first = await login(running.port, { user: 'bob' });
      await login(running.port, { user: 'bob' });
      await first.untilClosed();
    });
  });

  describe('orders', () => {
    it('answers each kind of message, and sends all of it again from any number', async () => {
      const client = await login(running.port);
      client.enter(1, { clOrdID: 'first' });
      expect((await client.sequenced(1))[0]).toMatchObject({
        name: 'OrderAccepted',
        fields: {
          userRefNum: 1,
          side: 'B',
          quantity: 100,
          symbol: 'ACME',
          price: '10.0000',
          orderState: 'L',
          clOrdID: 'first',
        },
      });
      // A sent order again, an order with the same number: neither is answered.
      client.enter(1, { clOrdID: 'first' });
      client.enter(2, { symbol: 'NONE' });
      client.enter(3, { price: '10.0050' });
      client.enter(4, { side: 'X' });
      client.enter(5, { crossType: 'O' });
      client.enter(6, { symbol: 'LOTS', quantity: 150, price: '10.0000' });
      client.enter(7, { symbol: 'FINE' });
      client.enter(8, {}, [{ tag: 2, name: 'firm', value: 'CC' }]);
      client.enter(9, { timeInForce: 'Z' });
      client.enter(10, { clOrdID: 'b\u00e4d' });
      client.enter(11, {}, [{ tag: 6, name: 'priceType', value: 'P' }]);
      const answers = (await client.sequenced(11)).slice(1);
      expect(answers.map((m) => [m.type, m.fields.userRefNum, m.fields.reason])).toEqual([
        ['J', 2, 0x0a],
        ['J', 3, 0x0b],
        ['J', 4, 0x04],
        ['J', 5, 0x04],
        ['J', 6, 0x0c],
        ['J', 7, 0x0a],
        ['J', 8, 0x13],
        ['J', 9, 0x04],
        ['J', 10, 0x04],
        ['J', 11, 0x04],
      ]);
      client.enter(12, { symbol: 'LOTS', quantity: 500, price: '0.0500', side: 'T' }, [
        { tag: 2, name: 'firm', value: 'BB' },
        { tag: 12, name: 'postOnly', value: 'P' },
        { tag: 5, name: 'maxFloor', value: 100 },
      ]);
      client.send('X', { userRefNum: 12, quantity: 300 });
      client.send('M', { userRefNum: 12, side: 'T', quantity: 200 });
      client.send('M', { userRefNum: 12, side: 'S', quantity: 100 });
      const replace = {
        origUserRefNum: 12,
        userRefNum: 13,
        quantity: 400,
        price: '0.1000',
        timeInForce: '0',
        display: 'Y',
        interMarketSweepEligibility: 'N',
        clOrdID: 'again',
      };
      client.send('U', replace);
      client.send('U', { ...replace, origUserRefNum: 13, userRefNum: 14, timeInForce: '3' });
      client.send('U', { ...replace, origUserRefNum: 99, userRefNum: 15 });
      client.send('U', { ...replace, origUserRefNum: 13, userRefNum: 16, quantity: 300 });
      client.send('X', { userRefNum: 16, quantity: 0 });
      client.send('X', { userRefNum: 16, quantity: 0 });
      client.send('X', { userRefNum: 77, quantity: 0 });
      const next = (await client.sequenced(22)).slice(11);
      expect(next.map((m) => [m.type, m.fields.userRefNum])).toEqual([
        ['A', 12],
        ['C', 12],
        ['M', 12],
        ['I', 12],
        ['U', 13],
        ['J', 14],
        ['J', 15],
        ['U', 16],
        ['C', 16],
        ['I', 16],
        ['I', 77],
      ]);
      expect(next[0]).toMatchObject({
        fields: { side: 'T', quantity: 500, price: '0.0500' },
        appendage: [
          { name: 'postOnly', value: 'P' },
          { name: 'maxFloor', value: 100 },
        ],
      });
      expect(next[1]!.fields).toMatchObject({ quantity: 200, reason: 'U' });
      expect(next[2]!.fields).toMatchObject({ side: 'T', quantity: 200 });
      expect(next[4]!.fields).toMatchObject({
        origUserRefNum: 12,
        quantity: 400,
        price: '0.1000',
        clOrdID: 'again',
        symbol: 'LOTS',
        orderState: 'L',
      });
      expect(next[7]!.fields).toMatchObject({ origUserRefNum: 13, quantity: 300 });
      expect(next[8]!.fields).toMatchObject({ quantity: 300, reason: 'U' });

      for (const sequence of [1, 2, 15, 22]) {
        const again = await login(running.port, { sequence });
        await again.sequenced(23 - sequence);
        expect(again.payloads).toEqual(client.payloads.slice(sequence - 1));
      }
    });

    it('answers an account query outside the sequence', async () => {
      const client = await login(running.port, { user: 'bob', sequence: 0 });
      client.send('Q', {});
      await client.until((packets) => packets.length >= 2);
      expect(client.received[1]).toMatchObject({
        type: 'U',
        message: { name: 'AccountQueryResponse', fields: { nextUserRefNum: 1 } },
      });
    });
  });

  describe('what a venue reports', () => {
    it('is told, also busts and corrections, and once more after a restart', async () => {
      const client = await login(running.port, { user: 'bob' });
      client.enter(1, { quantity: 1000, side: 'S', clOrdID: 'sold' });
      const [accepted] = await client.sequenced(1);
      const orderId = Number(accepted!.fields.orderReferenceNumber);
      const report = (data: Parameters<RunningGateway['admin']>[1]) =>
        running.admin('VenueReport', { orderId, venue: 3, ...data } as never);
      report({ report: 'Acknowledged' });
      const fill = (execId: string, lastQuantity: number, lastPrice: number) =>
        report({ report: 'Filled', execId, lastQuantity, lastPrice, liquidity: 'Added' });
      fill('e-1', 100, 1001);
      fill('e-2', 200, 1002);
      report({
        report: 'TradeCorrected',
        execId: 'e-3',
        execRefId: 'e-1',
        lastQuantity: 90,
        lastPrice: 1003,
      });
      report({ report: 'TradeBusted', execId: 'e-4', execRefId: 'e-3' });
      report({ report: 'Restated', quantity: 900, restatement: 'PartialDeclineOfOrderQty' });
      report({ report: 'Canceled' });
      await client.sequenced(7);
      const told = client.messages.slice(1);
      expect(told.map((m) => m.type)).toEqual(['E', 'E', 'F', 'B', 'R', 'C']);
      expect(told[0]!.fields).toMatchObject({
        quantity: 100,
        price: '10.0100',
        liquidityFlag: 'A',
      });
      const { matchNumber } = told[0]!.fields;
      expect(told[1]!.fields.matchNumber).not.toBe(matchNumber);
      expect(told[2]!.fields).toMatchObject({
        quantity: 90,
        price: '10.0300',
        matchNumber,
        clOrdID: 'sold',
      });
      expect(told[3]!.fields).toMatchObject({ matchNumber, clOrdID: 'sold' });
      expect(told[5]!.fields).toMatchObject({ userRefNum: 1, quantity: 700, reason: 'Z' });

      const before = client.payloads;
      await running.restart();
      await client.untilClosed();
      for (const sequence of [1, 4]) {
        const again = await login(running.port, { user: 'bob', sequence });
        await again.sequenced(8 - sequence);
        expect(again.payloads).toEqual(before.slice(sequence - 1));
      }
      const later = await login(running.port, { user: 'bob', sequence: 8 });
      later.enter(1, { clOrdID: 'not new' });
      later.enter(2, { clOrdID: 'new' });
      expect((await later.sequenced(1))[0]!.fields).toMatchObject({ userRefNum: 2 });
    });
  });

  it('refuses to replace by a UserRefNum that was replaced, and cancels by it', async () => {
    const client = await login(running.port, { sequence: 0 });
    const terms = { quantity: 400, price: '0.1000', timeInForce: '0', display: 'Y' };
    const replace = { ...terms, interMarketSweepEligibility: 'N', clOrdID: '' };
    const told = (count: number) =>
      client.sequenced(count).then((all) => all.map((m) => [m.type, m.fields.userRefNum]));
    client.enter(101, { symbol: 'LOTS', quantity: 500, price: '0.0500' });
    await client.sequenced(1);
    client.send('U', { ...replace, origUserRefNum: 101, userRefNum: 102 });
    await client.sequenced(2);
    client.send('U', { ...replace, origUserRefNum: 102, userRefNum: 103, quantity: 300 });
    await client.sequenced(3);
    client.send('U', { ...replace, origUserRefNum: 101, userRefNum: 104, quantity: 200 });
    client.send('U', { ...replace, origUserRefNum: 102, userRefNum: 105, quantity: 200 });
    await client.sequenced(5);
    client.send('U', { ...replace, origUserRefNum: 103, userRefNum: 106, quantity: 100 });
    await client.sequenced(6);
    client.send('X', { userRefNum: 103, quantity: 0 });
    expect(await told(7)).toEqual([
      ...[
        ['A', 101],
        ['U', 102],
        ['U', 103],
        ['J', 104],
        ['J', 105],
        ['U', 106],
        ['C', 106],
      ],
    ]);
  });
});
