/**
 * Keeps the sums of accounts, groups and firm in step with orders, positions and marks.
 *
 * A position adds, in micros:
 *
 * ```
 *   value  |quantity x mark|, with the sign of the quantity        rounded away from zero
 *   long   value + open buys         all buys fill and no sell
 *   short  open sells - value        all sells fill and no buy
 *   gross  max(long, short)          so an order that only closes what is held adds nothing
 *   margin gross x marginPercent     rounded up; without a percentage paid in full
 *   pnl    sold - bought + quantity x mark - fees                  rounded down
 * ```
 *
 * Amounts of a position are in the currency of its instrument; where a scope has another one as its
 * base, `conversion.ts` converts what is added to it. Without a mark a position is valued at its cost. The sums are of whole numbers and exact below
 * 2^53 micros; deciding refuses what would go beyond.
 */
import { POSITION, SUSPENSE } from '../../domain/position.js';
import { scratch } from '../../lib/scratch.js';
import { RISK, RISK_ROW, ROW } from '../state/position-table.js';
import { SCOPED, SCOPED_WIDTH, SWITCHED_ON } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { addPnlConverted, settleConverted } from './conversion.js';

/** Value and P&L of a position, after a fill or a mark at `scopes.now`. */
export function revalue(state: ShardState, row: number): void {
  if (state.scopes.valued === 0) return;
  const { positions, instruments } = state;
  const { rows, risk } = positions;
  const base = row * ROW;
  const instrument = positions.instrument[row] as number;
  const numerator = instruments.microsNumerator[instrument] as number;
  const denominator = instruments.microsDenominator[instrument] as number;
  // A fill without an order may name an instrument that nobody listed: worth nothing that is known.
  if (!(denominator > 0)) return;
  const quantity = rows[base + POSITION.quantity] as number;
  const marked = instruments.hasMark[instrument] === 1;
  const cost = rows[base + POSITION.cost] as number;
  const worth = marked ? quantity * (instruments.mark[instrument] as number) : cost;
  const size = Math.ceil((Math.abs(worth) * numerator) / denominator);
  const flows =
    (rows[base + POSITION.soldValue] as number) - (rows[base + POSITION.boughtValue] as number);
  const pnl =
    Math.floor(((flows + worth) * numerator) / denominator) -
    (rows[base + POSITION.fees] as number);
  const at = row * RISK_ROW;
  risk[at + RISK.value] = quantity < 0 ? -size : size;
  const before = risk[at + RISK.pnl] as number;
  if (pnl !== before) {
    risk[at + RISK.pnl] = pnl;
    if (state.rates.mixed === 0) addPnl(state, row, pnl - before);
    else addPnlConverted(state, row, before, pnl, addPnlTo);
  }
  settle(state, row);
}

/** What `addOpenNotional` adds, micros; an array, because a number passed could be allocated. */
export const openChange = scratch(1);

/** Adds `openChange` to the open notional of a side; `column` is RISK.buys or RISK.sells. */
export function addOpenNotional(state: ShardState, row: number, column: number): void {
  const { risk } = state.positions;
  const at = row * RISK_ROW + column;
  risk[at] = (risk[at] as number) + (openChange[0] as number);
  if (state.scopes.valued !== 0) settle(state, row);
}

/** Changes since the sums last saw the position; reused. */
const change = scratch(4);

/** Brings what the sums hold of a position up to date. */
function settle(state: ShardState, row: number): void {
  const { risk } = state.positions;
  const at = row * RISK_ROW;
  const value = risk[at + RISK.value] as number;
  const long = value + (risk[at + RISK.buys] as number);
  const short = (risk[at + RISK.sells] as number) - value;
  const gross = Math.max(long, short);
  margined[0] = gross;
  toMargin(state, row);
  const margin = margined[0] as number;
  change[0] = gross - (risk[at + RISK.gross] as number);
  change[1] = long - (risk[at + RISK.long] as number);
  change[2] = short - (risk[at + RISK.short] as number);
  change[3] = margin - (risk[at + RISK.margin] as number);
  if (state.rates.mixed !== 0) settleConverted(state, row, change);
  risk[at + RISK.gross] = gross;
  risk[at + RISK.long] = long;
  risk[at + RISK.short] = short;
  risk[at + RISK.margin] = margin;
  if (state.rates.mixed !== 0) return;
  const account = state.positions.account[row] as number;
  addChange(state, 0);
  // What is in suspense belongs to nobody yet: it counts for the firm.
  if (account >= SUSPENSE) return;
  addChange(state, state.scopes.first + account);
  const group = state.accounts.group[account] as number;
  if (group !== 0) addChange(state, group);
}

