import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDecimals,
  compareDecimals,
  DECIMAL_TEXT_CHARS_MAX,
  type Decimal,
  type DecimalErrorCode,
  decimalToSteps,
  divideDecimals,
  formatDecimal,
  formatSteps,
  multiplyDecimals,
  negateDecimal,
  parseDecimal,
  parseStep,
  parseSteps,
  rescaleDecimal,
  stepsToDecimal,
} from './decimal.js';

function refusal(code: DecimalErrorCode): object {
  return expect.objectContaining({ name: 'DecimalError', code });
}

/** A value as a fraction of bigints: the obvious model. */
function fraction(value: Decimal): { top: bigint; bottom: bigint } {
  return { top: value.digits, bottom: 10n ** BigInt(value.scale) };
}

const decimals: fc.Arbitrary<Decimal> = fc.record({
  digits: fc.oneof(fc.bigInt(-(10n ** 25n), 10n ** 25n), fc.bigInt(-1000n, 1000n)),
  scale: fc.integer({ min: 0, max: 20 }),
});
const stepTexts = fc.oneof(
  fc.constantFrom('0.25', '0.01', '0.0001', '1', '100', '0.0000000001', '0.03125', '10'),
  fc
    .tuple(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 0, max: 10 }))
    .map(([digits, scale]) => formatDecimal({ digits: BigInt(digits), scale })),
);

describe('decimal text', () => {
  it.each([
    ['0', 0n, 0],
    ['-0.00', 0n, 2],
    ['4799.25', 479925n, 2],
    ['-4799.250', -4799250n, 3],
    ['007', 7n, 0],
    ['9'.repeat(DECIMAL_TEXT_CHARS_MAX), 10n ** 64n - 1n, 0],
  ])('reads %s', (text, digits, scale) => {
    expect(parseDecimal(text)).toEqual({ digits, scale });
  });

  it.each([
    ...['', '-', '+1', '.5', '5.', '1e3', '1,000', ' 1', '1 ', '1\n', '--1', '0x10', 'NaN', '١'],
    '9'.repeat(DECIMAL_TEXT_CHARS_MAX + 1),
  ])('refuses %j', (text) => {
    expect(() => parseDecimal(text)).toThrow(refusal('DECIMAL_SYNTAX'));
    expect(() => parseSteps(text, parseStep('1'))).toThrow(refusal('DECIMAL_SYNTAX'));
  });

  it('writes the shortest text, the same for equal numbers', () => {
    expect(formatDecimal({ digits: 479900n, scale: 2 })).toBe('4799');
    expect(formatDecimal({ digits: -5n, scale: 3 })).toBe('-0.005');
    expect(formatDecimal({ digits: 0n, scale: 9 })).toBe('0');
    expect(formatDecimal({ digits: 1200n, scale: 0 })).toBe('1200');
    const padding = fc.integer({ min: 0, max: 12 });
    const same = (value: Decimal, zeros: number): void => {
      const padded = { digits: value.digits * 10n ** BigInt(zeros), scale: value.scale + zeros };
      expect(formatDecimal(padded)).toBe(formatDecimal(value));
      expect(compareDecimals(parseDecimal(formatDecimal(value)), value)).toBe(0);
    };
    fc.assert(fc.property(decimals, padding, same));
  });

  it('is brought to another scale exactly, or refused', () => {
    const value = parseDecimal('0.125');
    expect(rescaleDecimal(value, 5)).toEqual({ digits: 12_500n, scale: 5 });
    expect(() => rescaleDecimal(value, 2)).toThrow(refusal('DECIMAL_NOT_EXACT'));
    expect(() => rescaleDecimal(value, 0)).toThrow(refusal('DECIMAL_NOT_EXACT'));
  });
});

