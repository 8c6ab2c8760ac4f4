/**
 * The identities in force: the access log as of its last change, each user with its index on the
 * event log. A change is in force once every user of it is registered there, so that no event can
 * name an actor whom the log does not know.
 */
import { AccessBook, type Key, type User } from './access-book.js';
import { readAccessLog } from './access-log.js';
import {
  type Accounts,
  type CredentialKind,
  type Identity,
  permissionsOf,
  type Scope,
} from './identity.js';
import type { Action } from './permissions.js';
import { REQUESTS_PER_SECOND_DEFAULT } from './rate-limit.js';

export interface KnownKey extends Key {
  readonly identity: Identity;
}

/** Gives the index of an actor on the log, after its registration is durable. */
export type RegisterActor = (user: User) => Promise<number>;

export class Identities {
  readonly book: AccessBook;
  readonly #actors: ReadonlyMap<string, number>;
  readonly #keys = new Map<string, KnownKey>();
  readonly #certificates = new Map<string, Identity>();

  private constructor(book: AccessBook, actors: ReadonlyMap<string, number>) {
    this.book = book;
    this.#actors = actors;
    for (const key of book.keys.values()) {
      const identity = this.#identityOf(key.user, 'key', key.id, key);
      if (identity !== undefined) this.#keys.set(key.id, { ...key, identity });
    }
    for (const { match, user } of book.certificates.values()) {
      const identity = this.#identityOf(user, 'certificate', match);
      if (identity !== undefined) this.#certificates.set(match, identity);
    }
  }

  /** @throws AccessError, and what `register` rejects with */
  static async read(directory: string, register: RegisterActor): Promise<Identities> {
    return Identities.of(AccessBook.of(readAccessLog(directory)), register);
  }

  static async of(book: AccessBook, register: RegisterActor): Promise<Identities> {
    const actors = new Map<string, number>();
    for (const user of book.users.values()) actors.set(user.name, await register(user));
    return new Identities(book, actors);
  }

  /** Index of a user on the log; undefined when there is no such user. */
  actorOf(name: string): number | undefined {
    return this.#actors.get(name);
  }

  /** Also one that is revoked or has expired, so that its owner can be told. */
  key(id: string): KnownKey | undefined {
    return this.#keys.get(id);
  }

  /** Keys that are neither revoked nor narrowed away from an action. */
  keysThatMay(action: Action): KnownKey[] {
    const keys = [...this.#keys.values()];
    return keys.filter(({ revoked, identity }) => !revoked && identity.may.has(action));
  }

  /** @param names of a certificate that a trusted authority has signed */
  byCertificate(names: readonly string[]): Identity | undefined {
    for (const name of names) {
      const identity = this.#certificates.get(name);
      if (identity !== undefined) return identity;
    }
    return undefined;
  }

  /** Of a user, within a scope; undefined when there is none, or it is disabled. */
  ofUser(name: string, kind: CredentialKind, id: string, scope: Scope = {}): Identity | undefined {
    return this.#identityOf(name, kind, id, scope);
  }

  #identityOf(
    name: string,
    kind: CredentialKind,
    id: string,
    scope: Scope = {},
  ): Identity | undefined {
    const user = this.book.users.get(name);
    const actor = this.#actors.get(name);
    if (user === undefined || actor === undefined || user.disabled) return undefined;
    const accounts: Accounts = user.accounts === 'all' ? 'all' : new Set(user.accounts);
    return {
      ...{ actor, name, roles: user.roles },
      may: permissionsOf(user.roles, accounts, scope),
      credential: { kind, id },
      fourEyes: true,
      requestsPerSecond: user.requestsPerSecond ?? REQUESTS_PER_SECOND_DEFAULT,
    };
  }
}
