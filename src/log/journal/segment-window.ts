import { RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import type { FileSystem } from '../file-system.js';
import { damaged } from './errors.js';
import { READ_BYTES } from './limits.js';

/** A part of a segment file in memory that slides forward; grows to the largest piece asked for. */
export class SegmentWindow {
  readonly #files: FileSystem;
  readonly #file: number;
  readonly #size: number;
  readonly #path: string;
  #view: RecordBuffer;
  /** File offset of the view's first byte, and how many bytes of the file it holds. */
  #start = 0;
  #filled = 0;

  /**
   * @param size bytes of the file that may be read
   * @param path only for the error
   */
  constructor(files: FileSystem, file: number, size: number, path: string) {
    this.#path = path;
    this.#files = files;
    this.#file = file;
    this.#size = size;
    this.#view = new RecordBuffer(Math.min(READ_BYTES, wholePages(Math.max(size, 1))));
  }

  /** Take it anew after each `load`, which may replace it. */
  get view(): RecordBuffer {
    return this.#view;
  }

  get capacity(): number {
    return this.#view.bytes.length;
  }

  /**
   * Makes `length` bytes at `offset` of the file present.
   *
   * @returns where in the view they are; a multiple of 8 if `offset` is one
   * @throws JournalError JOURNAL_DAMAGED when the file has become shorter
   */
  load(offset: number, length: number): number {
    assert(offset + length <= this.#size, 'the window stays within the file');
    if (offset >= this.#start && offset + length <= this.#start + this.#filled) {
      return offset - this.#start;
    }
    if (length > this.capacity) this.#view = new RecordBuffer(wholePages(length));
    // Offsets stay congruent modulo 8, so that typed arrays can look at the records.
    const start = offset - (offset % 8);
    const wanted = Math.min(this.capacity, this.#size - start);
    this.#start = start;
    this.#filled = this.#files.pread(this.#file, this.#view.bytes, 0, wanted, start);
    const end = start + this.#filled;
    if (offset + length > end) {
      // What is there must not be taken for what was asked for.
      this.#filled = 0;
      const place = { file: this.#path, offset: end, sequence: 0 };
      throw damaged('COMMIT_INCOMPLETE', place, `of ${this.#size} bytes no more could be read`);
    }
    return offset - start;
  }

  /** Reads past the window. @returns bytes read */
  readInto(view: RecordBuffer, offset: number, length: number): number {
    return this.#files.pread(this.#file, view.bytes, 0, Math.min(length, this.#size), offset);
  }
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}
