/**
 * Ways around a limit that a broker's risk desk would try: each is closed, and what is allowed beside it
 * still passes.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandData } from '../../domain/commands.js';
import { TRADING_STATE } from '../../domain/order-terms.js';
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

type Terms = CommandData<'NewOrder'>;
type State = CommandData<'SetTradingState'>['state'];
const REDUCE_ONLY = 2;
/** Of a venue, so that requests wait for its word. */
const venue = 1;

const set = (state: State & string, scope: 'Account' | 'Instrument' = 'Account') =>
  spec.when('SetTradingState', { scope, scopeId: 1, state });
const hold = (quantity: number) => spec.fill(idOf(spec.order({ quantity, venue })), quantity);
const leaves = (orderId: number) => {
  const { orders } = spec.state;
  return orders.leavesQuantity[orders.rowOf(orderId)];
};

describe('an order is worth what it may trade at, not what it names', () => {
  const worth: readonly [string, Terms, number][] = [
    ['a stop above the mark', { ordType: 'Stop', stopPrice: 20_000 }, 200],
    ['a stop below it', { ordType: 'Stop', stopPrice: 5_000, side: 'Sell' }, 100],
    [
      'a trailing stop that names one',
      { ordType: 'TrailingStop', stopPrice: 15_000, offset: 9 },
      150,
    ],
    ['a trailing stop that starts at the mark', { ordType: 'TrailingStop', offset: 2_500 }, 125],
    ['a sale far below the mark', { side: 'Sell', price: 1 }, 100],
    ['a sale above it', { side: 'Sell', price: 12_000 }, 120],
    ['a purchase below it', { price: 9_000 }, 90],
    [
      'a pegged sale with a limit',
      { ordType: 'Pegged', peg: 'Market', side: 'Sell', price: 1 },
      100,
    ],
  ];
  describe.each(worth)('%s', (_, order, dollarsALot) => {
    it.each([-1, 0, 1])('MaxOrderNotional %d micro from it', (off) => {
      spec.limit('MaxOrderNotional', dollars(10 * dollarsALot) + off);
      const reason = off < 0 ? REASON.RISK_MAX_NOTIONAL : 0;
      expect(reasonOf(spec.order({ ...order, quantity: 10 }))).toBe(reason);
    });
    it.each([-1, 0, 1])('MaxGrossExposure %d micro from it', (off) => {
      spec.limit('MaxGrossExposure', dollars(10 * dollarsALot) + off);
      const reason = off < 0 ? REASON.RISK_GROSS_EXPOSURE : 0;
      expect(reasonOf(spec.order({ ...order, quantity: 10 }))).toBe(reason);
    });
  });

  it.each([
    { ordType: 'Stop', stopPrice: 20_000 },
    { ordType: 'TrailingStop', offset: 10_000 },
    { ordType: 'Pegged', peg: 'Market', price: 20_000 },
  ] as const)('%o counts as much while it is open', (order) => {
    spec.limit('MaxGrossExposure', dollars(400) - 1);
    expect(reasonOf(spec.order(order))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 2 }))).toBe(REASON.RISK_GROSS_EXPOSURE);
    expect(reasonOf(spec.order())).toBe(0);
  });

  it('a price below zero: the mark where it is reached', () => {
    const terms = { instrument: 1, symbol: 'ABC', currency: 'USD', tickMantissa: 1, tickScale: 2 };
    const lots = { lotMantissa: 1, multiplierMantissa: 1, open: 1 };
    spec.when('ListInstrument', { ...terms, ...lots, negativePrices: 1 });
    spec.mark(-4_000);
    spec.limit('MaxOrderNotional', dollars(40) - 1);
    expect(reasonOf(spec.order({ price: -100 }))).toBe(REASON.RISK_MAX_NOTIONAL);
    expect(reasonOf(spec.order({ price: -4_100, side: 'Sell' }))).toBe(REASON.RISK_MAX_NOTIONAL);
    expect(reasonOf(spec.order({ price: -100, side: 'Sell' }))).toBe(0);
  });

  it.each(['Market', 'Stop'] as const)('a replace gives no price to a %s order', (ordType) => {
    const id = idOf(
      spec.order({ ordType, venue, ...(ordType === 'Stop' && { stopPrice: 11_000 }) }),
    );
    expect(reasonOf(spec.replace(id, 1, 1))).toBe(REASON.ORDER_PRICE_INVALID);
    expect(reasonOf(spec.replace(id, 2, 0))).toBe(0);
  });

  it.each([
    [-1, REASON.RISK_MAX_NOTIONAL],
    [0, 0],
    [1, 0],
  ])('a replace of the stop price, limit %d micro from it', (off, reason) => {
    spec.limit('MaxOrderNotional', dollars(1500) + off);
    const id = idOf(spec.order({ ordType: 'Stop', quantity: 10, stopPrice: 11_000 }));
    const terms = { account: 1, orderId: id, clOrdId: 'r', quantity: 10, price: 0 };
    expect(reasonOf(spec.when('ReplaceOrder', { ...terms, stopPrice: 15_000 }))).toBe(reason);
  });
});

