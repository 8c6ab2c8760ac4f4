/** Set and show risk limits. */
import { COMMAND } from '../../domain/commands.js';
import type { EventOf } from '../../domain/events.js';
import {
  LIMIT,
  type LimitName,
  limits as limitKinds,
  NO_LIMIT,
} from '../../domain/risk-catalogue.js';
import { assert } from '../../lib/assert.js';
import { authorize } from '../identity/authorize.js';
import type { ApprovalTerms } from '../reference/approvals.js';
import type { Scope } from '../reference/reference-data.js';
import { type Application, type Caller, perform } from './application.js';
import { askApproval } from './approval-requests.js';
import { throwIfRefused } from './command-refusals.js';
import { invalidField } from './errors.js';
import { instrumentIndex } from './instruments.js';
import { limitView } from './limit-views.js';
import { accountOfScope, scopeIndex, visibleScopes } from './scopes.js';
import { microsOf, wholeNumber } from './terms.js';
import type { ApprovalView, LimitView } from './views.js';

export interface ChangeLimit {
  readonly limit: LimitName;
  readonly scope: Scope;
  /** Group or account; absent for the firm. */
  readonly name?: string | undefined;
  readonly instrument?: string | undefined;
  /** In the unit of the limit, amounts of money as decimal text; null removes it. */
  readonly value: string | null;
}

/**
 * Set by an identity, it waits for a second one (`approvals.ts`).
 * @throws ApplicationError PERMISSION_DENIED, REQUEST_INVALID, LIMIT_INVALID, and those of
 *   `scopeIndex` and `perform`
 */
export async function changeLimit(
  app: Application,
  caller: Caller,
  request: ChangeLimit,
): Promise<LimitView | ApprovalView> {
  const { limit, scope, instrument, value } = request;
  authorize(caller.identity, 'limits.change', accountOfScope(scope, request.name));
  if (scope === 'Instrument') throw invalidField('scope', 'Firm, Group or Account');
  const terms = {
    limit: LIMIT[limit],
    scope,
    scopeId: scopeIndex(app, scope, request.name),
    instrument: instrument === undefined ? 0 : instrumentIndex(app, instrument),
    value: value === null ? NO_LIMIT : limitValue(limit, value),
  };
  if (!caller.identity.fourEyes) return setLimit(app, caller, terms);
  return askApproval(app, caller, { ...terms, commandNumber: COMMAND.ChangeLimit });
}

/** Sets it at once: whoever calls has seen to the permission. @throws as `changeLimit` */
export async function setLimit(
  app: Application,
  caller: Caller,
  terms: Pick<ApprovalTerms, 'limit' | 'scope' | 'scopeId' | 'instrument' | 'value'>,
): Promise<LimitView> {
  const { limit, scope, scopeId, instrument, value } = terms;
  const data = { limit, scope, scopeId, instrument, value, previous: NO_LIMIT };
  const events = await perform(app, caller, 'ChangeLimit', data);
  throwIfRefused(events);
  const changed = events.find(
    (event): event is EventOf<'LimitChanged'> => event.type === 'LimitChanged',
  );
  assert(changed !== undefined, 'a limit is changed or refused');
  return limitView(app.reference, { ...changed.data, sequence: changed.sequence });
}

function limitValue(limit: LimitName, text: string): number {
  const value =
    limitKinds[limit].unit === 'micros' ? microsOf('value', text) : wholeNumber('value', text);
  if (value < 0) throw invalidField('value', 'must not be negative; null removes the limit');
  return value;
}

export function limits(app: Application, caller: Caller): LimitView[] {
  const visible = visibleScopes(app, caller, 'limits.read');
  const all = app.reference.limits().filter(({ scope, scopeId }) => visible(scope, scopeId));
  return all.map((limit) => limitView(app.reference, limit));
}
