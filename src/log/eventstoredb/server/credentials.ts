import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { unauthenticated } from './rpc-error.js';

/** Says whether a user may come in. Clients send credentials over TLS only. */
export type Authenticate = (user: string, password: string) => boolean;

/** @throws RpcError UNAUTHENTICATED unless the call carries credentials that are accepted */
export function checkCredentials(metadata: Metadata, authenticate: Authenticate | undefined): void {
  if (authenticate === undefined) return;
  const [header] = metadata.get('authorization');
  const match = /^Basic ([A-Za-z0-9+/=]+)$/.exec(String(header ?? ''));
  if (match === null) throw unauthenticated();
  const [user, ...password] = Buffer.from(match[1]!, 'base64').toString('utf8').split(':');
  if (!authenticate(user ?? '', password.join(':'))) throw unauthenticated();
}

/** A key whose owner may read the log: its id is the user, the key the password. Crosses threads. */
export interface ReaderKey {
  readonly id: string;
  /** SHA-256 of what stands behind the last `_` part of the key, in hexadecimal. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

/** Accepts the keys as they are at the time; a password may be the whole key or its secret alone. */
export function readerKeys(keys: () => readonly ReaderKey[]): Authenticate {
  return (user, password) => {
    const secret = password.startsWith(`dbk_${user}_`)
      ? password.slice(`dbk_${user}_`.length)
      : password;
    const given = createHash('sha256').update(secret).digest();
    const key = keys().find(({ id }) => id === user);
    const wanted = Buffer.from(key?.hash ?? '00'.repeat(given.length), 'hex');
    return timingSafeEqual(given, wanted) && key !== undefined && key.expiresMs > Date.now();
  };
}

/** Accepts one user. Compared by digest, so the time taken tells nothing about either. */
export function singleUser(user: string, password: string): Authenticate {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`${user}\0${password}`);
  return (givenUser, givenPassword) =>
    timingSafeEqual(digest(`${givenUser}\0${givenPassword}`), wanted);
}
