/**
 * The second identity: approves what another asked for, or refuses it; who asked may withdraw it.
 *
 * The decision and the change are two commands, one behind the other in the same ring. Should the
 * machine fail between them, the record says "approved" and the change is not in force: the safe
 * side; it is asked for again.
 */
import type { APPROVAL_DECISION } from '../../domain/approval.js';
import { COMMAND } from '../../domain/commands.js';
import { authorize, EVERY_ACCOUNT } from '../identity/authorize.js';
import { type Approval, waits } from '../reference/approvals.js';
import { type Application, type Caller, perform } from './application.js';
import { approvalView } from './approval-requests.js';
import { putBaseCurrency } from './base-currencies.js';
import { problem } from './errors.js';
import { setLimit } from './limits.js';
import { putTradingState } from './trading-states.js';
import type { ApprovalView } from './views.js';

export type ApprovalDecision = keyof typeof APPROVAL_DECISION;

export interface DecideApproval {
  readonly decision: ApprovalDecision;
  readonly text?: string | undefined;
}

/** Newest first: those that wait, and the latest of the others. @throws PERMISSION_DENIED */
export function approvals(app: Application, caller: Caller): ApprovalView[] {
  authorize(caller.identity, 'approvals.read');
  return app.reference.approvals.list().map((each) => approvalView(app, each));
}

/** @throws ApplicationError PERMISSION_DENIED, APPROVAL_UNKNOWN */
export function approval(app: Application, caller: Caller, id: number): ApprovalView {
  authorize(caller.identity, 'approvals.read');
  return approvalView(app, knownApproval(app, id));
}

/** Approvals whose decision is on its way to the log. */
const deciding = new WeakMap<Application, Set<number>>();

/**
 * @throws ApplicationError PERMISSION_DENIED, APPROVAL_UNKNOWN, APPROVAL_DECIDED, APPROVAL_OWN; those
 *   of the change itself and of `perform`
 */
export async function decideApproval(
  app: Application,
  caller: Caller,
  id: number,
  { decision, text = '' }: DecideApproval,
): Promise<ApprovalView> {
  authorize(caller.identity, 'approvals.decide');
  const found = knownApproval(app, id);
  authorizeDecision(caller, found, decision);
  const underWay = deciding.get(app) ?? new Set();
  deciding.set(app, underWay);
  app.clock.tick();
  if (!waits(found, app.clock.ns()) || underWay.has(id)) throw problem('APPROVAL_DECIDED');
  underWay.add(id);
  try {
    const recorded = perform(app, caller, 'DecideApproval', { approval: id, decision, text });
    // Both are in the ring before anything else can be.
    await Promise.all([recorded, decision === 'Approved' ? change(app, caller, found) : undefined]);
  } finally {
    underWay.delete(id);
  }
  return approvalView(app, knownApproval(app, id));
}

function authorizeDecision(
  { identity }: Caller,
  found: Approval,
  decision: ApprovalDecision,
): void {
  const own = identity.actor === found.requestedBy;
  if (decision === 'Withdrawn') {
    if (!own) throw problem('APPROVAL_OWN', 'Only who asked for a change withdraws it.');
    return;
  }
  const resumes = found.terms.commandNumber === COMMAND.SetTradingState;
  authorize(identity, resumes ? 'trading.resume' : 'limits.change', EVERY_ACCOUNT);
  if (own && identity.fourEyes) throw problem('APPROVAL_OWN');
}

async function change(app: Application, caller: Caller, { terms }: Approval): Promise<unknown> {
  if (terms.commandNumber === COMMAND.ChangeLimit) return setLimit(app, caller, terms);
  if (terms.commandNumber === COMMAND.SetBaseCurrency) return putBaseCurrency(app, caller, terms);
  return putTradingState(app, caller, terms);
}

function knownApproval(app: Application, id: number): Approval {
  const found = app.reference.approvals.get(id);
  if (found === undefined) throw problem('APPROVAL_UNKNOWN');
  return found;
}
