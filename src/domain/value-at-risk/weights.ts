import { demand } from './errors.js';

/**
 * How the days of a window count. `equal`: each the same. `exponential`: a day counts `lambda`
 * times as much as the day after it; RiskMetrics uses 0.94 for daily data (RiskMetrics Technical
 * Document, 4th ed., 1996, chapter 5).
 */
export type Weighting =
  | { readonly kind: 'equal' }
  | { readonly kind: 'exponential'; readonly lambda: number };

export const RISK_METRICS_DAILY_LAMBDA = 0.94;

/**
 * Weights of `days` observations, oldest first, adding up to 1. Exponential weights are scaled by
 * 1 / (1 - lambda^days), so that a finite window is not biased low.
 *
 * @throws ValueAtRiskError VAR_PARAMETER_INVALID when lambda is not strictly between 0 and 1.
 */
export function observationWeights(weighting: Weighting, days: number): Float64Array {
  const weights = new Float64Array(days);
  if (weighting.kind === 'equal') return weights.fill(1 / days);
  const { lambda } = weighting;
  demand(lambda > 0 && lambda < 1, 'VAR_PARAMETER_INVALID', () => `lambda ${lambda}`);
  let weight = (1 - lambda) / -Math.expm1(days * Math.log(lambda));
  for (let day = days - 1; day >= 0; day--) {
    weights[day] = weight;
    weight *= lambda;
  }
  return weights;
}
