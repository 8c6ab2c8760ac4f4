import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import { desk, idOf, only, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

type Scope = 'Firm' | 'Group' | 'Account';
const report = (value: number, scope: Scope = 'Account') =>
  spec.when('ReportValueAtRisk', { scope, scopeId: scope === 'Firm' ? 0 : 1, value });

describe('a reported value at risk', () => {
  it.each([
    [999, false],
    [1_000, false],
    [1_001, true],
  ])('of %d against a limit of 1000', (value, trips) => {
    spec.limit('MaxValueAtRisk', 1_000);
    const events = report(value);
    if (trips) {
      expect(only(events, 'CircuitBreakerTripped').data).toMatchObject({
        ...{ limit: 1_000, value, scope: 'Account', scopeId: 1, state: 'Reducing' },
        breaker: LIMIT.MaxValueAtRisk,
      });
    } else {
      expect(only(events, 'CommandRefused').data.reason).toBe(REASON.LIMIT_NOT_EXCEEDED);
    }
    expect(reasonOf(spec.order()) === 0).toBe(!trips);
  });

  it('lets the account reduce, is told once, and is reset by hand', () => {
    spec.fill(idOf(spec.order({ quantity: 10 })), 10);
    spec.limit('MaxValueAtRisk', 0);
    expect(types(report(1))).toEqual(['CircuitBreakerTripped']);
    expect(types(report(2))).toEqual(['CommandRefused']);
    expect(reasonOf(spec.order({ side: 'Sell', quantity: 10 }))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 1 }))).not.toBe(0);
    const resume = { scope: 'Account', scopeId: 1, state: 'Active' } as const;
    expect(types(spec.when('SetTradingState', resume))).toEqual(['CircuitBreakerReset']);
    expect(reasonOf(spec.order())).toBe(0);
    expect(types(report(1))).toEqual(['CircuitBreakerTripped']);
  });

  it('is held against the limit of its own scope, and none is none', () => {
    expect(types(report(1_000_000))).toEqual(['CommandRefused']);
    spec.limit('MaxValueAtRisk', 5, 'Firm');
    expect(types(report(6, 'Account'))).toEqual(['CommandRefused']);
    expect(types(report(6, 'Group'))).toEqual(['CommandRefused']);
    expect(types(report(6, 'Firm'))).toEqual(['CircuitBreakerTripped']);
    const nobody = { scope: 'Account', scopeId: 4_000_000, value: 9 } as const;
    expect(types(spec.when('ReportValueAtRisk', nobody))).toEqual(['CommandRefused']);
    expect(
      types(spec.when('ReportValueAtRisk', { scope: 'Instrument', scopeId: 1, value: 9 })),
    ).toEqual(['CommandRefused']);
  });

  it('leaves a scope alone that is halted already', () => {
    spec.limit('MaxValueAtRisk', 0);
    spec.when('SetTradingState', { scope: 'Account', scopeId: 1, state: 'Halted' });
    expect(types(report(1))).toEqual(['CommandRefused']);
  });
});
