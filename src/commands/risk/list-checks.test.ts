import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { desk, idOf, only, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

describe('age of the mark', () => {
  it.each([
    [999, 0],
    [1000, 0],
    [1001, REASON.RISK_MARK_STALE],
  ])('after %d ms at a limit of 1000', (ms, reason) => {
    spec.limit('MarkAge', 1000);
    spec.mark(10_000);
    expect(reasonOf(spec.after(ms).order())).toBe(reason);
  });

  it('is refused without a mark, and passes with a fresh one', () => {
    spec.limit('MarkAge', 1000, 'Firm', 1);
    expect(reasonOf(spec.after(5000).order())).toBe(REASON.RISK_MARK_STALE);
    expect(reasonOf(spec.order({ instrument: 2 }))).toBe(0);
    spec.mark(10_000);
    expect(reasonOf(spec.order())).toBe(0);
  });
});

describe('restricted list', () => {
  it('refuses what does not reduce, in the scope and instrument it names', () => {
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.limit('Restricted', 1, 'Group', 1);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_RESTRICTED);
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 11 }))).toBe(REASON.RISK_RESTRICTED);
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 10 }))).toBe(0);
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 1 }))).toBe(REASON.RISK_RESTRICTED);
    expect(reasonOf(spec.order({ instrument: 2 }))).toBe(0);
    expect(reasonOf(spec.order({ account: 3 }))).toBe(0);
  });

  it('is not lifted by a zero of a narrower scope', () => {
    spec.limit('Restricted', 1, 'Firm', 1).limit('Restricted', 0);
    expect(reasonOf(spec.order())).toBe(REASON.RISK_RESTRICTED);
    spec.limit('Restricted', 0, 'Firm', 1);
    expect(reasonOf(spec.order())).toBe(0);
  });
});

describe('short sales', () => {
  it.each([
    ['SellShort', 0, 0, REASON.RISK_SHORT_SALE],
    ['SellShort', 0, 7, REASON.RISK_SHORT_SALE],
    ['SellShort', 1, 0, REASON.RISK_SHORT_SALE],
    ['SellShort', 1, 7, 0],
    ['SellShortExempt', 1, 0, REASON.RISK_SHORT_SALE],
    ['SellShort', 2, 0, 0],
    ['Sell', 1, 0, REASON.RISK_SHORT_SALE],
    ['Buy', 0, 0, 0],
  ] as const)('%s with ShortSale %d and locate %d', (side, value, locate, reason) => {
    spec.limit('ShortSale', value, 'Firm', 1);
    expect(reasonOf(spec.order({ side, locate }))).toBe(reason);
  });

  it.each([
    [9, 0],
    [10, 0],
    [11, REASON.RISK_SHORT_SALE],
  ])('a sale of %d of 10 held is long as long as it is covered', (quantity, reason) => {
    spec.limit('ShortSale', 0);
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    expect(reasonOf(spec.order({ side: 'Sell', quantity }))).toBe(reason);
  });

  it('counts the sales that are open', () => {
    spec.limit('ShortSale', 0);
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.order({ side: 'Sell', quantity: 6 });
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 5 }))).toBe(REASON.RISK_SHORT_SALE);
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 4 }))).toBe(0);
  });

  it('refuses to enlarge a short sale by a replace', () => {
    spec.limit('ShortSale', 1);
    const short = idOf(spec.order({ side: 'SellShort', locate: 7, quantity: 5 }));
    expect(reasonOf(spec.replace(short, 6))).toBe(REASON.RISK_SHORT_SALE);
    expect(reasonOf(spec.replace(short, 4))).toBe(0);
  });
});

describe('reduce-only', () => {
  const ReduceOnly = 2;
  it.each([
    [9, 0],
    [10, 0],
    [11, REASON.RISK_REDUCE_ONLY],
  ])('%d of 10 held', (quantity, reason) => {
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    expect(reasonOf(spec.order({ side: 'Sell', quantity, execInst: ReduceOnly }))).toBe(reason);
    expect(reasonOf(spec.order({ execInst: ReduceOnly }))).toBe(REASON.RISK_REDUCE_ONLY);
  });
});

describe('trading states', () => {
  it.each([
    ['Firm', 0],
    ['Group', 1],
    ['Account', 1],
    ['Instrument', 1],
  ] as const)('%s: halted refuses orders and replaces, and cancels pass', (scope, scopeId) => {
    const [first, second] = [idOf(spec.order()), idOf(spec.order())];
    spec.when('SetTradingState', { scope, scopeId, state: 'Halted' });
    expect(reasonOf(spec.order())).toBe(REASON.TRADING_HALTED);
    expect(reasonOf(spec.replace(first, 2))).toBe(REASON.TRADING_HALTED);
    expect(types(spec.cancel(first))).toEqual(['CancelRequested', 'OrderCanceled']);
    expect(types(spec.when('MassCancel', { account: 1 }))).toContain('OrderCanceled');
    expect(only(spec.cancel(second), 'CancelRejected').data.reason).toBe(REASON.ORDER_TOO_LATE);
    spec.when('SetTradingState', { scope, scopeId, state: 'Active' });
    expect(reasonOf(spec.order())).toBe(0);
  });

  it.each([
    [9, 0],
    [10, 0],
    [11, REASON.TRADING_REDUCING],
  ])('reducing lets %d of 10 held be sold', (quantity, reason) => {
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.when('SetTradingState', { scope: 'Firm', state: 'Reducing' });
    expect(reasonOf(spec.order())).toBe(REASON.TRADING_REDUCING);
    expect(reasonOf(spec.order({ side: 'Sell', quantity }))).toBe(reason);
  });
});
