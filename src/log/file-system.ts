import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/** `read`: existing, read only. `write`: existing, read and write. `create`: new, fails if it exists. */
export type OpenMode = 'read' | 'write' | 'create';

/**
 * Every file operation of the log, and no other. Narrow on purpose: a fault-injection suite puts an
 * in-memory disk behind it that tears, loses and flips what the operating system may.
 *
 * All calls are synchronous: the writer of a shard owns its thread, and a hop through the thread
 * pool costs more than the sync itself at the median. Errors are those of node:fs, with `code`.
 */
export interface FileSystem {
  open(path: string, mode: OpenMode): number;
  close(file: number): void;
  /** @returns bytes read, fewer than `length` only at the end of the file. */
  pread(file: number, into: Uint8Array, start: number, length: number, position: number): number;
  /** @returns bytes written, possibly fewer than `length`. */
  pwrite(file: number, from: Uint8Array, start: number, length: number, position: number): number;
  /** Makes the file's bytes, and its size, survive a loss of power. */
  fdatasync(file: number): void;
  fsync(file: number): void;
  truncate(file: number, length: number): void;
  /** Size in bytes. */
  size(file: number): number;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Names of the entries of a directory, in no order. */
  readdir(path: string): string[];
  /** Creates the directory, with its parents, for good; nothing happens if it exists. */
  makeDirectory(path: string): void;
  /** Makes created, renamed and removed names of a directory survive a loss of power. */
  syncDirectory(path: string): void;
}

const FLAGS: Record<OpenMode, string> = { read: 'r', write: 'r+', create: 'wx+' };

export const nodeFileSystem: FileSystem = {
  open: (path, mode) => openSync(path, FLAGS[mode], 0o640),
  close: (file) => closeSync(file),
  pread(file, into, start, length, position) {
    let done = 0;
    while (done < length) {
      const count = readSync(file, into, start + done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  },
  pwrite: (file, from, start, length, position) => writeSync(file, from, start, length, position),
  fdatasync: (file) => fdatasyncSync(file),
  fsync: (file) => fsyncSync(file),
  truncate: (file, length) => ftruncateSync(file, length),
  size: (file) => fstatSync(file).size,
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
  readdir: (path) => readdirSync(path),
  makeDirectory(path) {
    const absolute = resolve(path);
    const topmost = mkdirSync(absolute, { recursive: true });
    if (topmost === undefined) return;
    // The name of each new directory is in its parent.
    for (let made = absolute; ; made = dirname(made)) {
      syncDirectory(dirname(made));
      if (made === topmost) return;
    }
  },
  syncDirectory,
};

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The `code` of an operating system error (`ENOENT`), or undefined for any other value. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Writes all of it, however short the single writes are. */
export function pwriteAll(
  files: FileSystem,
  file: number,
  from: Uint8Array,
  length: number,
  position: number,
): void {
  let done = 0;
  while (done < length) {
    const count = files.pwrite(file, from, done, length - done, position + done);
    if (count <= 0) throw new Error(`pwrite wrote ${count} of ${length - done} bytes`);
    done += count;
  }
}
