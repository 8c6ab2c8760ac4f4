/** Who acts, once it has proved who it is. */
import { ACTIONS, type Action, type Role, reachOf } from './permissions.js';

/** Accounts by name; `all` are those of today and of tomorrow. */
export type Accounts = 'all' | ReadonlySet<string>;

/** How it proved who it is. */
export type CredentialKind = 'key' | 'token' | 'certificate' | 'session' | 'none';

export interface Identity {
  /** Index in the header of every event it causes; 0 Daybook itself, or a process without identities. */
  readonly actor: number;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Which accounts it may do each action for; an action that is absent it may not do. */
  readonly may: ReadonlyMap<Action, Accounts>;
  readonly credential: { readonly kind: CredentialKind; readonly id: string };
  /** Whether limits and resumptions take a second identity. */
  readonly fourEyes: boolean;
  /** Requests in a second that it may send on average. */
  readonly requestsPerSecond: number;
}

/** What a credential leaves of the permissions of its owner; absent: all. */
export interface Scope {
  readonly actions?: readonly Action[] | undefined;
  readonly accounts?: readonly string[] | undefined;
}

/** What roles and accounts come to, action by action, within the scope of a credential. */
export function permissionsOf(
  roles: readonly Role[],
  accounts: Accounts,
  scope: Scope = {},
): ReadonlyMap<Action, Accounts> {
  const may = new Map<Action, Accounts>();
  for (const action of ACTIONS) {
    if (scope.actions !== undefined && !scope.actions.includes(action)) continue;
    const reach = reachOf(roles, action);
    if (reach === 'none') continue;
    may.set(action, within(reach === 'any' ? 'all' : accounts, scope.accounts));
  }
  return may;
}

function within(accounts: Accounts, scope: readonly string[] | undefined): Accounts {
  if (scope === undefined) return accounts;
  return new Set(scope.filter((name) => accounts === 'all' || accounts.has(name)));
}

/** Daybook itself, and whoever reaches a process that was started without identities. */
export const LOCAL_IDENTITY: Identity = {
  actor: 0,
  name: 'local',
  roles: [],
  may: new Map(ACTIONS.map((action) => [action, 'all'])),
  credential: { kind: 'none', id: '' },
  fourEyes: false,
  requestsPerSecond: Number.POSITIVE_INFINITY,
};

/** Who was not asked who it is; may do nothing. */
export const NOBODY: Identity = { ...LOCAL_IDENTITY, name: 'nobody', may: new Map() };
