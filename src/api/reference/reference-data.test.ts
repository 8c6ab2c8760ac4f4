import { describe, expect, it } from 'vitest';
import { encodeEvent } from '../../domain/event-codec.js';
import { RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent, EventName } from '../../domain/events.js';
import { EXEC_INST } from '../../domain/order-terms.js';
import { RecentOrders } from './recent-orders.js';
import { ReferenceData } from './reference-data.js';

let sequence = 0;
/** Test data is written as literals that spread; its values are checked when encoding. */
const event = (type: EventName, data: object): DaybookEvent => {
  sequence += 1;
  const header = { sequence, time: 5_000_000_001n, received: 1n, command: 1, actor: 0, session: 0 };
  return { type, ...header, data } as unknown as DaybookEvent;
};

function taken(...events: readonly DaybookEvent[]): ReferenceData {
  const reference = new ReferenceData();
  for (const each of events) {
    const record = new RecordBuffer(512);
    encodeEvent(each, record.bytes);
    reference.take(record, 0);
  }
  return reference;
}

const instrument = (index: number, symbol: string, tickMantissa = 25) =>
  ({
    ...{ tickMantissa, tickScale: 2, lotMantissa: 1, lotScale: 0, multiplierMantissa: 50 },
    ...{ multiplierScale: 0, feePerLot: 0, instrument: index, venue: 1, symbol, currency: 'USD' },
    ...{ open: 1, negativePrices: 0, marginPercent: 0, spare: 0 },
  }) as const;

const account = (index: number, name: string, group = 0, groupName = '') =>
  ({
    ...{ commissionPerLot: 0, account: index, group, name, groupName, currency: 'USD', open: 1 },
    ...{ selfTradePrevention: 'AccountDefault', spare16: 0, spare32: 0 },
  }) as const;

describe('ReferenceData', () => {
  it('knows instruments by index and symbol, as of their last terms', () => {
    const reference = taken(
      event('InstrumentListed', instrument(1, 'A')),
      event('InstrumentListed', instrument(2, 'B')),
      event('InstrumentChanged', instrument(1, 'A', 50)),
    );
    expect(reference.instrumentBySymbol('A')).toMatchObject({
      index: 1,
      tick: { units: 5, scale: 1 },
    });
    expect(reference.instrument(2)?.symbol).toBe('B');
    expect(reference.instruments()).toHaveLength(2);
    expect(reference.instrumentBySymbol('C')).toBeUndefined();
  });

  it('forgets the name that an account had', () => {
    const reference = taken(
      event('AccountOpened', account(1, 'old', 1, 'desk')),
      event('AccountChanged', account(1, 'new', 1, 'desk')),
    );
    expect(reference.accountByName('old')).toBeUndefined();
    expect(reference.accountByName('new')?.index).toBe(1);
    expect(reference.groupByName('desk')).toBe(1);
    expect(reference.groupName(1)).toBe('desk');
  });

  it('keeps limits that are set and trading states that are not active', () => {
    const limit = {
      ...{ value: 10, previous: -1, scopeId: 1, instrument: 0, limit: 1, scope: 'Account' },
      ...{ spare: 0, spare32: 0 },
    } as const;
    const state = {
      ...{ scopeId: 0, scope: 'Firm', state: 'Halted', previous: 'Active', spare: 0, text: 'x' },
    } as const;
    const reference = taken(
      event('LimitChanged', limit),
      event('LimitChanged', { ...limit, value: 12 }),
      event('LimitChanged', { ...limit, instrument: 7 }),
      event('TradingHalted', state),
    );
    expect(reference.limits().map(({ value }) => value)).toEqual([12, 10]);
    expect(reference.tradingStates()).toMatchObject([{ scope: 'Firm', state: 'Halted' }]);
    const after = taken(
      event('LimitChanged', limit),
      event('LimitChanged', { ...limit, value: -1 }),
      event('TradingHalted', state),
      event('TradingResumed', { ...state, state: 'Active', previous: 'Halted' }),
    );
    expect(after.limits()).toEqual([]);
    expect(after.tradingStates()).toEqual([]);
  });

  it('has the newest mark with its time', () => {
    const reference = taken(
      event('InstrumentListed', instrument(1, 'A')),
      event('PriceMarked', { price: 5, instrument: 1, source: 0 }),
      event('PriceMarked', { price: -7, instrument: 1, source: 3 }),
    );
    expect(reference.mark(1)).toEqual({
      ...{ instrument: 1, price: -7, source: 3, time: 5_000_000_001n, sequence },
    });
    expect(reference.mark(2)).toBeUndefined();
    expect(reference.marks()).toHaveLength(1);
  });
});

describe('RecentOrders', () => {
  const accepted = (orderId: number): RecordBuffer => {
    const record = new RecordBuffer(512);
    const data = {
      ...{ orderId, account: orderId + 10, instrument: orderId + 20, clOrdId: 'x', quantity: 1 },
      ...{ price: 1, side: 'Buy', ordType: 'Limit', timeInForce: 'Day', capacity: 'Agency' },
      ...{ execInst: EXEC_INST.PostOnly, venue: 0, strategy: 0, userRef: 0, stopPrice: 0 },
      ...{ displayQuantity: 0, minQuantity: 0, expireTime: 0, offset: 0, cashQuantity: 0 },
      ...{ listId: 0, contingency: 'None', selfTradePrevention: 'AccountDefault', peg: 'None' },
      ...{ listIndex: 0, locate: 0 },
    } as const;
    encodeEvent(event('OrderAccepted', data), record.bytes);
    return record;
  };

  it('remembers as many orders as it has places; a newer one takes the place', () => {
    const recent = new RecentOrders(4);
    for (let orderId = 1; orderId <= 4; orderId += 1) recent.take(accepted(orderId), 0);
    expect(recent.find(1)).toEqual({ orderId: 1, account: 11, instrument: 21 });
    recent.take(accepted(5), 0);
    expect(recent.find(1)).toBeUndefined();
    expect(recent.find(5)).toEqual({ orderId: 5, account: 15, instrument: 25 });
    expect(recent.find(2)?.orderId).toBe(2);
    expect(recent.find(0)).toBeUndefined();
    expect(recent.find(9)).toBeUndefined();
  });
});
