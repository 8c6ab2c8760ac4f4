/** Who may do what, as of the last change: folded from the access log, never changed in place. */
import type { AccessChange, ChangeOf } from './access-change.js';
import type { AccessRecord } from './access-log.js';
import { AccessError } from './errors.js';

/** Users, and keys, certificates and sessions of all of them, that one book holds. */
export const USERS_MAX = 4096;
export const CREDENTIALS_MAX = 16_384;

export interface User extends Omit<ChangeOf<'UserAdded'>, 'type'> {
  readonly disabled: boolean;
}
export interface Key extends Omit<ChangeOf<'KeyAdded'>, 'type'> {
  readonly revoked: boolean;
  /** Milliseconds since 1970; Infinity never. */
  readonly expiresMs: number;
}
export type Certificate = Omit<ChangeOf<'CertificateAdded'>, 'type'>;
export type SessionLogin = Omit<ChangeOf<'SessionAdded'>, 'type'>;

export class AccessBook {
  readonly users = new Map<string, User>();
  readonly keys = new Map<string, Key>();
  /** By what they match. */
  readonly certificates = new Map<string, Certificate>();
  /** By login. */
  readonly sessions = new Map<string, SessionLogin>();
  /** Session numbers are never given again: they are in the header of every event. */
  readonly sessionIds = new Set<number>();
  /** Number of the last change. */
  n = 0;

  /** @throws AccessError ACCESS_CHANGE_INVALID when a change contradicts those before */
  static of(records: readonly AccessRecord[]): AccessBook {
    const book = new AccessBook();
    for (const { n, change } of records) {
      book.take(change);
      book.n = n;
    }
    return book;
  }

  /** @throws AccessError ACCESS_CHANGE_INVALID */
  take(change: AccessChange): void {
    switch (change.type) {
      case 'UserAdded':
        return this.#addUser(change);
      case 'UserChanged':
        return this.#changeUser(change);
      case 'KeyAdded':
        return this.#addKey(change);
      case 'KeyRevoked': {
        const key = this.keys.get(change.id);
        if (key === undefined) throw invalid(`no key ${change.id}`);
        this.keys.set(change.id, { ...key, revoked: true });
        return;
      }
      case 'CertificateAdded': {
        const { type: _type, ...certificate } = change;
        this.#needUser(certificate.user);
        this.#needRoom();
        if (this.certificates.has(certificate.match)) throw invalid(`${change.match} is taken`);
        this.certificates.set(certificate.match, certificate);
        return;
      }
      case 'CertificateRemoved':
        if (!this.certificates.delete(change.match)) throw invalid(`no ${change.match}`);
        return;
      case 'SessionAdded':
        return this.#addSession(change);
      case 'SessionRemoved':
        if (!this.sessions.delete(change.login)) throw invalid(`no session ${change.login}`);
        return;
      case 'SessionPasswordChanged': {
        const session = this.sessions.get(change.login);
        if (session === undefined) throw invalid(`no session ${change.login}`);
        this.sessions.set(change.login, { ...session, passwordHash: change.passwordHash });
      }
    }
  }

  #addUser({ type: _type, ...user }: ChangeOf<'UserAdded'>): void {
    if (this.users.has(user.name)) throw invalid(`there is a user ${user.name}`);
    if (this.users.size >= USERS_MAX) throw invalid(`more than ${USERS_MAX} users`);
    for (const { subject, name } of this.users.values()) {
      if (subject === user.subject) throw invalid(`${name} has the same subject`);
    }
    this.users.set(user.name, { ...user, disabled: false });
  }

  #changeUser({ type: _type, ...change }: ChangeOf<'UserChanged'>): void {
    const before = this.#needUser(change.name);
    const after = { ...before };
    for (const [field, value] of Object.entries(change)) {
      if (value !== undefined) Object.assign(after, { [field]: value });
    }
    this.users.set(change.name, after);
  }

  #addKey({ type: _type, ...key }: ChangeOf<'KeyAdded'>): void {
    this.#needUser(key.user);
    this.#needRoom();
    if (this.keys.has(key.id)) throw invalid(`there is a key ${key.id}`);
    const expiresMs =
      key.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(key.expires);
    this.keys.set(key.id, { ...key, revoked: false, expiresMs });
  }

  #addSession({ type: _type, ...session }: ChangeOf<'SessionAdded'>): void {
    this.#needUser(session.user);
    this.#needRoom();
    if (this.sessions.has(session.login)) throw invalid(`there is a login ${session.login}`);
    if (this.sessionIds.has(session.id)) throw invalid(`session ${session.id} was given before`);
    for (const other of this.sessions.values()) {
      if (other.session === session.session) throw invalid(`there is a session ${session.session}`);
    }
    this.sessionIds.add(session.id);
    this.sessions.set(session.login, session);
  }

  #needUser(name: string): User {
    const user = this.users.get(name);
    if (user === undefined) throw invalid(`no user ${name}`);
    return user;
  }

  #needRoom(): void {
    const size = this.keys.size + this.certificates.size + this.sessions.size;
    if (size >= CREDENTIALS_MAX) throw invalid(`more than ${CREDENTIALS_MAX} credentials`);
  }
}

function invalid(why: string): AccessError {
  return new AccessError('ACCESS_CHANGE_INVALID', why);
}
