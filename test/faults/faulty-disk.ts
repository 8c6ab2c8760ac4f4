/**
 * A disk in memory behind the port `FileSystem`: knows what is durable, counts every operation, and
 * lets one of them go wrong in any way that an operating system may let it.
 */
import { basename, dirname } from 'node:path';
import { assert } from '../../src/lib/assert.js';
import { type FileSystem, type OpenMode, readAll } from '../../src/log/file-system.js';
import { DiskDirectory } from './disk-directory.js';
import { DiskFile, type Tear } from './disk-file.js';
import type { Random } from './random.js';

export type OperationKind = keyof FileSystem;

export interface Operation {
  /** Counted from 0 since `watch` was last set. */
  readonly index: number;
  readonly kind: OperationKind;
  readonly path: string;
}

/** What may happen to one operation. */
export type Fault =
  /** It fails; `after`: its effect is there nevertheless. */
  | { readonly kind: 'error'; readonly code: string; readonly when: 'before' | 'after' }
  /** A write of some of the bytes, then an error; also what a full disk does. */
  | { readonly kind: 'partial'; readonly code: string }
  /** The kernel reads or writes less than asked for. */
  | { readonly kind: 'short' }
  /** A read finds the file's end too early, as if somebody cut it at that moment. */
  | { readonly kind: 'end' }
  /** A read gives back a bit that is not the disk's. */
  | { readonly kind: 'flip' }
  /** A sync that says it was done, but was not; `forever`: no later one does it either. */
  | { readonly kind: 'lost-sync'; readonly forever: boolean }
  /** Power fails. */
  | { readonly kind: 'power'; readonly when: 'before' | 'after' }
  /** The process is killed: the page cache stays. */
  | { readonly kind: 'kill'; readonly when: 'before' | 'after' };

/** The process does not run any more: nothing can be done, also not in a `finally`. */
export class ProcessDown extends Error {
  override readonly name = 'ProcessDown';
}

export class FaultyDisk implements FileSystem {
  /** Says what happens to an operation; nothing by default. */
  onOperation: (operation: Operation) => Fault | undefined = () => undefined;
  /** No room: whatever needs more fails with ENOSPC. */
  full = false;
  /** Why the process is down. */
  down: 'power' | 'kill' | undefined;
  /** Operations since the last `watch`. */
  operations = 0;
  readonly #random: Random;
  readonly #directories = new Map<string, DiskDirectory>();
  /** Renames of directories that are not durable yet. */
  #moves: { readonly from: string; readonly to: string }[] = [];
  readonly #open = new Map<number, { file: DiskFile; path: string; mode: OpenMode }>();
  #nextHandle = 3;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Counts from 0 again, with these faults. */
  watch(onOperation: (operation: Operation) => Fault | undefined): void {
    this.operations = 0;
    this.onOperation = onOperation;
  }

