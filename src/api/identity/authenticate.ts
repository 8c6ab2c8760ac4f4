/** From what a client shows to who it is. */
import { type ApplicationError, problem } from '../application/errors.js';
import type { ProblemCode } from '../application/problems.js';
import { isKey, parseKey, secretMatches } from './api-key.js';
import type { Identities } from './identities.js';
import type { Identity } from './identity.js';
import {
  claimedSubject,
  type TokenClaims,
  TokenError,
  type TokenVerifier,
} from './json-web-token.js';
import { nameOf } from './refused-access.js';

/** What a client shows, in the terms of no transport. */
export interface Credentials {
  /** "Bearer dbk_…" or "Bearer <token>". */
  readonly authorization?: string | undefined;
  /** Of a TLS client: `untrusted` when its chain ends at no authority of ours. */
  readonly certificate?: ClientCertificate | undefined;
}

export type ClientCertificate = 'untrusted' | { readonly names: readonly string[] };

/** A refusal, with what the client is not told. */
export interface Unauthenticated {
  readonly error: ApplicationError;
  readonly why: string;
  readonly credential?: string | undefined;
  /** What was shown proves nothing: it may have been tried out. */
  readonly guess?: boolean;
}

export type Authenticated = Identity | Unauthenticated;

export const isRefused = (result: Authenticated): result is Unauthenticated => 'error' in result;

export function refusal(code: ProblemCode, why: string, credential?: string): Unauthenticated {
  return { error: problem(code), why, credential };
}

const guess = (why: string, credential?: string): Unauthenticated => ({
  ...refusal('CREDENTIALS_INVALID', why, credential),
  guess: true,
});

/** Nothing is shown: no attempt to be somebody. */
export const isBare = ({ authorization, certificate }: Credentials): boolean =>
  authorization === undefined && certificate === undefined;

/** Who it says it is, when there is such a user; nothing of it is proved. */
export function claimedBy(
  { authorization, certificate }: Credentials,
  identities: Identities,
): string | undefined {
  const bearer = bearerOf(authorization);
  if (bearer === undefined) {
    if (certificate === undefined || certificate === 'untrusted') return undefined;
    return identities.byCertificate(certificate.names)?.name;
  }
  if (isKey(bearer)) return identities.book.keys.get(parseKey(bearer)?.id ?? '')?.user;
  const subject = claimedSubject(bearer);
  return subject !== undefined && identities.book.users.has(subject) ? subject : undefined;
}

const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];

/**
 * Keys and tokens seen a moment ago are decided at once; the first use of a token is a promise.
 * Whoever shows a bearer credential is that one, whatever certificate the connection has.
 */
export function authenticate(
  { authorization, certificate }: Credentials,
  identities: Identities,
  tokens: TokenVerifier | undefined,
): Authenticated | Promise<Authenticated> {
  if (certificate === 'untrusted') return guess('certificate untrusted');
  if (authorization !== undefined) {
    const bearer = bearerOf(authorization);
    if (bearer === undefined) return guess('no bearer');
    if (isKey(bearer)) return byKey(bearer, identities);
    return byToken(bearer, identities, tokens);
  }
  if (certificate === undefined) return refusal('CREDENTIALS_MISSING', 'nothing shown');
  return (
    identities.byCertificate(certificate.names) ??
    refusal('CREDENTIALS_INVALID', `certificate of nobody: ${certificate.names.join(' ')}`)
  );
}

function byKey(text: string, identities: Identities): Authenticated {
  const parsed = parseKey(text);
  if (parsed === undefined) return guess('no form of a key');
  const { id, secret } = parsed;
  const key = identities.key(id);
  if (key === undefined) {
    return guess('key unknown or its user off', nameOf(id, identities.book.keys.has(id)));
  }
  if (!secretMatches(secret, key.hash)) return guess('secret wrong', id);
  if (key.revoked) return refusal('CREDENTIALS_INVALID', 'key revoked', id);
  if (key.expiresMs <= Date.now()) return refusal('CREDENTIALS_EXPIRED', 'key expired', id);
  return key.identity;
}

function byToken(
  token: string,
  identities: Identities,
  tokens: TokenVerifier | undefined,
): Authenticated | Promise<Authenticated> {
  if (tokens === undefined) return guess('tokens are not taken here');
  try {
    const known = tokens.known(token, Date.now());
    if (known !== undefined) return ofClaims(known, identities);
  } catch (error) {
    return tokenRefusal(error);
  }
  return tokens.verify(token).then((claims) => ofClaims(claims, identities), tokenRefusal);
}

function ofClaims({ subject, actions }: TokenClaims, identities: Identities): Authenticated {
  const identity = identities.ofUser(subject, 'token', subject, { actions });
  if (identity !== undefined) return identity;
  const name = nameOf(subject, identities.book.users.has(subject));
  return refusal('CREDENTIALS_INVALID', 'token of nobody, or its user off', name);
}

function tokenRefusal(error: unknown): Unauthenticated {
  if (!(error instanceof TokenError)) throw error;
  if (error.code === 'TOKEN_EXPIRED') return refusal('CREDENTIALS_EXPIRED', error.message);
  if (error.code === 'TOKEN_INVALID') return guess(error.message);
  return refusal('SERVICE_UNAVAILABLE', error.message);
}
