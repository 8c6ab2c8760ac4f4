/**
 * The credential store on disk: `<data>/credentials.json`, names in the clear, values sealed with
 * AES-256-GCM, each under a random nonce and bound to its name and version, so that no value can
 * stand in for another or for a later one of itself.
 *
 *     {"format":1,"check":"<sealed empty text>","entries":{
 *       "database":{"version":2,"changed":"2026-11-22T18:00:00.000Z","sealed":"<nonce|text|tag>"}}}
 *
 * The file is replaced as a whole: written beside, synced, renamed. It is its owner's alone.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories } from '../../lib/make-directories.js';
import { CredentialError } from './errors.js';

/** Secrets of one store. */
export const CREDENTIALS_STORED_MAX = 1024;
/** Bytes of one secret. */
export const SECRET_BYTES_MAX = 4096;
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CHECK = 'check';

export interface Entry {
  readonly version: number;
  readonly changed: string;
  /** Nonce, sealed text and tag, in base64. */
  readonly sealed: string;
}

export interface SealedFile {
  readonly check: string;
  readonly entries: Readonly<Record<string, Entry>>;
}

export function emptyFile(key: Buffer): SealedFile {
  return { check: seal(key, CHECK, ''), entries: {} };
}

/** @param purpose what it is for: opened under another, it is refused */
export function seal(key: Buffer, purpose: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
}

/** @throws CredentialError CREDENTIALS_KEY_WRONG */
export function open(key: Buffer, purpose: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const tagAt = bytes.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(bytes.subarray(tagAt));
    const text = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, tagAt)),
      decipher.final(),
    ]);
    return text.toString('utf8');
  } catch {
    throw new CredentialError('CREDENTIALS_KEY_WRONG', `${purpose}: another key, or altered`);
  }
}

/** @throws CredentialError CREDENTIALS_DAMAGED, CREDENTIALS_KEY_WRONG */
export function readSealedFile(path: string, key: Buffer): SealedFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const file = parse(path, text);
  open(key, CHECK, file.check);
  return file;
}

function parse(path: string, text: string): SealedFile {
  const damaged = new CredentialError('CREDENTIALS_DAMAGED', `${path} is no credential store`);
  let value: { format?: unknown; check?: unknown; entries?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged;
  }
  const { format, check, entries } = value ?? {};
  if (format !== FORMAT || typeof check !== 'string') throw damaged;
  if (typeof entries !== 'object' || entries === null) throw damaged;
  for (const entry of Object.values(entries) as Partial<Entry>[]) {
    if (typeof entry?.sealed !== 'string' || !Number.isSafeInteger(entry.version)) throw damaged;
  }
  return { check, entries: entries as SealedFile['entries'] };
}

export function writeSealedFile(path: string, { check, entries }: SealedFile): void {
  const directory = dirname(path);
  makeDirectories(directory);
  const aside = `${path}.new`;
  rmSync(aside, { force: true });
  const file = openSync(aside, 'wx', 0o600);
  try {
    const bytes = Buffer.from(`${JSON.stringify({ format: FORMAT, check, entries }, null, 1)}\n`);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  const names = openSync(directory, 'r');
  try {
    fsyncSync(names);
  } finally {
    closeSync(names);
  }
}
