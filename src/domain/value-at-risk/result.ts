import { demand } from './errors.js';
import type { WindowIdentity } from './returns-window.js';
import type { Weighting } from './weights.js';

/** Confidence in basis points, so that the tail of a window is counted exactly: 9900 is 99 %. */
export const CONFIDENCES_DEFAULT: readonly number[] = [9_500, 9_900];
export const HORIZONS_DEFAULT: readonly number[] = [1, 10];
/** Longest horizon in days that the square-root-of-time rule is offered for. */
export const HORIZON_DAYS_MAX = 250;
/** Most confidences, and most horizons, of one calculation. */
export const LEVELS_MAX = 16;
export const PATHS_MIN = 1_000;
export const PATHS_MAX = 1_000_000;

export type VarMethod =
  | { readonly kind: 'parametric' }
  | { readonly kind: 'historical' }
  | {
      readonly kind: 'monte_carlo';
      readonly paths: number;
      readonly seed: number;
      /** Student's t with the same covariance instead of the normal distribution; 3 to 30. */
      readonly degreesOfFreedom?: number;
    };

export type VarParameters = {
  readonly method: VarMethod;
  readonly weighting: Weighting;
  /** In basis points, 5000 < confidence < 10000. */
  readonly confidences: readonly number[];
  readonly horizonDays: readonly number[];
};

/**
 * Everything a result was made from. The same sequence gives the same positions and marks, hence
 * the same exposures (proven by `portfolioDigest`); with the same window and parameters the
 * calculation gives the same figures, to the last bit on the same JavaScript engine.
 */
export type VarInputIdentity = {
  /** Log sequence that positions and marks are as of. */
  readonly sequence: number;
  /** What the portfolio is: `account:...`, `group:...`, `firm`. */
  readonly scope: string;
  readonly portfolioDigest: string;
  readonly window: WindowIdentity;
  readonly parameters: VarParameters;
};

/**
 * Figures of one confidence and horizon, in base currency; losses are positive. The arrays run
 * along `positions` of the result. Over h days every figure is that of one day times sqrt(h): daily
 * P&L taken as independent, identically distributed, with mean zero, and positions as unchanged.
 */
export type VarFigure = {
  readonly confidence: number;
  readonly horizonDays: number;
  readonly valueAtRisk: number;
  /** Mean loss in the tail beyond the confidence. */
  readonly expectedShortfall: number;
  /** Change of value at risk per unit of further exposure: its partial derivative. */
  readonly marginal: Float64Array;
  /** Share of each position; adds up to `valueAtRisk` (Euler's theorem). */
  readonly component: Float64Array;
  /** Value at risk with the position less that without it. Does not add up. */
  readonly incremental: Float64Array;
  /** Share of each position; adds up to `expectedShortfall`. */
  readonly componentShortfall: Float64Array;
};

/** What a Monte Carlo calculation drew: this many normal variates per path, loaded as named. */
export type SimulationNote = {
  readonly how: 'cholesky' | 'eigenvalues' | 'scenarios';
  readonly factors: number;
};

export type VarResult = {
  readonly input: VarInputIdentity;
  /** Of Monte Carlo only. */
  readonly simulation?: SimulationNote;
  readonly positions: readonly string[];
  /** Confidence by confidence, within it horizon by horizon, in the order of the parameters. */
  readonly figures: readonly VarFigure[];
};

/** The probability beyond a confidence in basis points. */
export function tailProbability(confidence: number): number {
  return (10_000 - confidence) / 10_000;
}

/** Figures of one day, scaled to `horizonDays` by the square root of time. */
export function scaleToHorizon(oneDay: VarFigure, horizonDays: number): VarFigure {
  if (horizonDays === 1) return oneDay;
  const factor = Math.sqrt(horizonDays);
  const scaled = (values: Float64Array) => values.map((value) => value * factor);
  return {
    confidence: oneDay.confidence,
    horizonDays,
    valueAtRisk: oneDay.valueAtRisk * factor,
    expectedShortfall: oneDay.expectedShortfall * factor,
    marginal: scaled(oneDay.marginal),
    component: scaled(oneDay.component),
    incremental: scaled(oneDay.incremental),
    componentShortfall: scaled(oneDay.componentShortfall),
  };
}

/** @throws ValueAtRiskError VAR_PARAMETER_INVALID. */
export function checkParameters(parameters: VarParameters): void {
  const { confidences, horizonDays, method } = parameters;
  const refuse = (condition: boolean, what: string): void => {
    demand(condition, 'VAR_PARAMETER_INVALID', () => what);
  };
  for (const levels of [confidences, horizonDays]) {
    refuse(levels.length >= 1 && levels.length <= LEVELS_MAX, `1 to ${LEVELS_MAX} levels`);
  }
  for (const confidence of confidences) {
    const fits = Number.isInteger(confidence) && confidence > 5_000 && confidence < 10_000;
    refuse(fits, `confidence ${confidence}: whole basis points between 5000 and 10000`);
  }
  for (const days of horizonDays) {
    const fits = Number.isInteger(days) && days >= 1 && days <= HORIZON_DAYS_MAX;
    refuse(fits, `horizon ${days}: 1 to ${HORIZON_DAYS_MAX} days`);
  }
  if (method.kind !== 'monte_carlo') return;
  const { paths, seed, degreesOfFreedom: degrees } = method;
  const pathsFit = Number.isInteger(paths) && paths >= PATHS_MIN && paths <= PATHS_MAX;
  refuse(pathsFit, `paths ${paths}: ${PATHS_MIN} to ${PATHS_MAX}`);
  refuse(Number.isSafeInteger(seed) && seed >= 0, `seed ${seed}: a safe integer, not negative`);
  const degreesFit =
    degrees === undefined || (Number.isInteger(degrees) && degrees >= 3 && degrees <= 30);
  refuse(degreesFit, `degrees of freedom ${degrees}: 3 to 30`);
}
