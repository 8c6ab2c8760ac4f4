/**
 * Personal fields as `ActorRegistered` holds them, always of the same length:
 *
 * ```
 *   byte 0         1                                       240
 *        +----------+----------------------------------------+
 *        | 1 version| gcm.ts: JSON in UTF-8, blanks behind   |   all zero: there are none
 *        +----------+----------------------------------------+
 * ```
 */
import { SEALED_PERSONAL_BYTES } from '../domain/actor.js';
import { PrivacyError } from './errors.js';
import { GCM_BYTES, gcmOpen, gcmSeal } from './gcm.js';

/** What is known about a person, by name of the field: name, email, ... */
export type PersonalFields = Readonly<Record<string, string>>;

/** UTF-8 bytes of the fields as JSON; more is refused with PERSONAL_TOO_LONG. */
export const PERSONAL_BYTES_MAX = SEALED_PERSONAL_BYTES - 1 - GCM_BYTES;

const VERSION = 1;
const context = (subject: string) => `daybook personal fields 1 ${subject}`;

/** What a record of somebody without personal fields holds. */
export const NO_PERSONAL_FIELDS = '00'.repeat(SEALED_PERSONAL_BYTES);

/** @returns hexadecimal text for `ActorRegistered.sealed` @throws PrivacyError PERSONAL_TOO_LONG */
export function sealPersonalFields(
  key: Uint8Array,
  subject: string,
  fields: PersonalFields,
): string {
  const json = Buffer.from(JSON.stringify(fields), 'utf8');
  if (json.length > PERSONAL_BYTES_MAX) {
    const message = `personal fields have ${json.length} bytes, ${PERSONAL_BYTES_MAX} fit`;
    throw new PrivacyError('PERSONAL_TOO_LONG', message);
  }
  const plain = Buffer.alloc(PERSONAL_BYTES_MAX, ' ');
  json.copy(plain);
  const sealed = gcmSeal(key, plain, context(subject));
  return Buffer.concat([Buffer.of(VERSION), sealed]).toString('hex');
}

/** @throws PrivacyError SEALED_DAMAGED: another key, another subject, or a byte differs */
export function openPersonalFields(
  key: Uint8Array,
  subject: string,
  sealed: string,
): PersonalFields {
  const bytes = Buffer.from(sealed, 'hex');
  const plain = bytes[0] === VERSION && gcmOpen(key, bytes.subarray(1), context(subject));
  if (!plain) {
    throw new PrivacyError('SEALED_DAMAGED', `the fields of subject ${subject} do not open`);
  }
  return JSON.parse(plain.toString('utf8')) as PersonalFields;
}
