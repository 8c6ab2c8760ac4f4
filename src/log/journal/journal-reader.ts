import { catalogueFingerprint } from '../../domain/catalogue-fingerprint.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import { type Upcasting, upcasting } from '../../domain/upcasters.js';
import { nativeAddon } from '../../lib/native-addon.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../file-system.js';
import {
  COMMIT_CHAIN_AT,
  COMMIT_HEAD_BYTES,
  checkRecords,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  isCommitHead,
  type Problem,
} from './commit.js';
import type { DurableEnd, DurablePosition } from './durable-end.js';
import { damaged, JournalError } from './errors.js';
import { HASH_BYTES } from './hash-tree.js';
import { READ_BYTES } from './limits.js';
import { ReadAhead } from './read-ahead.js';
import {
  decodeSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
} from './segment.js';
import type { SparseIndex } from './sparse-index.js';

const addon = nativeAddon();
const ownCatalogue = catalogueFingerprint();

export interface JournalReaderOptions {
  /** First sequence to read. */
  readonly from: number;
  /** How far to read; the reader does not close it. */
  readonly end: DurableEnd;
  /** The shard that every segment must be of; not compared by default. */
  readonly shard?: number;
  /** Check each record's checksum; default true. Heads, lengths and sequences always are. */
  readonly checkRecords?: boolean;
  /** Shared by readers of this journal and thread, to find their first sequence sooner. */
  readonly index?: SparseIndex;
  /**
   * Read and check the next commits on a second thread while the last ones are at work, where the addon
   * is: for whoever reads a long way. Default false.
   */
  readonly ahead?: boolean;
  /** First capacity of the batch, bytes. */
  readonly readBytes?: number;
  readonly fileSystem?: FileSystem;
  /** What records of older versions become; by default those of the catalogue. */
  readonly upcasting?: Upcasting;
}

/**
 * Reads the journal from a sequence up to its durable end, and follows it, from any thread or
 * process, without the writer. Yields runs of whole commits; the heads between them are dropped.
 */
export class JournalReader {
  readonly #directory: string;
  readonly #files: FileSystem;
  readonly #end: DurableEnd;
  readonly #index: SparseIndex | undefined;
  readonly #checkRecords: boolean;
  readonly #ahead: ReadAhead | undefined;
  readonly #shard: number | undefined;
  readonly #upcasting: Upcasting;
  /** Chain value of the commit before `#offset`, once one was read or passed. */
  readonly #chain = new Uint32Array(HASH_BYTES / 4);
  #chained = false;
  readonly #durable: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
  /** A run of commits as stored, then, closed up in place, of their records. */
  #batch: RecordBuffer;
  /** The next sequence to hand out, and the first of the commit at `#offset`, at most as large. */
  #next: number;
  #commitSequence = 0;
  #segment = 0;
  #offset = 0;
  #file: number | undefined;
  #header: SegmentHeader | undefined;

  /**
   * @throws JournalError JOURNAL_SEQUENCE_GONE, JOURNAL_SEQUENCE_AHEAD, JOURNAL_DAMAGED,
   *   JOURNAL_FORMAT_UNKNOWN
   */
  constructor(directory: string, options: JournalReaderOptions) {
    this.#directory = directory;
    this.#files = options.fileSystem ?? nodeFileSystem;
    this.#end = options.end;
    this.#index = options.index;
    this.#checkRecords = options.checkRecords !== false;
    if (options.ahead === true) this.#ahead = ReadAhead.on(this.#files, this.#chainBytes());
    this.#shard = options.shard;
    this.#upcasting = options.upcasting ?? upcasting;
    this.#batch = new RecordBuffer(options.readBytes ?? READ_BYTES);
    this.#next = options.from;
    this.#end.read(this.#durable);
    if (options.from > this.#durable.nextSequence) {
      const message = `sequence ${options.from} asked for, the next one is ${this.#durable.nextSequence}`;
      throw new JournalError('JOURNAL_SEQUENCE_AHEAD', message);
    }
  }

  /** The sequence of the next record that `read` will hand out. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Chain value of the last commit handed out; undefined before the first `read`. */
  get chain(): Uint8Array | undefined {
    return this.#chained ? Uint8Array.from(this.#chainBytes()) : undefined;
  }

