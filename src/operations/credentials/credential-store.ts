/** Secrets by name: those of venues, databases and stores. What is shown of them is never the secret. */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeDirectories } from '../../lib/make-directories.js';
import { CredentialError } from './errors.js';
import {
  CREDENTIALS_STORED_MAX,
  emptyFile,
  open,
  readSealedFile,
  SECRET_BYTES_MAX,
  type SealedFile,
  seal,
  writeSealedFile,
} from './sealed-file.js';

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What may be told of a secret. */
export interface CredentialInfo {
  readonly name: string;
  /** 1, and one more with every rotation. */
  readonly version: number;
  readonly changed: string;
}

export const credentialsPath = (dataDirectory: string): string =>
  join(resolve(dataDirectory), 'credentials.json');

export class CredentialStore {
  readonly path: string;
  readonly #key: Buffer;

  /** @param key 32 bytes, from `readKey` */
  constructor(path: string, key: Buffer) {
    this.path = path;
    this.#key = key;
  }

  /** @throws CredentialError CREDENTIALS_DAMAGED, CREDENTIALS_KEY_WRONG */
  list(): CredentialInfo[] {
    const { entries } = this.#read();
    return Object.entries(entries).map(([name, { version, changed }]) => ({
      name,
      version,
      changed,
    }));
  }

  /** @throws CredentialError CREDENTIAL_UNKNOWN, and as `list` */
  get(name: string): string {
    const entry = this.#entry(this.#read(), name);
    return open(this.#key, purposeOf(name, entry.version), entry.sealed);
  }

  /** A new secret. @throws CredentialError CREDENTIAL_INVALID, and as `list` */
  set(name: string, secret: string): CredentialInfo {
    return this.#change((file) => {
      if (Object.hasOwn(file.entries, name)) {
        throw new CredentialError('CREDENTIAL_INVALID', `there is a ${name}; rotate it`);
      }
      if (Object.keys(file.entries).length >= CREDENTIALS_STORED_MAX) {
        throw new CredentialError('CREDENTIAL_INVALID', `more than ${CREDENTIALS_STORED_MAX}`);
      }
      return this.#sealed(file, name, secret, 1);
    });
  }

  /** Another value for a name. A running daybook takes it up. @throws as `get` and `set` */
  rotate(name: string, secret: string): CredentialInfo {
    return this.#change((file) => {
      return this.#sealed(file, name, secret, this.#entry(file, name).version + 1);
    });
  }

  /** @throws CredentialError CREDENTIAL_UNKNOWN */
  remove(name: string): CredentialInfo {
    return this.#change((file) => {
      const { version, changed } = this.#entry(file, name);
      const { [name]: _removed, ...entries } = file.entries;
      return { file: { ...file, entries }, info: { name, version, changed } };
    });
  }

  /** Seals everything anew with another key. @returns how many */
  rekey(key: Buffer): number {
    const release = lock(this.path);
    try {
      const file = this.#read();
      const { check } = emptyFile(key);
      const entries = Object.entries(file.entries).map(([name, entry]) => {
        const purpose = purposeOf(name, entry.version);
        const sealed = seal(key, purpose, open(this.#key, purpose, entry.sealed));
        return [name, { ...entry, sealed }] as const;
      });
      writeSealedFile(this.path, { check, entries: Object.fromEntries(entries) });
      return entries.length;
    } finally {
      release();
    }
  }

  #sealed(file: SealedFile, name: string, secret: string, version: number) {
    if (!NAME.test(name)) {
      throw new CredentialError('CREDENTIAL_INVALID', 'a name is a-z, 0-9, dot, dash, underscore');
    }
    const bytes = Buffer.byteLength(secret);
    if (bytes === 0 || bytes > SECRET_BYTES_MAX) {
      throw new CredentialError(
        'CREDENTIAL_INVALID',
        `a secret has 1 to ${SECRET_BYTES_MAX} bytes`,
      );
    }
    const changed = new Date().toISOString();
    const entry = { version, changed, sealed: seal(this.#key, purposeOf(name, version), secret) };
    const entries = { ...file.entries, [name]: entry };
    return { file: { ...file, entries }, info: { name, version, changed } };
  }

  #change(
    make: (file: SealedFile) => { readonly file: SealedFile; readonly info: CredentialInfo },
  ): CredentialInfo {
    const release = lock(this.path);
    try {
      const { file, info } = make(this.#read());
      writeSealedFile(this.path, file);
      return info;
    } finally {
      release();
    }
  }

  #read(): SealedFile {
    return readSealedFile(this.path, this.#key) ?? emptyFile(this.#key);
  }

  #entry({ entries }: SealedFile, name: string) {
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (entry === undefined)
      throw new CredentialError('CREDENTIAL_UNKNOWN', `no credential ${name}`);
    return entry;
  }
}

const purposeOf = (name: string, version: number): string => `daybook ${name} ${version}`;

/** Two commands at once are a mistake: the second is told. @returns releases it */
function lock(path: string): () => void {
  const name = `${path}.lock`;
  makeDirectories(dirname(path));
  try {
    closeSync(openSync(name, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const message = `${name}: another command changes them, or died; remove it then`;
    throw new CredentialError('CREDENTIALS_LOCKED', message);
  }
  return () => unlinkSync(name);
}
