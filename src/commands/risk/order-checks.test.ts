import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { desk, dollars, idOf, only, reasonOf, type Spec } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

it.each([
  [9, 0],
  [10, 0],
  [11, REASON.RISK_MAX_QUANTITY],
])('quantity %d at a limit of 10', (quantity, reason) => {
  spec.limit('MaxOrderQuantity', 10);
  expect(reasonOf(spec.order({ quantity }))).toBe(reason);
});

it.each([
  [9_999, 0],
  [10_000, 0],
  [10_001, REASON.RISK_MAX_NOTIONAL],
])('notional of 10 at %d with a limit of 1000 dollars', (price, reason) => {
  spec.limit('MaxOrderNotional', dollars(1000), 'Firm');
  expect(reasonOf(spec.order({ quantity: 10, price }))).toBe(reason);
});

it('weighs a market order at the mark', () => {
  spec.limit('MaxOrderNotional', dollars(1000), 'Firm');
  expect(reasonOf(spec.order({ ordType: 'Market', quantity: 10 }))).toBe(0);
  spec.mark(10_001);
  const above = spec.order({ ordType: 'Market', quantity: 10 });
  expect(only(above, 'RiskDecided').data).toMatchObject({
    reason: REASON.RISK_MAX_NOTIONAL,
    limit: dollars(1000),
    value: 1_000_100_000,
  });
});

it.each([
  [10_099, 0],
  [10_100, 0],
  [10_101, REASON.RISK_PRICE_COLLAR],
  [9_901, 0],
  [9_900, 0],
  [9_899, REASON.RISK_PRICE_COLLAR],
])('price %d with a collar of 100 basis points around 10000', (price, reason) => {
  spec.limit('PriceCollar', 100, 'Account', 1);
  expect(reasonOf(spec.order({ price }))).toBe(reason);
  expect(reasonOf(spec.order({ price, instrument: 2 }))).toBe(0);
});

describe('position', () => {
  it.each([
    ['Buy', 3, 0],
    ['Buy', 4, 0],
    ['Buy', 5, REASON.RISK_POSITION_LIMIT],
    ['Sell', 15, 0],
    ['Sell', 16, 0],
    ['Sell', 17, REASON.RISK_POSITION_LIMIT],
  ] as const)('%s %d with 6 held and a limit of 10', (side, quantity, reason) => {
    spec.fill(idOf(spec.order({ quantity: 6 })), 6);
    spec.limit('MaxPosition', 10);
    // Sells count against what is held: 16 of them make a short position of 10.
    if (side === 'Buy') expect(reasonOf(spec.order({ quantity, price: 9_000 }))).toBe(reason);
    else expect(reasonOf(spec.order({ side, quantity }))).toBe(reason);
  });
});
