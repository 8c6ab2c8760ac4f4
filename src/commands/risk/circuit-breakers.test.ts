import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import { desk, dollars, idOf, only, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

describe('price move', () => {
  it.each([
    [10_099, false],
    [10_100, false],
    [10_101, true],
    [9_901, false],
    [9_900, false],
    [9_899, true],
  ])('a mark of %d from 10000 at 100 basis points', (price, trips) => {
    spec.limit('BreakerPriceMove', 100, 'Firm', 1);
    spec.mark(10_000);
    const events = spec.after(10).mark(price);
    expect(types(events).includes('CircuitBreakerTripped')).toBe(trips);
    expect(reasonOf(spec.order())).toBe(trips ? REASON.TRADING_CIRCUIT_BREAKER : 0);
    expect(reasonOf(spec.order({ instrument: 2 }))).toBe(0);
  });

  it('adds small moves up within the window, and forgets them after', () => {
    spec.limit('BreakerPriceMove', 100, 'Firm');
    spec.mark(10_000);
    spec.after(400).mark(10_060);
    expect(types(spec.after(400).mark(10_120))).toContain('CircuitBreakerTripped');
    spec.mark(10_000, 2);
    spec.after(1200).mark(10_060, 2);
    expect(types(spec.after(1200).mark(10_120, 2))).toEqual(['PriceMarked']);
  });

  it('is the firm’s alone', () => {
    const data = { limit: LIMIT.BreakerPriceMove, scopeId: 1, value: 5 };
    const refused = spec.when('ChangeLimit', { ...data, scope: 'Account' });
    expect(types(refused)).toEqual(['CommandRefused']);
  });
});

describe('loss', () => {
  it.each([
    [51, false],
    [50, false],
    [49, true],
  ])('limit of %d dollars at a loss of 50 within the window', (limit, trips) => {
    spec.limit('BreakerLoss', dollars(limit));
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.mark(9_500);
    const events = spec.order({ price: 9_500 });
    expect(types(events).includes('CircuitBreakerTripped')).toBe(trips);
    const next = spec.order({ price: 9_500 });
    expect(reasonOf(next)).toBe(trips ? REASON.TRADING_CIRCUIT_BREAKER : 0);
    // Reducing: what closes passes.
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 10, price: 9_500 }))).toBe(0);
  });

  it('trips at the fill that makes the loss, for the group that it is summed over', () => {
    spec.limit('BreakerLoss', dollars(40), 'Group');
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    const events = spec.fill(
      idOf(spec.order({ side: 'Sell', price: 9_500, quantity: 10 })),
      10,
      9_500,
    );
    expect(only(events, 'CircuitBreakerTripped').data).toMatchObject({
      scope: 'Group',
      scopeId: 1,
      state: 'Reducing',
      value: dollars(50),
    });
    expect(reasonOf(spec.order({ account: 2 }))).toBe(REASON.TRADING_CIRCUIT_BREAKER);
    expect(reasonOf(spec.order({ account: 3 }))).toBe(0);
  });

  it('forgets a loss from before its window', () => {
    spec.limit('BreakerLoss', dollars(40));
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.mark(9_700);
    spec.after(2000).mark(9_500);
    expect(types(spec.order({ price: 9_500 }))).not.toContain('CircuitBreakerTripped');
  });
});

describe('a limit that is lowered below what was counted already', () => {
  it('trips at the next message, a good one: refusals', () => {
    spec.limit('BreakerRejects', 5).limit('MaxOrderQuantity', 5);
    for (let i = 0; i < 3; i += 1) spec.order({ quantity: 6 });
    expect(types(spec.order())).not.toContain('CircuitBreakerTripped');
    spec.limit('BreakerRejects', 2);
    expect(types(spec.order())).toContain('CircuitBreakerTripped');
  });

  it.each(['Account', 'Group', 'Firm'] as const)('trips at the next message: loss, %s', (scope) => {
    spec.limit('BreakerLoss', dollars(60), scope);
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.mark(9_500);
    expect(types(spec.order({ price: 9_500 }))).not.toContain('CircuitBreakerTripped');
    spec.limit('BreakerLoss', dollars(40), scope);
    expect(types(spec.order({ price: 9_500 }))).toContain('CircuitBreakerTripped');
  });
});

