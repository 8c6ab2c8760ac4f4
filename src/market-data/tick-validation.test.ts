import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceWindow } from './sequence-window.js';
import type { Quote, Trade } from './tick.js';
import { TICK_LIMITS_DEFAULT, TickValidator } from './tick-validation.js';

const T0 = 1_790_000_000_000_000_000n;

let sequence = 0;
function trade(price: number, change: Partial<Trade> = {}): Trade {
  const time = change.time ?? T0;
  return {
    instrument: 1,
    time,
    received: time,
    sequence: sequence++,
    price,
    quantity: 1,
    ...change,
  };
}
function quote(bidPrice: number, askPrice: number, change: Partial<Quote> = {}): Quote {
  const sides = {
    bidPrice,
    bidQuantity: bidPrice === 0 ? 0 : 1,
    askPrice,
    askQuantity: askPrice === 0 ? 0 : 1,
  };
  return { instrument: 1, time: T0, received: T0, sequence: sequence++, ...sides, ...change };
}
function codes(verdict: ReturnType<TickValidator['trade']>): string[] {
  return [verdict.accepted ? 'taken' : 'refused', ...verdict.findings.map((found) => found.code)];
}
/** A validator that has seen five trades at 10,000. */
function primed(limits = TICK_LIMITS_DEFAULT): TickValidator {
  const validator = new TickValidator(limits);
  for (let n = 0; n < 5; n++) expect(codes(validator.trade(trade(10_000)))).toEqual(['taken']);
  return validator;
}