  get openFiles(): string[] {
    return [...this.#open.values()].map(({ path }) => path);
  }

  /** The machine, or the process, starts again. */
  restart(tear: Tear): void {
    this.#open.clear();
    if (this.down === 'power') {
      for (const { from, to } of this.#moves.splice(0).reverse()) {
        if (this.#random.once(2)) this.#moveDirectory(to, from);
      }
      for (const directory of this.#directories.values()) {
        const files = new Set(directory.names.values());
        directory.lose(this.#random);
        for (const file of directory.names.values()) files.add(file);
        for (const file of files) file.lose(this.#random, tear);
      }
    } else if (this.#random.once(2)) {
      for (const { names } of this.#directories.values()) {
        for (const file of names.values()) file.evict();
      }
    }
    this.down = undefined;
  }

  /** Another disk with the same files, all of them durable; nothing is open there. */
  copy(random: Random): FaultyDisk {
    const disk = new FaultyDisk(random);
    for (const [path, directory] of this.#directories) {
      disk.#directories.set(path, directory.copy());
    }
    return disk;
  }

  /** Takes a directory away with all below it. */
  removeTree(path: string): void {
    for (const each of [...this.#directories.keys()]) {
      if (each === path || each.startsWith(`${path}/`)) this.#directories.delete(each);
    }
  }

  has(path: string): boolean {
    return this.#directories.has(path);
  }

  /** A directory, for damage from outside. */
  directory(path: string): DiskDirectory {
    const found = this.#directories.get(path);
    if (found === undefined) throw failure('ENOENT', 'scandir', path);
    return found;
  }

  open(path: string, mode: OpenMode): number {
    return this.#run('open', path, () => {
      const directory = this.directory(dirname(path));
      let file = directory.names.get(basename(path));
      if (mode === 'create') {
        if (file !== undefined) throw failure('EEXIST', 'open', path);
        if (this.full) throw failure('ENOSPC', 'open', path);
        file = new DiskFile();
        directory.add(basename(path), file);
      }
      if (file === undefined) throw failure('ENOENT', 'open', path);
      const handle = this.#nextHandle++;
      this.#open.set(handle, { file, path, mode });
      return handle;
    });
  }

  close(handle: number): void {
    const { path } = this.#opened(handle);
    this.#run('close', path, () => this.#open.delete(handle));
  }

  pread(handle: number, into: Uint8Array, start: number, length: number, position: number) {
    const { file, path } = this.#opened(handle);
    let end = false;
    return readAll(
      (from, count, at) => {
        if (end) return 0;
        const target = into.subarray(from, from + count);
        const fault = this.#before('pread', path);
        let wanted = target;
        if (fault?.kind === 'short') wanted = target.subarray(0, 1 + this.#random.below(count));
        if (fault?.kind === 'end') {
          wanted = target.subarray(0, this.#random.below(count));
          end = true;
        }
        const done = file.read(wanted, at);
        if (fault?.kind === 'flip' && done > 0) {
          const byte = this.#random.below(done);
          target[byte] = (target[byte] as number) ^ (1 << this.#random.below(8));
        }
        this.#after('pread', path, fault);
        return done;
      },
      start,
      length,
      position,
    );
  }

  pwrite(handle: number, from: Uint8Array, start: number, length: number, position: number) {
    const { file, path, mode } = this.#opened(handle);
    assert(mode !== 'read', 'the file is open for writing');
    const fault = this.#before('pwrite', path);
    const grows = position + length > file.size;
    let count = length;
    if (fault?.kind === 'short') count = 1 + this.#random.below(length);
    const partial = fault?.kind === 'partial' ? fault.code : this.full && grows && 'ENOSPC';
    if (partial) count = Math.min(this.#sectors(position, length), length);
    if (partial && this.full) count = Math.min(count, Math.max(0, file.size - position));
    if (count > 0) file.write(from.subarray(start, start + count), position);
    // A kernel that could write something says how much; the error comes with the next call.
    if (partial && (count === 0 || fault !== undefined)) throw failure(partial, 'write', path);
    this.#after('pwrite', path, fault);
    return count;
  }

  fdatasync(handle: number): void {
    this.#sync('fdatasync', handle);
  }

  fsync(handle: number): void {
    this.#sync('fsync', handle);
  }

  truncate(handle: number, length: number): void {
    const { file, path } = this.#opened(handle);
    this.#run('truncate', path, () => file.truncate(length));
  }

  size(handle: number): number {
    const { file, path } = this.#opened(handle);
    return this.#run('size', path, () => file.size);
  }

  rename(from: string, to: string): void {
    assert(dirname(from) === dirname(to), 'a rename stays in its directory');
    this.#run('rename', from, () => {
      if (this.#directories.has(from)) {
        this.#moveDirectory(from, to);
        this.#moves.push({ from, to });
        return;
      }
      const directory = this.directory(dirname(from));
      if (!directory.names.has(basename(from))) throw failure('ENOENT', 'rename', from);
      directory.rename(basename(from), basename(to));
    });
  }

  link(from: string, to: string): void {
    assert(dirname(from) === dirname(to), 'a link stays in its directory');
    this.#run('link', from, () => {
      const directory = this.directory(dirname(from));
      const file = directory.names.get(basename(from));
      if (file === undefined) throw failure('ENOENT', 'link', from);
      if (directory.names.has(basename(to))) throw failure('EEXIST', 'link', to);
      directory.add(basename(to), file);
    });
  }

  unlink(path: string): void {
    this.#run('unlink', path, () => {
      const directory = this.directory(dirname(path));
      if (!directory.names.has(basename(path))) throw failure('ENOENT', 'unlink', path);
      directory.remove(basename(path));
    });
  }

  readdir(path: string): string[] {
    return this.#run('readdir', path, () => {
      const names = [...this.directory(path).names.keys()];
      const below = [...this.#directories.keys()].filter((other) => dirname(other) === path);
      return [...names, ...below.map((other) => basename(other))].reverse();
    });
  }

