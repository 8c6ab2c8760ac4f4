import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { covarianceMatrix } from './covariance.js';
import { demand } from './errors.js';
import type { ReturnsWindow } from './returns-window.js';

/** Negative eigenvalues up to this part of the largest are rounding; beyond, the matrix is wrong. */
const EIGENVALUE_TOLERANCE = 1e-8;

/**
 * Loadings A with A A' equal to a covariance matrix, a row of `factors` numbers per instrument.
 * Returns with that covariance are A (scale z) for independent standard normal z.
 */
export type FactorLoadings = {
  readonly how: 'cholesky' | 'eigenvalues' | 'scenarios';
  readonly factors: number;
  readonly loadings: Float64Array;
  /** One number per factor, multiplied into its variate. */
  readonly scale: Float64Array;
};

/**
 * Loadings of the weighted returns of a window. Of n instruments and T days the covariance has rank
 * min(n, T) at most, and the cheaper of two exact factors is taken, for a path costs one variate
 * per factor:
 *
 * - n < T: Cholesky of the covariance, n factors, rows in the order of `rows`;
 * - n >= T: the days themselves ('scenarios'): covariance = R' W R, so A = R' sqrt(W), T factors,
 *   always positive semi-definite, nothing to decompose; rows as in the window.
 */
export function factorLoadingsOfWindow(
  window: ReturnsWindow,
  rows: readonly number[],
  weights: Float64Array,
): FactorLoadings {
  if (rows.length < window.days) {
    return factorLoadingsOf(covarianceMatrix(window, rows, weights), rows.length);
  }
  const { days, returns } = window;
  return { how: 'scenarios', factors: days, loadings: returns, scale: weights.map(Math.sqrt) };
}

/**
 * Factors a covariance matrix. Cholesky where it is positive definite; otherwise, as with an
 * instrument that repeats another or one that never moves, by eigenvalues, of which those that
 * rounding made negative become zero.
 *
 * @throws ValueAtRiskError VAR_COVARIANCE_INVALID when not symmetric, or when an eigenvalue is
 *   negative beyond rounding: such a matrix belongs to no returns, and mending it would hide that.
 */
export function factorLoadingsOf(matrix: Float64Array, size: number): FactorLoadings {
  const rows = Array.from({ length: size }, (_, i) => matrix.subarray(i * size, (i + 1) * size));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      demand(rows[i]![j] === rows[j]![i], 'VAR_COVARIANCE_INVALID', () => {
        return `covariance ${i}, ${j} is ${rows[i]![j]} but ${j}, ${i} is ${rows[j]![i]}`;
      });
    }
  }
  const input = new Matrix(rows);
  const cholesky = new CholeskyDecomposition(input);
  if (cholesky.isPositiveDefinite()) {
    const loadings = Float64Array.from(cholesky.lowerTriangularMatrix.to1DArray());
    return { how: 'cholesky', factors: size, loadings, scale: new Float64Array(size).fill(1) };
  }
  const eigen = new EigenvalueDecomposition(input, { assumeSymmetric: true });
  const values = eigen.realEigenvalues;
  const largest = Math.max(...values.map(Math.abs));
  const smallest = Math.min(...values);
  demand(smallest >= -largest * EIGENVALUE_TOLERANCE, 'VAR_COVARIANCE_INVALID', () => {
    return `not positive semi-definite: eigenvalue ${smallest} beside ${largest}`;
  });
  const kept = values.map((_, k) => k).filter((k) => values[k]! > 0);
  const vectors = eigen.eigenvectorMatrix;
  const loadings = new Float64Array(size * kept.length);
  for (let i = 0; i < size; i++) {
    kept.forEach((k, column) => {
      loadings[i * kept.length + column] = vectors.get(i, k) * Math.sqrt(values[k]!);
    });
  }
  const scale = new Float64Array(kept.length).fill(1);
  return { how: 'eigenvalues', factors: kept.length, loadings, scale };
}
