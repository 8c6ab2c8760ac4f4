/** In which currency the sums and limits of the firm and of each group are. */
import { COMMAND } from '../../domain/commands.js';
import { isCurrency } from '../../domain/currency.js';
import type { EventOf } from '../../domain/events.js';
import { NO_LIMIT } from '../../domain/risk-catalogue.js';
import { assert } from '../../lib/assert.js';
import { authorize, EVERY_ACCOUNT } from '../identity/authorize.js';
import type { ApprovalTerms } from '../reference/approvals.js';
import { type Application, type Caller, perform } from './application.js';
import { askApproval } from './approval-requests.js';
import { baseCurrencyView } from './base-currency-view.js';
import { throwIfRefused } from './command-refusals.js';
import { invalidField } from './errors.js';
import { scopeIndex, visibleScopes } from './scopes.js';
import type { ApprovalView, BaseCurrencyView } from './views.js';

export interface SetBaseCurrency {
  readonly scope: 'Firm' | 'Group';
  /** Of the group; absent for the firm. */
  readonly name?: string | undefined;
  /** ISO 4217 code. */
  readonly currency: string;
}

type Terms = Pick<ApprovalTerms, 'scope' | 'scopeId' | 'text'>;

/** The firm, if it has accounts or a currency, and all groups. */
export function baseCurrencies(app: Application, caller: Caller): BaseCurrencyView[] {
  const visible = visibleScopes(app, caller, 'limits.read');
  const all = app.reference
    .baseCurrencies()
    .filter(({ scope, scopeId }) => visible(scope, scopeId));
  return all.map((each) => baseCurrencyView(app.reference, each));
}

/**
 * Asked for by an identity, it waits for a second one (`approvals.ts`): limits keep their numbers, which
 * then mean another amount of money.
 * @throws ApplicationError PERMISSION_DENIED, REQUEST_INVALID, GROUP_UNKNOWN, CAPACITY_REFERENCE,
 *   RISK_RATE_MISSING (what was lost today cannot be converted), and those of `perform`
 */
export async function setBaseCurrency(
  app: Application,
  caller: Caller,
  { scope, name, currency }: SetBaseCurrency,
): Promise<BaseCurrencyView | ApprovalView> {
  authorize(caller.identity, 'limits.change', EVERY_ACCOUNT);
  if (!isCurrency(currency)) throw invalidField('currency', 'not a currency code');
  const terms = { scope, scopeId: scopeIndex(app, scope, name), text: currency };
  if (!caller.identity.fourEyes) return putBaseCurrency(app, caller, terms);
  return askApproval(app, caller, {
    ...{ ...terms, commandNumber: COMMAND.SetBaseCurrency },
    ...{ limit: 0, instrument: 0, value: NO_LIMIT, state: 'Active' },
  });
}

/** Sets it at once: whoever calls has seen to the permission. @throws as `setBaseCurrency` */
export async function putBaseCurrency(
  app: Application,
  caller: Caller,
  { scope, scopeId, text: currency }: Terms,
): Promise<BaseCurrencyView> {
  const data = { scope, scopeId, currency, previous: '' };
  const events = await perform(app, caller, 'SetBaseCurrency', data);
  throwIfRefused(events);
  const changed = events.find(
    (event): event is EventOf<'BaseCurrencyChanged'> => event.type === 'BaseCurrencyChanged',
  );
  assert(changed !== undefined, 'a base currency is changed or refused');
  return baseCurrencyView(app.reference, { ...changed.data, sequence: changed.sequence });
}
