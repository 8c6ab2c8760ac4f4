/**
 * What an instrument or an order's own instructions ask for beyond amounts: the age of the mark, the
 * restricted list, short sales and reduce-only.
 */
import { COMMAND } from '../../domain/commands.js';
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { CONTINGENCY, EXEC_INST, SIDE } from '../../domain/order-terms.js';
import { POSITION } from '../../domain/position.js';
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { type Emitter, recordOf } from '../emitter.js';
import { isChild } from '../evolve/held-orders.js';
import { EXPOSURE, RISK, RISK_ROW, ROW, RULE, UNLIMITED } from '../state/position-table.js';
import type { ShardState } from '../state/shard-state.js';
import { reduces } from './order-checks.js';
import type { RiskResult } from './risk-result.js';

const terms = eventLayouts.OrderAccepted.offsets;
const LONG_BYTES = recordOf('OrderAccepted').bytes;

const bit = (check: number) => 1 << (check - 1);
const MARK_AGE_BIT = bit(RISK_CHECK.MarkAge);
const REDUCE_ONLY_BIT = bit(RISK_CHECK.ReduceOnly);
const RESTRICTED_BIT = bit(RISK_CHECK.Restricted);
const SHORT_SALE_BIT = bit(RISK_CHECK.ShortSale);

/** A mark that is older than its limit compares with nothing any more. */
export function checkMarkAge(
  e: Emitter,
  result: RiskResult,
  row: number,
  instrument: number,
): number {
  const { positions, instruments } = e.state;
  const limit = positions.risk[row * RISK_ROW + RISK.markAge] as number;
  if (limit === UNLIMITED) return 0;
  result.checks |= MARK_AGE_BIT;
  if (instruments.hasMark[instrument] === 0) {
    return result.fail(RISK_CHECK.MarkAge, REASON.RISK_MARK_MISSING, limit, 0);
  }
  const age = e.timeMs - (instruments.markTime[instrument] as number);
  if (age <= limit) return 0;
  return result.fail(RISK_CHECK.MarkAge, REASON.RISK_MARK_STALE, limit, age);
}

/**
 * Restricted list, short sale and reduce-only.
 *
 * @param lots what the request adds to the open orders of its side
 * @param execInst bits of EXEC_INST of the order
 */
export function checkLists(
  e: Emitter,
  result: RiskResult,
  row: number,
  side: number,
  lots: number,
  execInst: number,
): number {
  const { state } = e;
  const rules = state.positions.risk[row * RISK_ROW + RISK.rules] as number;
  if (rules !== 0) {
    const reason = checkRules(e, result, rules, row, side, lots);
    if (reason !== 0) return reason;
  }
  if ((execInst & EXEC_INST.ReduceOnly) === 0) return 0;
  result.checks |= REDUCE_ONLY_BIT;
  if (reduces(state, row, side, lots) || closesParent(e, side, lots)) return 0;
  const held = Math.abs(state.positions.rows[row * ROW + POSITION.quantity] as number);
  return result.fail(RISK_CHECK.ReduceOnly, REASON.RISK_REDUCE_ONLY, held, lots);
}

/** Restricted list: only what reduces, a better price for what is open included. */
export function checkRestricted(
  state: ShardState,
  result: RiskResult,
  row: number,
  side: number,
  lots: number,
): number {
  const rules = state.positions.risk[row * RISK_ROW + RISK.rules] as number;
  if ((rules & RULE.Restricted) === 0) return 0;
  result.checks |= RESTRICTED_BIT;
  if (reduces(state, row, side, lots)) return 0;
  return result.fail(RISK_CHECK.Restricted, REASON.RISK_RESTRICTED, 1, lots);
}

function checkRules(
  e: Emitter,
  result: RiskResult,
  rules: number,
  row: number,
  side: number,
  lots: number,
): number {
  const { state } = e;
  const reason = checkRestricted(state, result, row, side, lots);
  if (reason !== 0) return reason;
  if ((rules & (RULE.NoShortSale | RULE.LocateNeeded)) === 0 || side === SIDE.Buy) return 0;
  result.checks |= SHORT_SALE_BIT;
  const allowed = (rules & RULE.NoShortSale) === 0 ? 1 : 0;
  if (!isShort(state, row, side, lots) || closesParent(e, side, lots)) return 0;
  if (allowed === 1 && hasLocate(e)) return 0;
  return result.fail(RISK_CHECK.ShortSale, REASON.RISK_SHORT_SALE, allowed, lots);
}

/** Marked short, or a sale of more than is held once the open sells are filled. */
function isShort(state: ShardState, row: number, side: number, lots: number): boolean {
  if (side !== SIDE.Sell) return true;
  const { rows } = state.positions;
  const held = rows[row * ROW + POSITION.quantity] as number;
  return (rows[row * ROW + EXPOSURE.openSell] as number) + lots > held;
}

/** A child that only closes what its parent opens: it is held until then, and cut down to it. */
function closesParent(e: Emitter, side: number, lots: number): boolean {
  const { state, command: c, at } = e;
  const long = c.u16[(at + HEADER.length) >> 1] === LONG_BYTES;
  if (c.bytes[at + HEADER.number] !== COMMAND.NewOrder || !long) return false;
  const listIndex = c.bytes[at + terms.listIndex] as number;
  if (!isChild(c.bytes[at + terms.contingency] as number, listIndex)) return false;
  const { orders, lists } = state;
  const account = c.u32[(at + terms.account) >> 2] as number;
  const instrument = c.u32[(at + terms.instrument) >> 2] as number;
  const group = lists.of(account, c.f64[(at + terms.listId) >> 3] as number);
  const closing = (row: number) =>
    orders.instrument[row] === instrument &&
    (orders.side[row] === SIDE.Buy) === (side === SIDE.Buy);
  // The children of a bracket cancel each other; those of a plain group may all fill.
  const others =
    c.bytes[at + terms.contingency] === CONTINGENCY.OneTriggersOther
      ? group
          .filter((row) => orders.listIndex[row] !== 0 && closing(row))
          .reduce((sum, row) => sum + (orders.exposed[row] as number), 0)
      : 0;
  return group.some(
    (row) =>
      orders.listIndex[row] === 0 &&
      orders.leavesQuantity[row] !== 0 &&
      orders.instrument[row] === instrument &&
      !closing(row) &&
      (orders.quantity[row] as number) >= others + lots,
  );
}

/** A replace has none of its own: more of a short sale needs a new order with a locate. */
function hasLocate(e: Emitter): boolean {
  const { command: c, at } = e;
  const long = c.u16[(at + HEADER.length) >> 1] === LONG_BYTES;
  const isNew = c.bytes[at + HEADER.number] === COMMAND.NewOrder;
  return isNew && long && c.u32[(at + terms.locate) >> 2] !== 0;
}
