/** Asks for a second identity: the change is on record before it is made. */
import type { CommandData } from '../../domain/commands.js';
import { COMMAND } from '../../domain/commands.js';
import type { EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { formatIsoNs } from '../../lib/time.js';
import { APPROVALS_WAITING_MAX, type Approval } from '../reference/approvals.js';
import { type Application, type Caller, perform } from './application.js';
import { baseCurrencyView } from './base-currency-view.js';
import { problem } from './errors.js';
import { limitView } from './limit-views.js';
import { scopeName } from './scopes.js';
import type { ApprovalView } from './views.js';

/** How long a change waits for a second identity, in nanoseconds: a trading day. */
export const APPROVAL_WAIT_NS_MAX = 24n * 3600n * 1_000_000_000n;

/** What takes a second identity, by the command that waits. */
const CHANGES: Readonly<Record<number, ApprovalView['change']>> = {
  [COMMAND.ChangeLimit]: 'limit',
  [COMMAND.SetTradingState]: 'tradingState',
  [COMMAND.SetBaseCurrency]: 'baseCurrency',
};

/** @throws ApplicationError APPROVALS_FULL, and those of `perform` */
export async function askApproval(
  app: Application,
  caller: Caller,
  terms: Omit<CommandData<'RequestApproval'>, 'expires'>,
): Promise<ApprovalView> {
  app.clock.tick();
  const now = app.clock.ns();
  if (app.reference.approvals.waiting(now) >= APPROVALS_WAITING_MAX) {
    throw problem('APPROVALS_FULL');
  }
  const data = { ...terms, expires: now + APPROVAL_WAIT_NS_MAX };
  const events = await perform(app, caller, 'RequestApproval', data);
  const requested = events.find(
    (event): event is EventOf<'ApprovalRequested'> => event.type === 'ApprovalRequested',
  );
  assert(requested !== undefined, 'what is asked for is on record');
  const approval = app.reference.approvals.get(requested.sequence);
  assert(approval !== undefined, 'what is on record has been read');
  return approvalView(app, approval);
}

export function approvalView(app: Application, approval: Approval): ApprovalView {
  const { id, terms, requestedBy, requested, decided } = approval;
  const { scope, scopeId, state, text } = terms;
  const name = scopeName(app.reference, scope, scopeId);
  const change = CHANGES[terms.commandNumber];
  assert(change !== undefined, 'what waits is a change that takes a second identity');
  app.clock.tick();
  const expired = app.clock.ns() >= terms.expires;
  return {
    approval: id,
    status: decided?.decision ?? (expired ? 'Expired' : 'Waiting'),
    change,
    limit: change === 'limit' ? limitView(app.reference, { ...terms, sequence: id }) : null,
    tradingState: change === 'tradingState' ? { scope, name, state, text, sequence: id } : null,
    baseCurrency:
      change === 'baseCurrency'
        ? baseCurrencyView(app.reference, { scope, scopeId, currency: text, sequence: id })
        : null,
    requestedBy,
    requested: formatIsoNs(requested),
    expires: formatIsoNs(terms.expires),
    decidedBy: decided?.by ?? null,
    decided: decided === undefined ? null : formatIsoNs(decided.time),
    sequence: decided?.sequence ?? id,
  };
}
