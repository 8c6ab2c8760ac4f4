import { describe, expect, it } from 'vitest';
import { encodeEvent } from '../../domain/event-codec.js';
import { RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent } from '../../domain/events.js';
import { RecentClientIds } from './recent-client-ids.js';

type IdEvent = 'OrderAccepted' | 'ReplaceRequested' | 'OrderReplaced';
const ZEROS = {
  side: 'Buy',
  ordType: 'Limit',
  timeInForce: 'Day',
  capacity: 'Agency',
  contingency: 'None',
  selfTradePrevention: 'AccountDefault',
  peg: 'None',
  ordStatus: 'New',
};

/** A record in memory that was used before: what is behind an id is not zero. */
function recordOf(type: IdEvent, data: object): RecordBuffer {
  const buffer = new RecordBuffer(1024);
  buffer.bytes.fill(0x55);
  const header = { sequence: 1, time: 1n, received: 1n, command: 1, actor: 0, session: 0 };
  const event = { ...header, type, data: { ...ZEROS, ...data } } as unknown as DaybookEvent;
  buffer.length = encodeEvent(event, buffer.bytes);
  return buffer;
}

const accept = (ids: RecentClientIds, account: number, clOrdId: string, orderId: number) =>
  ids.take('accepted', recordOf('OrderAccepted', { account, clOrdId, orderId }), 0);

describe('RecentClientIds', () => {
  it('finds an order by each id that was given to it, in its account alone', () => {
    const ids = new RecentClientIds(64);
    const long = 'x'.repeat(40);
    accept(ids, 1, 'a', 7);
    accept(ids, 2, 'a', 8);
    accept(ids, 1, long, 9);
    const renamed = { account: 1, clOrdId: 'b', orderId: 7 };
    ids.take('requested', recordOf('ReplaceRequested', { ...renamed, clOrdId: 'c' }), 0);
    ids.take('replaced', recordOf('OrderReplaced', renamed), 0);
    ids.take('replaced', recordOf('OrderReplaced', { ...renamed, clOrdId: '' }), 0);
    const found = [ids.find(1, 'a'), ids.find(2, 'a'), ids.find(1, long), ids.find(1, 'b')];
    expect(found).toEqual([7, 8, 9, 7]);
    expect([ids.find(1, 'c'), ids.find(3, 'a'), ids.find(1, 'x'.repeat(39))]).toEqual([7, 0, 0]);
  });

  it('gives an id that is used again to the later order', () => {
    const ids = new RecentClientIds(64);
    accept(ids, 1, 'a', 7);
    accept(ids, 1, 'a', 12);
    expect(ids.find(1, 'a')).toBe(12);
  });

  it('has four places for ids that meet: the fifth takes that of the oldest order', () => {
    const ids = new RecentClientIds(4);
    for (const [n, id] of ['a', 'b', 'c', 'd'].entries()) accept(ids, 1, id, n + 1);
    expect(['a', 'b', 'c', 'd'].map((id) => ids.find(1, id))).toEqual([1, 2, 3, 4]);
    accept(ids, 1, 'e', 5);
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => ids.find(1, id))).toEqual([0, 2, 3, 4, 5]);
  });
});
