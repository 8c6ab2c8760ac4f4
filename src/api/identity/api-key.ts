/**
 * API keys: `dbk_<10 characters of id>_<43 characters of secret>`.
 *
 * The id finds the key, the secret (256 random bits) proves it. Stored is the SHA-256 of the secret:
 * a slow hash (scrypt) protects what people choose, by making guesses dear; among 2^256 there is
 * nothing to guess, and 50 ms of scrypt for each request would be a way to bring Daybook down.
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const PREFIX = 'dbk_';
const ID_CHARS = 10;
const SECRET_BYTES = 32;
/** Nothing that is read for another: no 0, 1, l, o. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';
const FORM = /^dbk_([2-9a-kmnp-z]{10})_([A-Za-z0-9_-]{43})$/;

export interface NewKey {
  readonly id: string;
  /** Shown once and kept nowhere. */
  readonly text: string;
  /** SHA-256 of the secret, in hexadecimal. */
  readonly hash: string;
}

export interface ParsedKey {
  readonly id: string;
  readonly secret: string;
}

export function newKey(): NewKey {
  const id = Array.from({ length: ID_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, text: `${PREFIX}${id}_${secret}`, hash: hashOfSecret(secret) };
}

/** Whether a bearer text means to be a key, right or not. */
export function isKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

export function parseKey(text: string): ParsedKey | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In constant time. @param hash in hexadecimal */
export function secretMatches(secret: string, hash: string): boolean {
  const actual = createHash('sha256').update(secret).digest();
  const expected = Buffer.from(hash, 'hex');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
