/**
 * A value at risk above its limit. It is computed outside, from the read models, and so arrives as a
 * value in a command; what it is held against, and what follows, is decided here: again and again the
 * same from the log.
 */
import { decodeCommand } from '../../domain/command-codec.js';
import { COMMAND } from '../../domain/commands.js';
import { SCOPE, TRADING_STATE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { LIMIT, NO_LIMIT } from '../../domain/risk-catalogue.js';
import type { Emitter } from '../emitter.js';
import type { ShardState } from '../state/shard-state.js';
import { emit, refuseCommand } from './control.js';

/**
 * Trips the breaker of the scope, which then only reduces, if the value is above the limit in force and
 * the scope still trades freely. It is reset as every breaker: by command, or after its cool-down.
 */
export function decideReportValueAtRisk(e: Emitter): void {
  const { scope, scopeId, value } = decodeCommand('ReportValueAtRisk', e.command.bytes, e.at);
  const { state } = e;
  const key = { limit: LIMIT.MaxValueAtRisk, scope: SCOPE[scope], scopeId, instrument: 0 };
  const limit = state.limits.get(key);
  const trips = limit !== NO_LIMIT && value > limit && tradesFreely(state, key.scope, scopeId);
  if (!trips) {
    refuseCommand(e, COMMAND.ReportValueAtRisk, REASON.LIMIT_NOT_EXCEEDED, scopeId);
    return;
  }
  const breaker = LIMIT.MaxValueAtRisk;
  emit(e, 'CircuitBreakerTripped', { limit, value, scopeId, breaker, scope, state: 'Reducing' });
}

/** A limit is set for a scope that exists only, so its index is one of the tables'. */
function tradesFreely(state: ShardState, scope: number, scopeId: number): boolean {
  const { accounts, firmState } = state;
  if (scope === SCOPE.Firm) return firmState === TRADING_STATE.Active;
  const states = scope === SCOPE.Group ? accounts.groupState : accounts.state;
  return states[scopeId] === TRADING_STATE.Active;
}
