import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { PieceChecksums } from '../../lib/crc32c-wasm.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../file-system.js';
import { COMMIT_HEAD_BYTES, isRecordLength, sealCommit } from './commit.js';
import type { CommitThread } from './commit-thread.js';
import { DirectoryLock } from './directory-lock.js';
import type { DurablePosition } from './durable-end.js';
import { DurableMarkWriter } from './durable-mark.js';
import { JournalError, type JournalErrorCode, placeText } from './errors.js';
import { HASH_BYTES, HashTree } from './hash-tree.js';
import { COMMIT_RECORD_BYTES_MAX, LEAF_RECORDS, SEGMENT_BYTES_MAX } from './limits.js';
import { findJournalEnd, type JournalEnd, type TornTail } from './recovery.js';
import { segmentName } from './segment.js';
import { NEW_SUFFIX, SegmentFile } from './segment-file.js';
import { SharedDurableEnd } from './shared-durable-end.js';

/**
 * Completes the commit of `length` bytes whose records stand behind its head, and moves `chain` on.
 * @returns false when these are not `count` records from `first` on
 */
export type SealCommit = (
  commit: Uint8Array,
  length: number,
  count: number,
  first: number,
  chain: Uint8Array,
) => boolean;

export interface JournalWriterOptions {
  readonly shard: number;
  /** Fingerprint of the event catalogue, u32. Another one than before begins a new segment. */
  readonly catalogue: number;
  readonly segmentBytesMax?: number;
  readonly fileSystem?: FileSystem;
  /** Where to publish the durable end to threads; one of its own by default. */
  readonly durableEnd?: SharedDurableEnd;
  /** Checksums, root and chain by other means than JavaScript; the same bytes come of it. */
  readonly seal?: SealCommit;
  /** Makes what `begin` is given durable beside this thread. It works on files of this machine. */
  readonly thread?: CommitThread;
  /** Take the directory although its last writer cannot be proven dead. Operators only. */
  readonly takeOver?: boolean;
}

/**
 * Appends to the journal of one shard. One writer per directory, synchronous, on its own thread.
 *
 * A write or sync that fails stops it for good. A failed sync must not be tried again: the kernel
 * may have dropped the dirty pages and marked them clean, so a second sync would succeed over lost
 * bytes ("fsyncgate", PostgreSQL 2018). Opening the journal anew reads what the disk really has.
 */
export class JournalWriter {
  /** What opening had to cut off; undefined after a clean end. */
  readonly torn: TornTail | undefined;
  readonly durableEnd: SharedDurableEnd;
  readonly directory: string;

  readonly #files: FileSystem;
  readonly #options: JournalWriterOptions;
  readonly #segmentBytesMax: number;
  readonly #lock: DirectoryLock;
  readonly #mark: DurableMarkWriter;
  readonly #thread: CommitThread | undefined;
  /** Memory of the commit, where in it the commit begins, and its records. */
  readonly #memory: Uint8Array;
  #start = 0;
  #commit: RecordBuffer;
  #records: RecordBuffer;
  readonly #tree = new HashTree();
  readonly #checksums = new PieceChecksums();
  /** Of the last commit; after `roll`, the seed of the new segment. */
  readonly #chain: Uint8Array;
  readonly #position: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
  #segment: SegmentFile;
  #stopped: JournalError | undefined;
  #inFlight = false;

  /**
   * Takes the directory, finds the journal's end, cuts a torn commit off and makes the rest durable
   * before anyone is told of it.
   *
   * @throws JournalError JOURNAL_LOCKED, JOURNAL_DAMAGED, JOURNAL_FORMAT_UNKNOWN
   */
  static open(directory: string, options: JournalWriterOptions): JournalWriter {
    const files = options.fileSystem ?? nodeFileSystem;
    files.makeDirectory(directory);
    const lock = DirectoryLock.take(files, directory, options.takeOver === true);
    try {
      return new JournalWriter(directory, options, files, lock);
    } catch (error) {
      releaseAfter(error, lock);
      throw error;
    }
  }

