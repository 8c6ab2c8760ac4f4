/**
 * Requests with an `Idempotency-Key`, on disk: one line each when it begins, and one with its answer.
 *
 *     8f2c01ab {"key":"…","fingerprint":"…","atMs":1795…,"received":"1795…","after":41,"answer":{…}}
 *     CRC-32C of the rest of the line                                                 once there is one
 *
 * Nothing is done, and nothing answered, before its line is synced; lines that come at the same time
 * share a sync. As in the journal, a last line that is torn was never acted upon and is cut off, damage
 * anywhere else is refused, and after a write or sync has failed nothing is written any more.
 *
 * Two files take turns: when the newer one is full the older one is dropped, and what it remembered
 * with it.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32c } from '../../lib/crc32c.js';
import { makeDirectories } from '../../lib/make-directories.js';

/** Bytes of one of the two files: some 100,000 orders. */
export const REQUESTS_FILE_BYTES_MAX = 64 * 1024 * 1024;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const SUM_DIGITS = 8;

export interface RequestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RequestRecord {
  /** Hash of who sent it and its key. */
  readonly key: string;
  /** Hash of the request. */
  readonly fingerprint: string;
  /** When it began, in milliseconds since 1970. */
  readonly atMs: number;
  /** Time of receipt of its commands, in ns, in whose place no other command's is. */
  readonly received: string;
  /** Its events are after this sequence. */
  readonly after: number;
  readonly answer?: RequestAnswer | undefined;
}

/** The file cannot be relied on: for operators, never sent to clients. */
export class RequestFileError extends Error {
  override readonly name = 'RequestFileError';
  readonly code = 'REQUESTS_DAMAGED';
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class RequestFile {
  readonly #path: string;
  readonly #bytesMax: number;
  #file: FileHandle;
  #bytes: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** What a write or sync failed with; nothing is written any more then. */
  failure: unknown;
  /** Which file a line is in now: grows by one when they take turns. */
  generation = 1;

  private constructor(path: string, bytesMax: number, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * @param path of the newer file; the older one has `.1` behind it
   * @returns the file, and what it holds: by generation, 0 the older one
   * @throws RequestFileError
   */
  static async open(
    path: string,
    bytesMax = REQUESTS_FILE_BYTES_MAX,
  ): Promise<{ file: RequestFile; records: readonly (readonly RequestRecord[])[] }> {
    makeDirectories(dirname(path), DIRECTORY_MODE);
    const older = parse(older1(path));
    const newer = parse(path);
    const file = await open(path, 'a', FILE_MODE);
    await file.truncate(newer.bytes);
    await file.sync();
    syncDirectory(dirname(path));
    const requests = new RequestFile(path, bytesMax, file, newer.bytes);
    return { file: requests, records: [older.records, newer.records] };
  }

  /** Resolves when it is synced. @throws what the write or sync failed with, for good */
  append(record: RequestRecord): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const text = JSON.stringify(record);
    const line = `${sumOf(text)} ${text}\n`;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    // What else comes in this turn of the event loop shares the sync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const together = this.#waiting;
      this.#waiting = [];
      try {
        await this.#sync(Buffer.from(together.map(({ line }) => line).join('')));
        for (const { resolve } of together) resolve();
      } catch (error) {
        this.failure = error;
        const all = [...together, ...this.#waiting];
        this.#waiting = [];
        for (const { reject } of all) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #sync(bytes: Buffer): Promise<void> {
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) {
      await this.#file.close();
      renameSync(this.#path, older1(this.#path));
      this.#file = await open(this.#path, 'a', FILE_MODE);
      syncDirectory(dirname(this.#path));
      this.#bytes = 0;
      this.generation += 1;
    }
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#file.write(bytes, done)).bytesWritten;
    }
    await this.#file.datasync();
    this.#bytes += bytes.length;
  }
}

const older1 = (path: string): string => `${path}.1`;

function sumOf(text: string): string {
  const bytes = Buffer.from(text);
  const sum = crc32c(bytes, 0, bytes.length, 0) >>> 0;
  return sum.toString(16).padStart(SUM_DIGITS, '0');
}

/** @returns `bytes`: where its last whole line ends @throws RequestFileError */
function parse(path: string): { readonly records: RequestRecord[]; readonly bytes: number } {
  const text = textOf(path);
  const records: RequestRecord[] = [];
  let bytes = 0;
  const lines = text.split('\n');
  // What is behind the last end of a line is torn, or nothing.
  lines.pop();
  for (const [n, line] of lines.entries()) {
    const record = line.slice(SUM_DIGITS + 1);
    if (sumOf(record) !== line.slice(0, SUM_DIGITS)) {
      // A write of several lines may be torn anywhere, and then nothing is right behind it.
      const torn = lines.slice(n + 1).every((each) => sumOf(each.slice(9)) !== each.slice(0, 8));
      if (torn) break;
      throw new RequestFileError(
        `${path}, line ${n + 1}: its checksum is wrong; remove the file to go on without it ` +
          '(orders are then still known by their client order ids)',
      );
    }
    records.push(JSON.parse(record) as RequestRecord);
    bytes += Buffer.byteLength(line) + 1;
  }
  return { records, bytes };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