  /**
   * Chain value that the commit at the next sequence continues: it stands for all that was before.
   * Undefined where no commit begins there.
   *
   * @throws JournalError as `read`
   */
  chainBefore(): Uint8Array | undefined {
    if (this.#file === undefined) this.#seek();
    return this.#commitSequence === this.#next ? this.chain : undefined;
  }

  /** Of the segment being read: its shard and catalogue; undefined before the first `read`. */
  get segmentHeader(): SegmentHeader | undefined {
    return this.#header;
  }

  /**
   * The next records that are durable, or undefined at the durable end. The buffer belongs to the
   * reader and is overwritten by the next call.
   *
   * @throws JournalError JOURNAL_DAMAGED with file and offset, JOURNAL_SEQUENCE_GONE if the segment
   *   has been removed; EventVersionError for records of newer software
   */
  read(): RecordBuffer | undefined {
    if (this.#next >= this.#durable.nextSequence) {
      this.#end.read(this.#durable);
      if (this.#next >= this.#durable.nextSequence) return undefined;
    }
    if (this.#file === undefined) this.#seek();
    let limit = this.#limit();
    if (this.#offset === limit && this.#segment < this.#durable.segment) {
      this.#openNextSegment();
      limit = this.#limit();
    }
    if (!this.#takeAhead()) this.#fill(limit);
    this.#goAhead(limit);
    if (this.#header?.catalogue === ownCatalogue) return this.#batch;
    return this.#upcasting.batch(this.#batch);
  }

  /**
   * All records from here on, waiting for more at the durable end. Ends when `signal` aborts or the
   * writer has closed; the buffers are those of `read`.
   *
   * @throws JournalError as `read`, and JOURNAL_STOPPED once everything durable of a writer that has
   *   failed was handed out
   */
  async *follow(signal?: AbortSignal): AsyncGenerator<RecordBuffer, void, undefined> {
    while (signal?.aborted !== true) {
      const state = this.#end.state();
      const batch = this.read();
      if (batch !== undefined) yield batch;
      else if (this.#isOver(state)) return;
      else await this.#end.wait(this.#next, signal);
    }
  }

  /**
   * `read`, blocking the thread until there is something, at most `timeoutMs`. For threads that do
   * nothing else. Undefined after the timeout or when the writer has closed.
   */
  readBlocking(timeoutMs: number): RecordBuffer | undefined {
    const state = this.#end.state();
    const batch = this.read();
    if (batch !== undefined || this.#isOver(state)) return batch;
    this.#end.waitBlocking(this.#next, timeoutMs);
    return this.read();
  }

  close(): void {
    this.#ahead?.stop();
    const file = this.#file;
    // Closed even when closing fails: a second close may hit another file.
    this.#file = undefined;
    if (file !== undefined) this.#files.close(file);
  }

  /** @param state as it was before the read that found nothing */
  #isOver(state: 'open' | 'closed' | 'failed'): boolean {
    if (state === 'failed') {
      throw new JournalError('JOURNAL_STOPPED', `the writer has stopped, next is ${this.#next}`);
    }
    return state === 'closed';
  }

  /** End of what may be read of the current segment. */
  #limit(): number {
    // A segment that is not the last is cut to its commits before the next one appears.
    return this.#segment === this.#durable.segment
      ? this.#durable.offset
      : this.#files.size(this.#file!);
  }

  /** Opens the segment that holds `#next` and finds the commit. */
  #seek(): void {
    const sequences = listSegments(this.#files, this.#directory);
    const segment = sequences.findLast((first) => first <= this.#next);
    if (segment === undefined) throw this.#gone(sequences[0]);
    this.#openOldest(segment, sequences[0]);
    const known = this.#index?.find(segment, this.#next);
    if (known !== undefined) {
      this.#commitSequence = known.sequence;
      this.#offset = known.offset;
      this.#chained = known.offset === SEGMENT_HEADER_BYTES;
    }
    const limit = this.#limit();
    while (this.#offset < limit) {
      const filled = this.#pread(limit);
      let at = 0;
      while (at + COMMIT_HEAD_BYTES <= filled) {
        this.#checkHead(at);
        this.#index?.add(segment, this.#commitSequence, this.#offset);
        const after = this.#commitSequence + commitCount(this.#batch, at);
        if (after > this.#next) return;
        this.#noteChain(at);
        const bytes = COMMIT_HEAD_BYTES + commitRecordBytes(this.#batch, at);
        at += bytes;
        this.#offset += bytes;
        this.#commitSequence = after;
      }
      if (at === 0) throw this.#cutShort(filled);
    }
  }

  /** Opens the first segment to be read, which retention may have removed since it was listed. */
  #openOldest(segment: number, oldest: number | undefined): void {
    try {
      this.#openSegment(segment);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      throw this.#gone(oldest === segment ? undefined : oldest, segmentName(segment));
    }
  }

  /** Goes on to the segment that begins where this one ends. */
  #openNextSegment(): void {
    const before = { segment: this.#segment, offset: this.#offset };
    const wasChained = this.#chained;
    try {
      this.#openSegment(this.#commitSequence);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      const oldest = listSegments(this.#files, this.#directory)[0];
      if (oldest === undefined || oldest > this.#commitSequence) throw this.#gone(oldest);
      const file = `${this.#directory}/${segmentName(before.segment)}`;
      const place = { file, offset: before.offset, sequence: this.#commitSequence };
      const name = segmentName(this.#commitSequence);
      throw damaged('SEGMENT_MISSING', place, `${name} is missing, or this one was cut here`);
    }
    const chain = this.#chainBytes();
    if (!wasChained) return;
    if (this.#header?.chainBefore.every((byte, index) => byte === chain[index]) === true) return;
    const file = `${this.#directory}/${segmentName(this.#segment)}`;
    const place = { file, offset: 0, sequence: this.#segment };
    throw damaged('SEGMENT_CHAIN', place, 'does not continue the chain of the segment before');
  }

  #openSegment(firstSequence: number): void {
    this.close();
    const path = `${this.#directory}/${segmentName(firstSequence)}`;
    this.#file = this.#files.open(path, 'read');
    const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
    const filled = this.#files.pread(this.#file, block.bytes, 0, SEGMENT_HEADER_BYTES, 0);
    this.#header = decodeSegmentHeader(block, filled, path, firstSequence);
    if (this.#shard !== undefined && this.#header.shard !== this.#shard) {
      const place = { file: path, offset: 0, sequence: firstSequence };
      throw damaged('SEGMENT_SHARD', place, `of shard ${this.#header.shard}, not ${this.#shard}`);
    }
    this.#segment = firstSequence;
    this.#offset = SEGMENT_HEADER_BYTES;
    this.#commitSequence = firstSequence;
    if (this.#chained) return;
    // Of the first segment read: what is before it is not here to compare with.
    this.#chainBytes().set(this.#header.chainBefore);
    this.#chained = true;
  }

  /** Reads as much as fits from `#offset`. @returns bytes read */
  #pread(limit: number): number {
    const length = Math.min(this.#batch.bytes.length, limit - this.#offset);
    return this.#files.pread(this.#file!, this.#batch.bytes, 0, length, this.#offset);
  }

  /** Fills the batch with the records of the whole commits at `#offset`, at least one. */
  #fill(limit: number): void {
    let filled = this.#pread(limit);
    if (filled < COMMIT_HEAD_BYTES) throw this.#cutShort(filled);
    this.#checkHead(0);
    const first = COMMIT_HEAD_BYTES + commitRecordBytes(this.#batch, 0);
    if (first > this.#batch.bytes.length) {
      this.#batch = new RecordBuffer(Math.ceil(first / 4096) * 4096);
      filled = this.#pread(limit);
    }
    if (first > filled) throw this.#cutShort(filled);
    const batch = this.#batch;
    batch.clear();
    let at = 0;
    while (at + COMMIT_HEAD_BYTES <= filled) {
      this.#checkHead(at);
      const end = at + COMMIT_HEAD_BYTES + commitRecordBytes(batch, at);
      if (end > filled) break;
      this.#take(at, end);
      at = end;
    }
  }

  /** Begins to read what comes next of this segment. */
  #goAhead(limit: number): void {
    if (this.#ahead === undefined || this.#offset >= limit) return;
    const { length } = this.#batch.bytes;
    this.#ahead.begin(this.#file!, this.#offset, limit, this.#commitSequence, length);
  }

  /** Takes what was read ahead. @returns whether there was anything */
  #takeAhead(): boolean {
    const taken = this.#ahead?.end(this.#batch);
    if (taken === undefined) return false;
    this.#batch = taken.batch;
    this.#commitSequence += taken.batch.count;
    this.#next = this.#commitSequence;
    this.#offset += taken.consumed;
    return true;
  }

  /** Checks the commit at `at` of the batch and moves its records up to the ones before. */
  #take(at: number, end: number): void {
    const batch = this.#batch;
    this.#index?.add(this.#segment, this.#commitSequence, this.#offset);
    const count = commitCount(batch, at);
    // The head will be overwritten; the next segment has to continue it.
    this.#noteChain(at);
    if (!this.#isWhole(at, end, count)) {
      let problem: Problem | undefined;
      checkRecords(batch, at, { crc: this.#checkRecords }, (found) => {
        problem ??= found;
      });
      if (problem !== undefined) throw this.#damage(problem, problem.at - at);
    }
    let from = at + COMMIT_HEAD_BYTES;
    let skipped = 0;
    for (; this.#commitSequence + skipped < this.#next; skipped++) {
      from += batch.u16[(from + HEADER.length) / 2]!;
    }
    batch.bytes.copyWithin(batch.length, from, end);
    batch.length += end - from;
    batch.count += count - skipped;
    this.#commitSequence += count;
    this.#next = this.#commitSequence;
    this.#offset += end - at;
  }

  /** Whether the addon, where there is one, finds the records right; what is wrong it does not say. */
  #isWhole(at: number, end: number, count: number): boolean {
    const from = at + COMMIT_HEAD_BYTES;
    return (
      this.#checkRecords &&
      addon?.checkRecords(this.#batch.bytes, from, end, count, this.#commitSequence) === true
    );
  }

  #noteChain(at: number): void {
    const from = (at + COMMIT_CHAIN_AT) / 4;
    for (let word = 0; word < HASH_BYTES / 4; word++) {
      this.#chain[word] = this.#batch.u32[from + word]!;
    }
    this.#chained = true;
  }

  #chainBytes(): Uint8Array {
    return new Uint8Array(this.#chain.buffer);
  }

  #checkHead(at: number): void {
    const sequence = this.#commitSequence;
    if (!isCommitHead(this.#batch, at)) {
      const reason = 'no commit begins here';
      throw this.#damage({ damage: 'COMMIT_HEADER', at, sequence, reason }, 0);
    }
    const first = commitFirstSequence(this.#batch, at);
    if (first !== sequence) {
      const reason = `the commit begins with sequence ${first}`;
      throw this.#damage({ damage: 'COMMIT_SEQUENCE', at, sequence, reason }, 0);
    }
  }

  #cutShort(filled: number): JournalError {
    const sequence = this.#commitSequence;
    const reason = `the segment ends ${filled} bytes into a commit that was durable`;
    return this.#damage({ damage: 'COMMIT_INCOMPLETE', at: 0, sequence, reason }, 0);
  }

  /** @param name of a segment that was there when they were listed */
  #gone(oldest: number | undefined, name?: string): JournalError {
    const removed = name === undefined ? 'there is no segment' : `${name} has just been removed`;
    const kept = oldest === undefined ? removed : `the oldest kept is ${oldest}`;
    const message = `${this.#directory}: sequence ${this.#next} asked for, ${kept}`;
    return new JournalError('JOURNAL_SEQUENCE_GONE', message);
  }

  #damage(problem: Problem, fromCommit: number): JournalError {
    const file = `${this.#directory}/${segmentName(this.#segment)}`;
    const place = { file, offset: this.#offset + fromCommit, sequence: problem.sequence };
    return damaged(problem.damage, place, problem.reason);
  }
}
