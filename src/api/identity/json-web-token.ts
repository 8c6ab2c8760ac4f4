/**
 * Tokens of an identity provider (JWT, RFC 7519), checked as RFC 8725 asks: algorithms from a list
 * of ours, never from the token; issuer and audience; expiry, always.
 *
 * A token names a user of the access log; roles and accounts are that user's. A token may be used
 * for many requests until it expires. That is safe without a memory of `jti`, because no request of
 * Daybook does a second thing when it is sent twice: an order has its client order id, the rest sets
 * a state.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { keysOfServer } from './key-server.js';
import { type Action, permissions } from './permissions.js';

/** Signatures with a public key. Never `none`, never a shared secret (HS256 ...). */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'PS384', 'RS256', 'RS384'];
/** How far clocks may be apart, in seconds. */
const LEEWAY_SECONDS = 5;
/** Longest token that is looked at, in characters. */
export const TOKEN_CHARS_MAX = 8192;
/** Verified tokens that are remembered, so that a signature is checked once; the oldest goes. */
export const TOKENS_KNOWN_MAX = 4096;
/** After this a remembered token is verified again: its key may have been withdrawn, in ms. */
export const TOKEN_KNOWN_MS_MAX = 60_000;
/** In `scope`, the permissions that a token is narrowed to. */
const SCOPE_PREFIX = 'daybook:';

export interface TokenOptions {
  readonly issuer: string;
  readonly audience: string;
  /** A file with a JWK set, read again when it changes, or an https (or loopback) URL. */
  readonly keys: string;
}

export interface TokenClaims {
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  /** Absent: the token is not narrowed. */
  readonly actions: readonly Action[] | undefined;
}

/** Why a token is refused: for the record, never for the client. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly code: 'TOKEN_EXPIRED' | 'TOKEN_INVALID' | 'TOKEN_KEYS_UNAVAILABLE';

  constructor(code: TokenError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface Known {
  readonly claims: TokenClaims;
  readonly untilMs: number;
}

export class TokenVerifier {
  readonly #options: TokenOptions;
  readonly #keys: JWTVerifyGetKey;
  readonly #known = new Map<string, Known>();

  constructor(options: TokenOptions) {
    this.#options = options;
    this.#keys = /^https?:/.test(options.keys)
      ? keysOfServer(new URL(options.keys))
      : keysOfFile(options.keys);
  }

  /** The claims of a token that was verified a moment ago; else undefined. @throws TokenError */
  known(token: string, nowMs: number): TokenClaims | undefined {
    if (token.length > TOKEN_CHARS_MAX) throw new TokenError('TOKEN_INVALID', 'too long');
    const known = this.#known.get(digest(token));
    if (known === undefined || known.untilMs <= nowMs) return undefined;
    if (known.claims.expiresMs + LEEWAY_SECONDS * 1000 <= nowMs) {
      throw new TokenError('TOKEN_EXPIRED', 'exp');
    }
    return known.claims;
  }

  /** @throws TokenError */
  async verify(token: string): Promise<TokenClaims> {
    const { issuer, audience } = this.#options;
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#keys, {
        ...{ issuer, audience, algorithms: ALGORITHMS, clockTolerance: LEEWAY_SECONDS },
        requiredClaims: ['sub', 'exp'],
      }));
    } catch (error) {
      throw tokenError(error);
    }
    const claims = claimsOf(payload);
    if (this.#known.size >= TOKENS_KNOWN_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(digest(token), { claims, untilMs: Date.now() + TOKEN_KNOWN_MS_MAX });
    return claims;
  }
}

/** Whom a token names, with nothing of it checked; undefined when it cannot be read. */
export function claimedSubject(token: string): string | undefined {
  if (token.length > TOKEN_CHARS_MAX) return undefined;
  try {
    return decodeJwt(token).sub;
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined;
    throw error;
  }
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64');

function claimsOf({ sub, exp, scope }: JWTPayload): TokenClaims {
  if (typeof sub !== 'string' || typeof exp !== 'number') {
    throw new TokenError('TOKEN_INVALID', 'sub or exp is not what it should be');
  }
  return { subject: sub, expiresMs: exp * 1000, actions: actionsOf(scope) };
}

function actionsOf(scope: unknown): readonly Action[] | undefined {
  if (typeof scope !== 'string') return undefined;
  const ours = scope.split(' ').filter((word) => word.startsWith(SCOPE_PREFIX));
  if (ours.length === 0) return undefined;
  const names = ours.map((word) => word.slice(SCOPE_PREFIX.length));
  return names.filter((name): name is Action => Object.hasOwn(permissions, name));
}

function tokenError(error: unknown): TokenError {
  if (error instanceof errors.JWTExpired) return new TokenError('TOKEN_EXPIRED', error.message);
  // The plain one, of no kind: the key server answered something else than keys.
  const plain = error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
  const keys = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  if (error instanceof errors.JOSEError && !keys && !plain) {
    return new TokenError('TOKEN_INVALID', error.message);
  }
  // The key server or the file with the keys: nobody's token can be told right from wrong.
  return new TokenError('TOKEN_KEYS_UNAVAILABLE', (error as Error).message);
}

/** The keys of a file, read again when its time or size has changed. */
function keysOfFile(path: string): JWTVerifyGetKey {
  let seen = '';
  let keys: JWTVerifyGetKey | undefined;
  const current = (): JWTVerifyGetKey => {
    const { mtimeMs, size, ino } = statSync(path);
    const now = `${mtimeMs} ${size} ${ino}`;
    if (keys === undefined || now !== seen) {
      keys = createLocalJWKSet(JSON.parse(readFileSync(path, 'utf8')));
      seen = now;
    }
    return keys;
  };
  current();
  return (header, token) => current()(header, token);
}
