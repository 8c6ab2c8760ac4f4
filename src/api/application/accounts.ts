/** Open and change accounts. */
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { accountsFor, authorize } from '../identity/authorize.js';
import { type Account, accountOf } from '../reference/account.js';
import { type Application, type Caller, perform } from './application.js';
import { throwIfRefused } from './command-refusals.js';
import { ApplicationError } from './errors.js';
import { accountIndex } from './order-reference.js';
import { microsOf, microsText } from './terms.js';
import type { AccountView } from './views.js';

export interface AccountTerms {
  readonly currency: string;
  /** Name of the group of accounts; made with its first account. */
  readonly group?: string | undefined;
  readonly selfTradePrevention?: Account['selfTradePrevention'] | undefined;
  readonly open?: boolean | undefined;
  /** Money for each lot traded. */
  readonly commissionPerLot?: string | undefined;
}

/** @throws ApplicationError ACCOUNT_INVALID, CAPACITY_REFERENCE; those of `perform` */
export async function openAccount(
  app: Application,
  caller: Caller,
  name: string,
  terms: AccountTerms,
): Promise<AccountView> {
  authorize(caller.identity, 'accounts.change');
  if (app.reference.accountByName(name) !== undefined) {
    const detail = 'An account of this name is open; PUT changes it.';
    throw new ApplicationError('ACCOUNT_INVALID', 'conflict', detail, { account: name });
  }
  return submitTerms(app, caller, 0, name, terms);
}

/** @throws ApplicationError ACCOUNT_UNKNOWN, and those of `openAccount` */
export async function changeAccount(
  app: Application,
  caller: Caller,
  name: string,
  terms: AccountTerms,
): Promise<AccountView> {
  authorize(caller.identity, 'accounts.change');
  return submitTerms(app, caller, accountIndex(app, name), name, terms);
}

async function submitTerms(
  app: Application,
  caller: Caller,
  index: number,
  name: string,
  terms: AccountTerms,
): Promise<AccountView> {
  const groupName = terms.group ?? '';
  const events = await perform(app, caller, 'OpenAccount', {
    account: index,
    name,
    currency: terms.currency,
    group: groupName === '' ? 0 : (app.reference.groupByName(groupName) ?? 0),
    groupName,
    selfTradePrevention: terms.selfTradePrevention ?? 'AccountDefault',
    open: terms.open === false ? 0 : 1,
    commissionPerLot: microsOf('commissionPerLot', terms.commissionPerLot ?? '0'),
  });
  throwIfRefused(events);
  const event = events.find(isAccount);
  assert(event !== undefined, 'an account is opened, changed or refused');
  return accountView(accountOf(event));
}

const isAccount = (
  event: DaybookEvent,
): event is EventOf<'AccountOpened'> | EventOf<'AccountChanged'> =>
  event.type === 'AccountOpened' || event.type === 'AccountChanged';

/** @throws ApplicationError PERMISSION_DENIED */
export function accounts(app: Application, caller: Caller): AccountView[] {
  const may = accountsFor(caller.identity, 'accounts.read');
  const all = app.reference.accounts();
  return all.filter(({ name }) => may === 'all' || may.has(name)).map(accountView);
}

/** @throws ApplicationError PERMISSION_DENIED, ACCOUNT_UNKNOWN */
export function account(app: Application, caller: Caller, name: string): AccountView {
  authorize(caller.identity, 'accounts.read', name);
  const found = app.reference.account(accountIndex(app, name));
  assert(found !== undefined, 'a name and its index are of one account');
  return accountView(found);
}

function accountView(terms: Account): AccountView {
  return {
    name: terms.name,
    group: terms.group === 0 ? null : terms.groupName,
    currency: terms.currency,
    selfTradePrevention: terms.selfTradePrevention,
    open: terms.open,
    commissionPerLot: microsText(terms.commissionPerLot),
    sequence: terms.sequence,
  };
}
