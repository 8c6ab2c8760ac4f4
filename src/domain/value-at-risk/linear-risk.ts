import { assert } from '../../lib/assert.js';
import { type Portfolio, profitByDay } from './portfolio.js';
import type { ReturnsWindow } from './returns-window.js';

/** Second moments of a linear portfolio over one day, all that a delta-normal model needs. */
export type LinearRisk = {
  /** Standard deviation of the portfolio's P&L. */
  readonly deviation: number;
  /** Covariance of each exposure's return with the portfolio's P&L. */
  readonly covariance: Float64Array;
  /** Standard deviation of the P&L without each exposure. */
  readonly deviationWithout: Float64Array;
};

/**
 * From the returns themselves. With S the weighted covariance of returns and v the exposures, what
 * is needed is S v and v' S v, and S v is the covariance of each return with the daily P&L: two
 * passes over the returns, exposures x days multiplications each, instead of the instruments^2 x
 * days that building S takes. The figures are the same up to the order of summation.
 */
export function linearRiskOf(
  portfolio: Portfolio,
  window: ReturnsWindow,
  weights: Float64Array,
): LinearRisk {
  const { days, returns } = window;
  const { values, rows } = portfolio;
  const profit = profitByDay(portfolio, returns, days);
  const weighted = profit.map((value, day) => value * weights[day]!);
  let variance = 0;
  for (let day = 0; day < days; day++) variance += weighted[day]! * profit[day]!;

  const covariance = new Float64Array(values.length);
  const deviationWithout = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const base = rows[index]! * days;
    let shared = 0;
    let rest = 0;
    for (let day = 0; day < days; day++) {
      const change = returns[base + day]!;
      shared += weighted[day]! * change;
      // Day by day, not as a difference of variances, which would cancel for a hedged portfolio.
      const without = profit[day]! - value * change;
      rest += weights[day]! * without * without;
    }
    covariance[index] = shared;
    deviationWithout[index] = Math.sqrt(rest);
  }
  return { deviation: Math.sqrt(variance), covariance, deviationWithout };
}

/**
 * From a given covariance matrix of returns (`values.length` squared), for stressed or published
 * covariances.
 */
export function linearRiskOfCovariance(values: Float64Array, matrix: Float64Array): LinearRisk {
  const size = values.length;
  assert(matrix.length === size * size, 'a square covariance matrix of the exposures');
  const covariance = new Float64Array(size);
  let variance = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * values[j]!;
    covariance[i] = sum;
    variance += values[i]! * sum;
  }
  const deviationWithout = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const own = values[i]! * values[i]! * matrix[i * size + i]!;
    const rest = variance - 2 * values[i]! * covariance[i]! + own;
    deviationWithout[i] = Math.sqrt(Math.max(0, rest));
  }
  return { deviation: Math.sqrt(Math.max(0, variance)), covariance, deviationWithout };
}
