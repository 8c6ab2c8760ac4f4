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

/** Accepts one user. Compared by digest, so the time taken tells nothing about either. */
export function singleUser(user: string, password: string): Authenticate {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`${user}\0${password}`);
  return (givenUser, givenPassword) =>
    timingSafeEqual(digest(`${givenUser}\0${givenPassword}`), wanted);
}
