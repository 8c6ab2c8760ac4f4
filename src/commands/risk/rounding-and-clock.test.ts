/** What a limit is compared with at its finest: a part of a micro, a clock that goes back, a window's last ms. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { desk, idOf, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
// Whatever a spec did, replaying its events gives the same state.
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

it('a loss of a tenth of a micro is one of a whole micro', () => {
  const terms = { tickMantissa: 1, tickScale: 7, lotMantissa: 1, multiplierMantissa: 1, open: 1 };
  spec.when('ListInstrument', { ...terms, symbol: 'FINE', currency: 'USD' });
  spec.mark(10, 3);
  spec.fill(idOf(spec.order({ instrument: 3, price: 10 })), 1, 10);
  spec.limit('MaxDailyLoss', 1);
  expect(reasonOf(spec.order({ instrument: 3, price: 10 }))).toBe(0);
  spec.mark(9, 3);
  expect(reasonOf(spec.order({ instrument: 3, price: 9 }))).toBe(REASON.RISK_DAILY_LOSS);
});

it('a clock that goes back neither fills nor empties a bucket', () => {
  spec.limit('OrderRate', 2).limit('CancelRate', 1);
  const [first, second] = [idOf(spec.order()), idOf(spec.after(-1000).order())];
  expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_RATE);
  spec.after(1000).cancel(first);
  const recorded = (orderId: number) => types(spec.cancel(orderId)).includes('RiskDecided');
  spec.after(-5000);
  expect(recorded(second)).toBe(true);
  spec.after(5000);
  expect(reasonOf(spec.order())).toBe(REASON.RISK_ORDER_RATE);
  spec.after(999);
  const third = idOf(spec.order());
  expect(recorded(third)).toBe(true);
});

it('a second after the first a repeated order is the first of a new row', () => {
  spec.limit('RepeatedOrders', 2);
  expect(reasonOf(spec.order())).toBe(0);
  expect(reasonOf(spec.after(1000).order())).toBe(0);
  expect(reasonOf(spec.order())).toBe(0);
  expect(reasonOf(spec.after(1).order())).toBe(REASON.RISK_REPEATED_ORDER);
  expect(reasonOf(spec.after(998).order())).toBe(REASON.RISK_REPEATED_ORDER);
  expect(reasonOf(spec.after(1).order())).toBe(0);
});

it('a loss at the limit of its breaker trips nothing, looked at anew after a restart neither', () => {
  spec.limit('BreakerLoss', 50_000_000);
  spec.fill(idOf(spec.order({ quantity: 10 })), 10);
  spec.mark(9_500);
  expect(types(spec.restart().order({ price: 9_500 }))).not.toContain('CircuitBreakerTripped');
  spec.mark(9_499);
  expect(types(spec.order({ price: 9_500 }))).toContain('CircuitBreakerTripped');
});

it.each([
  [1124, true],
  [1125, false],
])('a window of 1000 ms reaches back %d ms from the end of a slice: %s', (ms, counted) => {
  spec.limit('BreakerMessages', 1).after(125).order();
  expect(types(spec.after(ms).order()).includes('CircuitBreakerTripped')).toBe(counted);
});
