import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { RETENTION_DAYS } from '../evolve/purge.js';
import { desk, idOf, only, reasonOf, type Spec, types } from '../risk/spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
  spec.when('ListInstrument', {
    symbol: 'VEN',
    currency: 'USD',
    tickMantissa: 1,
    tickScale: 2,
    lotMantissa: 1,
    multiplierMantissa: 1,
    venue: 1,
    open: 1,
  });
  spec.mark(10_000, 3);
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

let day = 0;
const open = () => {
  day += 1;
  return spec.when('OpenTradingDay', { tradingDay: day });
};
const close = () => spec.when('CloseTradingDay', { tradingDay: day });
beforeEach(() => {
  day = 0;
});

describe('the day', () => {
  it('opens and closes in turn', () => {
    expect(types(open())).toEqual(['TradingDayOpened']);
    expect(types(spec.when('OpenTradingDay', { tradingDay: 1 }))).toEqual(['CommandRefused']);
    expect(types(spec.when('CloseTradingDay', { tradingDay: 2 }))).toEqual(['CommandRefused']);
    expect(types(close())).toEqual(['TradingDayClosed']);
    expect(types(close())).toEqual(['CommandRefused']);
    day = 0;
    expect(types(open())).toEqual(['CommandRefused']);
  });

  it('closing expires the day orders held here, opening what no venue expired', () => {
    open();
    const held = idOf(spec.order({ instrument: 3, ordType: 'Stop', stopPrice: 10_500 }));
    const routed = idOf(spec.order({ instrument: 3 }));
    const closed = close();
    expect(types(closed)).toEqual(['OrderExpired', 'TradingDayClosed']);
    expect(only(closed, 'OrderExpired').data).toMatchObject({
      orderId: held,
      reason: REASON.ORDER_DAY_ENDED,
      leavesQuantity: 0,
      ordStatus: 'Expired',
    });
    const opened = open();
    expect(types(opened)).toEqual(['OrderExpired', 'TradingDayOpened']);
    expect(only(opened, 'OrderExpired').data.orderId).toBe(routed);
    // A fill that was on its way is booked all the same.
    expect(only(spec.fill(routed, 1), 'OrderFilled').data.overfill).toBe(1);
  });

  it('an order entered between two days is one of the day to come', () => {
    open();
    close();
    spec.order();
    expect(types(open())).toEqual(['TradingDayOpened']);
    expect(types(close())).toEqual(['OrderExpired', 'TradingDayClosed']);
  });

  it('renews good-till orders held here, once, and leaves those of venues to them', () => {
    open();
    spec.order({ instrument: 3, quantity: 5, timeInForce: 'GoodTillCancel' });
    const id = idOf(spec.order({ quantity: 5, timeInForce: 'GoodTillCancel' }));
    spec.fill(id, 2);
    close();
    const opened = open();
    expect(types(opened)).toEqual(['TradingDayOpened', 'OrderRestated']);
    expect(only(opened, 'OrderRestated').data).toMatchObject({
      restatement: 'GtRenewal',
      orderQuantity: 5,
      cumQuantity: 2,
      leavesQuantity: 3,
      price: 10_000,
    });
    expect(types(spec.when('OpenTradingDay', { tradingDay: day }))).toEqual(['CommandRefused']);
  });

  it.each([
    [-1, 'OrderExpired'],
    [0, 'OrderExpired'],
    [1, 'TradingDayClosed'],
  ])('an order good till %d ms from the close', (ms, first) => {
    open();
    const expireTime = 1_767_603_600_000 + 1000 + ms;
    spec.order({ timeInForce: 'GoodTillDate', expireTime });
    spec.after(1000);
    expect(types(close())[0]).toBe(first);
  });

  it('expires more orders than fit a batch', () => {
    open();
    for (let i = 0; i < 4900; i += 1) spec.order({ price: 9_000 + i });
    expect(types(close()).filter((type) => type === 'OrderExpired')).toHaveLength(4900);
  });
});

describe('purge', () => {
  const pass = (days: number) => {
    for (let i = 0; i < days; i += 1) {
      close();
      open();
    }
  };

  it('forgets ended orders, their ids and executions after their days', () => {
    open();
    const id = idOf(spec.order({ clOrdId: 'again' }));
    spec.when('VenueReport', {
      report: 'Filled',
      orderId: id,
      execId: 'once',
      lastQuantity: 1,
      lastPrice: 10_000,
    });
    pass(RETENTION_DAYS);
    expect(only(spec.order({ clOrdId: 'again' }), 'OrderDenied').data.reason).toBe(
      REASON.ORDER_DUPLICATE_CLIENT_ID,
    );
    pass(1);
    const anew = spec.order({ clOrdId: 'again' });
    expect(reasonOf(anew)).toBe(0);
    // The row is used again under a new id; the old one names nothing.
    expect(idOf(anew)).not.toBe(id);
    expect(only(spec.cancel(id), 'CancelRejected').data.reason).toBe(REASON.ORDER_UNKNOWN);
    expect(spec.state.executions.count).toBe(0);
  });

  it('keeps good-till orders with their ids, executions and requests under way', () => {
    open();
    const gone = idOf(spec.order());
    const id = idOf(
      spec.order({ instrument: 3, quantity: 9, timeInForce: 'GoodTillCancel', clOrdId: 'kept' }),
    );
    const report = { orderId: id, lastQuantity: 2, lastPrice: 10_000 } as const;
    spec.when('VenueReport', { report: 'Filled', execId: 'x', ...report });
    spec.when('ReplaceOrder', { account: 1, orderId: id, clOrdId: 'r', quantity: 8, price: 9_999 });
    spec.cancel(gone);
    pass(RETENTION_DAYS + 2);
    expect(spec.state.orders.count).toBe(1);
    const replaced = spec.when('VenueReport', { report: 'Replaced', orderId: id, clOrdId: 'r' });
    expect(only(replaced, 'OrderReplaced').data).toMatchObject({ orderQuantity: 8, price: 9_999 });
    const bust = { report: 'TradeBusted', orderId: id, execId: 'y', execRefId: 'x' } as const;
    expect(only(spec.when('VenueReport', bust), 'FillBusted').data.cumQuantity).toBe(0);
    const byOldId = { account: 1, origClOrdId: 'kept', clOrdId: 'c' };
    expect(types(spec.when('CancelOrder', byOldId))).toEqual(['CancelRequested']);
  });

  it('tables do not grow for ever', () => {
    open();
    for (let i = 0; i < 40; i += 1) {
      for (let n = 0; n < 20; n += 1) spec.cancel(idOf(spec.order()));
      pass(1);
    }
    expect(spec.state.orders.used).toBeLessThan(20 * (RETENTION_DAYS + 2) + 2);
    expect(spec.state.clientIds.count).toBeLessThan(40 * (RETENTION_DAYS + 2));
  });
});
