/** Sessions of the binary gateway follow the identities of their users. */
import type { AccessBook, SessionLogin } from '../api/identity/access-book.js';
import type { Admission } from '../api/identity/admission.js';
import { mayDo } from '../api/identity/authorize.js';
import type { Identities } from '../api/identity/identities.js';
import type { Action } from '../api/identity/permissions.js';
import type { RefusedLogin } from '../gateways/order-entry/connections.js';
import type { SessionPermit } from '../gateways/order-entry/permits.js';
import type { RunningOrderEntry } from '../operations/order-entry.js';

/** All that a session may do to an order. */
const ACTIONS: readonly Action[] = ['orders.submit', 'orders.replace', 'orders.cancel'];

/** Now, and after every change. @param book for a process that asks nobody who it is */
export function permitSessions(
  orderEntry: Pick<RunningOrderEntry, 'permit'>,
  admission: Admission | undefined,
  book: AccessBook,
): void {
  if (admission === undefined) {
    orderEntry.permit(
      [...book.sessions.values()].map((session) => permitOf(session, 0, session.accounts)),
    );
    return;
  }
  const permit = (identities: Identities): void => orderEntry.permit(permitsOf(identities));
  permit(admission.identities);
  admission.onChange(permit);
}

const WHY: { readonly [F in RefusedLogin['fault']]?: string } = {
  CREDENTIALS_WRONG: 'login unknown, off, or password wrong',
  LOGIN_ATTEMPTS_EXCEEDED: 'too many failed logins',
};

/** Puts refused logins on the record that REST and gRPC have; they are told no code. */
export function recordLogins(
  orderEntry: Pick<RunningOrderEntry, 'onRefused'>,
  admission: Admission,
): void {
  orderEntry.onRefused(({ fault, peer, user }) => {
    const exceeded = fault === 'LOGIN_ATTEMPTS_EXCEEDED';
    const code = exceeded ? fault : 'CREDENTIALS_INVALID';
    admission.recordLogin({
      code,
      why: WHY[fault] ?? fault,
      peer,
      what: 'OUCH login',
      login: user,
    });
  });
}

export function permitsOf(identities: Identities): SessionPermit[] {
  return [...identities.book.sessions.values()].flatMap((session) => {
    const identity = identities.ofUser(session.user, 'session', session.login);
    if (identity === undefined) return [];
    const accounts = session.accounts.filter((account) =>
      ACTIONS.every((action) => mayDo(identity, action, account)),
    );
    // Without any account left there is nothing that it may do.
    return accounts.length === 0 ? [] : [permitOf(session, identity.actor, accounts)];
  });
}

function permitOf(
  { login, passwordHash }: SessionLogin,
  actor: number,
  accounts: readonly string[],
): SessionPermit {
  return { user: login, passwordHash, actor, accounts };
}
