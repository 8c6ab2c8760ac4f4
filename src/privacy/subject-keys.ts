/**
 * The keys of the subjects, one file each, outside the log:
 *
 * ```
 *   <directory>/<subject>.key      "DBKEY001", then gcm.ts: the key, wrapped by the master key
 *   <directory>/<subject>.erased   when it was erased, ISO 8601; the subject never has a key again
 * ```
 *
 * A file each, so that two processes cannot undo each other's erasure, and nothing is kept in memory:
 * what is erased is gone for every process at once.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SUBJECT_BYTES } from '../domain/actor.js';
import { makeDirectories } from '../lib/make-directories.js';
import { PrivacyError } from './errors.js';
import { GCM_BYTES, gcmOpen, gcmSeal, KEY_BYTES } from './gcm.js';
import {
  NO_PERSONAL_FIELDS,
  openPersonalFields,
  type PersonalFields,
  sealPersonalFields,
} from './personal-fields.js';

const MAGIC = Buffer.from('DBKEY001', 'latin1');
const FILE_BYTES = MAGIC.length + GCM_BYTES + KEY_BYTES;
const context = (subject: string) => `daybook subject key 1 ${subject}`;

/** What can be told about a subject now. */
export type Personal =
  | { readonly kind: 'open'; readonly fields: PersonalFields }
  /** Nothing personal was ever on record. */
  | { readonly kind: 'none' }
  | { readonly kind: 'erased'; readonly when: string }
  /** No master key was given, or the key is not here: a copy of the log without the keys. */
  | { readonly kind: 'sealed' };

/** A new subject: random, so that it says nothing. */
export const newSubject = (): string => randomBytes(SUBJECT_BYTES).toString('hex');

export class SubjectKeys {
  readonly #directory: string;
  readonly #masterKey: Uint8Array | undefined;

  /** @param masterKey without one, nothing can be sealed or opened, but erased and listed */
  constructor(directory: string, masterKey: Uint8Array | undefined) {
    this.#directory = directory;
    this.#masterKey = masterKey;
  }

  /**
   * Seals personal fields with the subject's key, which is made when there is none. No fields, no key.
   * @throws PrivacyError SUBJECT_ERASED, SUBJECT_INVALID, PERSONAL_TOO_LONG, MASTER_KEY_*
   */
  seal(subject: string, fields: PersonalFields): string {
    if (Object.keys(fields).length === 0) return NO_PERSONAL_FIELDS;
    return sealPersonalFields(this.#readKey(subject) ?? this.#makeKey(subject), subject, fields);
  }

  /** @throws PrivacyError SEALED_DAMAGED, MASTER_KEY_WRONG */
  open(subject: string, sealed: string): Personal {
    if (sealed === NO_PERSONAL_FIELDS) return { kind: 'none' };
    const when = this.erasedAt(subject);
    if (when !== undefined) return { kind: 'erased', when };
    if (this.#masterKey === undefined) return { kind: 'sealed' };
    const key = this.#readKey(subject);
    if (key === undefined) return { kind: 'sealed' };
    return { kind: 'open', fields: openPersonalFields(key, subject, sealed) };
  }

  /**
   * Destroys the key: what was sealed with it can be read by nobody any more, wherever it is. The
   * tombstone comes first, so a crash between leaves the subject erased; doing it again is harmless.
   *
   * @param when ISO 8601
   * @throws PrivacyError SUBJECT_UNKNOWN
   */
  erase(subject: string, when: string): void {
    const path = this.#path(subject, 'key');
    if (!existsSync(path) && this.erasedAt(subject) === undefined) {
      throw new PrivacyError('SUBJECT_UNKNOWN', `subject ${subject} has no key`);
    }
    if (this.erasedAt(subject) === undefined) this.#create(subject, 'erased', Buffer.from(when));
    if (existsSync(path)) {
      // Written over before it is unlinked, for file systems that write in place.
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
      fsyncSync(file);
      closeSync(file);
      unlinkSync(path);
    }
    this.#syncDirectory();
  }

  /** When it was erased, as `erase` was told; undefined: it was not. */
  erasedAt(subject: string): string | undefined {
    const path = this.#path(subject, 'erased');
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** Subjects that have a key. */
  subjects(): string[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .filter((name) => name.endsWith('.key'))
      .map((name) => name.slice(0, -'.key'.length));
  }

  #path(subject: string, ending: 'key' | 'erased'): string {
    // Becomes the name of a file.
    if (!/^[0-9a-f]{32}$/.test(subject)) {
      throw new PrivacyError('SUBJECT_INVALID', `a subject is ${2 * SUBJECT_BYTES} hex digits`);
    }
    return join(this.#directory, `${subject}.${ending}`);
  }

  #readKey(subject: string): Uint8Array | undefined {
    const path = this.#path(subject, 'key');
    if (!existsSync(path)) return undefined;
    const content = readFileSync(path);
    const whole = content.length === FILE_BYTES && content.subarray(0, MAGIC.length).equals(MAGIC);
    const wrapped = content.subarray(MAGIC.length);
    const key = whole ? gcmOpen(this.#master(), wrapped, context(subject)) : undefined;
    if (key === undefined) {
      throw new PrivacyError('MASTER_KEY_WRONG', `${path} does not open with this master key`);
    }
    return key;
  }

  #makeKey(subject: string): Uint8Array {
    if (this.erasedAt(subject) !== undefined) {
      throw new PrivacyError('SUBJECT_ERASED', `subject ${subject} was erased`);
    }
    const key = randomBytes(KEY_BYTES);
    const wrapped = gcmSeal(this.#master(), key, context(subject));
    this.#create(subject, 'key', Buffer.concat([MAGIC, wrapped]));
    return key;
  }

  #master(): Uint8Array {
    if (this.#masterKey !== undefined) return this.#masterKey;
    throw new PrivacyError('MASTER_KEY_INVALID', 'no master key was given');
  }

  /** A new file, durable; there must be none. */
  #create(subject: string, ending: 'key' | 'erased', content: Uint8Array): void {
    makeDirectories(this.#directory, 0o700);
    const file = openSync(this.#path(subject, ending), 'wx', 0o600);
    writeSync(file, content);
    fsyncSync(file);
    closeSync(file);
    this.#syncDirectory();
  }

  #syncDirectory(): void {
    const directory = openSync(this.#directory, 'r');
    fsyncSync(directory);
    closeSync(directory);
  }
}
