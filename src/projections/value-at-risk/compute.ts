import {
  type Book,
  type BookExposures,
  type BookScope,
  exposuresOf,
  positionsOf,
  profitOf,
  scopeText,
} from '../../domain/value-at-risk/book.js';
import { calculateValueAtRisk } from '../../domain/value-at-risk/calculate.js';
import { ValueAtRiskError } from '../../domain/value-at-risk/errors.js';
import { portfolioOf } from '../../domain/value-at-risk/portfolio.js';
import type { VarParameters, VarResult } from '../../domain/value-at-risk/result.js';
import type { ReturnsWindow } from '../../domain/value-at-risk/returns-window.js';

/** What a scope holds, in the terms of a window. */
export interface ScopeExposures extends BookExposures, BookScope {
  readonly portfolioDigest: string;
  /** Micros of the base currency since the beginning; undefined: a mark or a rate is missing. */
  readonly profit: bigint | undefined;
}

export function scopeExposures(
  book: Book,
  scope: BookScope,
  base: string,
  window: ReturnsWindow,
): ScopeExposures {
  const positions = positionsOf(book, scope);
  const has = (symbol: string): boolean => window.rows.has(symbol);
  const { exposures, missing } = exposuresOf(positions, book.rates, base, has);
  const { digest } = portfolioOf(exposures, window);
  const profit = profitOf(positions, book.rates, base);
  return { ...scope, exposures, missing, portfolioDigest: digest, profit };
}

export type Computed =
  | { readonly result: VarResult }
  /** Code of why there is no figure. */
  | { readonly reason: string };

/** All of a scope's positions were left out: a figure of what remains would be a zero that is none. */
const NOTHING_COVERED = 'VAR_NOTHING_COVERED';

/** Value at risk by one method, or why it cannot be had. */
export function compute(
  sequence: number,
  scope: ScopeExposures,
  window: ReturnsWindow,
  parameters: VarParameters,
): Computed {
  const { exposures, missing } = scope;
  if (exposures.length === 0 && missing.length > 0) return { reason: NOTHING_COVERED };
  try {
    const request = { sequence, scope: scopeText(scope), exposures, window, parameters };
    return { result: calculateValueAtRisk(request) };
  } catch (error) {
    if (error instanceof ValueAtRiskError) return { reason: error.code };
    throw error;
  }
}

/** Figures in the order of the stored arrays: confidence by confidence, horizon by horizon. */
export const figuresOf = (result: VarResult) => ({
  valueAtRisk: result.figures.map((figure) => figure.valueAtRisk),
  expectedShortfall: result.figures.map((figure) => figure.expectedShortfall),
});

/**
 * What a limit on value at risk is compared with, in base currency: the figure, and of positions that it
 * leaves out their whole value, for nothing says that they could not be lost. Undefined when even that is
 * not known.
 */
export function limitValue(
  scope: ScopeExposures,
  computed: Computed,
  confidence: number,
): number | undefined {
  let value = 0;
  if ('result' in computed) {
    const figure = computed.result.figures.find((each) => {
      return each.confidence === confidence && each.horizonDays === 1;
    });
    value += figure?.valueAtRisk ?? Number.NaN;
  } else for (const exposure of scope.exposures) value += Math.abs(exposure.value);
  for (const missing of scope.missing) value += missing.value ?? Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}
