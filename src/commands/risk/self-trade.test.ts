import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { GIVE_WAY_MAX } from './self-trade.js';
import { desk, idOf, only, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

const newest = { selfTradePrevention: 'CancelNewest' } as const;
const oldest = { selfTradePrevention: 'CancelOldest' } as const;
const both = { selfTradePrevention: 'CancelBoth' } as const;
const decrement = { selfTradePrevention: 'Decrement' } as const;

it.each([
  ['Buy', 9_999, 0],
  ['Buy', 10_000, REASON.RISK_SELF_TRADE],
  ['Buy', 10_001, REASON.RISK_SELF_TRADE],
] as const)('%s at %d against an own sell at 10000', (side, price, reason) => {
  spec.order({ side: 'Sell', price: 10_000 });
  expect(reasonOf(spec.order({ side, price, ...newest }))).toBe(reason);
});

it.each([
  ['Sell', 10_001, 0],
  ['Sell', 10_000, REASON.RISK_SELF_TRADE],
  ['Sell', 9_999, REASON.RISK_SELF_TRADE],
] as const)('%s at %d against an own buy at 10000', (side, price, reason) => {
  spec.order({ price: 10_000 });
  expect(reasonOf(spec.order({ side, price, ...newest }))).toBe(reason);
});

it('leaves other accounts, other instruments and accounts that allow it alone', () => {
  spec.order({ side: 'Sell' });
  expect(reasonOf(spec.order({ account: 2, ...newest }))).toBe(0);
  expect(reasonOf(spec.order({ instrument: 2, ...newest }))).toBe(0);
  expect(reasonOf(spec.order())).toBe(0);
  expect(reasonOf(spec.order({ selfTradePrevention: 'Allow' }))).toBe(0);
});

it('takes the mode of the account unless the order has its own', () => {
  const terms = { account: 1, name: 'A1', groupName: 'G', currency: 'USD', open: 1 };
  spec.when('OpenAccount', { ...terms, selfTradePrevention: 'CancelNewest' });
  spec.order({ side: 'Sell' });
  expect(reasonOf(spec.order())).toBe(REASON.RISK_SELF_TRADE);
  expect(reasonOf(spec.order({ selfTradePrevention: 'Allow' }))).toBe(0);
});

it('follows the best price as orders come, go and move', () => {
  const best = idOf(spec.order({ side: 'Sell', price: 10_000 }));
  const next = idOf(spec.order({ side: 'Sell', price: 10_010 }));
  spec.cancel(best);
  expect(reasonOf(spec.order({ price: 10_009, ...newest }))).toBe(0);
  expect(reasonOf(spec.order({ price: 10_010, ...newest }))).toBe(REASON.RISK_SELF_TRADE);
  spec.replace(next, 1, 10_020);
  expect(reasonOf(spec.order({ price: 10_019, ...newest }))).toBe(0);
  spec.fill(next, 1, 10_020);
  expect(reasonOf(spec.order({ price: 10_020, ...newest }))).toBe(0);
});

it('a market order meets whatever is there', () => {
  spec.order({ side: 'Sell', price: 11_000 });
  expect(reasonOf(spec.order({ ordType: 'Market', ...newest }))).toBe(REASON.RISK_SELF_TRADE);
});

it('cancel oldest: the resting orders that cross go, others stay, and the new one enters', () => {
  const crossed = idOf(spec.order({ side: 'Sell', price: 10_000 }));
  const away = idOf(spec.order({ side: 'Sell', price: 10_001 }));
  const events = spec.order({ ...oldest });
  expect(types(events)).toEqual([
    'CancelRequested',
    'OrderCanceled',
    'RiskDecided',
    'OrderAccepted',
  ]);
  expect(only(events, 'OrderCanceled').data).toMatchObject({
    orderId: crossed,
    reason: REASON.RISK_SELF_TRADE,
  });
  expect(types(spec.cancel(away))).toContain('OrderCanceled');
});

it('cancel both: neither is left', () => {
  const crossed = idOf(spec.order({ side: 'Sell' }));
  const events = spec.order({ ...both });
  expect(only(events, 'OrderCanceled').data.orderId).toBe(crossed);
  expect(only(events, 'OrderDenied').data.reason).toBe(REASON.RISK_SELF_TRADE);
});

describe('decrement', () => {
  it.each([
    [4, 10, 0, 6],
    [10, 10, 0, 0],
    [10, 4, 6, 0],
  ])('%d resting against %d new leaves %d and %d', (resting, quantity, restingLeft, newLeft) => {
    spec.order({ side: 'Sell', quantity: resting });
    const events = spec.order({ quantity, ...decrement });
    expect(only(events, 'OrderCanceled').data.leavesQuantity).toBe(restingLeft);
    if (newLeft === 0) {
      expect(only(events, 'OrderDenied').data.reason).toBe(REASON.RISK_SELF_TRADE);
      return;
    }
    expect(only(events, 'OrderAccepted').data.quantity).toBe(newLeft);
    expect(only(events, 'RiskDecided').data).toMatchObject({ limit: quantity, value: newLeft });
  });

  it('an order cut down can be canceled in the end', () => {
    const resting = idOf(spec.order({ side: 'Sell', quantity: 10 }));
    spec.order({ quantity: 4, ...decrement });
    const events = spec.when('MassCancel', { account: 1 });
    expect(only(events, 'OrderCanceled').data).toMatchObject({
      orderId: resting,
      canceledQuantity: 6,
    });
  });
});

it.each([
  [GIVE_WAY_MAX, 0],
  [GIVE_WAY_MAX + 1, REASON.RISK_SELF_TRADE],
])('%d orders that would have to give way', (count, reason) => {
  for (let i = 0; i < count; i += 1) spec.order({ side: 'Sell' });
  expect(reasonOf(spec.order({ ...oldest }))).toBe(reason);
});

it('refuses a replace that would cross', () => {
  const buy = idOf(spec.order({ price: 9_990, ...oldest }));
  spec.order({ side: 'Sell', price: 10_000 });
  expect(reasonOf(spec.replace(buy, 1, 10_000))).toBe(REASON.RISK_SELF_TRADE);
  expect(reasonOf(spec.replace(buy, 1, 9_999))).toBe(0);
});

describe('a replace under way, which its venue may have accepted already', () => {
  const VENUE = 1;
  const report = (report: 'Replaced' | 'RequestRejected' | 'Canceled', clOrdId: string) =>
    spec.when('VenueReport', { report, venue: VENUE, orderId: resting, clOrdId });
  let resting = 0;
  /** A sell of 5 at 100.10 at a venue, asked to go to 100.00 as 'r'. */
  beforeEach(() => {
    const terms = { symbol: 'VEN', currency: 'USD', tickMantissa: 1, tickScale: 2, open: 1 };
    spec.when('ListInstrument', { ...terms, lotMantissa: 1, multiplierMantissa: 1, venue: VENUE });
    resting = idOf(spec.order({ instrument: 3, side: 'Sell', quantity: 5, price: 10_010 }));
    spec.when('VenueReport', { report: 'Acknowledged', venue: VENUE, orderId: resting });
    const asked = { account: 1, orderId: resting, clOrdId: 'r', quantity: 5, price: 10_000 };
    expect(types(spec.when('ReplaceOrder', asked))).toContain('ReplaceRequested');
  });
  const buy = (price: number, mode: object = newest) =>
    spec.order({ instrument: 3, price, ...mode });

  it.each([
    [9_999, 0],
    [10_000, REASON.RISK_SELF_TRADE],
    [10_001, REASON.RISK_SELF_TRADE],
  ])('a buy at %d', (price, reason) => {
    expect(reasonOf(buy(price))).toBe(reason);
    expect(reasonOf(spec.restart().order({ instrument: 3, price, ...newest }))).toBe(reason);
  });

  it('counts no more when it is refused, and for good when it is granted', () => {
    report('RequestRejected', 'r');
    expect(reasonOf(buy(10_009))).toBe(0);
    expect(reasonOf(buy(10_010))).toBe(REASON.RISK_SELF_TRADE);
    const again = { account: 1, orderId: resting, clOrdId: 's', quantity: 5, price: 10_005 };
    spec.when('ReplaceOrder', { ...again });
    expect(reasonOf(buy(10_005))).toBe(REASON.RISK_SELF_TRADE);
    report('Replaced', 's');
    expect(reasonOf(buy(10_005))).toBe(REASON.RISK_SELF_TRADE);
    expect(reasonOf(buy(10_004))).toBe(0);
  });

  it('and an order that is cut down meanwhile: the rest of it is still there', () => {
    spec.when('CancelOrder', { account: 1, orderId: resting, quantity: 3 });
    expect(reasonOf(buy(10_010))).toBe(REASON.RISK_SELF_TRADE);
    spec.when('MassCancel', { account: 1 });
    expect(reasonOf(buy(10_010))).toBe(0);
  });

  it('to a price further away leaves the one it still has', () => {
    report('Replaced', 'r');
    const away = { account: 1, orderId: resting, clOrdId: 'away', quantity: 5, price: 10_020 };
    spec.when('ReplaceOrder', away);
    expect(reasonOf(buy(10_000))).toBe(REASON.RISK_SELF_TRADE);
    report('Replaced', 'away');
    expect(reasonOf(buy(10_019))).toBe(0);
    expect(reasonOf(buy(10_020))).toBe(REASON.RISK_SELF_TRADE);
  });

  it('gives way like any other, and is forgotten with its order', () => {
    const events = buy(10_000, oldest);
    expect(only(events, 'CancelRequested').data.orderId).toBe(resting);
    expect(reasonOf(events)).toBe(0);
    report('Canceled', '');
    expect(reasonOf(buy(10_050))).toBe(0);
  });

  it('refuses a replace of the other side that would meet it', () => {
    const other = idOf(buy(9_990));
    const terms = { account: 1, orderId: other, quantity: 1 };
    const crossing = spec.when('ReplaceOrder', { ...terms, clOrdId: 'x', price: 10_000 });
    expect(reasonOf(crossing)).toBe(REASON.RISK_SELF_TRADE);
    const short = { ...terms, clOrdId: 'y', price: 9_999 };
    expect(reasonOf(spec.when('ReplaceOrder', short))).toBe(0);
  });
});
