/** Whether an identity may do something: the one place that decides it. */
import { type ApplicationError, problem } from '../application/errors.js';
import type { Accounts, Identity } from './identity.js';
import { type Action, permissions } from './permissions.js';

/** Every account, in the place of the name of one. */
export const EVERY_ACCOUNT = Symbol('every account');

/**
 * @param account name of the account that it is about, known or not, or EVERY_ACCOUNT; absent for
 *   actions that are about none
 */
export function mayDo(
  identity: Identity,
  action: Action,
  account?: string | typeof EVERY_ACCOUNT,
): boolean {
  const accounts = identity.may.get(action);
  if (accounts === undefined) return false;
  if (permissions[action].about === 'firm' || accounts === 'all') return true;
  return typeof account === 'string' && accounts.has(account);
}

/**
 * As `mayDo`; asks before anything is looked up, so that a refusal says nothing of what exists.
 * @throws ApplicationError PERMISSION_DENIED
 */
export function authorize(
  identity: Identity,
  action: Action,
  account?: string | typeof EVERY_ACCOUNT,
): void {
  if (!mayDo(identity, action, account)) throw permissionDenied(action, account);
}

/**
 * The accounts that an answer may be about when the question names none.
 * @throws ApplicationError PERMISSION_DENIED when there can be none
 */
export function accountsFor(identity: Identity, action: Action): Accounts {
  const accounts = identity.may.get(action);
  if (accounts === undefined) throw permissionDenied(action);
  return accounts;
}

/** What a route of REST or a method of gRPC takes. */
export interface Access {
  /** `public`: whoever reaches the listener; `known`: every identity. */
  readonly action: Action | 'public' | 'known';
  /** Other actions of which one is enough to be let through to the use case, which decides. */
  readonly or?: readonly Action[];
}

/** What no account would change: the use case decides the rest, when it knows the account. */
export function denialOf(
  identity: Identity,
  access: Access | undefined,
): ApplicationError | undefined {
  if (access === undefined) return problem('PERMISSION_DENIED', 'No rule lets anybody in here.');
  const { action, or = [] } = access;
  if (action === 'public' || action === 'known') return undefined;
  const may = [action, ...or].some((each) => identity.may.has(each));
  return may ? undefined : permissionDenied(action);
}

export function permissionDenied(
  action: Action,
  account?: string | typeof EVERY_ACCOUNT,
): ApplicationError {
  const what = `This identity may not do ${action}`;
  if (account === EVERY_ACCOUNT) return problem('PERMISSION_DENIED', `${what} for every account.`);
  const detail = typeof account === 'string' ? `${what} for this account.` : `${what}.`;
  return problem('PERMISSION_DENIED', detail, { action });
}
