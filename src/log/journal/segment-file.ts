import { RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type FileSystem, pwriteAll } from '../file-system.js';
import { PREFILL_BYTES, PREFILL_COMMIT_BYTES_MAX } from './limits.js';
import {
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  segmentSeed,
} from './segment.js';

/** Suffix of a segment that is being made; opening removes one that a crash left behind. */
export const NEW_SUFFIX = '.new';

const zeros = new Uint8Array(PREFILL_BYTES);

/** The segment that the writer appends to: bytes, then zeros written ahead. */
export class SegmentFile {
  readonly firstSequence: number;
  readonly #files: FileSystem;
  /** The open file. */
  readonly file: number;
  #end: number;
  #filledTo: number;
  #closed = false;

  constructor(
    files: FileSystem,
    file: number,
    firstSequence: number,
    bounds: { end: number; filledTo: number },
  ) {
    this.#files = files;
    this.file = file;
    this.firstSequence = firstSequence;
    this.#end = bounds.end;
    this.#filledTo = bounds.filledTo;
  }

  /**
   * Makes a segment without commits. It gets its name only when its header is durable, so a segment
   * under its name always has one.
   *
   * @returns the file, and the chain value that its first commit continues
   */
  static create(
    files: FileSystem,
    directory: string,
    header: SegmentHeader,
  ): { segment: SegmentFile; chain: Uint8Array } {
    const path = `${directory}/${segmentName(header.firstSequence)}`;
    const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
    encodeSegmentHeader(header, block);
    const file = files.open(path + NEW_SUFFIX, 'create');
    try {
      pwriteAll(files, file, block.bytes, SEGMENT_HEADER_BYTES, 0);
      pwriteAll(files, file, zeros, PREFILL_BYTES, SEGMENT_HEADER_BYTES);
      files.fsync(file);
      files.rename(path + NEW_SUFFIX, path);
      files.syncDirectory(directory);
    } catch (error) {
      files.close(file);
      throw error;
    }
    const bounds = { end: SEGMENT_HEADER_BYTES, filledTo: SEGMENT_HEADER_BYTES + PREFILL_BYTES };
    const segment = new SegmentFile(files, file, header.firstSequence, bounds);
    return { segment, chain: segmentSeed(block) };
  }

  /** Where the next commit begins. */
  get end(): number {
    return this.#end;
  }

  get isEmpty(): boolean {
    return this.#end === SEGMENT_HEADER_BYTES;
  }

  /** Writes a commit; `sync` makes it durable. */
  write(bytes: Uint8Array, length: number): void {
    pwriteAll(this.#files, this.file, bytes, length, this.#end);
    this.fillAhead(length);
    this.wrote(length);
  }

  /** Zeros behind a commit of that length at the end, when those that are there end with it. */
  fillAhead(length: number): void {
    const end = this.#end + length;
    if (end <= this.#filledTo) return;
    this.#filledTo = end;
    if (length > PREFILL_COMMIT_BYTES_MAX) return;
    pwriteAll(this.#files, this.file, zeros, PREFILL_BYTES, end);
    this.#filledTo += PREFILL_BYTES;
  }

  /** A commit of that length was written at the end. */
  wrote(length: number): void {
    this.#end += length;
  }

  sync(): void {
    this.#files.fdatasync(this.file);
  }

  /**
   * Writes the last commit once more, as it is there. After a sync that failed it may be in the page
   * cache, marked clean, and not on the disk: no sync would write it.
   */
  writeAgain(lastCommit: Uint8Array): void {
    const { length } = lastCommit;
    assert(this.#end - length >= SEGMENT_HEADER_BYTES, 'the commit stands before the end');
    if (length > 0) pwriteAll(this.#files, this.file, lastCommit, length, this.#end - length);
  }

  /** Cuts off what stands behind the end, for good. */
  trim(): void {
    assert(this.#end >= SEGMENT_HEADER_BYTES, 'a segment keeps its header');
    this.#files.truncate(this.file, this.#end);
    this.#files.fsync(this.file);
    this.#filledTo = this.#end;
  }

  /** Once only: the number of a closed file may be another file's by now. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#files.close(this.file);
  }
}
