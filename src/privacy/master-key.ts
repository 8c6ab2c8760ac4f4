/** The master key: wraps the subjects' keys, is never stored beside them, and comes from outside. */
import { readFileSync } from 'node:fs';
import { PrivacyError } from './errors.js';
import { KEY_BYTES } from './gcm.js';

/** Names of the environment variables: the key itself, or a file that holds it. */
export const MASTER_KEY_VARIABLE = 'DAYBOOK_MASTER_KEY';
export const MASTER_KEY_FILE_VARIABLE = 'DAYBOOK_MASTER_KEY_FILE';

/**
 * 32 bytes as 64 hexadecimal digits, a line end behind allowed: what `openssl rand -hex 32` prints.
 * @throws PrivacyError MASTER_KEY_INVALID, which says nothing of the key
 */
export function parseMasterKey(text: string): Uint8Array {
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    throw new PrivacyError('MASTER_KEY_INVALID', `a master key is ${2 * KEY_BYTES} hex digits`);
  }
  return Buffer.from(digits, 'hex');
}

/**
 * @returns undefined when neither variable is set
 * @throws PrivacyError MASTER_KEY_INVALID, also for a file that cannot be read
 */
export function masterKeyFrom(
  environment: Readonly<Record<string, string | undefined>>,
): Uint8Array | undefined {
  const text = environment[MASTER_KEY_VARIABLE];
  if (text !== undefined && text !== '') return parseMasterKey(text);
  const path = environment[MASTER_KEY_FILE_VARIABLE];
  if (path === undefined || path === '') return undefined;
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new PrivacyError('MASTER_KEY_INVALID', `${MASTER_KEY_FILE_VARIABLE} ${path}: ${reason}`);
  }
  return parseMasterKey(content);
}
