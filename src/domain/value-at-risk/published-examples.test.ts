/**
 * Worked examples of textbooks and papers. Where the source rounds a quantile (2.33, 1.65) or a
 * covariance, the tolerance is that rounding and is said beside the figure.
 */
import { describe, expect, it } from 'vitest';
import { backtest, christoffersenIndependence, kupiec, trafficLight } from './backtest.js';
import { type LinearRisk, linearRiskOfCovariance } from './linear-risk.js';
import { normalQuantile } from './normal-distribution.js';
import { parametricFigure } from './parametric.js';
import { scaleToHorizon } from './result.js';
import { byFallingLoss, tailOf } from './tail.js';
import { observationWeights } from './weights.js';

const Z95 = normalQuantile(0.95);
const Z99 = normalQuantile(0.99);

function covarianceOf(deviations: readonly number[], correlation: number): Float64Array {
  const [a, b] = deviations as [number, number];
  return Float64Array.of(a * a, a * b * correlation, a * b * correlation, b * b);
}

describe('Hull, Risk Management and Financial Institutions, Microsoft and AT&T', () => {
  // $10 million at 2 % a day and $5 million at 1 %, correlation 0.3; Hull's quantile is 2.33.
  const values = Float64Array.of(10_000_000, 5_000_000);
  const risk = linearRiskOfCovariance(values, covarianceOf([0.02, 0.01], 0.3));

  it('has a daily deviation of 220,227', () => {
    expect(Math.round(risk.deviation)).toBe(220_227);
  });

  it('has a ten-day 99 % VaR of 1,622,657, and of 1,473,621 and 368,405 alone', () => {
    const tenDays = scaleToHorizon(parametricFigure(risk, values, 9_900), 10);
    const hull = 2.33 / Z99;
    expect(tenDays.valueAtRisk * hull).toBeCloseTo(1_622_657, -1);
    // Without AT&T what is left is Microsoft alone, and the other way round.
    const alone = tenDays.incremental.map((part) => (tenDays.valueAtRisk - part) * hull);
    expect(alone[1]).toBeCloseTo(1_473_621, -1);
    expect(alone[0]).toBeCloseTo(368_405, -1);
  });
});

describe('Hull, four stock indices, $10 million on 25 September 2008', () => {
  // DJIA, FTSE 100, CAC 40, Nikkei 225; thousands of dollars. Covariances as printed, to 7 places,
  // which leaves 0.03 % of doubt in VaR.
  const values = Float64Array.of(4_000, 3_000, 1_000, 2_000);

  it('has a one-day 99 % VaR of $217,757 with equal weights', () => {
    const matrix = [
      [0.0001227, 0.0000768, 0.0000767, -0.0000095],
      [0.0000768, 0.000201, 0.0001817, 0.0000394],
      [0.0000767, 0.0001817, 0.000195, 0.0000407],
      [-0.0000095, 0.0000394, 0.0000407, 0.0001909],
    ];
    const risk = linearRiskOfCovariance(values, Float64Array.from(matrix.flat()));
    const { valueAtRisk } = parametricFigure(risk, values, 9_900);
    expect(Math.abs(valueAtRisk / 217.757 - 1)).toBeLessThan(0.0003);
  });

  it('has a one-day 99 % VaR of $471,025 with exponential weights, lambda 0.94', () => {
    const matrix = [
      [0.0004801, 0.0004303, 0.0004257, -0.0000396],
      [0.0004303, 0.0010314, 0.000963, 0.0002095],
      [0.0004257, 0.000963, 0.0009535, 0.0001681],
      [-0.0000396, 0.0002095, 0.0001681, 0.0002541],
    ];
    const risk = linearRiskOfCovariance(values, Float64Array.from(matrix.flat()));
    const { valueAtRisk } = parametricFigure(risk, values, 9_900);
    expect(Math.abs(valueAtRisk / 471.025 - 1)).toBeLessThan(0.0003);
  });

  // Historical simulation of the same portfolio: the worst of 500 scenarios, numbered from 1.
  const losses = new Float64Array(500);
  const worst = [
    [494, 477_841],
    [339, 345_435],
    [349, 282_204],
    [329, 277_041],
    [487, 253_385],
    [227, 217_974],
  ] as const;
  for (const [scenario, loss] of worst) losses[scenario - 1] = loss;

  it('has a historical VaR of the fifth worst loss, $253,385', () => {
    const tail = tailOf(losses, () => 1 / 500, byFallingLoss(losses), 0.01);
    expect(tail.valueAtRisk).toBe(253_385);
    expect(tail.expectedShortfall).toBeCloseTo(
      (477_841 + 345_435 + 282_204 + 277_041 + 253_385) / 5,
      6,
    );
  });

  it('with weighting of observations, lambda 0.995: VaR $282,204 and ES $400,914', () => {
    const weights = observationWeights({ kind: 'exponential', lambda: 0.995 }, 500);
    // Hull prints weights to five places, which leaves 0.1 % of doubt in the shortfall.
    expect(weights[494 - 1]).toBeCloseTo(0.00528, 5);
    expect(weights[339 - 1]).toBeCloseTo(0.00243, 5);
    const tail = tailOf(losses, (day) => weights[day]!, byFallingLoss(losses), 0.01);
    expect(tail.valueAtRisk).toBe(282_204);
    expect(Math.abs(tail.expectedShortfall / 400_914 - 1)).toBeLessThan(0.001);
  });
});

