import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeDirectories } from '../lib/make-directories.js';

/** `read`: existing, read only. `write`: existing, read and write. `create`: new, fails if it exists. */
export type OpenMode = 'read' | 'write' | 'create';

/**
 * Every file operation of the log, and no other. Narrow on purpose: a fault-injection suite puts an
 * in-memory disk behind it that tears, loses and flips what the operating system may.
 *
 * All calls are synchronous: the writer of a shard owns its thread, and a hop through the thread
 * pool costs more than the sync itself at the median. Errors are those of node:fs, with `code`, and
 * those of open files a FileError, which says which file and where.
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
  /** Replaces a file of that name. */
  rename(from: string, to: string): void;
  /** Gives a file a second name; fails with EEXIST if that one is taken. */
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** Names of the entries of a directory, in no order. */
  readdir(path: string): string[];
  /** Creates the directory, with its parents, for good; nothing happens if it exists. */
  makeDirectory(path: string): void;
  /** Makes created, renamed and removed names of a directory survive a loss of power. */
  syncDirectory(path: string): void;
}

const FLAGS: Record<OpenMode, string> = { read: 'r', write: 'r+', create: 'wx+' };

export const nodeFileSystem: FileSystem = namingFiles({
  open: (path, mode) => openSync(path, FLAGS[mode], 0o640),
  close: (file) => closeSync(file),
  pread: (file, into, start, length, position) =>
    readAll((...part) => readSync(file, into, ...part), start, length, position),
  pwrite: (file, from, start, length, position) => writeSync(file, from, start, length, position),
  fdatasync: (file) => fdatasyncSync(file),
  fsync: (file) => fsyncSync(file),
  truncate: (file, length) => ftruncateSync(file, length),
  size: (file) => fstatSync(file).size,
  rename: (from, to) => renameSync(from, to),
  link: (from, to) => linkSync(from, to),
  unlink: (path) => unlinkSync(path),
  readdir: (path) => readdirSync(path),
  makeDirectory(path) {
    const absolute = resolve(path);
    const topmost = makeDirectories(absolute);
    if (topmost === undefined) return;
    // The name of each new directory is in its parent.
    for (let made = absolute; ; made = dirname(made)) {
      syncDirectory(dirname(made));
      if (made === topmost) return;
    }
  },
  syncDirectory,
});

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** An operation on an open file failed; node:fs would not say on which. */
export class FileError extends Error {
  override readonly name = 'FileError';
  /** Of the operating system (`EIO`). */
  readonly code: string;
  readonly path: string;
  /** Byte of the file where it was to happen; 0 for the file as a whole. */
  readonly offset: number;

  constructor(code: string, path: string, offset: number, reason: string, cause?: unknown) {
    super(`${path} at byte ${offset}: ${reason}`, { cause });
    this.code = code;
    this.path = path;
    this.offset = offset;
  }
}

/** The same file system, whose errors of open files name the file and the place. */
export function namingFiles(files: FileSystem): FileSystem {
  const paths = new Map<number, string>();
  const named = (error: unknown, file: number, offset: number): unknown => {
    const path = paths.get(file);
    return path === undefined ? error : fileError(error, path, offset);
  };
  const onWhole = <T>(file: number, operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      throw named(error, file, 0);
    }
  };
  return {
    open(path, mode) {
      const file = files.open(path, mode);
      paths.set(file, path);
      return file;
    },
    close: (file) => onWhole(file, () => files.close(file)),
    pread(file, into, start, length, position) {
      try {
        return files.pread(file, into, start, length, position);
      } catch (error) {
        throw named(error, file, position);
      }
    },
    pwrite(file, from, start, length, position) {
      try {
        return files.pwrite(file, from, start, length, position);
      } catch (error) {
        throw named(error, file, position);
      }
    },
    fdatasync: (file) => onWhole(file, () => files.fdatasync(file)),
    fsync: (file) => onWhole(file, () => files.fsync(file)),
    truncate: (file, length) => onWhole(file, () => files.truncate(file, length)),
    size: (file) => onWhole(file, () => files.size(file)),
    rename: (from, to) => files.rename(from, to),
    link: (from, to) => files.link(from, to),
    unlink: (path) => files.unlink(path),
    readdir: (path) => files.readdir(path),
    makeDirectory: (path) => onDirectory(path, () => files.makeDirectory(path)),
    syncDirectory: (path) => onDirectory(path, () => files.syncDirectory(path)),
  };
}

function onDirectory(path: string, operation: () => void): void {
  try {
    operation();
  } catch (error) {
    throw fileError(error, path, 0);
  }
}

function fileError(error: unknown, path: string, offset: number): unknown {
  const code = systemErrorCode(error);
  // Of the operating system only: an assertion that failed below is no error of a file.
  if (code === undefined || !(error instanceof Error && 'syscall' in error)) return error;
  return new FileError(code, path, offset, error.message, error);
}

/** The `code` of an operating system error (`ENOENT`), or undefined for any other value. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Reads on until there is everything or the file ends, however short the single reads are.
 *
 * @param read one read of the kernel: start in the buffer, length, position in the file
 */
export function readAll(
  read: (start: number, length: number, position: number) => number,
  start: number,
  length: number,
  position: number,
): number {
  let done = 0;
  while (done < length) {
    const count = read(start + done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
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
