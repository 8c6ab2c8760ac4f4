/**
 * A file as the page cache sees it and as the disk has it.
 *
 * ```
 *   pwrite, truncate  -->  bytes (page cache)      what every open file reads
 *                          pending                 what the disk does not have yet, in order
 *   fsync             -->  durable (disk)          what a loss of power leaves
 * ```
 */
import { SECTOR_BYTES } from '../../src/log/journal/limits.js';
import type { Random } from './random.js';

/** What a loss of power may cut a write at: drives write sectors, persistent memory does not. */
export type Tear = 'sector' | 'byte';

interface Write {
  readonly kind: 'write';
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** The size after a truncation, or after a write whose bytes were given up. */
interface Resize {
  readonly kind: 'resize';
  readonly cut: boolean;
  readonly size: number;
}

/** Bytes that grow; beyond `size` they are zero. */
class Content {
  bytes = new Uint8Array(8192);
  size = 0;

  write(at: number, from: Uint8Array): void {
    this.#reserve(at + from.length);
    this.bytes.set(from, at);
    this.size = Math.max(this.size, at + from.length);
  }

  resize(size: number): void {
    this.#reserve(size);
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }

  copy(from: Content): void {
    this.#reserve(from.size);
    this.bytes.fill(0, from.size, Math.max(from.size, this.size));
    this.bytes.set(from.bytes.subarray(0, from.size));
    this.size = from.size;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(size, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.size));
    this.bytes = larger;
  }
}

export class DiskFile {
  readonly #cache = new Content();
  readonly #durable = new Content();
  #pending: (Write | Resize)[] = [];

  get size(): number {
    return this.#cache.size;
  }

  /** The bytes that programs see; not a copy. */
  get bytes(): Uint8Array {
    return this.#cache.bytes.subarray(0, this.#cache.size);
  }

  get isDurable(): boolean {
    return this.#pending.length === 0;
  }

  read(into: Uint8Array, position: number): number {
    const from = this.bytes.subarray(position, position + into.length);
    into.set(from);
    return from.length;
  }

  write(from: Uint8Array, position: number): void {
    this.#cache.write(position, from);
    const bytes = from.slice();
    this.#pending.push({ kind: 'write', at: position, bytes, size: this.#cache.size });
  }

  truncate(size: number): void {
    this.#cache.resize(size);
    this.#pending.push({ kind: 'resize', cut: true, size });
  }

  sync(): void {
    for (const change of this.#pending) apply(this.#durable, change);
    this.#durable.resize(this.#cache.size);
    this.#pending = [];
  }

  /**
   * A sync that fails: some sectors arrived, and the kernel gives the rest up, so that a later sync
   * has nothing left to do although the page cache still shows them ("fsyncgate").
   */
  failSync(random: Random): void {
    for (const change of this.#pending) {
      if (change.kind === 'write') {
        for (const [start, end] of pieces(change, 'sector', random)) {
          if (change.at + end <= this.#durable.size) {
            this.#durable.write(change.at + start, change.bytes.subarray(start, end));
          }
        }
      }
    }
    this.#pending = this.#pending.map(({ kind, size }) => ({
      kind: 'resize',
      cut: kind === 'resize',
      size,
    }));
  }

  /** The kernel needs the memory: what it does not have to write is read from the disk again. */
  evict(): void {
    if (this.#pending.some(({ kind }) => kind === 'write')) return;
    const { size } = this.#cache;
    this.#cache.copy(this.#durable);
    this.#cache.resize(size);
  }

  /** Loss of power: any part of what was not synced is on the disk, under one size that it had. */
  lose(random: Random, tear: Tear): void {
    const known = random.below(this.#pending.length + 1);
    const size = known === 0 ? this.#durable.size : (this.#pending[known - 1]?.size ?? 0);
    for (const [index, change] of this.#pending.entries()) {
      if (change.kind === 'resize') {
        if (index < known && change.cut) apply(this.#durable, change);
        continue;
      }
      for (const [start, end] of pieces(change, tear, random)) {
        this.#durable.write(change.at + start, change.bytes.subarray(start, end));
      }
    }
    this.#durable.resize(size);
    this.#pending = [];
    this.#cache.copy(this.#durable);
  }

  /** The same file on another disk. */
  copy(): DiskFile {
    const file = new DiskFile();
    file.#cache.copy(this.#cache);
    file.#durable.copy(this.#durable);
    file.#pending = [...this.#pending];
    return file;
  }

  /** Changes the bytes on the disk itself; nobody has the file open. */
  damage(change: (bytes: Uint8Array) => Uint8Array): void {
    const changed = change(this.#durable.bytes.slice(0, this.#durable.size));
    this.#durable.resize(0);
    this.#durable.write(0, changed);
    this.#pending = [];
    this.#cache.copy(this.#durable);
  }
}

function apply(content: Content, change: Write | Resize): void {
  if (change.kind === 'write') content.write(change.at, change.bytes);
  else content.resize(change.size);
}

/** The parts of a write that reach the disk, as ranges of its bytes. */
function pieces(write: Write, tear: Tear, random: Random): [number, number][] {
  const { length } = write.bytes;
  const kind = random.below(5);
  if (kind === 0) return [];
  if (kind === 1) return [[0, length]];
  // In sectors of the file, not of the write.
  const sector = (at: number) =>
    Math.min(
      length,
      Math.max(0, Math.floor((write.at + at) / SECTOR_BYTES) * SECTOR_BYTES - write.at),
    );
  if (kind === 2) {
    const cut = random.below(length + 1);
    return [[0, tear === 'byte' ? cut : sector(cut)]];
  }
  const one = random.below(length + 1);
  const two = Math.min(length, one + random.below(kind === 3 ? 1024 : length + 1));
  const [start, end] = tear === 'byte' ? [one, two] : [sector(one), sector(two)];
  // All but a hole, or the hole alone.
  return kind === 3
    ? [
        [0, start],
        [end, length],
      ]
    : [[start, end]];
}