describe('Jorion, Value at Risk, chapter 7: $2 million in CAD and $1 million in EUR', () => {
  // Volatilities 5 % and 12 %, uncorrelated, 95 % with quantile 1.65.
  const values = Float64Array.of(2_000_000, 1_000_000);
  const risk: LinearRisk = linearRiskOfCovariance(values, covarianceOf([0.05, 0.12], 0));
  const figure = parametricFigure(risk, values, 9_500);
  const jorion = 1.65 / Z95;

  it('has a VaR of $257,738, and of $165,000 and $198,000 alone', () => {
    expect(figure.valueAtRisk * jorion).toBeCloseTo(257_738, -1);
    const alone = figure.incremental.map((part) => (figure.valueAtRisk - part) * jorion);
    expect(alone[1]).toBeCloseTo(165_000, -1);
    expect(alone[0]).toBeCloseTo(198_000, -1);
  });

  it('has marginal VaR 0.0528 and 0.1521, component VaR $105,630 and $152,108', () => {
    expect(figure.marginal[0]! * jorion).toBeCloseTo(0.0528, 4);
    expect(figure.marginal[1]! * jorion).toBeCloseTo(0.1521, 4);
    expect(figure.component[0]! * jorion).toBeCloseTo(105_630, -1);
    expect(figure.component[1]! * jorion).toBeCloseTo(152_108, -1);
  });
});

describe('Kupiec (1995), non-rejection regions at 95 % (Jorion, table 6.2)', () => {
  // Exceptions strictly between the bounds do not reject the model; columns are 255, 510 and 1000
  // days. For 255 days at 0.01 the table prints no lower bound, "N < 7".
  const table = [
    [0.01, [undefined, 7], [1, 11], [4, 17]],
    [0.025, [2, 12], [6, 21], [15, 36]],
    [0.05, [6, 21], [16, 36], [37, 65]],
    [0.075, [11, 28], [27, 51], [59, 92]],
    [0.1, [16, 36], [38, 65], [81, 120]],
  ] as const;
  const days = [255, 510, 1000];

  it.each(table)('at probability %d', (probability, ...bounds) => {
    bounds.forEach(([low, high], column) => {
      const found: number[] = [];
      for (let exceptions = 0; exceptions < 200; exceptions++) {
        const { statistic } = kupiec(days[column]!, exceptions, probability);
        if (statistic < 3.841) found.push(exceptions);
      }
      expect(found.at(-1)! + 1).toBe(high);
      if (low !== undefined) expect(found[0]! - 1).toBe(low);
    });
  });
});

describe('Jorion, Value at Risk, chapter 6, question 10', () => {
  // Six exceptions in 252 days at 99 %, four of which follow an exception.
  it('has likelihood ratios of 3.498 for coverage and 25.837 for independence', () => {
    const coverage = kupiec(252, 6, 0.01);
    // The answer is cut, not rounded: 3.4988.
    expect(Math.floor(coverage.statistic * 1000)).toBe(3_498);
    expect(coverage.pValue).toBeGreaterThan(0.05);
    const independence = christoffersenIndependence({ n00: 244, n01: 2, n10: 2, n11: 4 });
    expect(independence.statistic).toBeCloseTo(25.837, 3);
    expect(independence.pValue).toBeLessThan(0.001);
  });
});

describe('Basel Committee (1996), zones for 250 days at 99 %', () => {
  it('is green to 4 exceptions, yellow from 5 to 9, red from 10', () => {
    const zones = Array.from({ length: 12 }, (_, count) => trafficLight(250, count, 0.01));
    expect(zones).toEqual([
      ...Array<string>(5).fill('green'),
      ...Array<string>(5).fill('yellow'),
      'red',
      'red',
    ]);
  });

  it('turns yellow at the 95th percentile for other days and confidences', () => {
    // Binomial table for 10 trials at 0.1: 0.9298 to two, 0.9872 to three.
    expect([2, 3].map((count) => trafficLight(10, count, 0.1))).toEqual(['green', 'yellow']);
  });
});

describe('a backtest', () => {
  it('counts a loss as an exception only beyond the forecast', () => {
    const result = backtest([-10, -10.5, 3, -11, -12], [10, 10, 10, 10, 10], 9_900);
    expect(result.exceptionDays).toEqual([1, 3, 4]);
    expect(result.transitions).toEqual({ n00: 0, n01: 2, n10: 1, n11: 1 });
    expect(result.conditional.statistic).toBeCloseTo(
      result.unconditional.statistic + result.independence.statistic,
      12,
    );
  });

  it('of days without exception has nothing to say on independence', () => {
    const result = backtest(new Float64Array(250), new Float64Array(250).fill(1), 9_900);
    expect(result.independence.statistic).toBe(0);
    // 2 x 250 x -log(0.99)
    expect(result.unconditional.statistic).toBeCloseTo(5.025, 3);
    expect(result.zone).toBe('green');
  });

  it('of nothing but exceptions is red', () => {
    const result = backtest(new Float64Array(20).fill(-2), new Float64Array(20).fill(1), 9_900);
    expect(result.exceptions).toBe(20);
    expect(result.unconditional.pValue).toBeLessThan(1e-10);
    expect(result.zone).toBe('red');
  });

  it.each([
    [[1], [1, 2]],
    [[], []],
    [[Number.NaN], [1]],
  ])('refuses %j against %j', (profits, forecasts) => {
    expect(() => backtest(profits, forecasts, 9_900)).toThrow(
      expect.objectContaining({ code: 'VAR_BACKTEST_INVALID' }),
    );
  });
});