function addChange(state: ShardState, scope: number): void {
  const { rows } = state.scopes;
  const at = scope * SCOPED_WIDTH;
  rows[at + SCOPED.gross] = (rows[at + SCOPED.gross] as number) + (change[0] as number);
  rows[at + SCOPED.long] = (rows[at + SCOPED.long] as number) + (change[1] as number);
  rows[at + SCOPED.short] = (rows[at + SCOPED.short] as number) + (change[2] as number);
  rows[at + SCOPED.margin] = (rows[at + SCOPED.margin] as number) + (change[3] as number);
}

/** What `toMargin` changes, micros; an array, because a number that is returned could be allocated. */
export const margined = scratch(1);

/** Makes a gross amount in the position's instrument its margin, rounded up. */
export function toMargin(state: ShardState, row: number): void {
  const { positions, instruments } = state;
  const percent = instruments.marginPercent[positions.instrument[row] as number] as number;
  if (percent !== 0) margined[0] = Math.ceil(((margined[0] as number) * percent) / 100);
}

function addPnl(state: ShardState, row: number, by: number): void {
  const account = state.positions.account[row] as number;
  addPnlTo(state, 0, by);
  if (account >= SUSPENSE) return;
  addPnlTo(state, state.scopes.first + account, by);
  const group = state.accounts.group[account] as number;
  if (group !== 0) addPnlTo(state, group, by);
}

export function addPnlTo(state: ShardState, scope: number, by: number): void {
  const { scopes } = state;
  const at = scope * SCOPED_WIDTH;
  const before = scopes.rows[at + SCOPED.pnl] as number;
  scopes.rows[at + SCOPED.pnl] = before + by;
  if (((scopes.own[scope] as number) & SWITCHED_ON.BreakerLoss) === 0) return;
  // The loss within a window is from its highest point: the value before a fall counts too.
  const high = Math.max(before, before + by);
  scopes.highestPnl.raise(scope, scopes.now, scopes.rows, at + SCOPED.breakerWindow, high);
  const loss = scopes.highestPnl.latest(scope) - (before + by);
  if (loss > (scopes.rows[at + SCOPED.breakerLoss] as number)) scopes.alarms[scope] = 1;
}

/** Values every position of an instrument anew: its mark or its margin changed. */
export function revalueInstrument(state: ShardState, instrument: number): void {
  if (state.scopes.valued === 0) return;
  const { positions } = state;
  let row = state.instruments.positions[instrument] as number;
  while (row !== 0) {
    revalue(state, row);
    row = positions.nextOfInstrument[row] as number;
  }
}

/** What a position adds to its scopes. */
const OF_SCOPES = [RISK.gross, RISK.long, RISK.short, RISK.margin, RISK.pnl, RISK.unrated] as const;

/** Builds all sums from the positions: valuing was switched on, or an account changed its group. */
export function revalueAll(state: ShardState): void {
  const { positions, scopes } = state;
  const { risk } = positions;
  for (let at = 0; at < scopes.rows.length; at += SCOPED_WIDTH) {
    for (const column of [SCOPED.gross, SCOPED.long, SCOPED.short, SCOPED.margin, SCOPED.pnl]) {
      scopes.rows[at + column] = 0;
    }
  }
  scopes.unrated.fill(0);
  const before = scopes.valued;
  scopes.valued = 1;
  for (let row = 1; row < positions.count; row += 1) {
    const at = row * RISK_ROW;
    for (const column of OF_SCOPES) risk[at + column] = 0;
    revalue(state, row);
  }
  scopes.valued = before;
  // Building the sums is no gain and no loss.
  scopes.highestPnl.clearAll();
}
