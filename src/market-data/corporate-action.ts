import { demand } from './error.js';
import { multiply, ONE, type Rational, rational, roundHalfEven } from './rational.js';

/**
 * What changes the price of an instrument without changing what a holder owns.
 *
 * - `split`: `to` new shares for `from` old ones (2 for 1; 1 for 10 is a reverse split; 11 for 10 a
 *   stock dividend of a tenth). Earlier prices count from/to, earlier volumes to/from.
 * - `cash_dividend`: `amount` per share, in ticks, off a close of `closeBefore` ticks the day before.
 *   Earlier prices count (closeBefore - amount) / closeBefore, so that the return over the ex-date
 *   is that of a holder who reinvests; volumes stay. An amount may be a fraction of a tick.
 */
export type CorporateAction = {
  readonly instrument: number;
  /** First instant of the ex-date: what is before is adjusted, what is at or after is not. */
  readonly exTime: bigint;
} & (
  | { readonly kind: 'split'; readonly to: number; readonly from: number }
  | {
      readonly kind: 'cash_dividend';
      readonly amount: Rational;
      readonly closeBefore: number;
    }
);

/** What a price and a volume of some time are multiplied by to compare with those of today. */
export type Adjustment = { readonly price: Rational; readonly volume: Rational };

const NONE: Adjustment = { price: ONE, volume: ONE };

/** Factors of a single action on all that came before it. */
export function factorsOf(action: CorporateAction): Adjustment {
  const refuse = (condition: boolean, what: () => string): void => {
    demand(condition, 'CORPORATE_ACTION_INVALID', what);
  };
  if (action.kind === 'split') {
    const { to, from } = action;
    const whole = Number.isSafeInteger(to) && to > 0 && Number.isSafeInteger(from) && from > 0;
    refuse(whole, () => `a split of ${to} for ${from}`);
    return {
      price: rational(BigInt(from), BigInt(to)),
      volume: rational(BigInt(to), BigInt(from)),
    };
  }
  const { amount, closeBefore } = action;
  refuse(Number.isSafeInteger(closeBefore) && closeBefore > 0, () => `a close of ${closeBefore}`);
  const close = BigInt(closeBefore);
  const left = close * amount.denominator - amount.numerator;
  refuse(amount.numerator > 0n && left > 0n, () => {
    return `a dividend of ${amount.numerator}/${amount.denominator} off ${closeBefore} ticks`;
  });
  return { price: rational(left, close * amount.denominator), volume: ONE };
}

/**
 * The adjustments of one instrument over time. Actions of one ex-date compound in the order given:
 * which comes first matters for none, as factors are multiplied; `closeBefore` of a dividend with a
 * split on the same day is that of the unsplit share.
 */
export class AdjustmentHistory {
  /** Ex-times, rising, and the factors of all that is before each of them. */
  readonly #exTimes: bigint[] = [];
  readonly #before: Adjustment[] = [];

  /** @throws MarketDataError CORPORATE_ACTION_INVALID. */
  constructor(actions: readonly CorporateAction[]) {
    const latestFirst = [...actions].sort((a, b) => (a.exTime > b.exTime ? -1 : 1));
    let total = NONE;
    for (const action of latestFirst) {
      demand(action.instrument === actions[0]!.instrument, 'CORPORATE_ACTION_INVALID', () => {
        return `actions of instruments ${actions[0]!.instrument} and ${action.instrument}`;
      });
      const { price, volume } = factorsOf(action);
      total = { price: multiply(total.price, price), volume: multiply(total.volume, volume) };
      if (this.#exTimes[0] === action.exTime) {
        this.#before[0] = total;
      } else {
        this.#exTimes.unshift(action.exTime);
        this.#before.unshift(total);
      }
    }
  }

  /** What prices and volumes at `time` are multiplied by. */
  at(time: bigint): Adjustment {
    const index = this.#exTimes.findIndex((exTime) => time < exTime);
    return index < 0 ? NONE : this.#before[index]!;
  }
}

/**
 * A price at `time` as whole units of 1/`scale` tick, adjusted, half to even: whole numbers for
 * series that only ratios are taken of, such as the returns of value at risk. A scale of 1000 leaves
 * an error of half a thousandth of a tick.
 *
 * @throws MarketDataError ADJUSTED_PRICE_OVERFLOW.
 */
export function adjustedTicks(
  ticks: number,
  time: bigint,
  history: AdjustmentHistory,
  scale: number,
): number {
  const { price } = history.at(time);
  const scaled = rational(BigInt(ticks) * BigInt(scale) * price.numerator, price.denominator);
  const units = Number(roundHalfEven(scaled));
  demand(Number.isSafeInteger(units), 'ADJUSTED_PRICE_OVERFLOW', () => {
    return `${ticks} ticks at a scale of ${scale}`;
  });
  return units;
}
