/**
 * Where in the journal something is told of: an order, a client order id, an execution, an
 * instrument's marks, a limit, names. Derived from the journal, beside it, and built anew from it
 * where it is missing, damaged or of another history:
 *
 * ```
 *   journal/shard-0.index/chunk-0000000000000000, chunk-0000000000262144, ...   see chunk.ts
 * ```
 *
 * Chunks are written once and never changed; what follows the last one is kept in memory.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type FileSystem, nodeFileSystem } from '../../log/file-system.js';
import { COMMIT_HEAD_BYTES } from '../../log/journal/commit.js';
import type { DurableEnd, DurablePosition } from '../../log/journal/durable-end.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { listSegments } from '../../log/journal/segment.js';
import type { Block } from './chunk.js';
import { ChunkBuilder, type CommitPlace } from './chunk-builder.js';
import { ChunkFiles } from './chunk-files.js';
import { CommitPlaces } from './commit-places.js';
import { INDEX_CHUNK_EVENTS } from './limits.js';

/** A block, and the sequence behind its last event. */
export interface Place extends Block {
  readonly next: number;
  /** Offset behind its last byte; undefined where that is not known. */
  readonly end: number | undefined;
}

export const indexDirectory = (journal: string): string => `${journal}.index`;

export interface OrderIndexOptions {
  readonly journal: string;
  readonly end: DurableEnd;
  /** Where the chunks are; default `indexDirectory(journal)`. */
  readonly directory?: string | undefined;
  readonly fileSystem?: FileSystem;
  /** Events of a chunk; default INDEX_CHUNK_EVENTS. */
  readonly chunkEvents?: number;
}

export class OrderIndex {
  readonly #files: FileSystem;
  readonly #journal: string;
  readonly #end: DurableEnd;
  readonly #chunks: ChunkFiles;
  readonly #chunkEvents: number;
  #tail: ChunkBuilder;

  constructor(options: OrderIndexOptions) {
    const { journal, end, directory, fileSystem = nodeFileSystem } = options;
    this.#chunkEvents = options.chunkEvents ?? INDEX_CHUNK_EVENTS;
    this.#files = fileSystem;
    this.#journal = journal;
    this.#end = end;
    const start = listSegments(fileSystem, journal)[0] ?? 0;
    const at = directory ?? indexDirectory(journal);
    this.#chunks = new ChunkFiles(fileSystem, at, journal, start);
    this.#tail = new ChunkBuilder(this.#chunks.next, this.#chunkEvents);
  }

  /** The first sequence that is not indexed yet. */
  get next(): number {
    return this.#tail.next;
  }

  /**
   * Indexes what is durable, at most to the end of the next chunk.
   * @returns whether there is more
   * @throws JournalError, IndexError INDEX_NOT_WRITABLE
   */
  advance(): boolean {
    const durable: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
    this.#end.read(durable);
    if (this.next >= durable.nextSequence) return false;
    const places = new CommitPlaces(this.next, this.#lastPlace());
    const reader = new JournalReader(this.#journal, {
      ...{ from: this.next, end: this.#end, index: places, fileSystem: this.#files },
    });
    try {
      for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
        if (this.#take(batch, places.take())) return true;
      }
    } finally {
      reader.close();
    }
    return false;
  }

  /** Indexes all that is durable now, not what a writer adds meanwhile: that might never end. */
  advanceToEnd(): void {
    const durable: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
    this.#end.read(durable);
    while (this.next < durable.nextSequence) this.advance();
  }

  /** Blocks with events of [from, before) that hold something with this hash, oldest first. */
  find(hash: number, before: number, from = 0): Place[] {
    const found: Place[] = [];
    for (let chunk = 0; chunk < this.#chunks.count; chunk += 1) {
      const head = this.#chunks.head(chunk);
      if (head.first >= before) break;
      if (head.next <= from) continue;
      found.push(...places(this.#chunks.find(chunk, hash), head.blocks, head.next, before));
    }
    const { blocks, next } = this.#tail;
    if (this.#tail.first < before) {
      found.push(...places(this.#tail.find(hash), blocks, next, before));
    }
    return from === 0 ? found : found.filter((place) => place.next > from);
  }

  /** The same, newest first, looked for one chunk at a time. */
  *findBackwards(hash: number, before: number): Generator<Place> {
    const { blocks, next } = this.#tail;
    if (this.#tail.first < before) {
      yield* places(this.#tail.find(hash), blocks, next, before).reverse();
    }
    for (let chunk = this.#chunks.count - 1; chunk >= 0; chunk -= 1) {
      const head = this.#chunks.head(chunk);
      if (head.first >= before) continue;
      yield* places(this.#chunks.find(chunk, hash), head.blocks, head.next, before).reverse();
    }
  }

  /** The last block whose first event is not after `time`; undefined: all are later. */
  blockOfTime(time: bigint): Place | undefined {
    for (let chunk = this.#chunks.count; chunk >= 0; chunk -= 1) {
      const of = chunk === this.#chunks.count ? this.#tail : this.#chunks.head(chunk);
      const at = of.blocks.findLastIndex((block) => block.time <= time);
      const block = of.blocks[at];
      if (block !== undefined) return placeOf(block, of.blocks[at + 1], of.next);
    }
    return undefined;
  }

  /** A commit before the next one to index, to begin the search at. */
  #lastPlace(): CommitPlace | undefined {
    if (this.#tail.lastCommit !== undefined) return this.#tail.lastCommit;
    const { count } = this.#chunks;
    return count === 0 ? undefined : this.#chunks.head(count - 1).lastCommit;
  }

  /** @returns whether a chunk was ended; what stands behind it in the batch is for the next call */
  #take(batch: RecordBuffer, commits: readonly CommitPlace[]): boolean {
    let commit = 0;
    let offset = 0;
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      const sequence = batch.f64[(at + HEADER.sequence) >> 3] as number;
      const place = commits[commit];
      if (place !== undefined && place.sequence <= sequence) {
        assert(place.sequence === sequence, 'a commit begins with its first event');
        if (this.#tail.full) {
          this.#chunks.add(this.#tail);
          this.#tail = new ChunkBuilder(sequence, this.#chunkEvents);
          return true;
        }
        this.#tail.beginCommit(place);
        offset = place.offset + COMMIT_HEAD_BYTES;
        commit += 1;
      }
      this.#tail.add(batch, at, offset);
      offset += batch.u16[(at + HEADER.length) >> 1] as number;
    }
    return false;
  }
}

/** With where each ends, and without those that begin at `before` or later. */
function places(
  found: readonly Block[],
  blocks: readonly Block[],
  next: number,
  before: number,
): Place[] {
  const result: Place[] = [];
  for (const block of found) {
    if (block.sequence >= before) break;
    result.push(placeOf(block, blocks[indexOf(blocks, block.sequence) + 1], next));
  }
  return result;
}

const placeOf = (block: Block, after: Block | undefined, next: number): Place => ({
  ...block,
  next: after?.sequence ?? next,
  end: after?.segment === block.segment ? after.offset : undefined,
});

/** Where the block that begins with `sequence` stands among ascending ones. */
function indexOf(blocks: readonly Block[], sequence: number): number {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle] as Block).sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
