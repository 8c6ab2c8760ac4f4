/**
 * The keys of an identity provider, fetched from its URL. How often it is asked does not depend on what
 * strangers send: a `kid` that is not known asks again after JWKS_COOL_DOWN_MS at the earliest, and a
 * provider that gave no keys is left alone for JWKS_RETRY_MS, in which tokens that need it are refused.
 */
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';

/** Answer of the key server: not waited for longer, in ms. */
const JWKS_WAIT_MS_MAX = 5000;
/** Keys that were fetched are not fetched again for an unknown `kid` before this, in ms. */
const JWKS_COOL_DOWN_MS = 30_000;
/** Keys are fetched anew after this, in ms. */
const JWKS_AGE_MS_MAX = 600_000;
/** From one fetch to the next, at least, whatever came of it, in ms. */
export const JWKS_RETRY_MS = 2000;

export function keysOfServer(url: URL): JWTVerifyGetKey {
  let askedMs = Number.NEGATIVE_INFINITY;
  return createRemoteJWKSet(url, {
    timeoutDuration: JWKS_WAIT_MS_MAX,
    cooldownDuration: JWKS_COOL_DOWN_MS,
    cacheMaxAge: JWKS_AGE_MS_MAX,
    // The library's cool-down begins when keys were had, and so never for what does not give any.
    [customFetch]: (address, options) => {
      const nowMs = performance.now();
      if (nowMs - askedMs < JWKS_RETRY_MS) throw new Error('the key server was asked a moment ago');
      askedMs = nowMs;
      return fetch(address, options);
    },
  });
}
