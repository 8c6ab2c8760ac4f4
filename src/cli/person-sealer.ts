/** Seals what is known of a person for the record, where there is a master key to do it with. */
import { masterKeyFrom } from '../privacy/master-key.js';
import type { PersonalFields } from '../privacy/personal-fields.js';
import { SubjectKeys } from '../privacy/subject-keys.js';
import { keysDirectory } from './data-directory.js';

/**
 * @returns undefined without a master key: then people are on record by their subject alone
 * @throws PrivacyError MASTER_KEY_INVALID
 */
export function personSealer(
  dataDirectory: string,
): ((subject: string, fields: PersonalFields) => string) | undefined {
  const masterKey = masterKeyFrom(process.env);
  if (masterKey === undefined) return undefined;
  const keys = new SubjectKeys(keysDirectory(dataDirectory), masterKey);
  return (subject, fields) => keys.seal(subject, fields);
}
