/** Position rows come into being with their limits resolved, and are resolved again on a change. */
import { SCOPE } from '../../domain/order-terms.js';
import { SUSPENSE } from '../../domain/position.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import { EXPOSURE, RISK, RISK_ROW, ROW, RULE, UNLIMITED } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';
import { resolveNotionalLimits } from './notional-limits.js';

export function ensurePosition(state: ShardState, account: number, instrument: number): number {
  const { positions } = state;
  const found = positions.find(account, instrument);
  if (found !== 0) return found;
  const row = positions.add(account, instrument);
  const { accounts, instruments } = state;
  positions.nextOfInstrument[row] = instruments.positions[instrument] as number;
  instruments.positions[instrument] = row;
  if (account < SUSPENSE) {
    positions.nextOfAccount[row] = accounts.positions[account] as number;
    accounts.positions[account] = row;
  }
  resolveLimits(state, row);
  return row;
}

/**
 * The row of a pair for deciding, which may not change the state: row 0, no part of it, stands in for
 * a pair that has no row yet, flat and with its limits resolved.
 */
export function rowForDeciding(state: ShardState, account: number, instrument: number): number {
  const { positions } = state;
  const found = positions.find(account, instrument);
  if (found !== 0) return found;
  positions.account[0] = account;
  positions.instrument[0] = instrument;
  resolveLimits(state, 0);
  return 0;
}

/** Writes the limits in force for a position into its row. */
export function resolveLimits(state: ShardState, row: number): void {
  const { positions, accounts, limits } = state;
  const account = positions.account[row] as number;
  const instrument = positions.instrument[row] as number;
  // Suspense is beyond the table: it has no group, and only the firm's limits.
  const group = accounts.group[account] ?? 0;
  const inForce = (limit: number) => limits.inForce(limit, account, group, instrument, UNLIMITED);
  const base = row * ROW;
  positions.rows[base + EXPOSURE.maxQuantity] = inForce(LIMIT.MaxOrderQuantity);
  resolveNotionalLimits(state, row);
  positions.rows[base + EXPOSURE.collar] = inForce(LIMIT.PriceCollar);
  positions.rows[base + EXPOSURE.maxPosition] = inForce(LIMIT.MaxPosition);
  const at = row * RISK_ROW;
  positions.risk[at + RISK.markAge] = inForce(LIMIT.MarkAge);
  const listed = limits.listed(LIMIT.Restricted, account, group, instrument);
  const shortSale = inForce(LIMIT.ShortSale);
  positions.risk[at + RISK.rules] =
    (listed ? RULE.Restricted : 0) |
    (shortSale === 0 ? RULE.NoShortSale : 0) |
    (shortSale === 1 ? RULE.LocateNeeded : 0);
}

/** Limits that are kept on the rows of positions. */
const OF_POSITIONS: readonly number[] = [
  LIMIT.MaxOrderQuantity,
  LIMIT.MaxOrderNotional,
  LIMIT.PriceCollar,
  LIMIT.MaxPosition,
  LIMIT.MarkAge,
  LIMIT.Restricted,
  LIMIT.ShortSale,
];

/** Whether a change of the limit concerns positions. */
export function isOfPositions(limit: number): boolean {
  return OF_POSITIONS.includes(limit);
}

/** Resolves the positions that a limit, or a change of group, concerns. */
export function resolveLimitsOf(state: ShardState, scope: number, scopeId: number): void {
  const { positions, accounts } = state;
  for (let row = 1; row < positions.count; row += 1) {
    const account = positions.account[row] as number;
    if (scope === SCOPE.Account && account !== scopeId) continue;
    if (scope === SCOPE.Group && accounts.group[account] !== scopeId) continue;
    resolveLimits(state, row);
  }
}
