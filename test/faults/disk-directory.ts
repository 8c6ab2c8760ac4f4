/** A directory as programs see it and as the disk has it: names are durable once it is synced. */
import type { DiskFile } from './disk-file.js';
import type { Random } from './random.js';

/** One change of names that is done whole or not at all. */
interface NameChange {
  readonly removed: readonly string[];
  readonly added: ReadonlyMap<string, DiskFile>;
}

export class DiskDirectory {
  readonly names = new Map<string, DiskFile>();
  readonly #durable = new Map<string, DiskFile>();
  #pending: NameChange[] = [];

  add(name: string, file: DiskFile): void {
    this.#change({ removed: [], added: new Map([[name, file]]) });
  }

  remove(name: string): void {
    this.#change({ removed: [name], added: new Map() });
  }

  rename(from: string, to: string): void {
    const file = this.names.get(from) as DiskFile;
    this.#change({ removed: [from], added: new Map([[to, file]]) });
  }

  sync(): void {
    for (const change of this.#pending) applyTo(this.#durable, change);
    this.#pending = [];
  }

  /**
   * Loss of power: the changes up to some moment are on the disk, as a file system with a journal
   * has it, or any of them whose names no lost one has touched.
   */
  lose(random: Random): void {
    const upTo = random.below(this.#pending.length + 1);
    const inOrder = random.once(2);
    const lost = new Set<string>();
    for (const [index, change] of this.#pending.entries()) {
      const touched = [...change.removed, ...change.added.keys()];
      const possible = !touched.some((name) => lost.has(name));
      if (possible && (inOrder ? index < upTo : random.once(2))) applyTo(this.#durable, change);
      else for (const name of touched) lost.add(name);
    }
    this.#pending = [];
    this.names.clear();
    for (const [name, file] of this.#durable) this.names.set(name, file);
  }

  /** The same directory on another disk, all of whose names are durable. */
  copy(): DiskDirectory {
    const directory = new DiskDirectory();
    for (const [name, file] of this.names) {
      const same = file.copy();
      directory.names.set(name, same);
      directory.#durable.set(name, same);
    }
    return directory;
  }

  /** Changes the names on the disk itself; no program runs. */
  damage(change: (names: Map<string, DiskFile>) => void): void {
    this.sync();
    change(this.#durable);
    this.names.clear();
    for (const [name, file] of this.#durable) this.names.set(name, file);
  }

  #change(change: NameChange): void {
    applyTo(this.names, change);
    this.#pending.push(change);
  }
}

function applyTo(names: Map<string, DiskFile>, { removed, added }: NameChange): void {
  for (const name of removed) names.delete(name);
  for (const [name, file] of added) names.set(name, file);
}
