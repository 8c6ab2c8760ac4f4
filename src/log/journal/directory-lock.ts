import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { type FileSystem, pwriteAll, systemErrorCode } from '../file-system.js';
import { JournalError } from './errors.js';

/**
 * One writer per directory: the file `lock` names the process that holds it.
 *
 * Node has no `flock`, so a holder that died without cleaning up must be told from one that lives.
 * The file says host, boot, pid namespace, pid and start time of the holder. A lock is taken over
 * only where that proves the holder dead: same boot and namespace and no such process (or another
 * one under its pid), or the same host after a reboot. In every other case (another host on a shared
 * disk, another container) it is refused, and an operator who knows better says `takeOver`.
 *
 * Limits: advisory, and only as good as host names are unique among hosts that share the disk. Where
 * /proc is missing (not Linux) a dead holder is recognised by its pid alone.
 */
export const LOCK_NAME = 'lock';
const LOCK_BYTES_MAX = 1024;

interface Holder {
  readonly host: string;
  readonly boot: string;
  readonly namespace: string;
  readonly pid: number;
  readonly started: string;
  /** Different for each lock taken, also by one process. */
  readonly token: string;
}

export class DirectoryLock {
  readonly #files: FileSystem;
  readonly #path: string;
  readonly #content: string;

  private constructor(files: FileSystem, path: string, content: string) {
    this.#files = files;
    this.#path = path;
    this.#content = content;
  }

  /** @throws JournalError JOURNAL_LOCKED */
  static take(files: FileSystem, directory: string, takeOver: boolean): DirectoryLock {
    const path = `${directory}/${LOCK_NAME}`;
    const content = JSON.stringify(thisProcess());
    if (createWith(files, path, content)) return new DirectoryLock(files, path, content);

    const found = readText(files, path);
    if (found !== undefined) {
      const obstacle = takeOver ? undefined : whyAlive(found);
      if (obstacle !== undefined) {
        throw new JournalError('JOURNAL_LOCKED', `${path}: ${obstacle}: ${found}`);
      }
      moveAside(files, path, found);
    }
    if (createWith(files, path, content)) return new DirectoryLock(files, path, content);
    throw new JournalError('JOURNAL_LOCKED', `${path}: another writer was faster`);
  }

  /** Whether the lock is still the one taken: not if an operator has forced it away. */
  isHeld(): boolean {
    return readText(this.#files, this.#path) === this.#content;
  }

  /** @throws JournalError JOURNAL_LOCKED */
  check(): void {
    if (this.isHeld()) return;
    throw new JournalError('JOURNAL_LOCKED', `${this.#path}: no longer that of this writer`);
  }

  release(): void {
    if (this.isHeld()) this.#files.unlink(this.#path);
  }
}

/** Whether a process holds, or may hold, the lock of `directory`. */
export function isLocked(files: FileSystem, directory: string): boolean {
  const found = readText(files, `${directory}/${LOCK_NAME}`);
  return found !== undefined && whyAlive(found) !== undefined;
}

/**
 * Creates the lock file; false if there is one. It gets its name once its content is durable: a lock
 * that does not say who holds it, left by a crash, could only be removed by an operator.
 */
function createWith(files: FileSystem, path: string, content: string): boolean {
  const unnamed = `${path}.${randomUUID()}`;
  const file = files.open(unnamed, 'create');
  try {
    const bytes = new TextEncoder().encode(content);
    pwriteAll(files, file, bytes, bytes.length, 0);
    files.fsync(file);
  } finally {
    files.close(file);
  }
  try {
    files.link(unnamed, path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    files.unlink(unnamed);
  }
  return true;
}

/** Removes a dead lock under a name of our own, so that of several starters only one wins it. */
function moveAside(files: FileSystem, path: string, expected: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    files.rename(path, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (readText(files, aside) === expected) {
    files.unlink(aside);
    return;
  }
  // Another starter was between our look and our rename: its lock is live and goes back.
  files.rename(aside, path);
  throw new JournalError('JOURNAL_LOCKED', `${path}: another writer was faster`);
}

function readText(files: FileSystem, path: string): string | undefined {
  let file: number;
  try {
    file = files.open(path, 'read');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(LOCK_BYTES_MAX);
    return new TextDecoder().decode(
      bytes.subarray(0, files.pread(file, bytes, 0, bytes.length, 0)),
    );
  } finally {
    files.close(file);
  }
}

/** Why the holder cannot be taken for dead; undefined if it is. */
function whyAlive(content: string): string | undefined {
  const holder = parseHolder(content);
  // Not written by a Daybook that completes a lock before it names it.
  if (holder === undefined) return 'a lock that does not say who holds it';
  const self = thisProcess();
  if (holder.host !== self.host) return 'held by a process of another host';
  if (holder.boot !== self.boot) return undefined;
  if (holder.namespace !== self.namespace) return 'held by a process of another container';
  return startTime(holder.pid) === holder.started ? 'held by a running process' : undefined;
}

function parseHolder(content: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  const holder = value as Partial<Holder> | null;
  const named = typeof holder?.host === 'string' && typeof holder.boot === 'string';
  const placed = typeof holder?.namespace === 'string' && typeof holder.started === 'string';
  return named && placed && Number.isInteger(holder.pid) ? (holder as Holder) : undefined;
}

/** Does not change while the process runs. */
let known: Omit<Holder, 'token'> | undefined;

function thisProcess(): Holder {
  known ??= {
    host: hostname(),
    boot: readProc('/proc/sys/kernel/random/boot_id'),
    namespace: readNamespace(),
    pid: process.pid,
    started: startTime(process.pid) ?? 'unknown',
  };
  return { ...known, token: randomUUID() };
}

/** Start of a process in clock ticks since boot, field 22 of its stat; undefined if there is none. */
function startTime(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === '') return isRunning(pid) ? 'unknown' : undefined;
  // The command name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
