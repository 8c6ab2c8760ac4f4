/** Collects what a chunk of the index will hold, record by record. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type Block, entryOf } from './chunk.js';
import { eachKey } from './keys.js';
import { INDEX_BLOCK_BYTES, INDEX_BLOCKS_MAX } from './limits.js';

const ENTRIES_FIRST = 65_536;

/** Where a commit begins. */
export interface CommitPlace {
  readonly sequence: number;
  readonly segment: number;
  readonly offset: number;
}

export class ChunkBuilder {
  readonly first: number;
  next: number;
  readonly blocks: Block[] = [];
  lastCommit: CommitPlace | undefined;
  readonly #events: number;
  #entries = new Float64Array(ENTRIES_FIRST);
  #count = 0;

  /** @param events it is full with so many */
  constructor(first: number, events: number) {
    this.#events = events;
    this.first = first;
    this.next = first;
  }

  /** Whether it ends before the next commit. */
  get full(): boolean {
    return this.next - this.first >= this.#events || this.blocks.length >= INDEX_BLOCKS_MAX - 1;
  }

  beginCommit(place: CommitPlace, time: bigint): void {
    const last = this.blocks.at(-1);
    const near =
      last !== undefined &&
      last.segment === place.segment &&
      place.offset - last.offset < INDEX_BLOCK_BYTES;
    if (!near) this.blocks.push({ ...place, time });
    this.lastCommit = place;
  }

  /** Takes the record at `at`, of the commit that was begun last. */
  add(b: RecordBuffer, at: number): void {
    assert(b.f64[(at + HEADER.sequence) >> 3] === this.next, 'the index takes events in turn');
    this.next += 1;
    eachKey(b, at, this.#emit);
  }

  /** Blocks that hold something with this hash, ascending. */
  find(hash: number): Block[] {
    const from = entryOf(hash, 0);
    const to = entryOf(hash + 1, 0);
    const found = new Set<number>();
    for (let i = 0; i < this.#count; i += 1) {
      const entry = this.#entries[i] as number;
      if (entry >= from && entry < to) found.add(entry - from);
    }
    return [...found].sort((a, b) => a - b).map((block) => this.blocks[block] as Block);
  }

  /** Sorted, each once. */
  entries(): Float64Array {
    const sorted = this.#entries.subarray(0, this.#count).sort();
    let kept = 0;
    for (let i = 0; i < sorted.length; i += 1) {
      if (i > 0 && sorted[i] === sorted[i - 1]) continue;
      sorted[kept] = sorted[i] as number;
      kept += 1;
    }
    this.#count = kept;
    return sorted.subarray(0, kept);
  }

  readonly #emit = (hash: number): void => {
    const entry = entryOf(hash, this.blocks.length - 1);
    // The events of a command follow one another, with the same few keys.
    for (let i = this.#count - 1; i >= 0 && i >= this.#count - 4; i -= 1) {
      if (this.#entries[i] === entry) return;
    }
    if (this.#count === this.#entries.length) {
      const larger = new Float64Array(2 * this.#entries.length);
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#entries[this.#count] = entry;
    this.#count += 1;
  };
}
