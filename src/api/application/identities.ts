/** The identities in force, without anything that could prove one. */
import type { Admission } from '../identity/admission.js';
import { authorize } from '../identity/authorize.js';
import type { Caller } from './application.js';

export interface UserView {
  readonly name: string;
  /** Index in the events that it causes. */
  readonly actor: number;
  readonly kind: 'person' | 'program';
  readonly roles: readonly string[];
  readonly accounts: 'all' | readonly string[];
  readonly disabled: boolean;
  readonly keys: readonly {
    readonly id: string;
    readonly revoked: boolean;
    readonly expires: string | null;
  }[];
  readonly certificates: readonly string[];
  readonly sessions: readonly string[];
}

/**
 * They are changed on the machine alone, by `daybook identity`: what lets people in is not reachable
 * over the network.
 *
 * @param admission absent: there are none
 * @throws ApplicationError PERMISSION_DENIED
 */
export function users(admission: Admission | undefined, caller: Caller): UserView[] {
  authorize(caller.identity, 'identity.read');
  if (admission === undefined) return [];
  const { identities } = admission;
  const { book } = identities;
  return [...book.users.values()].map(({ name, kind, roles, accounts, disabled }) => ({
    ...{ name, actor: identities.actorOf(name) ?? 0, kind, roles, accounts, disabled },
    keys: [...book.keys.values()]
      .filter(({ user }) => user === name)
      .map(({ id, revoked, expires }) => ({ id, revoked, expires: expires ?? null })),
    certificates: [...book.certificates.values()].flatMap(({ user, match }) =>
      user === name ? [match] : [],
    ),
    sessions: [...book.sessions.values()].flatMap(({ user, login }) =>
      user === name ? [login] : [],
    ),
  }));
}
