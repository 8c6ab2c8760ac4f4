/** Set and show risk limits. */
import type { EventOf } from '../../domain/events.js';
import {
  LIMIT,
  type LimitName,
  limits as limitKinds,
  NO_LIMIT,
} from '../../domain/risk-catalogue.js';
import { assert } from '../../lib/assert.js';
import { authorize } from '../identity/authorize.js';
import type { LimitInForce, ReferenceData, Scope } from '../reference/reference-data.js';
import { type Application, type Caller, perform } from './application.js';
import { invalidField } from './errors.js';
import { instrumentIndex } from './instruments.js';
import { throwIfRefused } from './order-requests.js';
import { accountOfScope, scopeIndex, scopeName, visibleScopes } from './scopes.js';
import { microsOf, microsText, wholeNumber } from './terms.js';
import type { LimitView } from './views.js';

export interface ChangeLimit {
  readonly limit: LimitName;
  readonly scope: Scope;
  /** Group or account; absent for the firm. */
  readonly name?: string | undefined;
  readonly instrument?: string | undefined;
  /** In the unit of the limit, amounts of money as decimal text; null removes it. */
  readonly value: string | null;
}

const limitNames = new Map<number, LimitName>(
  Object.entries(LIMIT).map(([name, number]) => [number, name as LimitName]),
);

/**
 * @throws ApplicationError REQUEST_INVALID, LIMIT_INVALID, and those of `scopeIndex` and `perform`
 */
export async function changeLimit(
  app: Application,
  caller: Caller,
  request: ChangeLimit,
): Promise<LimitView> {
  const { limit, scope, instrument, value } = request;
  authorize(caller.identity, 'limits.change', accountOfScope(scope, request.name));
  if (scope === 'Instrument') throw invalidField('scope', 'Firm, Group or Account');
  const events = await perform(app, caller, 'ChangeLimit', {
    limit: LIMIT[limit],
    scope,
    scopeId: scopeIndex(app, scope, request.name),
    instrument: instrument === undefined ? 0 : instrumentIndex(app, instrument),
    value: value === null ? NO_LIMIT : limitValue(limit, value),
    previous: NO_LIMIT,
  });
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

function limitView(reference: ReferenceData, set: LimitInForce): LimitView {
  const limit = limitNames.get(set.limit);
  assert(limit !== undefined, 'limits on record are of the catalogue');
  const { unit } = limitKinds[limit];
  const money = unit === 'micros';
  return {
    limit,
    scope: set.scope,
    name: scopeName(reference, set.scope, set.scopeId),
    instrument: reference.instrument(set.instrument)?.symbol ?? null,
    value: set.value === NO_LIMIT ? null : money ? microsText(set.value) : String(set.value),
    unit: money ? 'money' : unit,
    sequence: set.sequence,
  };
}