  makeDirectory(path: string): void {
    this.#run('makeDirectory', path, () => {
      for (let each = path; each !== '/' && each !== '.'; each = dirname(each)) {
        if (!this.#directories.has(each)) this.#directories.set(each, new DiskDirectory());
      }
    });
  }

  syncDirectory(path: string): void {
    const directory = this.directory(path);
    const fault = this.#before('syncDirectory', path);
    if (fault?.kind !== 'lost-sync') {
      directory.sync();
      this.#moves = this.#moves.filter(({ to }) => dirname(to) !== path);
    }
    this.#after('syncDirectory', path, fault);
  }

  #sync(kind: 'fdatasync' | 'fsync', handle: number): void {
    const { file, path } = this.#opened(handle);
    const fault = this.#decide(kind, path);
    if (fault?.kind === 'error') {
      if (fault.when === 'after') file.sync();
      else file.failSync(this.#random);
      throw failure(fault.code, kind, path);
    }
    this.#begin(kind, path, fault);
    if (fault?.kind !== 'lost-sync') file.sync();
    else if (fault.forever) file.failSync(this.#random);
    this.#after(kind, path, fault);
  }

  #moveDirectory(from: string, to: string): void {
    if (this.#directories.has(to)) throw failure('ENOTEMPTY', 'rename', from);
    for (const [path, directory] of [...this.#directories]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#directories.delete(path);
      this.#directories.set(to + path.slice(from.length), directory);
    }
  }

  /** An operation that happens whole or not at all. */
  #run<T>(kind: OperationKind, path: string, effect: () => T): T {
    const fault = this.#before(kind, path);
    const result = effect();
    this.#after(kind, path, fault);
    return result;
  }

  #decide(kind: OperationKind, path: string): Fault | undefined {
    if (this.down !== undefined) throw new ProcessDown(this.down);
    const fault = this.onOperation({ index: this.operations, kind, path });
    this.operations += 1;
    return fault;
  }

  #before(kind: OperationKind, path: string): Fault | undefined {
    const fault = this.#decide(kind, path);
    this.#begin(kind, path, fault);
    return fault;
  }

  #begin(kind: OperationKind, path: string, fault: Fault | undefined): void {
    if (fault?.kind === 'error' && fault.when === 'before') throw failure(fault.code, kind, path);
    if ((fault?.kind === 'power' || fault?.kind === 'kill') && fault.when === 'before') {
      this.down = fault.kind;
      throw new ProcessDown(fault.kind);
    }
  }

  #after(kind: OperationKind, path: string, fault: Fault | undefined): void {
    if (fault?.kind === 'error') throw failure(fault.code, kind, path);
    if (fault?.kind !== 'power' && fault?.kind !== 'kill') return;
    this.down = fault.kind;
    throw new ProcessDown(fault.kind);
  }

  /** Some of the bytes, cut where a kernel cuts: between sectors of the file. */
  #sectors(position: number, length: number): number {
    const cut = position + this.#random.below(length);
    return Math.max(0, Math.floor(cut / 512) * 512 - position);
  }

  #opened(handle: number): { file: DiskFile; path: string; mode: OpenMode } {
    if (this.down !== undefined) throw new ProcessDown(this.down);
    const opened = this.#open.get(handle);
    assert(opened !== undefined, 'the file is open');
    return opened;
  }
}

/** An error of node:fs; of an open file it names no path, as those do not. */
function failure(code: string, call: string, path: string): Error {
  const named = ['open', 'unlink', 'rename', 'link', 'scandir', 'readdir'].includes(call);
  const text = named ? `${code}: fault, ${call} '${path}'` : `${code}: fault, ${call}`;
  return Object.assign(new Error(text), { code, syscall: call, ...(named ? { path } : {}) });
}