describe('tick validation', () => {
  it.each([0, -5, 1.5, Number.NaN, 2 ** 53])('refuses a trade at %d ticks', (price) => {
    expect(codes(new TickValidator().trade(trade(price)))).toEqual(['refused', 'MALFORMED']);
  });

  it('refuses half a side, a sequence or a time that is none', () => {
    const validator = new TickValidator();
    const bad = [
      quote(5, 6, { bidQuantity: 0 }),
      quote(0, 6, { bidQuantity: 1 }),
      quote(5, 6, { askPrice: 0.5 }),
      quote(5, 6, { sequence: -1 }),
      quote(5, 6, { time: -1n }),
    ];
    for (const one of bad) expect(codes(validator.quote(one))).toEqual(['refused', 'MALFORMED']);
    expect(codes(validator.trade(trade(1, { quantity: 0 })))).toEqual(['refused', 'MALFORMED']);
  });

  it('refuses what it has seen before, trade or quote, of whatever instrument', () => {
    const validator = new TickValidator();
    const one = trade(100);
    expect(codes(validator.trade(one))).toEqual(['taken']);
    expect(codes(validator.trade(one))).toEqual(['refused', 'DUPLICATE']);
    const again = quote(99, 101, { sequence: one.sequence, instrument: 2 });
    expect(codes(validator.quote(again))).toEqual(['refused', 'DUPLICATE']);
  });

  it('refuses what is too old to know', () => {
    const validator = new TickValidator({ ...TICK_LIMITS_DEFAULT, sequencesRemembered: 64 });
    validator.trade(trade(100, { sequence: 1_000 }));
    expect(codes(validator.trade(trade(100, { sequence: 937 })))).toEqual(['taken']);
    expect(codes(validator.trade(trade(100, { sequence: 936 })))).toEqual([
      'refused',
      'SEQUENCE_TOO_OLD',
    ]);
  });

  it('refuses a crossed market, notes a locked one, takes one side alone', () => {
    const validator = new TickValidator();
    expect(codes(validator.quote(quote(101, 100)))).toEqual(['refused', 'CROSSED']);
    expect(codes(validator.quote(quote(100, 100)))).toEqual(['taken', 'LOCKED']);
    expect(codes(validator.quote(quote(99, 100)))).toEqual(['taken']);
    expect(codes(validator.quote(quote(0, 100)))).toEqual(['taken']);
    expect(codes(validator.quote(quote(100, 0)))).toEqual(['taken']);
    expect(codes(validator.quote(quote(0, 0)))).toEqual(['taken']);
  });

  it('takes a late tick and says so, per instrument', () => {
    const validator = new TickValidator();
    validator.trade(trade(100, { time: T0 + 5n }));
    const late = validator.trade(trade(100, { time: T0 + 4n }));
    expect(late).toEqual({
      accepted: true,
      findings: [{ code: 'LATE', value: T0 + 4n, limit: T0 + 5n }],
    });
    expect(codes(validator.trade(trade(100, { time: T0 + 5n })))).toEqual(['taken']);
    expect(codes(validator.trade(trade(100, { time: T0, instrument: 2 })))).toEqual(['taken']);
  });

  it('notes what reached us after more than the limit', () => {
    const validator = new TickValidator();
    const received = T0 + TICK_LIMITS_DEFAULT.staleNs;
    expect(codes(validator.trade(trade(100, { received })))).toEqual(['taken']);
    expect(codes(validator.trade(trade(100, { received: received + 1n })))).toEqual([
      'taken',
      'STALE',
    ]);
  });

  it('refuses what comes from the future, which then makes nothing else late', () => {
    const validator = new TickValidator();
    const ahead = TICK_LIMITS_DEFAULT.aheadNs;
    const future = validator.trade(trade(100, { time: T0 + ahead + 1n, received: T0 }));
    expect(codes(future)).toEqual(['refused', 'FROM_FUTURE']);
    expect(codes(validator.trade(trade(100, { time: T0 })))).toEqual(['taken']);
    const early = validator.trade(trade(100, { time: T0 + ahead, received: T0 }));
    expect(codes(early)).toEqual(['taken']);
    const outlier = primed();
    outlier.trade(trade(99_999, { time: T0 + 9n }));
    expect(codes(outlier.trade(trade(10_000, { time: T0 + 1n })))).toEqual(['taken']);
  });

  it('refuses a trade farther from the median of the last five than the limit', () => {
    expect(codes(primed().trade(trade(11_000)))).toEqual(['taken']);
    expect(codes(primed().trade(trade(9_000)))).toEqual(['taken']);
    const refused = primed().trade(trade(11_001));
    expect(refused).toEqual({
      accepted: false,
      findings: [{ code: 'OUTLIER', value: 1_001, limit: 1_000 }],
    });
    expect(codes(primed().trade(trade(8_999)))).toEqual(['refused', 'OUTLIER']);
    // Four trades make no median yet.
    const young = new TickValidator();
    for (let n = 0; n < 4; n++) young.trade(trade(10_000));
    expect(codes(young.trade(trade(99_999)))).toEqual(['taken']);
  });

  it('holds the middle of a quote against trades', () => {
    expect(codes(primed().quote(quote(10_999, 11_001)))).toEqual(['taken']);
    expect(codes(primed().quote(quote(11_000, 11_001)))).toEqual(['refused', 'OUTLIER']);
  });

  it('takes a new price level at the third outlier that agrees', () => {
    const validator = primed();
    expect(codes(validator.trade(trade(5_000)))).toEqual(['refused', 'OUTLIER']);
    expect(codes(validator.trade(trade(5_100)))).toEqual(['refused', 'OUTLIER']);
    expect(codes(validator.trade(trade(5_050)))).toEqual(['taken', 'LEVEL_CHANGED']);
    expect(codes(validator.trade(trade(5_060)))).toEqual(['taken']);
    expect(codes(validator.trade(trade(10_000)))).toEqual(['refused', 'OUTLIER']);
  });

  it('does not take outliers that do not agree, or that good trades part', () => {
    const validator = primed();
    for (const price of [5_000, 20_000, 5_000, 20_000, 5_000]) {
      expect(codes(validator.trade(trade(price)))).toEqual(['refused', 'OUTLIER']);
    }
    const parted = primed();
    for (const price of [5_000, 5_000, 10_000, 5_000, 5_000]) parted.trade(trade(price));
    expect(codes(parted.trade(trade(10_000)))).toEqual(['taken']);
  });

  it('is exact for prices near the safe range', () => {
    const validator = new TickValidator({ ...TICK_LIMITS_DEFAULT, outlierBps: 1 });
    const price = 10_000 * Math.floor(Number.MAX_SAFE_INTEGER / 10_000 / 2);
    for (let n = 0; n < 5; n++) validator.trade(trade(price));
    expect(codes(validator.trade(trade(price + price / 10_000)))).toEqual(['taken']);
    expect(codes(validator.trade(trade(price + price / 10_000 + 1)))).toEqual([
      'refused',
      'OUTLIER',
    ]);
  });

  it('finds the distance that exact arithmetic finds', () => {
    const price = fc.oneof(
      fc.integer({ min: 1, max: 30_000 }),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    );
    const pair = price.chain((at) => {
      const near = fc.integer({ min: -3, max: 3 }).map((n) => at + n);
      return fc.tuple(fc.constant(at), fc.oneof(price, near));
    });
    fc.assert(
      fc.property(pair, ([reference, other]) => {
        fc.pre(Number.isSafeInteger(other) && other > 0);
        const validator = new TickValidator({ ...TICK_LIMITS_DEFAULT, outlierBps: 1 });
        for (let n = 0; n < 5; n++) validator.trade(trade(reference));
        const [a, b] = [BigInt(other), BigInt(reference)];
        const apart = (a > b ? a - b : b - a) * 10_000n;
        const exact = apart / b + (apart % b > 0n ? 1n : 0n);
        const { accepted, findings } = validator.trade(trade(other));
        expect(accepted).toBe(exact <= 1n);
        if (!accepted) expect(findings[0]!.value).toBe(Number(exact));
      }),
      { numRuns: 300 },
    );
  });

  it('has room for so many instruments', () => {
    const validator = new TickValidator({ ...TICK_LIMITS_DEFAULT, instruments: 2 });
    for (const instrument of [1, 2, 1]) {
      expect(codes(validator.trade(trade(100, { instrument })))).toEqual(['taken']);
    }
    expect(codes(validator.trade(trade(100, { instrument: 3 })))).toEqual([
      'refused',
      'INSTRUMENT_LIMIT',
    ]);
  });

  it('gives the same verdicts to the same ticks', () => {
    const ticks = fc.array(
      fc.record({ price: fc.integer({ min: 1, max: 40 }), at: fc.integer({ min: 0, max: 20 }) }),
    );
    fc.assert(
      fc.property(ticks, (list) => {
        const all = list.map((one, n) => {
          return trade(one.price, { time: T0 + BigInt(one.at), sequence: n % 30 });
        });
        const verdicts = [1, 2].map(() => {
          const validator = new TickValidator({ ...TICK_LIMITS_DEFAULT, sequencesRemembered: 32 });
          return all.map((one) => validator.trade(one));
        });
        expect(verdicts[1]).toEqual(verdicts[0]);
      }),
    );
  });
});

describe('sequence window', () => {
  it('knows what a set of all numbers would know', () => {
    const numbers = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 2 ** 40 })),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(numbers, (list) => {
        const window = new SequenceWindow(64);
        const seen = new Set<number>();
        let highest = -1;
        for (const number of list) {
          const old = number <= highest - 64;
          const expected = old ? 'old' : seen.has(number) ? 'duplicate' : 'new';
          expect(window.check(number)).toBe(expected);
          expect(window.see(number)).toBe(expected);
          if (expected === 'new') seen.add(number);
          highest = Math.max(highest, number);
        }
      }),
    );
  });

  it('forgets all it remembered when the numbers leap by its size', () => {
    for (const leap of [63, 64, 65, 1_000]) {
      const window = new SequenceWindow(64);
      for (let number = 0; number < 64; number++) window.see(number);
      expect(window.see(63 + leap)).toBe('new');
      for (let number = 64; number < 63 + leap; number++) {
        expect(window.check(number)).toBe(number > leap - 1 ? 'new' : 'old');
      }
    }
  });

  it('is a power of two', () => {
    for (const size of [0, 31, 33, 48]) expect(() => new SequenceWindow(size)).toThrow();
  });
});
