/** Where backups go and the key that seals them, as an operator writes them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BackupStore } from './backup-store.js';
import { DirectoryStore } from './directory-store.js';
import { KEY_BYTES } from './envelope.js';

/** A place or a key that cannot be meant. It repeats no key. */
export class BackupPlaceError extends Error {
  override readonly name = 'BackupPlaceError';
  readonly code = 'BACKUP_PLACE';
}

/**
 * @param place a directory, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`
 * @throws BackupPlaceError
 */
export async function openStore(place: string): Promise<BackupStore> {
  if (!place.startsWith('s3:')) return new DirectoryStore(resolve(place));
  const url = URL.canParse(place) ? new URL(place) : undefined;
  const known = url !== undefined && [...url.searchParams.keys()].every((name) => NAMES.has(name));
  if (url === undefined || url.hostname === '' || !known || url.username !== '') {
    throw new BackupPlaceError(`${place} is no s3://BUCKET/PREFIX?endpoint=URL&region=NAME`);
  }
  // Loaded when needed: the SDK is larger than Daybook.
  const { S3Store } = await import('./s3-store.js');
  return new S3Store({
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, ''),
    endpoint: url.searchParams.get('endpoint') ?? undefined,
    region: url.searchParams.get('region') ?? undefined,
  });
}

const NAMES = new Set(['endpoint', 'region']);

/**
 * The key of AES-256: 32 bytes, as 64 hexadecimal digits or in Base64.
 * @param file holds it; without one, `text` does; without either backups are in the clear
 * @throws BackupPlaceError
 */
export function readKey(
  file: string | undefined,
  text: string | undefined,
): Uint8Array | undefined {
  const given = file === undefined ? text : textOf(file);
  if (given === undefined || given === '') return undefined;
  const trimmed = given.trim();
  const isHex = /^[0-9a-fA-F]{64}$/.test(trimmed);
  const key = new Uint8Array(Buffer.from(trimmed, isHex ? 'hex' : 'base64'));
  if (key.length === KEY_BYTES) return key;
  const where = file ?? 'DAYBOOK_BACKUP_KEY';
  throw new BackupPlaceError(`${where} holds no key of 32 bytes (openssl rand -hex 32)`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BackupPlaceError(`the key: ${(error as Error).message}`);
  }
}
