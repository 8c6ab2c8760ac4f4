import { assert } from '../../lib/assert.js';

/** Terms of the series and fractions below; both converge in far fewer. */
const TERMS_MAX = 500;

/**
 * Probability that a chi-square variable with one or two degrees of freedom exceeds `x`: the
 * p-value of a likelihood ratio. With two it is exp(-x/2); with one it is erfc(sqrt(x/2)).
 */
export function chiSquareSurvival(x: number, degrees: 1 | 2): number {
  assert(x >= 0, 'a chi-square statistic is not negative');
  return degrees === 2 ? Math.exp(-x / 2) : complementaryError(Math.sqrt(x / 2));
}

/**
 * erfc(x) for x >= 0: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6 (series)
 * near zero, 7.1.14 (continued fraction) further out. Relative error below 1e-13 where used.
 */
function complementaryError(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < TERMS_MAX && term > sum * 1e-18; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  // The fraction from its far end: x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...
  let fraction = x;
  for (let n = TERMS_MAX; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
