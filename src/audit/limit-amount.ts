/** The value of a limit as people read it: a decimal, and in which unit. */
import type { ShardState } from '../commands/state/shard-state.js';
import { SCOPE } from '../domain/order-terms.js';
import { NO_LIMIT } from '../domain/risk-catalogue.js';
import { formatSteps, type Step } from '../lib/decimal.js';
import { microsText } from './event-values.js';
import { lotOf } from './reference-history.js';

export interface LimitAmount {
  /** Exact decimal text; null: no limit. */
  readonly value: string | null;
  /**
   * `money` in whole units of `currency`, `quantity` in those of the instrument, else the unit of the
   * catalogue. Lots stay lots where the limit is of every instrument, each with a lot of its own.
   */
  readonly unit: string;
  /** Base currency of the scope; empty: the limit is no money, or the scope has none yet. */
  readonly currency: string;
}

/** Whose limit it is; `instrument` 0: every one. */
export interface LimitScope {
  readonly scope: number;
  readonly scopeId: number;
  readonly instrument: number;
}

/** @param unit of the catalogue (`limits` in domain/risk-catalogue.ts): micros, lots, ... */
export function limitAmount(
  state: ShardState,
  { scope, scopeId, instrument }: LimitScope,
  unit: string,
  value: number,
): LimitAmount {
  const terms = state.instruments.terms[instrument];
  const currency = unit === 'micros' ? baseCurrencyOf(state, scope, scopeId) : '';
  const amount = amountIn(unit, value, terms && lotOf(terms));
  return { ...amount, ...(value === NO_LIMIT ? { value: null } : {}), currency };
}

/**
 * A value that a limit is or was compared with.
 *
 * @param lot of the instrument; undefined: of none, or of every one
 */
export function amountIn(
  unit: string,
  value: number,
  lot: Step | undefined,
): { readonly value: string; readonly unit: string } {
  if (unit === 'micros') return { value: microsText(value), unit: 'money' };
  if (unit === 'lots' && lot !== undefined) {
    return { value: formatSteps(value, lot), unit: 'quantity' };
  }
  return { value: String(value), unit };
}

/** Limits of money are of the firm, a group or an account. */
function baseCurrencyOf({ scopes, rates }: ShardState, scope: number, scopeId: number): string {
  const row = scope === SCOPE.Account ? scopes.first + scopeId : scopeId;
  return rates.names[scopes.currency[row] as number] ?? '';
}
