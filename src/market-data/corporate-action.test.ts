import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AdjustmentHistory,
  adjustedTicks,
  type CorporateAction,
  factorsOf,
} from './corporate-action.js';
import { formatRational, multiply, type Rational, rational, roundHalfEven } from './rational.js';

const DAY = 86_400_000_000_000n;

function split(day: bigint, to: number, from: number): CorporateAction {
  return { kind: 'split', instrument: 1, exTime: day * DAY, to, from };
}
function dividend(day: bigint, amount: Rational, closeBefore: number): CorporateAction {
  return { kind: 'cash_dividend', instrument: 1, exTime: day * DAY, amount, closeBefore };
}
const whole = (value: number): Rational => rational(BigInt(value), 1n);

describe('corporate actions', () => {
  it('adjust what is before the ex-date, not what is on it', () => {
    const history = new AdjustmentHistory([split(10n, 2, 1)]);
    expect(history.at(10n * DAY - 1n)).toEqual({ price: rational(1n, 2n), volume: whole(2) });
    expect(history.at(10n * DAY)).toEqual({ price: whole(1), volume: whole(1) });
  });

  it('compound, in whatever order they are given', () => {
    const actions = [split(10n, 3, 1), dividend(20n, whole(5), 100), split(30n, 1, 10)];
    const history = new AdjustmentHistory(actions);
    expect(history.at(5n * DAY).price).toEqual(rational(10n * 95n, 3n * 100n));
    expect(history.at(5n * DAY).volume).toEqual(rational(3n, 10n));
    expect(history.at(15n * DAY).price).toEqual(rational(95n, 10n));
    expect(history.at(25n * DAY).price).toEqual(whole(10));
    expect(history.at(30n * DAY).price).toEqual(whole(1));
    const shuffled = new AdjustmentHistory([actions[2]!, actions[0]!, actions[1]!]);
    for (const day of [5n, 10n, 15n, 20n, 25n, 30n]) {
      expect(shuffled.at(day * DAY)).toEqual(history.at(day * DAY));
    }
  });

  it('of one day all count', () => {
    const history = new AdjustmentHistory([split(10n, 2, 1), dividend(10n, whole(10), 100)]);
    expect(history.at(9n * DAY).price).toEqual(rational(90n, 200n));
    expect(history.at(10n * DAY).price).toEqual(whole(1));
  });

  it('leave nothing of a move that is only theirs', () => {
    // The price falls on the ex-date by exactly what was split off or paid out: no return.
    const close = fc.integer({ min: 1, max: 1_000_000 });
    const amounts = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(
        close,
        amounts,
        amounts,
        fc.bigInt({ min: 1n, max: 50n }),
        (c, to, paid, denominator) => {
          const splitting = factorsOf(split(1n, to, 7));
          expect(multiply(whole(c), splitting.price)).toEqual(rational(BigInt(c) * 7n, BigInt(to)));
          expect(multiply(splitting.price, splitting.volume)).toEqual(whole(1));
          const amount = rational(BigInt(paid), denominator);
          fc.pre(amount.numerator < BigInt(c) * amount.denominator);
          const paying = factorsOf(dividend(1n, amount, c));
          const left = multiply(whole(c), paying.price);
          expect(left).toEqual(rational(BigInt(c) * denominator - BigInt(paid), denominator));
        },
      ),
    );
  });

  it('give whole numbers at a scale, or say that they do not fit', () => {
    const history = new AdjustmentHistory([split(10n, 3, 1)]);
    expect(adjustedTicks(100, 9n * DAY, history, 1_000)).toBe(33_333);
    expect(adjustedTicks(101, 9n * DAY, history, 1_000)).toBe(33_667);
    expect(adjustedTicks(100, 10n * DAY, history, 1_000)).toBe(100_000);
    expect(() => adjustedTicks(2 ** 50, 10n * DAY, history, 1_000)).toThrow(
      expect.objectContaining({ code: 'ADJUSTED_PRICE_OVERFLOW' }),
    );
  });

  it.each([
    split(1n, 0, 1),
    split(1n, 2, 0),
    split(1n, 1.5, 1),
    dividend(1n, whole(100), 100),
    dividend(1n, whole(0), 100),
    dividend(1n, whole(-1), 100),
    dividend(1n, whole(1), 0),
  ])('are refused when they make no sense: %#', (action) => {
    const code = expect.objectContaining({ code: 'CORPORATE_ACTION_INVALID' });
    expect(() => factorsOf(action)).toThrow(code);
    expect(() => new AdjustmentHistory([action])).toThrow(code);
  });

  it('are of one instrument', () => {
    const other = { ...split(2n, 2, 1), instrument: 2 };
    expect(() => new AdjustmentHistory([split(1n, 2, 1), other])).toThrow(
      expect.objectContaining({ code: 'CORPORATE_ACTION_INVALID' }),
    );
    expect(new AdjustmentHistory([]).at(0n).price).toEqual(whole(1));
  });
});

describe('rational', () => {
  it.each([
    [1n, 2n, 0, '0'],
    [3n, 2n, 0, '2'],
    [-1n, 2n, 0, '0'],
    [-3n, 2n, 0, '-2'],
    [1n, 3n, 4, '0.3333'],
    [-2n, 3n, 4, '-0.6667'],
    [5n, 1_000n, 2, '0.00'],
    [15n, 1_000n, 2, '0.02'],
    [1_234_567n, 100n, 2, '12345.67'],
  ])('%d/%d to %d decimals is %s', (numerator, denominator, digits, text) => {
    expect(formatRational(rational(numerator, denominator), digits)).toBe(text);
  });

  it('rounds to the nearest, and a half to the even', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -10_000n, max: 10_000n }),
        fc.bigInt({ min: 1n, max: 50n }),
        (n, d) => {
          const rounded = roundHalfEven(rational(n, d));
          const twiceApart = 2n * (n - rounded * d);
          expect(twiceApart <= d && twiceApart >= -d).toBe(true);
          if (twiceApart === d || twiceApart === -d) expect(rounded % 2n).toBe(0n);
        },
      ),
    );
  });
});
