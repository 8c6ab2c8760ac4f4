/** Cancels above their rate: on record, and they pass all the same. */
import { eventLayouts } from '../../domain/events.js';
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { type Emitter, recordOf } from '../emitter.js';
import { hasToken, SCOPED, SCOPED_WIDTH, SWITCHED_ON } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { beginOrderEvent } from './order-event.js';

const decided = eventLayouts.RiskDecided.offsets;
const RISK_DECIDED = recordOf('RiskDecided');
const { CancelRate } = SWITCHED_ON;

/** Leaves a RiskDecided, passed, when a bucket of account, group or firm is empty. */
export function recordCancelRate(e: Emitter, row: number): void {
  const { state, out } = e;
  const account = state.orders.account[row] as number;
  if (((state.accounts.checks[account] as number) & CancelRate) === 0) return;
  const group = state.accounts.group[account] as number;
  const { first, now } = state.scopes;
  now[0] = e.timeMs;
  let scope = first + account;
  if (!isEmpty(state, scope)) scope = group;
  if (!isEmpty(state, scope)) scope = 0;
  if (!isEmpty(state, scope)) return;
  const limit = state.scopes.rows[scope * SCOPED_WIDTH + SCOPED.cancelRate] as number;
  const at = beginOrderEvent(e, RISK_DECIDED, row);
  out.f64[(at + decided.limit) >> 3] = limit;
  out.f64[(at + decided.value) >> 3] = limit + 1;
  out.i32[(at + decided.checks) >> 2] = CancelRate;
  out.u16[(at + decided.reason) >> 1] = REASON.RISK_CANCEL_RATE;
  out.bytes[at + decided.check] = RISK_CHECK.CancelRate;
  out.bytes[at + decided.passed] = 1;
  e.end(at);
}

function isEmpty(state: ShardState, scope: number): boolean {
  const { own, rows, now } = state.scopes;
  if (((own[scope] as number) & CancelRate) === 0) return false;
  return !hasToken(rows, scope * SCOPED_WIDTH + SCOPED.cancelRate, now);
}
