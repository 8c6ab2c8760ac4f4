import { type Portfolio, profitByDay } from './portfolio.js';
import { tailProbability, type VarFigure } from './result.js';
import type { ReturnsWindow } from './returns-window.js';
import { byFallingLoss, type Tail, tailOf } from './tail.js';
import { observationWeights, type Weighting } from './weights.js';

/**
 * Value at risk by historical simulation over one day: each day of the window is a scenario in
 * which every instrument moves by its simple return of that day. Exponential weights make it the
 * weighting of observations of Boudoukh, Richardson and Whitelaw (Risk, May 1998).
 *
 * The component of a position is its loss in the scenario that the quantile falls on, its share of
 * expected shortfall its mean loss over the tail; both add up by construction. A component thus
 * rests on a single day and moves more from day to day than that of the shortfall.
 */
export function historicalFigures(
  portfolio: Portfolio,
  window: ReturnsWindow,
  weighting: Weighting,
  confidences: readonly number[],
): VarFigure[] {
  const { days, simple } = window;
  const weights = observationWeights(weighting, days);
  const equal = weighting.kind === 'equal';
  const losses = profitByDay(portfolio, simple, days).map((profit) => 0 - profit);
  const order = byFallingLoss(losses);
  const tailAt = (values: Float64Array, worstFirst: Int32Array, confidence: number): Tail => {
    return tailOf(values, (day) => weights[day]!, worstFirst, tailProbability(confidence));
  };
  const tails = confidences.map((confidence) => tailAt(losses, order, confidence));
  // With equal weights the quantile is an order statistic, and sorting plain numbers is faster.
  const quantiles = (values: Float64Array): number[] => {
    if (equal) {
      values.sort();
      return tails.map((tail) => values[days - tail.members.length]!);
    }
    const worstFirst = byFallingLoss(values);
    return confidences.map((confidence) => tailAt(values, worstFirst, confidence).valueAtRisk);
  };
  const incrementals = incrementalByTail(portfolio, window, losses, tails, quantiles);
  return tails.map((tail, index) => {
    return figureOf(portfolio, window, tail, confidences[index]!, incrementals[index]!);
  });
}

function figureOf(
  portfolio: Portfolio,
  window: ReturnsWindow,
  tail: Tail,
  confidence: number,
  incremental: Float64Array,
): VarFigure {
  const { days, simple } = window;
  const { values, rows } = portfolio;
  const marginal = new Float64Array(values.length);
  const component = new Float64Array(values.length);
  const componentShortfall = new Float64Array(values.length);
  const quantileDay = tail.members[tail.members.length - 1]!;
  for (let index = 0; index < values.length; index++) {
    const base = rows[index]! * days;
    let mean = 0;
    for (let member = 0; member < tail.members.length; member++) {
      mean += tail.shares[member]! * simple[base + tail.members[member]!]!;
    }
    marginal[index] = -simple[base + quantileDay]!;
    component[index] = -simple[base + quantileDay]! * values[index]!;
    componentShortfall[index] = -mean * values[index]!;
  }
  const { valueAtRisk, expectedShortfall } = tail;
  return {
    confidence,
    horizonDays: 1,
    valueAtRisk,
    expectedShortfall,
    marginal,
    component,
    incremental,
    componentShortfall,
  };
}

/**
 * Value at risk less that of the portfolio without each position, per tail.
 *
 * @param quantiles value at risk of some losses, per tail; may reorder them.
 */
function incrementalByTail(
  portfolio: Portfolio,
  window: ReturnsWindow,
  losses: Float64Array,
  tails: readonly Tail[],
  quantiles: (losses: Float64Array) => number[],
): Float64Array[] {
  const { days, simple } = window;
  const { values, rows } = portfolio;
  const results = tails.map(() => new Float64Array(values.length));
  const without = new Float64Array(days);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const base = rows[index]! * days;
    for (let day = 0; day < days; day++) without[day] = losses[day]! + value * simple[base + day]!;
    const rest = quantiles(without);
    for (let level = 0; level < tails.length; level++) {
      results[level]![index] = tails[level]!.valueAtRisk - rest[level]!;
    }
  }
  return results;
}
