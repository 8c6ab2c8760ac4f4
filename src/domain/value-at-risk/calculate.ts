import { assert } from '../../lib/assert.js';
import { historicalFigures } from './historical.js';
import { linearRiskOf } from './linear-risk.js';
import { monteCarloFigures } from './monte-carlo.js';
import { parametricFigure } from './parametric.js';
import { type Exposure, type Portfolio, portfolioOf } from './portfolio.js';
import {
  checkParameters,
  type SimulationNote,
  scaleToHorizon,
  type VarFigure,
  type VarParameters,
  type VarResult,
} from './result.js';
import type { ReturnsWindow } from './returns-window.js';
import { observationWeights } from './weights.js';

/** What to calculate; `sequence` and `scope` name where the exposures came from. */
export type VarRequest = {
  readonly sequence: number;
  readonly scope: string;
  readonly exposures: readonly Exposure[];
  readonly window: ReturnsWindow;
  readonly parameters: VarParameters;
};

/**
 * Value at risk of a portfolio with its decomposition, and the identity of all it was made from.
 *
 * @throws ValueAtRiskError VAR_PARAMETER_INVALID, VAR_EXPOSURE_INVALID,
 *   VAR_INSTRUMENT_NOT_IN_WINDOW, VAR_WINDOW_SIZE (historical: fewer days than one per tail).
 */
export function calculateValueAtRisk(request: VarRequest): VarResult {
  const { sequence, scope, exposures, window, parameters } = request;
  assert(Number.isSafeInteger(sequence) && sequence >= 0, 'a log sequence');
  checkParameters(parameters);
  const portfolio = portfolioOf(exposures, window);
  const { figures, simulation } = oneDayFigures(portfolio, window, parameters);
  const input = {
    sequence,
    scope,
    portfolioDigest: portfolio.digest,
    window: window.identity,
    parameters,
  };
  const all = figures.flatMap((figure) => {
    return parameters.horizonDays.map((days) => scaleToHorizon(figure, days));
  });
  const result = { input, positions: portfolio.positions, figures: all };
  return simulation === undefined ? result : { ...result, simulation };
}

function oneDayFigures(
  portfolio: Portfolio,
  window: ReturnsWindow,
  parameters: VarParameters,
): { figures: VarFigure[]; simulation?: SimulationNote } {
  const { method, weighting, confidences } = parameters;
  if (method.kind === 'historical') {
    return { figures: historicalFigures(portfolio, window, weighting, confidences) };
  }
  const weights = observationWeights(weighting, window.days);
  if (method.kind === 'monte_carlo' && portfolio.values.some((value) => value !== 0)) {
    return monteCarloFigures(portfolio, window, weights, method, confidences);
  }
  // A portfolio without exposure has nothing to simulate: all its figures are zero.
  const risk = linearRiskOf(portfolio, window, weights);
  return {
    figures: confidences.map((confidence) => {
      return parametricFigure(risk, portfolio.values, confidence);
    }),
  };
}