describe('a cut of our own that the venue has not answered', () => {
  let resting: number;
  beforeEach(() => {
    const terms = { venue, selfTradePrevention: 'Decrement' } as const;
    resting = idOf(spec.order({ ...terms, side: 'Sell', quantity: 10 }));
    expect(types(spec.order({ ...terms, quantity: 3 }))).toContain('CancelRequested');
  });

  it('leaves what stays open to self-trade prevention', () => {
    const terms = { quantity: 5, venue, selfTradePrevention: 'CancelNewest' } as const;
    expect(reasonOf(spec.order(terms))).toBe(REASON.RISK_SELF_TRADE);
  });

  it.each([true, false])(
    'is canceled with the rest by a mass cancel; cut granted first: %s',
    (granted) => {
      const cut = () =>
        spec.when('VenueReport', { report: 'Canceled', orderId: resting, quantity: 7 });
      if (granted) cut();
      expect(types(spec.when('MassCancel', { account: 1 }))).toContain('CancelRequested');
      // Once: the cancel of all that is left is under way, whenever the cut is answered.
      if (!granted) cut();
      expect(types(spec.when('MassCancel', { account: 1 }))).toEqual(['MassCancelDone']);
      spec.when('VenueReport', { report: 'Canceled', orderId: resting });
      expect(leaves(resting)).toBe(0);
    },
  );

  it('can be asked for again once it is refused', () => {
    spec.when('VenueReport', { report: 'RequestRejected', orderId: resting });
    expect(types(spec.when('MassCancel', { account: 1 }))).toContain('CancelRequested');
  });
});

describe('a breaker that resets by itself goes back to what a person had set', () => {
  it.each(['Active', 'Reducing'] as const)('account, %s', (before) => {
    spec.limit('BreakerMessages', 3).limit('BreakerCoolDown', 1000);
    set(before);
    for (let n = 0; n < 6; n += 1) spec.order();
    expect(spec.state.accounts.state[1]).toBe(TRADING_STATE.Halted);
    spec.restart().after(1000);
    expect(only(spec.order(), 'CircuitBreakerReset').data.state).toBe(before);
    expect(spec.state.accounts.state[1]).toBe(TRADING_STATE[before]);
  });

  it.each(['Active', 'Reducing'] as const)('instrument, %s', (before) => {
    spec.limit('BreakerPriceMove', 100, 'Firm').limit('BreakerCoolDown', 1000, 'Firm');
    set(before, 'Instrument');
    spec.mark(10_000);
    spec.mark(11_000);
    expect(spec.state.instruments.state[1]).toBe(TRADING_STATE.Halted);
    spec.restart().after(1000);
    expect(only(spec.order(), 'CircuitBreakerReset').data.state).toBe(before);
  });

  it('of two that tripped one after the other, to what was before the first', () => {
    spec.limit('BreakerLoss', 1).limit('BreakerMessages', 3).limit('BreakerCoolDown', 1000);
    hold(10);
    spec.mark(9_900);
    spec.order();
    expect(spec.state.accounts.state[1]).toBe(TRADING_STATE.Reducing);
    for (let n = 0; n < 6; n += 1) spec.order();
    expect(spec.state.accounts.state[1]).toBe(TRADING_STATE.Halted);
    spec.after(1000);
    expect(only(spec.order(), 'CircuitBreakerReset').data.state).toBe('Active');
  });

  it('by command it is Active', () => {
    spec.limit('BreakerMessages', 0);
    set('Reducing');
    spec.order();
    expect(only(set('Active'), 'CircuitBreakerReset').data.state).toBe('Active');
  });
});

describe('what was held back is looked at again when it goes out', () => {
  const stop = (quantity: number, more: Terms = {}) =>
    idOf(spec.order({ ordType: 'Stop', stopPrice: 9_000, side: 'Sell', quantity, venue, ...more }));

  it.each([
    [9, true],
    [10, true],
    [11, false],
  ])('reducing, 10 held: a stop of %d goes out: %s', (quantity, goes) => {
    hold(10);
    const id = stop(quantity);
    set('Reducing');
    expect(types(spec.mark(9_000)).includes('OrderRouted')).toBe(goes);
    if (goes) return;
    // It waits: looked at again at the next mark, and when trading resumes.
    expect(leaves(id)).toBe(quantity);
    expect(types(spec.mark(8_999))).toEqual(['PriceMarked']);
    expect(types(set('Active'))).toContain('OrderRouted');
  });

  it('reducing: two stops that reduce alone, but not together', () => {
    hold(10);
    stop(10);
    stop(10);
    set('Reducing');
    expect(types(spec.mark(9_000)).filter((type) => type === 'OrderRouted')).toHaveLength(1);
  });

  it.each([
    [0, 0],
    [4, 4],
    [10, 10],
    [11, 10],
  ])('reduce-only, with %d still held: goes out for %d', (held, goes) => {
    hold(10);
    const id = stop(10, { execInst: REDUCE_ONLY });
    if (held < 10) spec.fill(idOf(spec.order({ side: 'Sell', quantity: 10 - held })), 10 - held);
    else if (held > 10) hold(held - 10);
    expect(types(spec.mark(9_000)).includes('OrderRouted')).toBe(goes > 0);
    expect(leaves(id)).toBe(goes);
  });

  it('canceled here, not at a venue that never saw it: it would trade with its own account', () => {
    const own = { quantity: 1, venue, price: 8_000, selfTradePrevention: 'CancelNewest' } as const;
    spec.order(own);
    const { price: _, ...unpriced } = own;
    const id = stop(1, unpriced);
    expect(types(spec.mark(9_000)).slice(-2)).toEqual(['CancelRequested', 'OrderCanceled']);
    expect(leaves(id)).toBe(0);
  });
});