  private constructor(
    directory: string,
    options: JournalWriterOptions,
    files: FileSystem,
    lock: DirectoryLock,
  ) {
    this.directory = directory;
    this.durableEnd = options.durableEnd ?? new SharedDurableEnd();
    this.#files = files;
    this.#options = options;
    this.#segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
    this.#lock = lock;
    this.#thread = options.thread;
    this.#memory =
      options.thread?.bytes ?? new Uint8Array(COMMIT_HEAD_BYTES + COMMIT_RECORD_BYTES_MAX);
    this.#commit = this.#recordsFrom(0);
    this.#records = this.#recordsFrom(COMMIT_HEAD_BYTES);
    this.#chain = options.thread?.chain ?? new Uint8Array(HASH_BYTES);

    const end = findJournalEnd(files, directory, options.shard);
    this.torn = end?.torn;
    this.#removeUnfinished();
    this.#segment = end === undefined ? this.#createSegment(0) : this.#continueSegment(end);
    let mark: DurableMarkWriter | undefined;
    try {
      if (end !== undefined && end.header.catalogue !== options.catalogue) {
        // A segment without commits is replaced under its own name.
        if (this.#segment.isEmpty) this.#chain.set(end.header.chainBefore);
        this.#roll();
      }
      mark = new DurableMarkWriter(files, directory, options.shard);
      this.#mark = mark;
      files.syncDirectory(directory);
      this.durableEnd.publishState('open');
      this.#publish();
    } catch (error) {
      this.#segment.close();
      mark?.close();
      throw error;
    }
  }

  /** The sequence that the next appended record must have. */
  get nextSequence(): number {
    return this.#position.nextSequence;
  }

  /** Why the writer has stopped; undefined while it runs. */
  get stopped(): JournalError | undefined {
    return this.#stopped;
  }

  /** Whether a commit was begun that `finish` has not brought to its end. */
  get inFlight(): boolean {
    return this.#inFlight;
  }

  /** Whether `finish` would bring it to its end without waiting. */
  get settled(): boolean {
    return this.#inFlight && (this.#thread?.done ?? true);
  }

  /** When the last commit that was begun was written and durable, ms of performance.now(). */
  get writtenAt(): number {
    return this.#thread?.writtenAt ?? performance.now();
  }

  get durableAt(): number {
    return this.#thread?.durableAt ?? performance.now();
  }

  /** The records of the last commit that was begun, until the next one is: then look again. */
  get records(): RecordBuffer {
    return this.#records;
  }

  /**
   * Appends all records of `batch` as one commit and returns when they are durable and published.
   * The batch is not changed; its records' checksums are filled in on the way to the disk.
   *
   * Records are numbered without gaps from `nextSequence`, at least one, together at most
   * COMMIT_RECORD_BYTES_MAX bytes: anything else is a programmer error.
   *
   * @throws JournalError JOURNAL_WRITE_FAILED, JOURNAL_SYNC_FAILED, JOURNAL_DISK_FULL, and the same
   *   again from then on; whether the batch is on record is then known only after opening again
   */
  append(batch: RecordBuffer): void {
    const bytes = this.#take(batch);
    this.#seal(bytes);
    this.#write(bytes);
    this.#published();
  }

  /**
   * The same, but it may return before they are durable: `finish` says when they are. Until then
   * there is no other commit; the batch is copied, and the caller's again at once.
   * @throws as `append`
   */
  begin(batch: RecordBuffer): void {
    const thread = this.#thread;
    const length = this.#take(batch, thread);
    this.#inFlight = true;
    if (thread === undefined) {
      this.#seal(length);
      this.#write(length);
      return;
    }
    const segment = this.#segment;
    this.#guard('JOURNAL_WRITE_FAILED', () => segment.fillAhead(length));
    const { count } = batch;
    const commit = { start: this.#start, length, count, first: this.#position.nextSequence };
    thread.begin(segment.file, commit, segment.end);
  }

  /**
   * Waits for the commit that was begun, and publishes it.
   * @throws as `append`
   */
  finish(): void {
    assert(this.#inFlight, 'a commit was begun');
    const thread = this.#thread;
    if (thread !== undefined) {
      const failed = () => (thread.written ? 'JOURNAL_SYNC_FAILED' : 'JOURNAL_WRITE_FAILED');
      this.#guard(failed, () => thread.end());
      this.#segment.wrote(COMMIT_HEAD_BYTES + this.#records.length);
    }
    this.#inFlight = false;
    this.#published();
  }

  /** Ends cleanly: the zeros written ahead are removed, the lock is released. */
  close(): void {
    if (this.#stopped?.code === 'JOURNAL_CLOSED') return;
    try {
      if (this.#inFlight && this.#stopped === undefined) this.finish();
      if (this.#stopped === undefined) {
        this.#guard('JOURNAL_WRITE_FAILED', () => this.#segment.trim());
        this.durableEnd.publishState('closed');
      }
    } finally {
      this.#stopped = new JournalError('JOURNAL_CLOSED', 'the journal is closed');
      closeAll([this.#segment, this.#mark, { close: () => this.#lock.release() }]);
    }
  }

  /** Copies the batch behind a commit head, where the thread wants it. @returns bytes of the commit */
  #take(batch: RecordBuffer, thread?: CommitThread): number {
    if (this.#stopped !== undefined) throw this.#stopped;
    assert(!this.#inFlight, 'one commit at a time');
    assert(batch.count > 0, 'a commit has at least one record');
    assert(batch.length <= COMMIT_RECORD_BYTES_MAX, 'a commit is within its limit');
    const bytes = COMMIT_HEAD_BYTES + batch.length;
    this.#rollIfFull(bytes);
    this.#place(thread?.place(bytes, this.#segment.end) ?? 0);
    this.#commit.bytes.set(batch.bytes.subarray(0, batch.length), COMMIT_HEAD_BYTES);
    this.#records.length = batch.length;
    this.#records.count = batch.count;
    return bytes;
  }

  #place(start: number): void {
    if (start === this.#start) return;
    this.#start = start;
    this.#commit = this.#recordsFrom(start);
    this.#records = this.#recordsFrom(start + COMMIT_HEAD_BYTES);
  }

  #recordsFrom(start: number): RecordBuffer {
    return new RecordBuffer(this.#memory.length, this.#memory.buffer, start);
  }

  /** Checksums, hashes and chain of the commit of so many bytes. */
  #seal(bytes: number): void {
    const commit = this.#commit;
    const first = this.#position.nextSequence;
    const { count, length } = this.#records;
    const seal = this.#options.seal;
    if (seal !== undefined) {
      const right = seal(commit.bytes, bytes, count, first, this.#chain);
      assert(right, 'the batch holds whole records without a gap');
      return;
    }
    const lastRecordAt = this.#sealRecords(bytes, count, first);
    const head = { first, count, bytes: length, lastRecordAt };
    sealCommit(commit, 0, head, this.#tree, this.#chain);
  }

  #write(bytes: number): void {
    this.#guard('JOURNAL_WRITE_FAILED', () => this.#segment.write(this.#commit.bytes, bytes));
    this.#guard('JOURNAL_SYNC_FAILED', () => this.#segment.sync());
  }

  #published(): void {
    this.#position.nextSequence += this.#records.count;
    this.#guard('JOURNAL_WRITE_FAILED', () => this.#publish());
  }

  /** @returns where the last record begins */
  #sealRecords(end: number, count: number, first: number): number {
    const commit = this.#commit;
    let at = COMMIT_HEAD_BYTES;
    let leafAt = at;
    let lastRecordAt = at;
    this.#tree.clear();
    this.#checksums.begin(commit.bytes, end);
    for (let index = 0; index < count; index++) {
      const length = commit.u16[(at + HEADER.length) / 2]!;
      assert(isRecordLength(length, end - at), 'a record has a valid length');
      assert(commit.f64[(at + HEADER.sequence) / 8] === first + index, 'sequences have no gap');
      assert(commit.bytes[at + HEADER.number] !== 0, 'number 0 is that of the commit head');
      commit.u32[at / 4] = this.#checksums.of(at + 4, at + length);
      lastRecordAt = at;
      at += length;
      if ((index + 1) % LEAF_RECORDS === 0 || index + 1 === count) {
        this.#tree.addLeaf(commit.bytes, leafAt, at);
        leafAt = at;
      }
    }
    assert(at === end, 'the records fill the batch');
    return lastRecordAt;
  }

  /** A commit that is larger than a segment gets one of its own. */
  #rollIfFull(bytes: number): void {
    if (this.#segment.isEmpty || this.#segment.end + bytes <= this.#segmentBytesMax) return;
    this.#guard('JOURNAL_WRITE_FAILED', () => this.#roll());
  }

  #roll(): void {
    this.#lock.check();
    this.#segment.trim();
    this.#segment.close();
    this.#segment = this.#createSegment(this.#position.nextSequence);
  }

  /** Removes segments whose making a crash interrupted; they never had a commit. */
  #removeUnfinished(): void {
    for (const name of this.#files.readdir(this.directory)) {
      if (name.endsWith(NEW_SUFFIX)) this.#files.unlink(`${this.directory}/${name}`);
    }
  }

  #createSegment(firstSequence: number): SegmentFile {
    const { segment, chain } = SegmentFile.create(this.#files, this.directory, {
      shard: this.#options.shard,
      catalogue: this.#options.catalogue,
      firstSequence,
      chainBefore: this.#chain.slice(),
    });
    this.#chain.set(chain);
    return segment;
  }

  /** Opens the last segment behind its last whole commit, which it makes durable first. */
  #continueSegment(end: JournalEnd): SegmentFile {
    const { segment: firstSequence, offset, nextSequence } = end.position;
    const file = this.#files.open(`${this.directory}/${segmentName(firstSequence)}`, 'write');
    const bounds = { end: offset, filledTo: end.fileBytes };
    const segment = new SegmentFile(this.#files, file, firstSequence, bounds);
    this.#chain.set(end.chain);
    this.#position.nextSequence = nextSequence;
    try {
      if (end.torn !== undefined) segment.trim();
      // A writer that was killed, or whose sync failed, may have left its last commit in the page
      // cache only; every commit before it was synced.
      segment.writeAgain(end.lastCommit);
      segment.sync();
    } catch (error) {
      segment.close();
      throw error;
    }
    return segment;
  }

  #publish(): void {
    this.#position.segment = this.#segment.firstSequence;
    this.#position.offset = this.#segment.end;
    this.durableEnd.publish(this.#position);
    this.#mark.publish(this.#position);
  }

  /** Runs a file operation; if it fails the writer is stopped and its readers are told. */
  #guard(code: JournalErrorCode | (() => JournalErrorCode), operation: () => void): void {
    try {
      operation();
    } catch (cause) {
      const full = systemErrorCode(cause) === 'ENOSPC' || systemErrorCode(cause) === 'EDQUOT';
      const place = {
        file: `${this.directory}/${segmentName(this.#segment.firstSequence)}`,
        offset: this.#segment.end,
        sequence: this.#position.nextSequence,
      };
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the writer has stopped: ${placeText(place)}: ${reason}`;
      const details = { place, cause };
      const failed = typeof code === 'function' ? code() : code;
      this.#stopped = new JournalError(full ? 'JOURNAL_DISK_FULL' : failed, message, details);
      this.durableEnd.publishState('failed');
      throw this.#stopped;
    }
  }
}

/** Closes all of them, whichever fails. @throws the first error */
function closeAll(all: readonly { close(): void }[]): void {
  const errors: unknown[] = [];
  for (const each of all) {
    try {
      each.close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Gives the lock back after an error, which is the one to be told, not what may follow from it. */
function releaseAfter(error: unknown, lock: DirectoryLock): void {
  try {
    lock.release();
  } catch (second) {
    if (error instanceof Error) error.cause ??= second;
  }
}
