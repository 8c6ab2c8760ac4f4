import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { desk, dollars, idOf, only, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
// Whatever a spec did, replaying its events gives the same state.
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

describe('open orders', () => {
  it.each(['Account', 'Group', 'Firm'] as const)('holds %s to its limit', (scope) => {
    spec.limit('MaxOpenOrders', 2, scope);
    expect(reasonOf(spec.order())).toBe(0);
    const second = spec.order();
    expect(reasonOf(second)).toBe(0);
    const third = spec.order();
    expect(only(third, 'RiskDecided').data).toMatchObject({
      reason: REASON.RISK_OPEN_ORDERS,
      limit: 2,
      value: 3,
    });
    spec.cancel(idOf(second));
    expect(reasonOf(spec.order())).toBe(0);
  });

  it('sums over the accounts of a group, and not over others', () => {
    spec.limit('MaxOpenOrders', 2, 'Group');
    spec.order();
    spec.order({ account: 2 });
    expect(reasonOf(spec.order({ account: 2 }))).toBe(REASON.RISK_OPEN_ORDERS);
    expect(reasonOf(spec.order({ account: 3 }))).toBe(0);
  });

  it('takes the tightest of account, group and firm, and lifts with the limit', () => {
    spec.limit('MaxOpenOrders', 1).limit('MaxOpenOrders', 5, 'Group');
    spec.order();
    expect(reasonOf(spec.order())).toBe(REASON.RISK_OPEN_ORDERS);
    spec.limit('MaxOpenOrders', -1);
    expect(reasonOf(spec.order())).toBe(0);
    spec.limit('MaxOpenOrders', 2, 'Firm');
    expect(reasonOf(spec.order())).toBe(REASON.RISK_OPEN_ORDERS);
  });

  it('moves with an account that changes its group', () => {
    spec.limit('MaxOpenOrders', 1, 'Group');
    spec.order();
    spec.when('OpenAccount', { account: 1, name: 'A1', currency: 'USD', open: 1 });
    expect(reasonOf(spec.order({ account: 2 }))).toBe(0);
    expect(reasonOf(spec.order({ account: 2 }))).toBe(REASON.RISK_OPEN_ORDERS);
  });

  it('lets a replace pass when the limit is reached', () => {
    const first = spec.order();
    spec.limit('MaxOpenOrders', 1);
    expect(reasonOf(spec.replace(idOf(first), 2))).toBe(0);
  });
});

describe('gross exposure', () => {
  it.each([
    [999, REASON.RISK_GROSS_EXPOSURE],
    [1000, 0],
    [1001, 0],
  ])('limit of %d dollars', (limit, reason) => {
    spec.limit('MaxGrossExposure', dollars(limit));
    expect(reasonOf(spec.order({ quantity: 10 }))).toBe(reason);
  });

  it('counts the worse side of each position, and sums over instruments', () => {
    spec.limit('MaxGrossExposure', dollars(1000));
    expect(reasonOf(spec.order({ quantity: 6 }))).toBe(0);
    // The sells of the same instrument are the smaller worst case.
    expect(reasonOf(spec.order({ quantity: 6, side: 'Sell', price: 10_001 }))).toBe(0);
    expect(reasonOf(spec.order({ instrument: 2, quantity: 4, price: 9_998 }))).toBe(0);
    expect(reasonOf(spec.order({ instrument: 2, quantity: 1 }))).toBe(REASON.RISK_GROSS_EXPOSURE);
  });

  it('lets an order close a position that has grown beyond the limit', () => {
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.limit('MaxGrossExposure', dollars(1000));
    spec.mark(20_000);
    expect(reasonOf(spec.order({ quantity: 1 }))).toBe(REASON.RISK_GROSS_EXPOSURE);
    expect(reasonOf(spec.order({ quantity: 10, side: 'Sell', price: 20_000 }))).toBe(0);
  });

  it('counts the dearer of an order and its replaces under way', () => {
    spec.when('ListInstrument', { ...listed, symbol: 'VEN', venue: 1 });
    spec.mark(10_000, 3);
    spec.limit('MaxGrossExposure', dollars(1000));
    const first = spec.order({ instrument: 3, quantity: 4 });
    expect(reasonOf(spec.replace(idOf(first), 9))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 2 }))).toBe(REASON.RISK_GROSS_EXPOSURE);
    expect(reasonOf(spec.order({ quantity: 1 }))).toBe(0);
  });

  it('is exact where a notional is no whole micro: rounded up', () => {
    const fine = { ...listed, symbol: 'FINE', tickMantissa: 1, tickScale: 4, lotScale: 3 };
    spec.when('ListInstrument', fine);
    spec.mark(1, 3);
    // 1 tick of 1 lot is a tenth of a micro.
    spec.limit('MaxGrossExposure', 1);
    expect(reasonOf(spec.order({ instrument: 3, quantity: 10, price: 1 }))).toBe(0);
    expect(reasonOf(spec.order({ instrument: 3, quantity: 1, price: 1 }))).toBe(
      REASON.RISK_GROSS_EXPOSURE,
    );
  });

  it('refuses what has no mark to be weighed with', () => {
    spec.when('ListInstrument', { ...listed, symbol: 'NEW' });
    spec.limit('MaxGrossExposure', dollars(1000));
    const market = spec.order({ instrument: 3, ordType: 'Market' });
    expect(reasonOf(market)).toBe(REASON.RISK_MARK_MISSING);
  });
});

