import { randomUUID } from 'node:crypto';
import { assert } from '../../lib/assert.js';
import {
  type FileSystem,
  nodeFileSystem,
  pwriteAll,
  systemErrorCode,
} from '../../log/file-system.js';
import { DirectoryLock } from '../../log/journal/directory-lock.js';
import { JournalError } from '../../log/journal/errors.js';
import type { BackupStore } from './backup-store.js';
import { BackupError } from './errors.js';

/** A file that is being written; whatever keeps it from its name leaves it to the next clean-up. */
const NEW_SUFFIX = '.new';
const NAME = /^[a-z]+\/[a-z0-9._-]+$/;

/** Backups in a directory: another disk, or a mount of another box. */
export class DirectoryStore implements BackupStore {
  readonly description: string;
  readonly #directory: string;
  readonly #files: FileSystem;

  constructor(directory: string, files: FileSystem = nodeFileSystem) {
    this.description = directory;
    this.#directory = directory;
    this.#files = files;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#guard(name, () => this.#write(name, bytes));
  }

  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#guard(name, () => {
      this.#files.makeDirectory(this.#directory);
      const lock = this.#lock();
      if (lock === undefined) return false;
      try {
        if (this.#namesOf(folderOf(name)).includes(name)) {
          return Buffer.compare(this.#read(name), bytes) === 0;
        }
        this.#write(name, bytes);
        return true;
      } finally {
        lock.release();
      }
    });
  }

  async get(name: string): Promise<Uint8Array> {
    return this.#guard(name, () => this.#read(name));
  }

  async list(folder: string): Promise<string[]> {
    return this.#guard(folder, () => this.#namesOf(folder).sort());
  }

  async remove(name: string): Promise<void> {
    this.#guard(name, () => {
      try {
        this.#files.unlink(this.#pathOf(name));
        // For good: an old manifest that comes back would hide that the newest is gone.
        this.#files.syncDirectory(`${this.#directory}/${folderOf(name)}`);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') throw error;
      }
    });
  }

  close(): void {}

  #write(name: string, bytes: Uint8Array): void {
    const path = this.#pathOf(name);
    const folder = `${this.#directory}/${folderOf(name)}`;
    this.#files.makeDirectory(folder);
    const temporary = `${path}.${randomUUID()}${NEW_SUFFIX}`;
    const file = this.#files.open(temporary, 'create');
    try {
      pwriteAll(this.#files, file, bytes, bytes.length, 0);
      this.#files.fsync(file);
    } finally {
      this.#files.close(file);
    }
    this.#files.rename(temporary, path);
    this.#files.syncDirectory(folder);
  }

  #read(name: string): Uint8Array {
    const file = this.#files.open(this.#pathOf(name), 'read');
    try {
      const bytes = new Uint8Array(this.#files.size(file));
      const filled = this.#files.pread(file, bytes, 0, bytes.length, 0);
      if (filled === bytes.length) return bytes;
      throw new BackupError('BACKUP_OBJECT_DAMAGED', `${name} is cut short`, { object: name });
    } finally {
      this.#files.close(file);
    }
  }

  /** Undefined while another process creates an object here. */
  #lock(): DirectoryLock | undefined {
    try {
      return DirectoryLock.take(this.#files, this.#directory, false);
    } catch (error) {
      if (error instanceof JournalError && error.code === 'JOURNAL_LOCKED') return undefined;
      throw error;
    }
  }

  #namesOf(folder: string): string[] {
    try {
      const names = this.#files.readdir(`${this.#directory}/${folder}`);
      return names.map((name) => `${folder}/${name}`);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #pathOf(name: string): string {
    assert(NAME.test(name), `${name} is no name of an object`);
    return `${this.#directory}/${name}`;
  }

  #guard<T>(name: string, operation: () => T): T {
    try {
      return operation();
    } catch (cause) {
      const code = systemErrorCode(cause);
      if (code === undefined || cause instanceof BackupError) throw cause;
      const object = name;
      if (code === 'ENOENT') {
        const message = `${name} is not in ${this.#directory}`;
        throw new BackupError('BACKUP_OBJECT_MISSING', message, { object, cause });
      }
      const message = `${this.#directory}: ${(cause as Error).message}`;
      throw new BackupError('BACKUP_STORE_FAILED', message, { object, cause });
    }
  }
}

const folderOf = (name: string): string => name.split('/')[0] as string;
