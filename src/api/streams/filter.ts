/** What a subscriber of a topic is shown: accounts and instruments, by name. */
import { type ApplicationError, problem } from '../application/errors.js';
import { accountsFor, authorize } from '../identity/authorize.js';
import type { Accounts, Identity } from '../identity/identity.js';
import type { Entry } from './entry.js';
import type { Topic } from './topics.js';

/** Accounts, and instruments, that a subscription may name. */
export const FILTER_NAMES_MAX = 256;

export interface Filter {
  readonly accounts: Accounts;
  /** Undefined: all. */
  readonly instruments: ReadonlySet<string> | undefined;
  /** Equal filters have equal keys: their subscribers share one channel. */
  readonly key: string;
}

export interface Wanted {
  readonly accounts?: readonly string[] | undefined;
  readonly instruments?: readonly string[] | undefined;
}

/**
 * What is wanted, within what is permitted.
 * @throws ApplicationError PERMISSION_DENIED, REQUEST_TOO_LARGE
 */
export function filterOf(identity: Identity, topic: Topic, wanted: Wanted): Filter {
  const { accounts: named = [], instruments: symbols = [] } = wanted;
  if (named.length > FILTER_NAMES_MAX || symbols.length > FILTER_NAMES_MAX) throw tooMany();
  const permitted = accountsFor(identity, topic.action);
  for (const account of named) authorize(identity, topic.action, account);
  const accounts = named.length > 0 ? new Set(named) : permitted;
  const instruments = symbols.length > 0 ? new Set(symbols) : undefined;
  const key = JSON.stringify([
    accounts === 'all' ? null : [...accounts].sort(),
    instruments === undefined ? null : [...instruments].sort(),
  ]);
  return { accounts, instruments, key };
}

export function shows({ accounts, instruments }: Filter, entry: Entry): boolean {
  if (instruments !== undefined && !instruments.has(entry.instrument)) return false;
  return accounts === 'all' || entry.account === null || accounts.has(entry.account);
}

function tooMany(): ApplicationError {
  return problem('REQUEST_TOO_LARGE', `At most ${FILTER_NAMES_MAX} accounts and instruments.`);
}