describe('decimal arithmetic equals that of fractions', () => {
  it('adds, negates, multiplies, compares', () => {
    const check = (left: Decimal, right: Decimal): void => {
      const a = fraction(left);
      const b = fraction(right);
      const sum = fraction(addDecimals(left, right));
      expect(sum.top * a.bottom * b.bottom).toBe(
        (a.top * b.bottom + b.top * a.bottom) * sum.bottom,
      );
      const product = fraction(multiplyDecimals(left, right));
      expect(product.top * a.bottom * b.bottom).toBe(a.top * b.top * product.bottom);
      expect(addDecimals(left, negateDecimal(left)).digits).toBe(0n);
      const difference = a.top * b.bottom - b.top * a.bottom;
      const sign = difference < 0n ? -1 : difference > 0n ? 1 : 0;
      expect(compareDecimals(left, right)).toBe(sign);
    };
    fc.assert(fc.property(decimals, decimals, check));
  });

  it.each([
    ['1', '3', 4, '0.3333'],
    ['2', '3', 4, '0.6667'],
    ['1', '2', 0, '0'],
    ['3', '2', 0, '2'],
    ['-1', '2', 0, '0'],
    ['-3', '2', 0, '-2'],
    ['5', '-2', 0, '-2'],
    ['0.125', '1', 2, '0.12'],
    ['0.375', '1', 2, '0.38'],
    ['0.1250000000000000000000001', '1', 2, '0.13'],
    ['28795.5', '6', 2, '4799.25'],
  ])('divides %s by %s to %d digits: %s', (left, right, digits, expected) => {
    const quotient = divideDecimals(parseDecimal(left), parseDecimal(right), digits);
    expect(formatDecimal(quotient)).toBe(expected);
  });

  it('divides to the nearest, and to the even one of two', () => {
    const check = (left: Decimal, right: Decimal, digits: number): void => {
      fc.pre(right.digits !== 0n);
      const quotient = fraction(divideDecimals(left, right, digits));
      const a = fraction(left);
      const b = fraction(right);
      // error = |a/b - q| as a fraction; half a unit of the last digit is 1 / (2 * q.bottom)
      const top = a.top * b.bottom * quotient.bottom - quotient.top * a.bottom * b.top;
      const bottom = a.bottom * b.top * quotient.bottom;
      const error = (top < 0n ? -top : top) * 2n * quotient.bottom;
      const half = bottom < 0n ? -bottom : bottom;
      expect(error <= half).toBe(true);
      if (error === half) expect(quotient.top % 2n).toBe(0n);
    };
    fc.assert(fc.property(decimals, decimals, fc.integer({ min: 0, max: 12 }), check));
    const small = fc.record({
      digits: fc.bigInt(-50n, 50n),
      scale: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(fc.property(small, small, fc.integer({ min: 0, max: 2 }), check));
  });

  it('asserts against division by zero and against scales without end', () => {
    const one = parseDecimal('1');
    expect(() => divideDecimals(one, parseDecimal('0.0'), 2)).toThrow(/division by zero/);
    const tiny = { digits: 1n, scale: 600 };
    expect(() => multiplyDecimals(tiny, tiny)).toThrow(/too many digits/);
  });
});

describe('steps', () => {
  it.each(['0', '-0.25', '0.000', '0.0000000000000001', '1000000000000000'])(
    'refuses %s as a step',
    (text) => {
      expect(() => parseStep(text)).toThrow(refusal('DECIMAL_STEP_INVALID'));
    },
  );

  it('reads prices in ticks and refuses what is not a whole tick', () => {
    const tick = parseStep('0.250');
    expect(tick).toEqual({ units: 25, scale: 2 });
    expect(parseSteps('4799.25', tick)).toBe(19197);
    expect(parseSteps('4799.2500000000000000', tick)).toBe(19197);
    expect(parseSteps('-4799.25', tick)).toBe(-19197);
    expect(Object.is(parseSteps('-0.00', tick), 0)).toBe(true);
    for (const text of ['4799.24', '4799.26', '4799.2500000000000000001', '0.1']) {
      expect(() => parseSteps(text, tick)).toThrow(refusal('DECIMAL_NOT_A_MULTIPLE'));
    }
    expect(formatSteps(19197, tick)).toBe('4799.25');
    expect(formatSteps(19196, tick)).toBe('4799');
    expect(formatSteps(-1, tick)).toBe('-0.25');
    expect(formatSteps(0, tick)).toBe('0');
  });

  it('counts up to the largest safe integer and not one step further', () => {
    const max = BigInt(Number.MAX_SAFE_INTEGER);
    for (const text of ['0.25', '1', '100', '0.000000001']) {
      const step = parseStep(text);
      const at = formatSteps(max, step);
      expect(parseSteps(at, step)).toBe(Number.MAX_SAFE_INTEGER);
      expect(parseSteps(`-${at}`, step)).toBe(Number.MIN_SAFE_INTEGER);
      expect(parseSteps(formatSteps(max - 1n, step), step)).toBe(Number.MAX_SAFE_INTEGER - 1);
      const above = formatSteps(max + 1n, step);
      expect(() => parseSteps(above, step)).toThrow(refusal('DECIMAL_OUT_OF_RANGE'));
      expect(() => parseSteps(`-${above}`, step)).toThrow(refusal('DECIMAL_OUT_OF_RANGE'));
    }
    expect(() => stepsToDecimal(2 ** 53, parseStep('1'))).toThrow(/not exact/);
  });

  it('gives every number of steps back through its text, and the fast way agrees with bigint', () => {
    const steps = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -100_000, max: 100_000 }));
    const check = (count: number, stepText: string): void => {
      const step = parseStep(stepText);
      const text = formatSteps(count, step);
      expect(parseSteps(text, step)).toBe(count === 0 ? 0 : count);
      expect(text).toBe(formatDecimal(stepsToDecimal(BigInt(count), step)));
    };
    fc.assert(fc.property(steps, stepTexts, check), { numRuns: 1000 });
  });

  it('agrees with bigint on any text: the same count or the same refusal', () => {
    const outcome = (count: () => number): number | string => {
      try {
        return count();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const check = (value: Decimal, stepText: string): void => {
      const step = parseStep(stepText);
      const text = formatDecimal(value);
      expect(outcome(() => parseSteps(text, step))).toBe(
        outcome(() => decimalToSteps(value, step)),
      );
    };
    fc.assert(fc.property(decimals, stepTexts, check), { numRuns: 2000 });
  });

  it('multiplies into a notional', () => {
    const price = stepsToDecimal(19197, parseStep('0.25'));
    const notional = multiplyDecimals(
      price,
      multiplyDecimals(parseDecimal('3'), parseDecimal('50')),
    );
    expect(formatDecimal(notional)).toBe('719887.5');
  });
});
