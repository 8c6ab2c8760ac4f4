import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculateValueAtRisk } from './calculate.js';
import { covarianceMatrix } from './covariance.js';
import { linearRiskOfCovariance } from './linear-risk.js';
import { type MonteCarlo, simulatedProfits } from './monte-carlo.js';
import { NormalStream } from './normal-stream.js';
import { parametricFigure } from './parametric.js';
import { type Exposure, portfolioOf } from './portfolio.js';
import type { VarFigure, VarMethod, VarResult } from './result.js';
import { buildReturnsWindow, type ReturnsWindow } from './returns-window.js';
import { observationWeights, type Weighting } from './weights.js';

const EQUAL: Weighting = { kind: 'equal' };
const EXPONENTIAL: Weighting = { kind: 'exponential', lambda: 0.94 };
const PARAMETRIC: VarMethod = { kind: 'parametric' };
const HISTORICAL: VarMethod = { kind: 'historical' };
const MONTE_CARLO: MonteCarlo = { kind: 'monte_carlo', paths: 2_000, seed: 11 };
const STUDENT: MonteCarlo = { ...MONTE_CARLO, degreesOfFreedom: 5 };
const METHODS = [PARAMETRIC, HISTORICAL, MONTE_CARLO, STUDENT];

function randomWindow(seed: number, instruments: number, days: number): ReturnsWindow {
  const stream = new NormalStream(seed, days + 1);
  stream.draw(instruments);
  const market = stream.normals.slice();
  const ticks = new Float64Array(instruments * (days + 1));
  for (let row = 0; row < instruments; row++) {
    stream.draw(row);
    let price = 50_000;
    for (let day = 0; day <= days; day++) {
      price *= 1 + 0.01 * market[day]! + 0.01 * stream.normals[day]!;
      ticks[row * (days + 1) + day] = Math.max(1, Math.round(price));
    }
  }
  const names = Array.from({ length: instruments }, (_, row) => `I${row}`);
  const dayNames = Array.from({ length: days + 1 }, (_, day) => `d${day}`);
  return buildReturnsWindow({ instruments: names, dayNames, ticks }, 'simple');
}

function calculate(
  window: ReturnsWindow,
  exposures: readonly Exposure[],
  method: VarMethod,
  weighting: Weighting = EQUAL,
): VarResult {
  const parameters = { method, weighting, confidences: [9_500, 9_900], horizonDays: [1, 10] };
  return calculateValueAtRisk({ sequence: 7, scope: 'firm', exposures, window, parameters });
}

function exposuresOf(values: readonly number[]): Exposure[] {
  return values.map((value, row) => ({ position: `P${row}`, instrument: `I${row}`, value }));
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
const gross = (values: readonly number[]): number => values.reduce((a, b) => a + Math.abs(b), 0);

/** More and fewer instruments than days, so that both factors are simulated. */
const wide = randomWindow(1, 6, 120);
const tall = randomWindow(2, 25, 20);
const book = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), {
  minLength: 6,
  maxLength: 6,
});
const cases = fc.record({
  values: book,
  window: fc.constantFrom(wide, tall),
  method: fc.constantFrom(...METHODS),
  weighting: fc.constantFrom(EQUAL, EXPONENTIAL),
});

