/**
 * AES-256-GCM (NIST SP 800-38D) over one short text, nonce and tag in front:
 *
 * ```
 *   byte 0         12       28
 *        +----------+--------+------------+
 *        | nonce    | tag    | ciphertext |   nonce: 96 random bits, a key seals a handful of texts
 *        +----------+--------+------------+
 * ```
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a sealed text is longer than the text. */
export const GCM_BYTES = NONCE_BYTES + TAG_BYTES;

/** @param context what the text belongs to; opening it elsewhere fails */
export function gcmSeal(key: Uint8Array, plain: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** @returns undefined when key, context or a byte differs */
export function gcmOpen(key: Uint8Array, sealed: Uint8Array, context: string): Buffer | undefined {
  if (sealed.length < GCM_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, GCM_BYTES));
  const plain = decipher.update(sealed.subarray(GCM_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // OpenSSL has no other way to say that the tag is wrong.
    return undefined;
  }
}
