/** The chunks of an index on disk: which are there and good, and their look-ups. */
import { RecordBuffer } from '../../domain/event-record.js';
import { type FileSystem, pwriteAll, systemErrorCode } from '../../log/file-system.js';
import { COMMIT_HEAD_BYTES, commitChain, isCommitHead } from '../../log/journal/commit.js';
import { segmentName } from '../../log/journal/segment.js';
import { type Block, type ChunkHead, decodeHead, encodeChunk, findBlocks } from './chunk.js';
import type { ChunkBuilder, CommitPlace } from './chunk-builder.js';
import { INDEX_HEADS_MAX } from './limits.js';

const NAME = /^chunk-(\d{16})$/;
const nameOf = (first: number): string => `chunk-${String(first).padStart(16, '0')}`;
const NEW_SUFFIX = '.new';

/** The index cannot be used or kept; `code` is stable. */
export class IndexError extends Error {
  override readonly name = 'IndexError';
  readonly code: 'INDEX_NOT_WRITABLE' | 'INDEX_DAMAGED';
  constructor(code: IndexError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export class ChunkFiles {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #journal: string;
  /** First sequences of the chunks that follow one another without a gap. */
  readonly #firsts: number[] = [];
  #next: number;
  readonly #heads = new Map<number, ChunkHead>();

  /**
   * Takes the chunks from `start` on that are whole, follow one another and belong to this journal;
   * the others are removed, to be built anew.
   *
   * @param start the oldest sequence of the journal
   */
  constructor(files: FileSystem, directory: string, journal: string, start: number) {
    this.#files = files;
    this.#directory = directory;
    this.#journal = journal;
    this.#next = start;
    for (const first of this.#listed()) {
      if (first < start) continue;
      const head = first === this.#next ? this.#readHead(first) : undefined;
      if (head === undefined || !this.#isOfJournal(head)) {
        this.#remove(first);
        continue;
      }
      this.#keepHead(first, head);
      this.#firsts.push(first);
      this.#next = head.next;
    }
  }

  /** The first sequence that is in no chunk. */
  get next(): number {
    return this.#next;
  }

  get count(): number {
    return this.#firsts.length;
  }

  /** Blocks of chunk `index` that hold something with this hash. */
  find(index: number, hash: number): Block[] {
    const first = this.#firsts[index] as number;
    const head = this.head(index);
    const file = this.#files.open(`${this.#directory}/${nameOf(first)}`, 'read');
    try {
      const found = findBlocks(head, hash, (at, length) => this.#pread(file, at, length));
      if (found !== undefined) return found;
    } finally {
      this.#files.close(file);
    }
    throw this.#damaged(first);
  }

  /** @throws IndexError INDEX_DAMAGED; the chunk is removed, so that the next start builds it anew */
  head(index: number): ChunkHead {
    const first = this.#firsts[index] as number;
    const known = this.#heads.get(first);
    const head = known ?? this.#readHead(first);
    if (head === undefined) throw this.#damaged(first);
    this.#heads.delete(first);
    this.#keepHead(first, head);
    return head;
  }

  /** Writes a chunk for good and takes it. @throws IndexError INDEX_NOT_WRITABLE */
  add(builder: ChunkBuilder): void {
    const { first, next, blocks } = builder;
    const lastCommit = builder.lastCommit as CommitPlace;
    const chain = this.#chainAt(lastCommit) as Uint8Array;
    const bytes = encodeChunk({ first, next, lastCommit, chain, blocks }, builder.entries());
    try {
      this.#write(nameOf(first), bytes);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      throw new IndexError('INDEX_NOT_WRITABLE', `${this.#directory}: ${(error as Error).message}`);
    }
    this.#firsts.push(first);
    this.#next = next;
  }

  #write(name: string, bytes: Uint8Array): void {
    const files = this.#files;
    files.makeDirectory(this.#directory);
    // A name of this process: two of them may build the same chunk, and then it is the same.
    const path = `${this.#directory}/${name}.${process.pid}${NEW_SUFFIX}`;
    const file = files.open(path, 'create');
    try {
      pwriteAll(files, file, bytes, bytes.length, 0);
      files.fsync(file);
    } finally {
      files.close(file);
    }
    files.rename(path, `${this.#directory}/${name}`);
    files.syncDirectory(this.#directory);
  }

  #listed(): number[] {
    let names: string[];
    try {
      names = this.#files.readdir(this.#directory);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
    const firsts = names.map((name) => NAME.exec(name)?.[1]).filter((text) => text !== undefined);
    return firsts.map(Number).sort((a, b) => a - b);
  }

  #readHead(first: number): ChunkHead | undefined {
    const file = this.#files.open(`${this.#directory}/${nameOf(first)}`, 'read');
    try {
      const read = (at: number, length: number) => this.#pread(file, at, length);
      const head = decodeHead(read, this.#files.size(file));
      return head?.first === first ? head : undefined;
    } finally {
      this.#files.close(file);
    }
  }

  #pread(file: number, at: number, length: number): Buffer {
    const into = Buffer.allocUnsafe(length);
    return into.subarray(0, this.#files.pread(file, into, 0, length, at));
  }

  #keepHead(first: number, head: ChunkHead): void {
    this.#heads.set(first, head);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > INDEX_HEADS_MAX) this.#heads.delete(oldest as number);
  }

  /** The journal has the commit that the chunk ended with, and so all before it. */
  #isOfJournal(head: ChunkHead): boolean {
    const chain = this.#chainAt(head.lastCommit);
    return chain !== undefined && Buffer.compare(chain, head.chain) === 0;
  }

  #chainAt({ segment, offset }: Omit<CommitPlace, 'sequence'>): Uint8Array | undefined {
    const view = new RecordBuffer(COMMIT_HEAD_BYTES);
    let file: number;
    try {
      file = this.#files.open(`${this.#journal}/${segmentName(segment)}`, 'read');
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const read = this.#files.pread(file, view.bytes, 0, COMMIT_HEAD_BYTES, offset);
      if (read < COMMIT_HEAD_BYTES || !isCommitHead(view, 0)) return undefined;
      return commitChain(view, 0);
    } finally {
      this.#files.close(file);
    }
  }

  #remove(first: number): void {
    try {
      this.#files.unlink(`${this.#directory}/${nameOf(first)}`);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      const message = `${this.#directory}/${nameOf(first)} is damaged and cannot be removed`;
      throw new IndexError('INDEX_NOT_WRITABLE', message);
    }
  }

  #damaged(first: number): IndexError {
    this.#remove(first);
    const message = `${this.#directory}/${nameOf(first)} was damaged; it is built anew at the next start`;
    return new IndexError('INDEX_DAMAGED', message);
  }
}
