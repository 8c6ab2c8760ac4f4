import { demand } from './errors.js';
import { portfolioOf } from './portfolio.js';
import {
  CONFIDENCES_DEFAULT,
  checkParameters,
  HORIZONS_DEFAULT,
  type VarParameters,
} from './result.js';
import { type ReturnsWindow, WINDOW_DAYS_MAX, WINDOW_DAYS_MIN } from './returns-window.js';
import { applyStress, type StressScenario, worstDays } from './stress.js';
import { RISK_METRICS_DAILY_LAMBDA } from './weights.js';

/** The ways in which value at risk is computed side by side; names are on record. */
export const VAR_METHODS = [
  'parametric_exponential',
  'parametric_equal',
  'historical',
  'monte_carlo',
] as const;

export type VarMethodName = (typeof VAR_METHODS)[number];

/** Most stress scenarios of one set. */
export const SCENARIOS_MAX = 100;

/** A stress scenario as it is configured and stored: JSON. */
export type ScenarioDefinition =
  | {
      readonly kind: 'shocks';
      readonly name: string;
      /** Relative change by symbol, -0.2 for a fall by a fifth. */
      readonly shocks: Readonly<Record<string, number>>;
      /** Change of every other instrument. */
      readonly others: number;
    }
  /** The run of days of the window that would cost the portfolio most. */
  | { readonly kind: 'worst_days'; readonly name: string; readonly days: number };

export const SCENARIOS_DEFAULT: readonly ScenarioDefinition[] = [
  { kind: 'shocks', name: 'all prices down 10 %', shocks: {}, others: -0.1 },
  { kind: 'shocks', name: 'all prices up 10 %', shocks: {}, others: 0.1 },
  { kind: 'shocks', name: 'all prices down 30 %', shocks: {}, others: -0.3 },
  { kind: 'worst_days', name: 'worst day of the window', days: 1 },
  { kind: 'worst_days', name: 'worst 10 days of the window', days: 10 },
];

export type ValueAtRiskSettings = {
  /** Least time between two computations, ms. */
  readonly everyMs: number;
  /** The same for Monte Carlo, which costs most. */
  readonly monteCarloEveryMs: number;
  /** How often the store is asked for new closes, at most, ms. */
  readonly windowEveryMs: number;
  readonly baseCurrency: string;
  /** Daily returns of the window, as far as there is history. */
  readonly windowDays: number;
  readonly lambda: number;
  /** Basis points. */
  readonly confidences: readonly number[];
  readonly horizonDays: readonly number[];
  readonly paths: number;
  readonly seed: number;
  /** What a limit MaxValueAtRisk is compared with, over one day. */
  readonly limitMethod: VarMethodName;
  readonly limitConfidence: number;
  readonly scenarios: readonly ScenarioDefinition[];
};

export const SETTINGS_DEFAULT: ValueAtRiskSettings = {
  everyMs: 1_000,
  monteCarloEveryMs: 60_000,
  windowEveryMs: 10_000,
  baseCurrency: 'USD',
  windowDays: 500,
  lambda: RISK_METRICS_DAILY_LAMBDA,
  confidences: CONFIDENCES_DEFAULT,
  horizonDays: HORIZONS_DEFAULT,
  paths: 10_000,
  seed: 42,
  limitMethod: 'parametric_exponential',
  limitConfidence: 9_900,
  scenarios: SCENARIOS_DEFAULT,
};

/** The parameters of a calculation by one of the methods. */
export function parametersOf(settings: ValueAtRiskSettings, method: VarMethodName): VarParameters {
  const { confidences, horizonDays, lambda, paths, seed } = settings;
  const levels = { confidences, horizonDays };
  const equal = { kind: 'equal' } as const;
  switch (method) {
    case 'parametric_exponential':
      return {
        method: { kind: 'parametric' },
        weighting: { kind: 'exponential', lambda },
        ...levels,
      };
    case 'parametric_equal':
      return { method: { kind: 'parametric' }, weighting: equal, ...levels };
    case 'historical':
      return { method: { kind: 'historical' }, weighting: equal, ...levels };
    case 'monte_carlo':
      return { method: { kind: 'monte_carlo', paths, seed }, weighting: equal, ...levels };
  }
}

/** @throws ValueAtRiskError VAR_PARAMETER_INVALID */
export function checkSettings(settings: ValueAtRiskSettings): void {
  const refuse = (condition: boolean, what: string): void => {
    demand(condition, 'VAR_PARAMETER_INVALID', () => what);
  };
  for (const method of VAR_METHODS) checkParameters(parametersOf(settings, method));
  const { lambda, windowDays, scenarios, confidences, limitConfidence, horizonDays } = settings;
  refuse(lambda > 0 && lambda < 1, `lambda ${lambda}: between 0 and 1`);
  const daysFit = windowDays >= WINDOW_DAYS_MIN && windowDays <= WINDOW_DAYS_MAX;
  refuse(Number.isInteger(windowDays) && daysFit, `a window of ${windowDays} days`);
  refuse(confidences.includes(limitConfidence), 'the confidence of the limit is not computed');
  refuse(horizonDays.includes(1), 'one day is needed, for limits and the backtest');
  refuse(scenarios.length <= SCENARIOS_MAX, `at most ${SCENARIOS_MAX} scenarios`);
  refuse(new Set(scenarios.map(({ name }) => name)).size === scenarios.length, 'a name twice');
  for (const scenario of scenarios) {
    if (scenario.kind === 'worst_days') {
      refuse(scenario.days >= 1 && Number.isInteger(scenario.days), `${scenario.name}: days`);
      continue;
    }
    for (const shock of [scenario.others, ...Object.values(scenario.shocks)]) {
      refuse(Number.isFinite(shock) && shock >= -1, `${scenario.name}: a shock of ${shock}`);
    }
  }
}

/**
 * Profit of each scenario, in base currency; a loss is negative. A run of days longer than the window
 * counts the whole window.
 */
export function stressProfits(
  exposures: Parameters<typeof portfolioOf>[0],
  window: ReturnsWindow,
  scenarios: readonly ScenarioDefinition[],
): readonly number[] {
  const portfolio = portfolioOf(exposures, window);
  return scenarios.map((definition) => {
    if (definition.kind === 'worst_days') {
      return worstDays(portfolio, window, Math.min(definition.days, window.days)).profit;
    }
    const { name, others } = definition;
    const shocks = new Map(Object.entries(definition.shocks));
    const scenario: StressScenario = { name, shocks, others };
    return applyStress(portfolio, window, scenario).profit;
  });
}
