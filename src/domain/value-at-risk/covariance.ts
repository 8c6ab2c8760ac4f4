import type { ReturnsWindow } from './returns-window.js';

/**
 * Covariance of the returns of some instruments (`rows` of the window), `rows.length` squared,
 * symmetric. The mean return of a day is taken as zero, as RiskMetrics does: over one day it is
 * small beside the deviation, and its estimate would add noise.
 *
 * Costs rows^2 x days / 2 multiplications. Parametric value at risk does not need it (see
 * `linear-risk.ts`); Monte Carlo of few instruments does.
 */
export function covarianceMatrix(
  window: ReturnsWindow,
  rows: readonly number[],
  weights: Float64Array,
): Float64Array {
  const { days, returns } = window;
  const size = rows.length;
  const matrix = new Float64Array(size * size);
  const weighted = new Float64Array(days);
  for (let i = 0; i < size; i++) {
    const base = rows[i]! * days;
    for (let day = 0; day < days; day++) weighted[day] = weights[day]! * returns[base + day]!;
    for (let j = 0; j <= i; j++) {
      const other = rows[j]! * days;
      let sum = 0;
      for (let day = 0; day < days; day++) sum += weighted[day]! * returns[other + day]!;
      matrix[i * size + j] = sum;
      matrix[j * size + i] = sum;
    }
  }
  return matrix;
}
