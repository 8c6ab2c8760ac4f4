/** Whose limit or trading state: names at the edge, indexes inside. */

import { accountsFor, EVERY_ACCOUNT } from '../identity/authorize.js';
import type { Action } from '../identity/permissions.js';
import type { ReferenceData, Scope } from '../reference/reference-data.js';
import type { Application, Caller } from './application.js';
import { invalidField, problem } from './errors.js';
import { instrumentIndex } from './instruments.js';
import { accountIndex } from './order-reference.js';

/** @throws ApplicationError REQUEST_INVALID, GROUP_UNKNOWN, ACCOUNT_UNKNOWN, INSTRUMENT_UNKNOWN */
export function scopeIndex(app: Application, scope: Scope, name: string | undefined): number {
  if (scope === 'Firm') {
    if (name !== undefined) throw invalidField('name', 'the firm has none');
    return 0;
  }
  if (name === undefined) throw invalidField('name', `needed with scope ${scope}`);
  if (scope === 'Account') return accountIndex(app, name);
  if (scope === 'Instrument') return instrumentIndex(app, name);
  const group = app.reference.groupByName(name);
  if (group === undefined) throw problem('GROUP_UNKNOWN', undefined, { group: name });
  return group;
}

/** The account whose permission a scope takes: what is wider than one account takes all of them. */
export function accountOfScope(
  scope: Scope,
  name: string | undefined,
): string | typeof EVERY_ACCOUNT {
  return scope === 'Account' && name !== undefined ? name : EVERY_ACCOUNT;
}

/** Whether the caller sees a scope: its own accounts, and all that is wider than one account. */
export function visibleScopes(
  app: Application,
  caller: Caller,
  action: Action,
): (scope: Scope, index: number) => boolean {
  const may = accountsFor(caller.identity, action);
  return (scope, index) => {
    if (scope !== 'Account' || may === 'all') return true;
    return may.has(app.reference.account(index)?.name ?? '');
  };
}

export function scopeName(reference: ReferenceData, scope: Scope, index: number): string | null {
  if (scope === 'Firm') return null;
  if (scope === 'Account') return reference.account(index)?.name ?? null;
  if (scope === 'Instrument') return reference.instrument(index)?.symbol ?? null;
  return reference.groupName(index) ?? null;
}