describe('value at risk of any linear portfolio', () => {
  it('is the sum of its components, and so is expected shortfall', () => {
    fc.assert(
      fc.property(cases, ({ values, window, method, weighting }) => {
        for (const figure of calculate(window, exposuresOf(values), method, weighting).figures) {
          const tolerance = 1e-12 * gross(values);
          expect(Math.abs(sum(figure.component) - figure.valueAtRisk)).toBeLessThanOrEqual(
            tolerance,
          );
          const shortfall = sum(figure.componentShortfall) - figure.expectedShortfall;
          expect(Math.abs(shortfall)).toBeLessThanOrEqual(tolerance);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('grows in proportion to the portfolio', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0.01, max: 100, noNaN: true }), (sample, factor) => {
        const { values, window, method, weighting } = sample;
        const one = calculate(window, exposuresOf(values), method, weighting).figures;
        const scaled = values.map((value) => value * factor);
        const many = calculate(window, exposuresOf(scaled), method, weighting).figures;
        const tolerance = 1e-11 * gross(scaled);
        one.forEach((figure, index) => {
          const other = many[index]!;
          const difference = other.valueAtRisk - factor * figure.valueAtRisk;
          expect(Math.abs(difference)).toBeLessThanOrEqual(tolerance);
          const shortfall = other.expectedShortfall - factor * figure.expectedShortfall;
          expect(Math.abs(shortfall)).toBeLessThanOrEqual(tolerance);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('has a sub-additive expected shortfall, never below VaR', () => {
    fc.assert(
      fc.property(cases, book, ({ values, window, method, weighting }, other) => {
        const both = values.map((value, index) => value + other[index]!);
        const figures = [values, other, both].map((part) => {
          return calculate(window, exposuresOf(part), method, weighting).figures;
        });
        const tolerance = 1e-12 * (gross(values) + gross(other));
        figures[2]!.forEach((whole, index) => {
          const apart =
            figures[0]![index]!.expectedShortfall + figures[1]![index]!.expectedShortfall;
          expect(whole.expectedShortfall).toBeLessThanOrEqual(apart + tolerance);
          expect(whole.expectedShortfall).toBeGreaterThanOrEqual(whole.valueAtRisk - tolerance);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the order of positions', () => {
    const shuffled = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 });
    fc.assert(
      fc.property(cases, shuffled, ({ values, window, method, weighting }, order) => {
        const exposures = exposuresOf(values);
        const one = calculate(window, exposures, method, weighting);
        const moved = order.map((index) => exposures[index]!);
        const other = calculate(window, moved, method, weighting);
        const tolerance = 1e-10 * gross(values);
        one.figures.forEach((figure, index) => {
          const again = other.figures[index]!;
          expect(Math.abs(again.valueAtRisk - figure.valueAtRisk)).toBeLessThanOrEqual(tolerance);
          order.forEach((from, to) => {
            const moved = again.componentShortfall[to]! - figure.componentShortfall[from]!;
            expect(Math.abs(moved)).toBeLessThanOrEqual(tolerance);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is zero, with all shares, where there is no exposure', () => {
    for (const method of METHODS) {
      for (const values of [[], [0, 0, 0]]) {
        for (const figure of calculate(wide, exposuresOf(values), method).figures) {
          expect(figure.valueAtRisk).toBe(0);
          expect(figure.expectedShortfall).toBe(0);
          expect(sum(figure.component)).toBe(0);
          expect(sum(figure.incremental)).toBe(0);
        }
      }
    }
  });

  it('over ten days is the root of ten times that of one', () => {
    for (const method of METHODS) {
      const [one, ten] = calculate(wide, exposuresOf([1e6, -2e6, 3e5]), method).figures;
      expect(ten!.horizonDays).toBe(10);
      for (const name of ['valueAtRisk', 'expectedShortfall'] as const) {
        expect(ten![name]).toBe(one![name] * Math.sqrt(10));
      }
      expect(ten!.component).toEqual(one!.component.map((x) => x * Math.sqrt(10)));
    }
  });
});

describe('decomposition', () => {
  const values = [1_000_000, -700_000, 250_000, 0, 400_000, -50_000];
  const figuresOf = (
    part: readonly number[],
    method: VarMethod,
    weighting: Weighting = EQUAL,
  ): VarFigure[] => [...calculate(wide, exposuresOf(part), method, weighting).figures];

  it.each([
    [PARAMETRIC, EQUAL],
    [PARAMETRIC, EXPONENTIAL],
    [HISTORICAL, EQUAL],
    [HISTORICAL, EXPONENTIAL],
  ])('incremental VaR is the difference the position makes: %j %j', (method, weighting) => {
    const whole = figuresOf(values, method, weighting);
    values.forEach((_, removed) => {
      const rest = figuresOf(
        values.map((value, index) => (index === removed ? 0 : value)),
        method,
        weighting,
      );
      whole.forEach((figure, index) => {
        const difference = figure.valueAtRisk - rest[index]!.valueAtRisk;
        expect(figure.incremental[removed]).toBeCloseTo(difference, 5);
      });
    });
  });

  it('marginal VaR is the slope of VaR in the exposure', () => {
    const [figure] = figuresOf(values, PARAMETRIC);
    values.forEach((_, moved) => {
      const at = (step: number): number => {
        const part = values.map((value, index) => (index === moved ? value + step : value));
        return figuresOf(part, PARAMETRIC)[0]!.valueAtRisk;
      };
      expect(figure!.marginal[moved]).toBeCloseTo((at(100) - at(-100)) / 200, 7);
    });
  });

  it('agrees with the covariance matrix, which it does not build', () => {
    for (const weighting of [EQUAL, EXPONENTIAL]) {
      const rows = values.map((_, row) => row);
      const weights = observationWeights(weighting, wide.days);
      const matrix = covarianceMatrix(wide, rows, weights);
      const exposed = Float64Array.from(values);
      const textbook = parametricFigure(linearRiskOfCovariance(exposed, matrix), exposed, 9_900);
      const figure = figuresOf(values, PARAMETRIC, weighting)[2]!;
      expect(figure.valueAtRisk).toBeCloseTo(textbook.valueAtRisk, 6);
      values.forEach((_, index) => {
        expect(figure.component[index]).toBeCloseTo(textbook.component[index]!, 6);
        expect(figure.incremental[index]).toBeCloseTo(textbook.incremental[index]!, 5);
      });
    }
  });

  it('adds up exposures of one position and of one instrument', () => {
    const split: Exposure[] = [
      { position: 'P0', instrument: 'I0', value: 300_000 },
      { position: 'P1', instrument: 'I1', value: -700_000 },
      { position: 'P0', instrument: 'I0', value: 700_000 },
    ];
    for (const method of METHODS) {
      const [apart] = calculate(wide, split, method).figures;
      const [whole] = figuresOf([1_000_000, -700_000], method);
      expect(apart!.valueAtRisk).toBeCloseTo(whole!.valueAtRisk, 6);
      expect(apart!.component[0]! + apart!.component[2]!).toBeCloseTo(whole!.component[0]!, 6);
    }
  });
});

describe('Monte Carlo', () => {
  const values = [1_000_000, -700_000, 250_000, 0, 400_000, -50_000];

  it('gives the same bits for the same seed and others for another', () => {
    const one = calculate(wide, exposuresOf(values), MONTE_CARLO);
    expect(calculate(wide, exposuresOf(values), MONTE_CARLO)).toEqual(one);
    const other = calculate(wide, exposuresOf(values), { ...MONTE_CARLO, seed: 12 });
    expect(other.figures[0]!.valueAtRisk).not.toBe(one.figures[0]!.valueAtRisk);
  });

  it('says what it drew', () => {
    expect(calculate(wide, exposuresOf(values), MONTE_CARLO).simulation).toEqual({
      how: 'cholesky',
      factors: 6,
    });
    const many = exposuresOf(Array.from({ length: 20 }, (_, row) => 1000 * row + 1));
    expect(calculate(tall, many, MONTE_CARLO).simulation).toEqual({
      how: 'scenarios',
      factors: 20,
    });
  });

  it.each([
    ['cholesky', wide, values],
    ['scenarios', tall, Array.from({ length: 25 }, (_, row) => 1000 * (row - 12))],
  ] as const)(
    'has the shares that every path worked out in full would give: %s',
    (how, window, part) => {
      const exposures = exposuresOf(part);
      const portfolio = portfolioOf(exposures, window);
      const weights = observationWeights(EQUAL, window.days);
      for (const method of [MONTE_CARLO, STUDENT]) {
        const result = calculate(window, exposures, method);
        expect(result.simulation!.how).toBe(how);
        const paths = Array.from({ length: 2_000 }, (_, path) => {
          return simulatedProfits(portfolio, window, weights, method, path);
        });
        const worst = paths.sort((a, b) => sum(a) - sum(b));
        const tail = worst.slice(0, 20); // 1 % of 2,000
        const figure = result.figures[2]!;
        expect(figure.confidence).toBe(9_900);
        expect(figure.valueAtRisk).toBeCloseTo(-sum(tail[19]!), 6);
        part.forEach((_, index) => {
          const mean = tail.reduce((total, path) => total - path[index]!, 0) / 20;
          expect(figure.componentShortfall[index]).toBeCloseTo(mean, 6);
        });
      }
    },
  );

  it('of normal returns comes to the parametric figures within its sampling error', () => {
    const method = { ...MONTE_CARLO, paths: 200_000 };
    const exact = calculate(wide, exposuresOf(values), PARAMETRIC).figures;
    calculate(wide, exposuresOf(values), method).figures.forEach((figure, index) => {
      const { valueAtRisk, expectedShortfall, component, incremental } = exact[index]!;
      // The standard error of the 99 % quantile of 200,000 normal variates is 0.36 % of it.
      expect(Math.abs(figure.valueAtRisk / valueAtRisk - 1)).toBeLessThan(0.015);
      expect(Math.abs(figure.expectedShortfall / expectedShortfall - 1)).toBeLessThan(0.015);
      component.forEach((share, position) => {
        const difference = Math.abs(figure.component[position]! - share);
        expect(difference / valueAtRisk).toBeLessThan(0.03);
        const made = Math.abs(figure.incremental[position]! - incremental[position]!);
        expect(made / valueAtRisk).toBeLessThan(0.015);
      });
    });
  });

  it("of Student's t has its tails", () => {
    // Quantiles of t with 5 degrees in any table: 2.0150 and 3.3649; scaled to unit variance.
    const method = { ...STUDENT, paths: 200_000 };
    const [normal95, , normal99] = calculate(wide, exposuresOf(values), PARAMETRIC).figures;
    const [t95, , t99] = calculate(wide, exposuresOf(values), method).figures;
    const unit = Math.sqrt(3 / 5);
    const ratio95 = (2.015 * unit) / 1.6448536;
    const ratio99 = (3.3649 * unit) / 2.3263479;
    expect(Math.abs(t95!.valueAtRisk / normal95!.valueAtRisk / ratio95 - 1)).toBeLessThan(0.015);
    expect(Math.abs(t99!.valueAtRisk / normal99!.valueAtRisk / ratio99 - 1)).toBeLessThan(0.02);
  });
});

describe('a result', () => {
  it('names all it was made from', () => {
    const result = calculate(wide, exposuresOf([5, 6]), MONTE_CARLO, EXPONENTIAL);
    expect(result.input).toMatchObject({
      sequence: 7,
      scope: 'firm',
      window: { kind: 'simple', firstDay: 'd1', lastDay: 'd120', days: 120, carried: 0 },
      parameters: { method: MONTE_CARLO, weighting: EXPONENTIAL },
    });
    expect(result.input.portfolioDigest).toMatch(/^[0-9a-f]{64}$/);
    const other = calculate(wide, exposuresOf([5, 7]), MONTE_CARLO, EXPONENTIAL);
    expect(other.input.portfolioDigest).not.toBe(result.input.portfolioDigest);
  });

  it.each([
    ['confidence', { confidences: [5_000] }],
    ['confidence', { confidences: [10_000] }],
    ['confidence', { confidences: [9_900.5] }],
    ['levels', { confidences: [] }],
    ['levels', { horizonDays: Array<number>(17).fill(1) }],
    ['horizon', { horizonDays: [0] }],
    ['horizon', { horizonDays: [251] }],
    ['paths', { method: { ...MONTE_CARLO, paths: 999 } }],
    ['paths', { method: { ...MONTE_CARLO, paths: 1_000_001 } }],
    ['seed', { method: { ...MONTE_CARLO, seed: -1 } }],
    ['seed', { method: { ...MONTE_CARLO, seed: 2 ** 53 } }],
    ['degrees', { method: { ...STUDENT, degreesOfFreedom: 2 } }],
    ['degrees', { method: { ...STUDENT, degreesOfFreedom: 31 } }],
    ['lambda', { weighting: { kind: 'exponential', lambda: 1 } as const }],
    ['lambda', { weighting: { kind: 'exponential', lambda: 0 } as const }],
  ])('is refused for a %s out of range: %j', (what, change) => {
    const parameters = {
      method: PARAMETRIC,
      weighting: EQUAL,
      confidences: [9_500],
      horizonDays: [1],
      ...change,
    };
    const request = { sequence: 0, scope: 'firm', exposures: [], window: wide, parameters };
    expect(() => calculateValueAtRisk(request)).toThrow(
      expect.objectContaining({
        code: 'VAR_PARAMETER_INVALID',
        message: expect.stringContaining(what),
      }),
    );
  });

  it('is refused for an exposure without returns or without a number', () => {
    const unknown = [{ position: 'P', instrument: 'X', value: 1 }];
    expect(() => calculate(wide, unknown, PARAMETRIC)).toThrow(
      expect.objectContaining({ code: 'VAR_INSTRUMENT_NOT_IN_WINDOW' }),
    );
    expect(() => calculate(wide, exposuresOf([Number.NaN]), PARAMETRIC)).toThrow(
      expect.objectContaining({ code: 'VAR_EXPOSURE_INVALID' }),
    );
  });
});
