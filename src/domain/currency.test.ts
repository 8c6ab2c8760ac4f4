import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CurrencyRates, divideHalfEven, type Rate, rateOfMark } from './currency.js';

const rate = (from: string, to: string, text: string, sequence = 0): Rate => {
  const [whole, digits = ''] = text.split('.');
  return {
    from,
    to,
    numerator: BigInt(`${whole}${digits}`),
    denominator: 10n ** BigInt(digits.length),
    sequence,
  };
};

const rates = (...all: Rate[]) => {
  const recorded = new CurrencyRates();
  for (const each of all) recorded.record(each);
  return recorded;
};

describe('conversion', () => {
  it('multiplies, divides by the inverse, and goes over a third currency', () => {
    const known = rates(rate('EUR', 'USD', '1.25'), rate('GBP', 'USD', '1.50'));
    expect(known.convert(8n, 'EUR', 'USD')).toBe(10n);
    expect(known.convert(10n, 'USD', 'EUR')).toBe(8n);
    expect(known.convert(10n, 'GBP', 'EUR')).toBe(12n);
    expect(known.convert(7n, 'CHF', 'CHF')).toBe(7n);
  });

  it.each([
    [1n, 0n],
    [3n, 2n],
    [5n, 2n],
    [-1n, 0n],
    [-3n, -2n],
  ])('rounds %d halves half to even: %d', (micros, expected) => {
    expect(rates(rate('A01', 'B01', '0.5')).convert(micros, 'A01', 'B01')).toBe(expected);
  });

  it('knows the rates as of a sequence', () => {
    const known = rates(rate('EUR', 'USD', '1.1', 10), rate('EUR', 'USD', '1.2', 20));
    expect(known.convert(100n, 'EUR', 'USD', 10)).toBe(110n);
    expect(known.convert(100n, 'EUR', 'USD', 19)).toBe(110n);
    expect(known.convert(100n, 'EUR', 'USD', 20)).toBe(120n);
    expect(() => known.convert(100n, 'EUR', 'USD', 9)).toThrow('no rate from EUR to USD');
  });

  it('takes the newer of a pair and its inverse', () => {
    const known = rates(rate('EUR', 'USD', '1.1', 10), rate('USD', 'EUR', '0.8', 20));
    expect(known.convert(8n, 'EUR', 'USD')).toBe(10n);
    expect(known.convert(10n, 'EUR', 'USD', 15)).toBe(11n);
  });

  it.each([rate('EUR', 'USD', '0'), rate('EUR', 'EUR', '1'), rate('EUR', 'USD', '1', -1)])(
    'refuses what is no rate: %o',
    (bad) => {
      const known = rates(rate('EUR', 'USD', '1.1'));
      const invalid = expect.objectContaining({ code: 'CURRENCY_RATE_INVALID' });
      expect(() => known.record(bad)).toThrow(invalid);
    },
  );
});

describe('currency pairs', () => {
  it('record their mark', () => {
    const recorded = rateOfMark('EUR/USD', 1, 5, 108_500, 3) as Rate;
    expect(rates(recorded).convert(1_000_000n, 'EUR', 'USD')).toBe(1_085_000n);
  });

  it.each(['EURUSD', 'EUR/US', 'eur/usd', 'EUR/USD/X'])('%s is none', (symbol) => {
    expect(rateOfMark(symbol, 1, 5, 108_500, 3)).toBeUndefined();
  });
});

const amount = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
const fraction = fc.tuple(
  fc.bigInt({ min: 1n, max: 10n ** 9n }),
  fc.bigInt({ min: 1n, max: 10n ** 9n }),
);
const pair = ([numerator, denominator]: readonly [bigint, bigint]) =>
  rates({ from: 'EUR', to: 'USD', numerator, denominator, sequence: 0 });

describe('whatever the amounts', () => {
  it('a quotient is within half of the exact one', () => {
    fc.assert(
      fc.property(amount, fc.bigInt({ min: 1n, max: 10n ** 12n }), (a, b) => {
        const off = 2n * (divideHalfEven(a, b) * b - a);
        expect(off <= b && off >= -b).toBe(true);
        expect(divideHalfEven(-a, b)).toBe(-divideHalfEven(a, b));
      }),
    );
  });

  it('a sum is converted with one rounding per currency', () => {
    fc.assert(
      fc.property(fc.array(amount), fraction, (amounts, [numerator, denominator]) => {
        const known = pair([numerator, denominator]);
        const sum = amounts.reduce((total, each) => total + each, 0n);
        const each = amounts.map((micros) => ['EUR', micros] as const);
        expect(known.total(each, 'USD')).toBe(divideHalfEven(sum * numerator, denominator));
      }),
    );
  });

  it('larger amounts never become smaller ones', () => {
    fc.assert(
      fc.property(amount, amount, fraction, (a, b, of) => {
        const known = pair(of);
        const [less, more] = a < b ? [a, b] : [b, a];
        const [low, high] = [less, more].map((each) => known.convert(each, 'EUR', 'USD'));
        expect((low as bigint) <= (high as bigint)).toBe(true);
      }),
    );
  });
});