describe('children of a parent', () => {
  const group = { contingency: 'OneTriggersOther', listId: 5, venue, quantity: 10 } as const;
  const exit = { ...group, side: 'Sell' } as const;
  let parent: number;
  const enter = () => {
    parent = idOf(spec.order({ ...group, listIndex: 0 }));
  };

  it.each([
    [3, 0],
    [4, 0],
    [5, REASON.RISK_SHORT_SALE],
  ])('sell together no more than it buys: 6, then %d', (quantity, reason) => {
    spec.limit('ShortSale', 0);
    enter();
    expect(reasonOf(spec.order({ ...exit, listIndex: 1, quantity: 6 }))).toBe(0);
    expect(reasonOf(spec.order({ ...exit, listIndex: 2, quantity }))).toBe(reason);
  });

  it('of a bracket may each sell all of it', () => {
    spec.limit('ShortSale', 0);
    const bracket = { contingency: 'Bracket' } as const;
    spec.order({ ...group, ...bracket, listIndex: 0 });
    expect(reasonOf(spec.order({ ...exit, ...bracket, listIndex: 1, price: 12_000 }))).toBe(0);
    const last: Terms = { ...exit, ...bracket, listIndex: 2, ordType: 'Stop', stopPrice: 9_000 };
    expect(reasonOf(spec.order({ ...last, price: 0 }))).toBe(0);
  });

  it.each([0, 1])('sell no more than it bought after all, ShortSale %d', (rule) => {
    spec.limit('ShortSale', rule);
    enter();
    const child = idOf(spec.order({ ...exit, listIndex: 1 }));
    spec.replace(parent, 1);
    spec.when('VenueReport', { report: 'Replaced', orderId: parent, clOrdId: 'r3' });
    expect(types(spec.fill(parent, 1))).toContain('OrderRouted');
    expect(leaves(child)).toBe(1);
  });

  it('sell all that they were entered for where short sales are free', () => {
    enter();
    const child = idOf(spec.order({ ...exit, listIndex: 1 }));
    spec.replace(parent, 1);
    spec.when('VenueReport', { report: 'Replaced', orderId: parent, clOrdId: 'r3' });
    spec.fill(parent, 1);
    expect(leaves(child)).toBe(10);
  });

  it('wait while trading is halted, and go out when it resumes, over a restart', () => {
    enter();
    spec.order({ ...exit, listIndex: 1 });
    set('Halted');
    expect(types(spec.fill(parent, 10))).toEqual(['OrderFilled']);
    spec.restart();
    expect(types(set('Active'))).toContain('OrderRouted');
  });

  it('that only close go out while trading is reducing', () => {
    enter();
    spec.order({ ...exit, listIndex: 1 });
    set('Reducing');
    expect(types(spec.fill(parent, 10))).toContain('OrderRouted');
  });
});

describe('replaces', () => {
  it('to another price do not buy what is restricted by now; a cut passes', () => {
    const id = idOf(spec.order({ quantity: 10, price: 9_000, venue }));
    spec.limit('Restricted', 1);
    expect(reasonOf(spec.replace(id, 10, 10_000))).toBe(REASON.RISK_RESTRICTED);
    expect(reasonOf(spec.replace(id, 9, 9_000))).toBe(0);
    expect(types(spec.cancel(id))).toContain('CancelRequested');
  });

  it('to another price close what is restricted by now', () => {
    hold(10);
    const id = idOf(spec.order({ side: 'Sell', quantity: 10, venue }));
    spec.limit('Restricted', 1);
    expect(reasonOf(spec.replace(id, 10, 10_100))).toBe(0);
  });

  it.each([
    [1, REASON.RISK_OPEN_ORDERS],
    [2, 0],
    [3, 0],
  ])('that open a filled order again count as open, limit %d of two', (limit, reason) => {
    const id = idOf(spec.order({ quantity: 10, venue }));
    spec.fill(id, 10);
    spec.order({ venue });
    spec.limit('MaxOpenOrders', limit);
    expect(reasonOf(spec.replace(id, 20))).toBe(reason);
  });
});
