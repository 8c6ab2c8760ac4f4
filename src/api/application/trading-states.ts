/** Halt, reduce and resume trading of the firm, a group, an account or an instrument. */
import type { EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { authorize } from '../identity/authorize.js';
import type { Scope, TradingState, TradingStateInForce } from '../reference/reference-data.js';
import { type Application, type Caller, perform } from './application.js';
import { throwIfRefused } from './order-requests.js';
import { accountOfScope, scopeIndex, scopeName, visibleScopes } from './scopes.js';
import type { TradingStateView } from './views.js';

export interface SetTradingState {
  readonly scope: Scope;
  readonly name?: string | undefined;
  readonly state: TradingState;
  /** Why, in the words of who does it: up to 32 characters of printable ASCII. */
  readonly text?: string | undefined;
}

/** @throws ApplicationError as `scopeIndex` and `perform`, and the reason of a refusal */
export async function setTradingState(
  app: Application,
  caller: Caller,
  request: SetTradingState,
): Promise<TradingStateView> {
  const { scope, state } = request;
  const action = state === 'Active' ? 'trading.resume' : 'trading.halt';
  authorize(caller.identity, action, accountOfScope(scope, request.name));
  const scopeId = scopeIndex(app, scope, request.name);
  const text = request.text ?? '';
  const events = await perform(app, caller, 'SetTradingState', {
    scope,
    scopeId,
    state,
    previous: 'Active',
    text,
  });
  throwIfRefused(events);
  const set = events.find(
    (event): event is EventOf<'TradingHalted'> | EventOf<'TradingResumed'> =>
      event.type === 'TradingHalted' || event.type === 'TradingResumed',
  );
  assert(set !== undefined, 'a trading state is set or refused');
  return stateView(app, { scope, scopeId, state: set.data.state, text, sequence: set.sequence });
}

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
