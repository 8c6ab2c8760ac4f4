import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSteps } from '../../lib/decimal.js';
import { exactSteps, mantissaOf, microsOf, microsText, stepsOf } from './terms.js';

const quarter = { units: 25, scale: 2 };

describe('stepsOf', () => {
  it('counts ticks exactly, on the tick and beside it', () => {
    expect(stepsOf('price', '4799.25', quarter)).toEqual({ steps: 19197, exact: true });
    expect(stepsOf('price', '4799.26', quarter)).toEqual({ steps: 19197, exact: false });
    expect(stepsOf('price', '4799.24', quarter)).toEqual({ steps: 19196, exact: false });
    expect(stepsOf('price', '-0.01', quarter)).toEqual({ steps: -1, exact: false });
    expect(stepsOf('price', '-0.25', quarter)).toEqual({ steps: -1, exact: true });
    expect(stepsOf('price', '0.0', quarter)).toEqual({ steps: 0, exact: true });
  });

  it('refuses what is no number, or too large to count, naming the field', () => {
    for (const text of ['', 'x', '1e5', '1.', '99999999999999999999', '99999999999999999999.1']) {
      expect(() => stepsOf('price', text, quarter)).toThrowError(/^price: /);
    }
  });

  it('rounds towards negative infinity, and only when between two steps', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }),
        fc.integer({ min: 0, max: 6 }),
        (digits, scale) => {
          const text = formatSteps(digits, { units: 1, scale });
          const { steps, exact } = stepsOf('price', text, quarter);
          const units = 10n ** BigInt(scale);
          // value = digits / units; tick = 1/4: steps <= 4 x value < steps + 1
          const lower = BigInt(steps) * units;
          expect(lower <= 4n * digits && 4n * digits < lower + units).toBe(true);
          expect(exact).toBe(lower === 4n * digits);
        },
      ),
    );
  });
});

describe('other terms', () => {
  it('is strict where a value between two steps is no order', () => {
    expect(() => exactSteps('price', '0.3', quarter)).toThrowError('not a multiple of 0.25');
    expect(microsOf('value', '1250.50')).toBe(1_250_500_000);
    expect(() => microsOf('value', '0.0000001')).toThrowError(/^value: /);
    expect(microsText(-1)).toBe('-0.000001');
  });

  it('reads mantissa and scale in lowest terms', () => {
    expect(mantissaOf('tickSize', '0.250')).toEqual({ mantissa: 25, scale: 2 });
    expect(mantissaOf('multiplier', '50')).toEqual({ mantissa: 50, scale: 0 });
    for (const text of ['0', '-1', 'x', '1000000000000000', '0.0000000000000001']) {
      expect(() => mantissaOf('tickSize', text)).toThrowError(/^tickSize: /);
    }
  });
});