const listed = {
  currency: 'USD',
  tickMantissa: 1,
  tickScale: 2,
  lotMantissa: 1,
  lotScale: 0,
  multiplierMantissa: 1,
  multiplierScale: 0,
  open: 1,
};

describe('net exposure', () => {
  it.each([
    ['Buy', 9, 0],
    ['Buy', 10, 0],
    ['Buy', 11, REASON.RISK_NET_EXPOSURE],
    ['Sell', 10, 0],
    ['Sell', 11, REASON.RISK_NET_EXPOSURE],
  ] as const)('%s %d at a limit of 10 lots', (side, quantity, reason) => {
    spec.limit('MaxNetExposure', dollars(1000), 'Firm');
    expect(reasonOf(spec.order({ side, quantity }))).toBe(reason);
  });

  it('nets positions that are held, not orders that may not fill', () => {
    spec.limit('MaxNetExposure', dollars(1000));
    spec.order({ side: 'Sell', quantity: 10 });
    expect(reasonOf(spec.order({ instrument: 2, quantity: 10 }))).toBe(0);
    expect(reasonOf(spec.order({ instrument: 2, quantity: 1 }))).toBe(REASON.RISK_NET_EXPOSURE);
    const short = spec.order({ side: 'Sell', quantity: 1, account: 3 });
    spec.fill(idOf(short), 1);
    expect(reasonOf(short)).toBe(0);
  });
});

describe('order rate', () => {
  it('lets a full bucket through, then one for each token', () => {
    spec.limit('OrderRate', 2);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_RATE);
    expect(reasonOf(spec.after(499).order())).toBe(REASON.RISK_ORDER_RATE);
    expect(reasonOf(spec.after(1).order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_RATE);
  });

  it('counts replaces, and sums over the firm', () => {
    spec.limit('OrderRate', 2, 'Firm');
    const first = spec.order({ account: 3 });
    expect(reasonOf(spec.replace(idOf(first), 2, 10_000, 3))).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_RATE);
  });

  it('never fills above one second, however long it rested', () => {
    spec.limit('OrderRate', 1);
    spec.after(3_600_000);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_RATE);
  });
});

describe('cancel rate', () => {
  it('records cancels above it and lets them pass', () => {
    const ids = [spec.order(), spec.order(), spec.order()].map(idOf);
    spec.limit('CancelRate', 1);
    expect(types(spec.cancel(ids[0]!))).toEqual(['CancelRequested', 'OrderCanceled']);
    const above = spec.cancel(ids[1]!);
    expect(types(above)).toEqual(['RiskDecided', 'CancelRequested', 'OrderCanceled']);
    expect(only(above, 'RiskDecided').data).toMatchObject({
      reason: REASON.RISK_CANCEL_RATE,
      passed: 1,
      limit: 1,
    });
    const later = spec.after(1000).cancel(ids[2]!);
    expect(types(later)).toEqual(['CancelRequested', 'OrderCanceled']);
  });
});

