import { demand } from './errors.js';
import type { Portfolio } from './portfolio.js';
import type { ReturnsWindow } from './returns-window.js';

/** What happens to prices: relative changes, -0.2 for a fall by a fifth. */
export type StressScenario = {
  readonly name: string;
  readonly shocks: ReadonlyMap<string, number>;
  /** Change of every instrument without a shock of its own. */
  readonly others: number;
};

export type StressResult = {
  readonly scenario: string;
  /** Profit, in base currency; a loss is negative. */
  readonly profit: number;
  /** Per exposure of the portfolio; adds up to `profit`. */
  readonly byPosition: Float64Array;
};

/**
 * Profit and loss if the scenario happened at once, positions unchanged and linear in price.
 *
 * @throws ValueAtRiskError VAR_EXPOSURE_INVALID when a shock is not finite or takes a price below
 *   zero.
 */
export function applyStress(
  portfolio: Portfolio,
  window: ReturnsWindow,
  scenario: StressScenario,
): StressResult {
  for (const shock of [scenario.others, ...scenario.shocks.values()]) {
    demand(Number.isFinite(shock) && shock >= -1, 'VAR_EXPOSURE_INVALID', () => {
      return `${scenario.name}: a price cannot change by ${shock} of itself`;
    });
  }
  const byPosition = portfolio.values.map((value, index) => {
    const instrument = window.instruments[portfolio.rows[index]!]!;
    return value * (scenario.shocks.get(instrument) ?? scenario.others);
  });
  let profit = 0;
  for (const part of byPosition) profit += part;
  return { scenario: scenario.name, profit, byPosition };
}

/**
 * The scenario that repeats what happened from the return of day `from` to that of day `to`, both
 * included, days compounded: a past crisis on today's positions.
 */
export function scenarioOfDays(
  window: ReturnsWindow,
  from: number,
  to: number,
  name = `${window.dayNames[from]} to ${window.dayNames[to]}`,
): StressScenario {
  demand(from >= 0 && from <= to && to < window.days, 'VAR_PARAMETER_INVALID', () => {
    return `days ${from} to ${to} of a window of ${window.days}`;
  });
  const shocks = new Map<string, number>();
  window.instruments.forEach((instrument, row) => {
    let growth = 1;
    for (let day = from; day <= to; day++) growth *= 1 + window.simple[row * window.days + day]!;
    shocks.set(instrument, growth - 1);
  });
  return { name, shocks, others: 0 };
}

/** The run of `length` days of the window that would cost this portfolio most; the first, if equal. */
export function worstDays(
  portfolio: Portfolio,
  window: ReturnsWindow,
  length: number,
): StressResult {
  demand(length >= 1 && length <= window.days, 'VAR_PARAMETER_INVALID', () => {
    return `a run of ${length} days in a window of ${window.days}`;
  });
  // All runs at once, position by position: the sums are those of `applyStress`, in the same order.
  const runs = window.days - length + 1;
  const profits = new Float64Array(runs);
  portfolio.values.forEach((value, index) => {
    const base = portfolio.rows[index]! * window.days;
    for (let from = 0; from < runs; from++) {
      let growth = 1;
      for (let day = from; day < from + length; day++) growth *= 1 + window.simple[base + day]!;
      profits[from]! += value * (growth - 1);
    }
  });
  let worst = 0;
  for (let from = 1; from < runs; from++) if (profits[from]! < profits[worst]!) worst = from;
  const scenario = scenarioOfDays(window, worst, worst + length - 1);
  return applyStress(portfolio, window, scenario);
}