describe('refusals', () => {
  it('halts the account above the limit, and lets cancels pass', () => {
    const open = idOf(spec.order());
    spec.limit('BreakerRejects', 2).limit('MaxOrderQuantity', 5);
    expect(types(spec.order({ quantity: 6 }))).toEqual(['RiskDecided', 'OrderDenied']);
    expect(types(spec.order({ quantity: 6 }))).toEqual(['RiskDecided', 'OrderDenied']);
    const third = spec.order({ quantity: 6 });
    expect(only(third, 'CircuitBreakerTripped').data).toMatchObject({
      breaker: LIMIT.BreakerRejects,
      scope: 'Account',
      limit: 2,
      value: 3,
      state: 'Halted',
    });
    expect(reasonOf(spec.order())).toBe(REASON.TRADING_CIRCUIT_BREAKER);
    expect(types(spec.cancel(open))).toContain('OrderCanceled');
  });

  it('counts within the window only', () => {
    spec.limit('BreakerRejects', 2).limit('BreakerWindow', 100).limit('MaxOrderQuantity', 5);
    for (let i = 0; i < 10; i += 1) {
      const events = spec.after(60).order({ quantity: 6 });
      expect(types(events)).not.toContain('CircuitBreakerTripped');
    }
  });
});

it('a window that changes starts anew, one that does not goes on', () => {
  spec.limit('BreakerWindow', 5000, 'Firm').limit('BreakerMessages', 2);
  spec.order();
  spec.limit('MaxOpenOrders', 50);
  spec.order();
  expect(types(spec.order())).toContain('CircuitBreakerTripped');
  spec.when('SetTradingState', { scope: 'Account', scopeId: 1, state: 'Active' });
  spec.order();
  spec.order();
  spec.limit('BreakerWindow', 100);
  expect(types(spec.order())).not.toContain('CircuitBreakerTripped');
});

describe('messages', () => {
  it('halts the account above the limit: orders, replaces and cancels count', () => {
    spec.limit('BreakerMessages', 3);
    const first = idOf(spec.order());
    spec.replace(first, 2);
    expect(types(spec.cancel(first))).not.toContain('CircuitBreakerTripped');
    expect(types(spec.order())).toContain('CircuitBreakerTripped');
    expect(reasonOf(spec.order())).toBe(REASON.TRADING_CIRCUIT_BREAKER);
  });
});

describe('reset', () => {
  const tripped = () => {
    spec.limit('BreakerMessages', 1);
    spec.order();
    expect(types(spec.order())).toContain('CircuitBreakerTripped');
  };

  it.each([
    [999, false],
    [1000, true],
    [1001, true],
  ])('after %d ms at a cool-down of 1000', (ms, resets) => {
    spec.limit('BreakerCoolDown', 1000);
    tripped();
    const events = spec.after(ms).order();
    expect(types(events).includes('CircuitBreakerReset')).toBe(resets);
    expect(reasonOf(events)).toBe(resets ? 0 : REASON.TRADING_CIRCUIT_BREAKER);
  });

  it('by command only when no cool-down is set', () => {
    tripped();
    expect(reasonOf(spec.after(1e9).order())).toBe(REASON.TRADING_CIRCUIT_BREAKER);
    const resume = { scope: 'Account', scopeId: 1, state: 'Active' } as const;
    expect(types(spec.when('SetTradingState', resume))).toEqual(['CircuitBreakerReset']);
    expect(reasonOf(spec.order())).toBe(0);
  });

  it('does not lift what a person halted meanwhile', () => {
    spec.limit('BreakerCoolDown', 1000);
    tripped();
    spec.when('SetTradingState', { scope: 'Account', scopeId: 1, state: 'Halted' });
    expect(reasonOf(spec.after(5000).order())).toBe(REASON.TRADING_HALTED);
  });

  it('resets the breaker of an instrument too', () => {
    spec.limit('BreakerPriceMove', 100, 'Firm').limit('BreakerCoolDown', 1000, 'Firm');
    spec.mark(10_000);
    spec.mark(10_200);
    expect(reasonOf(spec.order())).toBe(REASON.TRADING_CIRCUIT_BREAKER);
    expect(reasonOf(spec.after(1000).order())).toBe(0);
  });
});
