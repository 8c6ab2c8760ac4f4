/**
 * The access log: every change of identities, one JSON line each, chained by hash, in
 * `<data>/identity/access.jsonl`. Like the journal it is only ever appended to; who may do what is
 * folded from it (`access-book.ts`). Key hashes are in it, keys are not.
 *
 *     {"n":7,"time":"2026-11-22T18:00:00.000Z","by":"root@desk","change":{"type":"KeyRevoked",…},
 *      "previous":"<hash of line 6>","hash":"<SHA-256 of the line without it>"}
 *
 * `daybook identity` appends while `daybook start` follows; a lock file keeps two from appending at
 * once. A last line without its newline is one whose writer died: it never was.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDirectories } from '../../lib/make-directories.js';
import { type AccessChange, accessChange } from './access-change.js';
import { AccessError } from './errors.js';

/** Bytes of the access log: some 100,000 changes. A further change is refused. */
export const ACCESS_LOG_BYTES_MAX = 64 * 1024 * 1024;
/** Attempts to get the lock of somebody who holds it for a few milliseconds. */
const LOCK_ATTEMPTS_MAX = 200;
const LOCK_LOOK_MS = 10;
const NO_HASH = '0'.repeat(64);
/** Only the owner: hashes are no secrets, but nobody else's business. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

export interface AccessRecord {
  /** 1, 2, 3 … */
  readonly n: number;
  readonly time: string;
  /** Who made the change: a user of the system, or an identity. */
  readonly by: string;
  readonly change: AccessChange;
  readonly hash: string;
}

export const accessLogPath = (directory: string): string => join(directory, 'access.jsonl');

/** All whole records. @throws AccessError ACCESS_LOG_DAMAGED */
export function readAccessLog(directory: string): readonly AccessRecord[] {
  return parse(textOf(accessLogPath(directory))).records;
}

/**
 * Appends what `make` makes of the records that are there; durable when it returns.
 * @param by who changes it
 * @throws AccessError, and what `make` throws: then nothing is changed
 */
export function appendToAccessLog(
  directory: string,
  by: string,
  make: (records: readonly AccessRecord[]) => readonly AccessChange[],
): readonly AccessRecord[] {
  makeDirectories(directory, DIRECTORY_MODE);
  const release = takeLock(join(directory, 'access.lock'));
  try {
    const { records, bytes } = parse(textOf(accessLogPath(directory)));
    const added: AccessRecord[] = [];
    let last = records.at(-1);
    for (const change of make(records)) {
      last = recordOf(last, by, accessChange.parse(change));
      added.push(last);
    }
    write(accessLogPath(directory), bytes, added);
    syncDirectory(directory);
    return added;
  } finally {
    release();
  }
}

function recordOf(last: AccessRecord | undefined, by: string, change: AccessChange): AccessRecord {
  const record = { n: (last?.n ?? 0) + 1, time: new Date().toISOString(), by, change };
  return { ...record, hash: hashOf(record, last?.hash ?? NO_HASH) };
}

function hashOf({ n, time, by, change }: Omit<AccessRecord, 'hash'>, previous: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ n, time, by, change, previous }))
    .digest('hex');
}

/** @param at where the last whole record ends: what a dying writer left behind it is cut off */
function write(path: string, at: number, added: readonly AccessRecord[]): void {
  const lines = Buffer.from(added.map((record) => `${JSON.stringify(record)}\n`).join(''));
  if (at + lines.length > ACCESS_LOG_BYTES_MAX) {
    throw new AccessError('ACCESS_CHANGE_INVALID', `${path} would exceed ${ACCESS_LOG_BYTES_MAX}`);
  }
  const file = openSync(path, 'a+', FILE_MODE);
  try {
    ftruncateSync(file, at);
    for (let done = 0; done < lines.length; ) done += writeSync(file, lines, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parse(text: string): { readonly records: AccessRecord[]; readonly bytes: number } {
  const end = text.lastIndexOf('\n') + 1;
  const records: AccessRecord[] = [];
  let previous = NO_HASH;
  for (const line of text.slice(0, end).split('\n').slice(0, -1)) {
    const record = parseLine(line, records.length + 1);
    if (record.hash !== hashOf(record, previous)) {
      throw damaged(record.n, 'its hash is not that of its content and the line before');
    }
    previous = record.hash;
    records.push(record);
  }
  return { records, bytes: Buffer.byteLength(text.slice(0, end)) };
}

function parseLine(line: string, n: number): AccessRecord {
  let value: Partial<AccessRecord> | null;
  try {
    value = JSON.parse(line) as Partial<AccessRecord> | null;
  } catch {
    throw damaged(n, 'not JSON');
  }
  const change = accessChange.safeParse(value?.change);
  const { time, by, hash } = value ?? {};
  const whole = typeof time === 'string' && typeof by === 'string' && typeof hash === 'string';
  if (value?.n !== n || !whole) throw damaged(n, 'not a record');
  if (!change.success) throw damaged(n, 'no change that this version knows');
  return { n, time, by, change: change.data, hash };
}

function damaged(n: number, why: string): AccessError {
  return new AccessError('ACCESS_LOG_DAMAGED', `access log, line ${n}: ${why}`);
}

/** @returns releases it */
function takeLock(path: string): () => void {
  const bed = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt += 1) {
    try {
      const file = openSync(path, 'wx', FILE_MODE);
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => unlinkSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    Atomics.wait(bed, 0, 0, LOCK_LOOK_MS);
  }
  throw new AccessError(
    'ACCESS_LOG_LOCKED',
    `${path} is held by process ${textOf(path)}; remove it if that is no more`,
  );
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
