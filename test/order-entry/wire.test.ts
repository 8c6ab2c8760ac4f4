/**
 * Every outbound message as bytes of a real socket, read by a decoder that shares nothing with ours: offsets
 * as in the tables of the specification (`wire-protocols.md`), not our catalogue.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

/** Bytes of each field, in order; a letter more says how it is read: n number, t text. */
const TERMS = 't1 n4 t8 n8 t1 t1 n8 t1 t1 t1 t1 t14';
const LAYOUTS: Readonly<Record<string, string>> = {
  S: 't1',
  A: `n4 ${TERMS} *`,
  U: `n4 n4 ${TERMS} *`,
  C: 'n4 n4 t1',
  E: 'n4 n4 n8 t1 n8 *',
  B: 'n4 n8 t1 t14',
  F: 'n4 n4 n8 t1 n8 t1 t14',
  J: 'n4 n2 t14',
  P: 'n4',
  I: 'n4',
  M: 'n4 t1 n4',
  R: 'n4 t1 *',
  Q: 'n4',
};

/** Type, fields behind the time, and appendage items as `tag=hex`. */
function read(payload: Buffer): string {
  const type = String.fromCharCode(payload[0]!);
  const out: (string | bigint)[] = [type];
  let at = 9;
  for (const field of LAYOUTS[type]!.split(' ')) {
    if (field === '*') {
      const end = at + 2 + payload.readUInt16BE(at);
      at += 2;
      while (at < end) {
        const length = payload[at]!;
        out.push(`${payload[at + 1]}=${payload.subarray(at + 2, at + 1 + length).toString('hex')}`);
        at += 1 + length;
      }
      continue;
    }
    const next = at + Number(field.slice(1));
    const bytes = payload.subarray(at, next);
    out.push(
      field[0] === 'n' ? BigInt(`0x${bytes.toString('hex')}`) : bytes.toString('latin1').trimEnd(),
    );
    at = next;
  }
  if (at !== payload.length) throw new Error(`${type}: ${payload.length} bytes, read ${at}`);
  return out.join(' ');
}

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  let client: OuchTestClient;
  beforeEach(async () => {
    running = await RunningGateway.start(implementation);
    client = await OuchTestClient.login(running.port);
  });
  afterEach(() => running.remove());

  const told = () => client.received.filter((p) => p.type === 'S').map((p) => read(p.payload));
  const report = (data: object) => running.admin('VenueReport', { venue: 3, ...data } as never);
  const orderIdOf = async (nth: number) => {
    const all = await client.sequenced(nth);
    return Number(all[nth - 1]!.fields.orderReferenceNumber);
  };
  /** The id of the cancel that is on its way to the venue, as the log has it. */
  async function canceling(): Promise<string> {
    const { directory, durableEnd } = running.shard;
    const reader = new JournalReader(directory, { from: 0, end: durableEnd });
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      const batch = reader.read();
      if (batch === undefined) await new Promise(setImmediate);
      for (let at = 0; at < (batch?.length ?? 0); at += batch!.u16[(at + HEADER.length) / 2]!) {
        const event = decodeEvent(batch!.bytes, at);
        if (event.type !== 'CancelRequested') continue;
        reader.close();
        return event.data.clOrdId;
      }
    }
    throw new Error('no cancel came');
  }
  const replace = { timeInForce: '0', display: 'Y', interMarketSweepEligibility: 'N' };

  it('tells each kind of message as the specification lays it out', async () => {
    client.enter(1, { quantity: 1000, clOrdID: 'one' }, [
      { tag: 12, name: 'postOnly', value: 'P' },
      { tag: 5, name: 'maxFloor', value: 100 },
    ]);
    client.enter(2, { symbol: 'NONE', clOrdID: 'two' });
    const orderId = await orderIdOf(1);
    await client.sequenced(2);
    report({ orderId, report: 'Acknowledged' });
    const fill = { orderId, report: 'Filled', lastQuantity: 100, lastPrice: 1001 };
    report({ ...fill, execId: 'e-1', liquidity: 'Added' });
    report({ ...fill, execId: 'e-2', liquidity: 'Removed' });
    const of = { orderId, lastQuantity: 90, lastPrice: 1003 };
    report({ ...of, report: 'TradeCorrected', execId: 'e-3', execRefId: 'e-1' });
    report({ orderId, report: 'TradeBusted', execId: 'e-4', execRefId: 'e-2' });
    report({ orderId, report: 'Restated', quantity: 900, restatement: 'PartialDeclineOfOrderQty' });
    await client.sequenced(7);
    // A cancel that its venue keeps waiting, and refuses.
    client.send('X', { userRefNum: 1, quantity: 0 });
    const clOrdId = await canceling();
    report({ orderId, report: 'PendingCancel', clOrdId });
    report({ orderId, report: 'RequestRejected', clOrdId });
    await client.sequenced(9);
    client.enter(3, {
      symbol: 'LOTS',
      quantity: 500,
      price: '0.0500',
      side: 'T',
      clOrdID: 'three',
    });
    client.send('M', { userRefNum: 3, side: 'T', quantity: 400 });
    const terms = { quantity: 300, price: '0.1000', clOrdID: 'four', ...replace };
    client.send('U', { ...terms, origUserRefNum: 3, userRefNum: 4 });
    client.send('X', { userRefNum: 4, quantity: 100 });
    client.send('C', { userRefNum: 4, firm: '', symbol: 'LOTS' });
    client.send('Q', {});
    await client.sequenced(14);
    await client.until((packets) => packets.some((p) => p.type === 'U'));

    const first = told();
    const [e1, e2] = [first[2]!, first[3]!].map((text) => text.split(' ')[5]);
    const third = await orderIdOf(10);
    expect(first).toEqual([
      `A 1 B 1000 ACME 100000 0 Y ${orderId} A N N L one 12=50 5=00000064`,
      'J 2 10 two',
      `E 1 100 100100 A ${e1}`,
      `E 1 100 100100 R ${e2}`,
      `F 1 90 100300  ${e1} S one`,
      `B 1 ${e2} S one`,
      'R 1 P 22=0000032a 23=00000000000186a0',
      'P 1',
      'I 1',
      `A 3 T 500 LOTS 500 0 Y ${third} A N N L three`,
      'M 3 T 400',
      `U 3 4 T 300 LOTS 1000 0 Y ${third} A N N L four`,
      'C 4 200 U',
      'C 4 100 U',
    ]);
    const query = client.received.find((p) => p.type === 'U')!;
    expect(read(query.payload)).toBe('Q 5');

    running.admin('OpenTradingDay', { tradingDay: 20261123 });
    await client.untilClosed();
    client = await OuchTestClient.login(running.port);
    await client.sequenced(1);
    running.admin('CloseTradingDay', { tradingDay: 20261123 });
    await client.sequenced(2);
    expect(told()).toEqual(['S S', 'S E']);
  }, 60_000);

  it('cancels what a mass cancel names, by account and by instrument, and nothing else', async () => {
    const lots = { symbol: 'LOTS', quantity: 100, price: '0.0500' };
    const ofB = [{ tag: 2, name: 'firm', value: 'BB' }];
    client.enter(1, lots);
    client.enter(2, lots, ofB);
    client.enter(3, { price: '10.0000' });
    const other = await OuchTestClient.login(running.port, { user: 'bob' });
    other.enter(1, lots);
    await other.sequenced(1);
    await client.sequenced(3);
    client.send('C', { userRefNum: 0, firm: 'BB', symbol: '' });
    await client.sequenced(4);
    client.send('C', { userRefNum: 0, firm: 'AA', symbol: 'LOTS' });
    await client.sequenced(5);
    client.send('C', { userRefNum: 0, firm: 'CC', symbol: '' });
    client.send('C', { userRefNum: 0, firm: '', symbol: 'NONE' });
    client.enter(4, { symbol: 'NONE' });
    await client.sequenced(6);
    expect(told().slice(3)).toEqual(['C 2 100 U', 'C 1 100 U', 'J 4 10 mine']);
    expect(client.received.filter((p) => p.type === '+').length).toBe(2);
    other.send('X', { userRefNum: 1, quantity: 0 });
    expect((await other.sequenced(2)).map((m) => m.type)).toEqual(['A', 'C']);
    other.close();
  }, 60_000);
});