describe('daily loss', () => {
  it.each([
    [51, 0],
    [50, REASON.RISK_DAILY_LOSS],
    [49, REASON.RISK_DAILY_LOSS],
  ])('limit of %d dollars at a loss of 50', (limit, reason) => {
    spec.limit('MaxDailyLoss', dollars(limit));
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.mark(9_500);
    expect(reasonOf(spec.order({ price: 9_500 }))).toBe(reason);
    // Closing always passes.
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 10, price: 9_500 }))).toBe(0);
  });

  it('adds realised loss and fees to what is open, and starts anew with the day', () => {
    spec.limit('MaxDailyLoss', dollars(50), 'Group');
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.fill(idOf(spec.order({ side: 'Sell', quantity: 5, price: 9_500 })), 5, 9_500);
    spec.mark(9_501);
    expect(reasonOf(spec.order({ account: 2 }))).toBe(0);
    spec.mark(9_500);
    expect(only(spec.order({ account: 2 }), 'RiskDecided').data).toMatchObject({
      reason: REASON.RISK_DAILY_LOSS,
      limit: dollars(50),
      value: dollars(50),
    });
    spec.when('OpenTradingDay', { tradingDay: 20260105 });
    expect(reasonOf(spec.order({ account: 2 }))).toBe(0);
  });

  it('sees a loss from before the limit was set', () => {
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.mark(9_500);
    spec.limit('MaxDailyLoss', dollars(50));
    expect(reasonOf(spec.order({ price: 9_500 }))).toBe(REASON.RISK_DAILY_LOSS);
  });
});

describe('buying power', () => {
  it.each([
    [249, REASON.RISK_BUYING_POWER],
    [250, 0],
    [251, 0],
  ])('%d dollars for 1000 at a margin of 25 percent', (limit, reason) => {
    spec.when('ListInstrument', { ...listed, symbol: 'FUT', marginPercent: 25 });
    spec.mark(10_000, 3);
    spec.limit('BuyingPower', dollars(limit));
    expect(reasonOf(spec.order({ instrument: 3, quantity: 10 }))).toBe(reason);
  });

  it('is paid in full without a margin, and freed by a cancel', () => {
    spec.limit('BuyingPower', dollars(1000));
    const all = spec.order({ quantity: 10 });
    expect(reasonOf(all)).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_BUYING_POWER);
    spec.cancel(idOf(all));
    expect(reasonOf(spec.order())).toBe(0);
  });
});

describe('repeated orders', () => {
  it('refuses the same order above the limit within a second', () => {
    spec.limit('RepeatedOrders', 2);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_REPEATED_ORDER);
    expect(reasonOf(spec.after(999).order())).toBe(REASON.RISK_REPEATED_ORDER);
    expect(reasonOf(spec.after(1).order())).toBe(0);
  });

  it.each([{ quantity: 2 }, { price: 10_001 }, { side: 'Sell' }, { instrument: 2 }] as const)(
    'lets another order pass: %o',
    (other) => {
      spec.limit('RepeatedOrders', 1);
      spec.order();
      expect(reasonOf(spec.order(other))).toBe(0);
      expect(reasonOf(spec.order(other))).toBe(REASON.RISK_REPEATED_ORDER);
    },
  );
});

it.each([
  [dollars(1000), dollars(1000), REASON.RISK_REPEATED_ORDER],
  // The same lots, bought for another amount.
  [dollars(1000), dollars(1000) + 1, REASON.RISK_REPEATED_ORDER],
  [dollars(1000), dollars(1100), 0],
])('repeated orders for cash: %d, then %d micros', (first, second, reason) => {
  spec.limit('RepeatedOrders', 1);
  const cash = { ordType: 'Market', quantity: 0 } as const;
  expect(reasonOf(spec.order({ ...cash, cashQuantity: first }))).toBe(0);
  expect(reasonOf(spec.order({ ...cash, cashQuantity: second }))).toBe(reason);
});

describe('order-to-trade ratio', () => {
  it('lets the first 1000 messages pass, then as many for each fill', () => {
    spec.limit('OrderToTradeRatio', 1002);
    const orders = Array.from({ length: 1000 }, () => spec.order());
    expect(reasonOf(orders[999]!)).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_TO_TRADE);
    spec.fill(idOf(orders[0]!), 1);
    // The refused order counts as well: this is message 1002.
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_TO_TRADE);
    spec.when('OpenTradingDay', { tradingDay: 20260105 });
    expect(reasonOf(spec.order())).toBe(0);
  });
});
