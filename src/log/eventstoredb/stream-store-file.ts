import { crc32c } from '../../lib/crc32c.js';
import { type FileSystem, nodeFileSystem, pwriteAll, systemErrorCode } from '../file-system.js';
import { encodeReadEvent } from './read-message.js';
import { decodeReadMessage } from './read-message-decoder.js';
import type { StoredEvent } from './stored-event.js';
import { StreamStore, type StreamStoreOptions } from './stream-store.js';

/**
 * A stream store that outlives its process: for the server of tests, and for a box that wants an
 * EventStoreDB of its own without running one. Everything is held in memory; the file is its log.
 *
 *     commit = length u32 | crc32c u32 | event …      length and checksum are of the events
 *     event  = length u32 | ReadResp                  as it is sent to readers (read-message.ts)
 *
 * Little-endian. A commit is written and synced before its append is answered. At opening, a last
 * commit that is cut short is removed: it was never answered.
 */
const COMMIT_HEAD_BYTES = 8;
const EVENT_HEAD_BYTES = 4;

/** The file holds something else than what was written. */
export class StreamStoreFileError extends Error {
  override readonly name = 'StreamStoreFileError';
  readonly code = 'STREAM_STORE_DAMAGED';
}

export class StreamStoreFile {
  readonly store: StreamStore;
  readonly #files: FileSystem;
  readonly #file: number;
  #end = 0;

  /** @throws StreamStoreFileError for damage before the last commit */
  constructor(path: string, options: StreamStoreOptions = {}, files: FileSystem = nodeFileSystem) {
    this.#files = files;
    this.#file = openOrCreate(files, path);
    this.store = new StreamStore({ ...options, persist: (events) => this.#append(events) });
    this.#load(path);
  }

  close(): void {
    this.#files.close(this.#file);
  }

  #append(events: readonly StoredEvent[]): void {
    const commit = encodeCommit(events);
    pwriteAll(this.#files, this.#file, commit, commit.length, this.#end);
    this.#files.fdatasync(this.#file);
    this.#end += commit.length;
  }

  #load(path: string): void {
    const size = this.#files.size(this.#file);
    const bytes = Buffer.alloc(size);
    this.#files.pread(this.#file, bytes, 0, size, 0);
    while (this.#end + COMMIT_HEAD_BYTES <= size) {
      const start = this.#end + COMMIT_HEAD_BYTES;
      const end = start + bytes.readUInt32LE(this.#end);
      if (end > size) break;
      if (crc32c(bytes, start, end, 0) !== bytes.readUInt32LE(this.#end + 4)) {
        if (end === size) break;
        throw new StreamStoreFileError(`${path} at byte ${this.#end}: checksum does not match`);
      }
      this.store.restore(decodeCommit(bytes.subarray(start, end), path));
      this.#end = end;
    }
    this.#files.truncate(this.#file, this.#end);
  }
}

function openOrCreate(files: FileSystem, path: string): number {
  try {
    return files.open(path, 'write');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return files.open(path, 'create');
  }
}

function encodeCommit(events: readonly StoredEvent[]): Buffer {
  const messages = events.map((event) => encodeReadEvent({ event }));
  const length = messages.reduce((sum, message) => sum + EVENT_HEAD_BYTES + message.length, 0);
  const commit = Buffer.allocUnsafe(COMMIT_HEAD_BYTES + length);
  let at = COMMIT_HEAD_BYTES;
  for (const message of messages) {
    commit.writeUInt32LE(message.length, at);
    commit.set(message, at + EVENT_HEAD_BYTES);
    at += EVENT_HEAD_BYTES + message.length;
  }
  commit.writeUInt32LE(length, 0);
  commit.writeUInt32LE(crc32c(commit, COMMIT_HEAD_BYTES, at, 0), 4);
  return commit;
}

function decodeCommit(bytes: Buffer, path: string): StoredEvent[] {
  const events: StoredEvent[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + EVENT_HEAD_BYTES + bytes.readUInt32LE(at);
    const message = decodeReadMessage(bytes.subarray(at + EVENT_HEAD_BYTES, end));
    if (message.kind !== 'event') throw new StreamStoreFileError(`${path}: a commit has no event`);
    events.push(message.event);
    at = end;
  }
  return events;
}
