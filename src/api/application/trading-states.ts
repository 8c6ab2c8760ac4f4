/** Halt, reduce and resume trading of the firm, a group, an account or an instrument. */
import { COMMAND } from '../../domain/commands.js';
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { TRADING_STATE } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';
import { authorize, mayDo } from '../identity/authorize.js';
import type { ApprovalTerms } from '../reference/approvals.js';
import type { Scope, TradingState, TradingStateInForce } from '../reference/reference-data.js';
import { type Application, type Caller, perform } from './application.js';
import { askApproval } from './approval-requests.js';
import { throwIfRefused } from './command-refusals.js';
import { accountOfScope, scopeIndex, scopeName, visibleScopes } from './scopes.js';
import type { ApprovalView, TradingStateView } from './views.js';

export interface SetTradingState {
  readonly scope: Scope;
  readonly name?: string | undefined;
  readonly state: TradingState;
  /** Why, in the words of who does it: up to 32 characters of printable ASCII. */
  readonly text?: string | undefined;
}

/**
 * Whoever may halt does so alone; letting go again, wholly or in part, waits for a second identity
 * (`approvals.ts`).
 * @throws ApplicationError PERMISSION_DENIED; as `scopeIndex` and `perform`, and the reason of a refusal
 */
export async function setTradingState(
  app: Application,
  caller: Caller,
  request: SetTradingState,
): Promise<TradingStateView | ApprovalView> {
  const { identity } = caller;
  const { scope, name, state, text = '' } = request;
  const account = accountOfScope(scope, name);
  // Before anything is looked up: whoever may neither halt nor resume is told nothing.
  if (state === 'Active') authorize(identity, 'trading.resume', account);
  else if (!mayDo(identity, 'trading.resume', account))
    authorize(identity, 'trading.halt', account);
  const scopeId = scopeIndex(app, scope, name);
  const lets = letsGo(app, scope, scopeId, state);
  authorize(identity, lets ? 'trading.resume' : 'trading.halt', account);
  if (!identity.fourEyes || !lets)
    return putTradingState(app, caller, { scope, scopeId, state, text });
  const commandNumber = COMMAND.SetTradingState;
  return askApproval(app, caller, { scope, scopeId, state, text, commandNumber });
}

/** Active always does: whether the scope is halted this very moment, only the writer knows. */
function letsGo(app: Application, scope: Scope, scopeId: number, state: TradingState): boolean {
  const now = app.reference.tradingState(scope, scopeId);
  return state === 'Active' || TRADING_STATE[state] < TRADING_STATE[now];
}

/** Sets it at once: whoever calls has seen to the permission. @throws as `setTradingState` */
export async function putTradingState(
  app: Application,
  caller: Caller,
  terms: Pick<ApprovalTerms, 'scope' | 'scopeId' | 'state' | 'text'>,
): Promise<TradingStateView> {
  const { scope, scopeId, state, text } = terms;
  const data = { scope, scopeId, state, previous: 'Active' as const, text };
  const events = await perform(app, caller, 'SetTradingState', data);
  throwIfRefused(events);
  const set = events.find(isStateSet);
  assert(set !== undefined, 'a trading state is set or refused');
  return stateView(app, { scope, scopeId, state: set.data.state, text, sequence: set.sequence });
}

/** A scope that a circuit breaker had stopped is let go by resetting the breaker. */
const isStateSet = (
  event: DaybookEvent,
): event is EventOf<'TradingHalted' | 'TradingResumed' | 'CircuitBreakerReset'> =>
  event.type === 'TradingHalted' ||
  event.type === 'TradingResumed' ||
  event.type === 'CircuitBreakerReset';

/** Every scope that is not active. */
export function tradingStates(app: Application, caller: Caller): TradingStateView[] {
  const visible = visibleScopes(app, caller, 'trading.read');
  const all = app.reference.tradingStates();
  const seen = all.filter(({ scope, scopeId }) => visible(scope, scopeId));
  return seen.map((state) => stateView(app, state));
}

function stateView(app: Application, state: TradingStateInForce): TradingStateView {
  return {
    scope: state.scope,
    name: scopeName(app.reference, state.scope, state.scopeId),
    state: state.state,
    text: state.text,
    sequence: state.sequence,
  };
}
