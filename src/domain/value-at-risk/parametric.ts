import type { LinearRisk } from './linear-risk.js';
import { normalDensity, normalQuantile } from './normal-distribution.js';
import { tailProbability, type VarFigure } from './result.js';

/**
 * Delta-normal value at risk over one day: P&L linear in returns, returns jointly normal with mean
 * zero. With deviation s and quantile z, VaR is z s and expected shortfall s phi(z) / (1 - c)
 * (Jorion, "Value at Risk", 3rd ed., chapters 5 and 7, for VaR and its decomposition).
 *
 * @param values exposures along the arrays of `risk`.
 */
export function parametricFigure(
  risk: LinearRisk,
  values: Float64Array,
  confidence: number,
): VarFigure {
  const probability = tailProbability(confidence);
  const quantile = normalQuantile(1 - probability);
  const shortfall = normalDensity(quantile) / probability;
  const { deviation, covariance, deviationWithout } = risk;
  const size = values.length;
  const marginal = new Float64Array(size);
  const component = new Float64Array(size);
  const incremental = new Float64Array(size);
  const componentShortfall = new Float64Array(size);
  for (let index = 0; index < size; index++) {
    // Without risk there is no direction in which it grows: all shares are zero.
    const slope = deviation > 0 ? covariance[index]! / deviation : 0;
    marginal[index] = quantile * slope;
    component[index] = quantile * slope * values[index]!;
    componentShortfall[index] = shortfall * slope * values[index]!;
    incremental[index] = quantile * (deviation - deviationWithout[index]!);
  }
  return {
    confidence,
    horizonDays: 1,
    valueAtRisk: quantile * deviation,
    expectedShortfall: shortfall * deviation,
    marginal,
    component,
    incremental,
    componentShortfall,
  };
}
