/** Collects what a chunk of the index will hold, record by record. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type Block, entryOf } from './chunk.js';
import { eachKey } from './keys.js';
import { INDEX_BLOCK_BYTES, INDEX_BLOCKS_MAX } from './limits.js';

const timeAt = (b: RecordBuffer, at: number): bigint => {
  const word = (at + HEADER.time) >> 2;
  return (BigInt(b.i32[word + 1] as number) << 32n) | BigInt(b.u32[word] as number);
};

const ENTRIES_FIRST = 65_536;
/** Lists of entries: as many as 16 bits tell apart. */
const LIST_SHIFT = 16;

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
  /** Entries whose hashes begin alike are a list: the newest, and behind each the one before. */
  readonly #newest = new Int32Array(2 ** (32 - LIST_SHIFT)).fill(-1);
  #older = new Int32Array(ENTRIES_FIRST);
  #count = 0;
  #command = -1;

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

  beginCommit(place: CommitPlace): void {
    this.lastCommit = place;
  }

  /** Takes the record at `at`, of the commit that was begun last; it stands at `offset` of its segment. */
  add(b: RecordBuffer, at: number, offset: number): void {
    assert(b.f64[(at + HEADER.sequence) >> 3] === this.next, 'the index takes events in turn');
    const { segment } = this.lastCommit as CommitPlace;
    const last = this.blocks.at(-1);
    const command = b.f64[(at + HEADER.command) >> 3] as number;
    const far =
      last === undefined ||
      last.segment !== segment ||
      // What a command left stays together.
      (offset - last.offset >= INDEX_BLOCK_BYTES && command !== this.#command);
    if (far) this.blocks.push({ sequence: this.next, segment, offset, time: timeAt(b, at) });
    this.#command = command;
    this.next += 1;
    eachKey(b, at, this.#emit);
  }

  /** Blocks that hold something with this hash, ascending. */
  find(hash: number): Block[] {
    const found = new Set<number>();
    const from = entryOf(hash, 0);
    const to = entryOf(hash + 1, 0);
    for (
      let i = this.#newest[hash >>> LIST_SHIFT] as number;
      i >= 0;
      i = this.#older[i] as number
    ) {
      const entry = this.#entries[i] as number;
      if (entry >= from && entry < to) found.add(entry - from);
    }
    return [...found].sort((a, b) => a - b).map((block) => this.blocks[block] as Block);
  }

  /** Sorted, each once; the builder is of no use afterwards. */
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
      const older = new Int32Array(larger.length);
      older.set(this.#older);
      this.#older = older;
    }
    this.#entries[this.#count] = entry;
    const list = hash >>> LIST_SHIFT;
    this.#older[this.#count] = this.#newest[list] as number;
    this.#newest[list] = this.#count;
    this.#count += 1;
  };
}
