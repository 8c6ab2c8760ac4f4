/**
 * MaxOrderNotional of a position: each scope's is in the base currency of that scope.
 *
 * ```
 *   all scopes that set one count in the instrument's currency   EXPOSURE.maxNotional: the tightest
 *   some do not                                                  EXPOSURE.maxNotional: BY_SCOPE
 *   in both cases                                                RISK.maxNotional + n: of the n-th scope
 * ```
 *
 * Limits and not notionals are what is kept: a new rate changes nothing here.
 */
import { SCOPE } from '../../domain/order-terms.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import { BY_SCOPE, EXPOSURE, RISK, RISK_ROW, ROW, UNLIMITED } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';
import { SCOPES, scopeOf } from './conversion.js';

const KINDS = [SCOPE.Firm, SCOPE.Account, SCOPE.Group] as const;

export function resolveNotionalLimits(state: ShardState, row: number): void {
  const { positions, accounts, instruments, limits, scopes } = state;
  const account = positions.account[row] as number;
  const instrument = positions.instrument[row] as number;
  const ids = [0, account, accounts.group[account] ?? 0];
  let tightest = UNLIMITED;
  for (let n = 0; n < SCOPES; n += 1) {
    const at = row * RISK_ROW + RISK.maxNotional + n;
    positions.risk[at] = UNLIMITED;
    const scope = scopeOf(state, row, n);
    if (scope < 0) continue;
    const [kind, id] = [KINDS[n] as number, ids[n] as number];
    const limit = limits.ofScope(LIMIT.MaxOrderNotional, kind, id, instrument, UNLIMITED);
    positions.risk[at] = limit;
    if (limit === UNLIMITED) continue;
    const [from, to] = [instruments.currency[instrument], scopes.currency[scope]];
    const isForeign = from !== to && from !== 0 && to !== 0;
    tightest = isForeign ? BY_SCOPE : Math.min(tightest, limit);
  }
  positions.rows[row * ROW + EXPOSURE.maxNotional] = tightest;
}

/** After a scope has come into another currency; an instrument that was ever used keeps its own. */
export function resolveNotionalLimitsOfAll(state: ShardState): void {
  if (!state.limits.sets([LIMIT.MaxOrderNotional])) return;
  for (let row = 1; row < state.positions.count; row += 1) resolveNotionalLimits(state, row);
}
