/** Passwords of sessions: scrypt, 16 random bytes of salt, `scrypt$<salt>$<hash>` in base64url. */
import { randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto';

const HASH_BYTES = 32;
const SALT_BYTES = 16;

export function hashPassword(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  return formatted(salt, scryptSync(password, salt, HASH_BYTES));
}

function formatted(salt: Buffer, hash: Buffer): string {
  return `scrypt$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/**
 * Compared with when a user is not known, so that the answer takes as long: the hash of nothing that
 * anybody could enter. Not computed from a password, which would cost each process 50 ms at its start.
 */
export const NO_PASSWORD = formatted(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));

/** Whether the password is that of the hash; off the thread, some 50 ms. */
export function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [scheme, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) {
    return Promise.resolve(false);
  }
  const expected = Buffer.from(hash, 'base64url');
  return new Promise((resolve, reject) => {
    scrypt(password, Buffer.from(salt, 'base64url'), HASH_BYTES, (error, actual) => {
      if (error !== null) reject(error);
      else resolve(expected.length === actual.length && timingSafeEqual(expected, actual));
    });
  });
}
