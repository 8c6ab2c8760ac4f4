import { describe, expect, it } from 'vitest';
import { covarianceMatrix } from './covariance.js';
import { factorLoadingsOf, factorLoadingsOfWindow } from './factor-loadings.js';
import { buildReturnsWindow } from './returns-window.js';
import { observationWeights } from './weights.js';

/** A A' of loadings, whose rows are `scale` times the stored ones. */
function rebuilt(loadings: Float64Array, scale: Float64Array, rows: readonly number[]): number[] {
  const factors = scale.length;
  return rows.flatMap((i) => {
    return rows.map((j) => {
      let sum = 0;
      for (let k = 0; k < factors; k++) {
        sum += loadings[i * factors + k]! * loadings[j * factors + k]! * scale[k]! ** 2;
      }
      return sum;
    });
  });
}

function expectClose(found: readonly number[], expected: ArrayLike<number>): void {
  found.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, 12);
  });
}

describe('factor loadings', () => {
  it('of a positive definite matrix are its Cholesky factor', () => {
    const matrix = Float64Array.of(4, 2, 2, 5);
    const { how, factors, loadings, scale } = factorLoadingsOf(matrix, 2);
    expect({ how, factors }).toEqual({ how: 'cholesky', factors: 2 });
    expect([...loadings]).toEqual([2, 0, 1, 2]);
    expectClose(rebuilt(loadings, scale, [0, 1]), matrix);
  });

  it.each([
    ['an instrument twice', [1, 1, 0.5, 1, 1, 0.5, 0.5, 0.5, 1]],
    ['an instrument that never moves', [1, 0, 0.5, 0, 0, 0, 0.5, 0, 1]],
    ['nothing at all', [0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('of a singular matrix give it back: %s', (_, entries) => {
    const matrix = Float64Array.from(entries);
    const { loadings, scale } = factorLoadingsOf(matrix, 3);
    expectClose(rebuilt(loadings, scale, [0, 1, 2]), matrix);
  });

  it('refuse what no returns could have', () => {
    const code = expect.objectContaining({ code: 'VAR_COVARIANCE_INVALID' });
    expect(() => factorLoadingsOf(Float64Array.of(1, 2, 2, 1), 2)).toThrow(code);
    expect(() => factorLoadingsOf(Float64Array.of(1, 0.5, 0.4, 1), 2)).toThrow(code);
  });

  it('of a window give its covariance, whether days or instruments are fewer', () => {
    const dayNames = ['a', 'b', 'c', 'd', 'e'];
    const ticks = Float64Array.from([
      ...[100, 110, 105, 100, 120],
      ...[50, 52, 49, 48, 50],
      ...[70, 70, 71, 69, 73],
      ...[10, 11, 10, 12, 11],
      ...[900, 905, 910, 890, 870],
    ]);
    const instruments = ['A', 'B', 'C', 'D', 'E'];
    const window = buildReturnsWindow({ instruments, dayNames, ticks }, 'simple');
    const weights = observationWeights({ kind: 'exponential', lambda: 0.9 }, window.days);
    for (const rows of [
      [0, 2, 4],
      [0, 1, 2, 3],
      [0, 1, 2, 3, 4],
    ]) {
      const made = factorLoadingsOfWindow(window, rows, weights);
      expect(made.factors).toBe(Math.min(rows.length, 4));
      expect(made.how).toBe(rows.length < 4 ? 'cholesky' : 'scenarios');
      const stored = made.how === 'scenarios' ? rows : rows.map((_, index) => index);
      expectClose(
        rebuilt(made.loadings, made.scale, stored),
        covarianceMatrix(window, rows, weights),
      );
    }
  });
});
