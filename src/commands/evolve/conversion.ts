/**
 * The sums of scopes whose base currency is not that of the instrument.
 *
 * A position is kept in the currency of its instrument; what it adds to a scope is converted when it is
 * added, by the rate in force, each of gross, long, short and margin rounded up and P&L down:
 *
 * ```
 *   sum of a scope = sum over its positions of convert(amount of the position, currency -> base)
 * ```
 *
 * So a sum changes by convert(after) - convert(before), and a new rate by the difference of two rates:
 * no sum is ever approximated, and a recount gives the same to the micro (`risk/sums.property.test.ts`).
 *
 * What has no rate adds nothing and is counted instead (`scopes.unrated`): while a scope holds such a
 * position, it takes no orders that add risk.
 */
import { SUSPENSE } from '../../domain/position.js';
import { scratch } from '../../lib/scratch.js';
import { RISK, RISK_ROW } from '../state/position-table.js';
import { convertDown, convertUp, placeOf } from '../state/rate-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';

/**
 * Sets `rate` (numerator, denominator) to that from an instrument's currency to the base of a scope.
 * @returns false when there is none
 */
export function rateInto(
  state: ShardState,
  instrument: number,
  scope: number,
  rate: Float64Array,
): boolean {
  const { rates, instruments, scopes } = state;
  const from = instruments.currency[instrument] as number;
  const to = scopes.currency[scope] as number;
  rate[0] = 1;
  rate[1] = 1;
  // Nobody listed the instrument, or nobody has an account: there is nothing to convert, or into.
  if (from === to || from === 0 || to === 0) return true;
  const place = placeOf(from, to);
  if (rates.numerator[place] === 0) return false;
  rate[0] = rates.numerator[place] as number;
  rate[1] = rates.denominator[place] as number;
  return true;
}

/** Adds to the P&L of a scope: `addPnlTo` of exposure.ts. */
type AddPnl = (state: ShardState, scope: number, by: number) => void;

/** Places of the same amounts in a position and in a scope. */
const SUMS = [
  [RISK.gross, SCOPED.gross],
  [RISK.long, SCOPED.long],
  [RISK.short, SCOPED.short],
  [RISK.margin, SCOPED.margin],
] as const;

/** Scopes that a position counts for, at most: firm, account, group. */
export const SCOPES = 3;

/** The n-th scope of a position, -1 none: what is in suspense belongs to nobody yet but the firm. */
export function scopeOf(state: ShardState, row: number, n: number): number {
  if (n === 0) return 0;
  const account = state.positions.account[row] as number;
  if (account >= SUSPENSE) return -1;
  if (n === 1) return state.scopes.first + account;
  const group = state.accounts.group[account] as number;
  return group === 0 ? -1 : group;
}

const rate = scratch(2);

/**
 * Adds a change of a position to the sums of its scopes.
 * @param change of gross, long, short and margin, on top of what the row still holds
 */
export function settleConverted(state: ShardState, row: number, change: Float64Array): void {
  const { scopes, positions } = state;
  const instrument = positions.instrument[row] as number;
  for (let n = 0; n < SCOPES; n += 1) {
    const scope = scopeOf(state, row, n);
    if (scope < 0) continue;
    if (!rateInto(state, instrument, scope, rate)) {
      countUnrated(state, row, n, scope, true);
      continue;
    }
    for (let sum = 0; sum < SUMS.length; sum += 1) {
      const [column, total] = SUMS[sum] as (typeof SUMS)[number];
      const held = positions.risk[row * RISK_ROW + column] as number;
      const by = converted(held + (change[sum] as number)) - converted(held);
      const at = scope * SCOPED_WIDTH + total;
      scopes.rows[at] = (scopes.rows[at] as number) + by;
    }
  }
}

const converted = (amount: number) => convertUp(amount, rate[0] as number, rate[1] as number);

const convertedDown = (amount: number) => convertDown(amount, rate[0] as number, rate[1] as number);

/** Adds a change of a position's P&L to the sums of its scopes. */
export function addPnlConverted(
  state: ShardState,
  row: number,
  was: number,
  is: number,
  add: AddPnl,
): void {
  const instrument = state.positions.instrument[row] as number;
  for (let n = 0; n < SCOPES; n += 1) {
    const scope = scopeOf(state, row, n);
    if (scope < 0 || !rateInto(state, instrument, scope, rate)) continue;
    const by = convertedDown(is) - convertedDown(was);
    if (by !== 0) add(state, scope, by);
  }
}

/** Notes once for each scope that a position has no rate into its base currency, or has one now. */
function countUnrated(
  state: ShardState,
  row: number,
  n: number,
  scope: number,
  missing: boolean,
): void {
  const { positions, scopes } = state;
  const at = row * RISK_ROW + RISK.unrated;
  const bits = positions.risk[at] as number;
  if (((bits & (1 << n)) !== 0) === missing) return;
  positions.risk[at] = bits ^ (1 << n);
  scopes.unrated[scope] = (scopes.unrated[scope] as number) + (missing ? 1 : -1);
}

/** Rates as they were; see `RateTable`. */
export interface OldRates {
  readonly numerator: Float64Array;
  readonly denominator: Float64Array;
}

/**
 * Values what is held by new rates: the positions whose rate into the base of one of their scopes is
 * another than it was. At most one pass over the positions, whatever the rates.
 */
export function convertAgain(state: ShardState, old: OldRates, add: AddPnl): void {
  const { positions, instruments, rates } = state;
  const changed = rates.names.map((_, from) =>
    rates.names.some((__, to) => isChanged(state, old, placeOf(from, to))),
  );
  for (let instrument = 1; instrument < instruments.count; instrument += 1) {
    if (changed[instruments.currency[instrument] as number] !== true) continue;
    let row = instruments.positions[instrument] as number;
    while (row !== 0) {
      for (let n = 0; n < SCOPES; n += 1) convertPosition(state, old, row, n, add);
      row = positions.nextOfInstrument[row] as number;
    }
  }
}

const isChanged = ({ rates }: ShardState, old: OldRates, place: number) =>
  rates.numerator[place] !== old.numerator[place] ||
  rates.denominator[place] !== old.denominator[place];

function convertPosition(
  state: ShardState,
  old: OldRates,
  row: number,
  n: number,
  add: AddPnl,
): void {
  const { instruments, positions, scopes } = state;
  const scope = scopeOf(state, row, n);
  if (scope < 0) return;
  const instrument = positions.instrument[row] as number;
  const from = instruments.currency[instrument] as number;
  const place = placeOf(from, scopes.currency[scope] as number);
  if (!isChanged(state, old, place) || !rateInto(state, instrument, scope, rate)) return;
  const over = old.numerator[place] as number;
  const under = old.denominator[place] as number;
  const at = row * RISK_ROW;
  for (const [column, total] of SUMS) {
    const amount = positions.risk[at + column] as number;
    const was = over === 0 ? 0 : convertUp(amount, over, under);
    const sum = scope * SCOPED_WIDTH + total;
    scopes.rows[sum] = (scopes.rows[sum] as number) + (converted(amount) - was);
  }
  const pnl = positions.risk[at + RISK.pnl] as number;
  const by = convertedDown(pnl) - (over === 0 ? 0 : convertDown(pnl, over, under));
  if (by !== 0) add(state, scope, by);
  countUnrated(state, row, n, scope, false);
}
