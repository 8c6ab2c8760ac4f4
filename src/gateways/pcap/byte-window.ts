import { readSync } from 'node:fs';
import { CaptureError } from './capture-error.js';

/** Longest record of a capture that is read; a longer one is refused as malformed. */
export const CAPTURE_RECORD_BYTES_MAX = 16 * 1024 * 1024;

const WINDOW_BYTES = 1024 * 1024;

/** Where the bytes of a capture come from. `read` returns 0 at the end. */
export interface ByteSource {
  readonly file: string;
  /** How much to hold at a time, if not the usual window. */
  readonly windowBytes?: number;
  read(target: Uint8Array, at: number, length: number, position: number): number;
}

export function fileSource(file: string, descriptor: number): ByteSource {
  return {
    file,
    read: (target, at, length, position) => readSync(descriptor, target, at, length, position),
  };
}

export function memorySource(bytes: Uint8Array, file = 'memory'): ByteSource {
  return {
    file,
    windowBytes: Math.max(1, Math.min(bytes.length, WINDOW_BYTES)),
    read(target, at, length, position) {
      const part = bytes.subarray(position, position + length);
      target.set(part, at);
      return part.length;
    },
  };
}

/**
 * A window that moves forward over a source of any size, in bounded memory.
 *
 * What `bytes` and `view` show at `at` stays until the next call of `ensure`.
 */
export class ByteWindow {
  readonly file: string;
  bytes: Uint8Array;
  view: DataView;
  /** Index of the reading position within `bytes`. */
  at = 0;
  private end = 0;
  private startsAt = 0;
  private readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.source = source;
    this.file = source.file;
    this.bytes = new Uint8Array(source.windowBytes ?? WINDOW_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Offset of the reading position in the file. */
  get position(): number {
    return this.startsAt + this.at;
  }

  /** Makes `length` bytes readable at `at`; false when the source ends before. */
  ensure(length: number): boolean {
    if (this.end - this.at >= length) return true;
    if (length > CAPTURE_RECORD_BYTES_MAX) {
      throw this.malformed(`a record of ${length} bytes, allowed are ${CAPTURE_RECORD_BYTES_MAX}`);
    }
    this.makeRoom(length);
    while (this.end < length) {
      const position = this.startsAt + this.end;
      const count = this.source.read(this.bytes, this.end, this.bytes.length - this.end, position);
      if (count === 0) return false;
      this.end += count;
    }
    return true;
  }

  /** As `ensure`, for bytes that must be there: throws CAPTURE_TRUNCATED at the record's start. */
  require(length: number, what: string): void {
    if (this.ensure(length)) return;
    const got = this.end - this.at;
    throw new CaptureError(
      'CAPTURE_TRUNCATED',
      this.file,
      this.position,
      `${what} needs ${length} bytes, the file has ${got}`,
    );
  }

  /** Nothing is left. */
  atEnd(): boolean {
    return !this.ensure(1);
  }

  malformed(reason: string): CaptureError {
    return new CaptureError('CAPTURE_MALFORMED', this.file, this.position, reason);
  }

  private makeRoom(length: number): void {
    const rest = this.bytes.subarray(this.at, this.end);
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.min(CAPTURE_RECORD_BYTES_MAX, length * 2));
      larger.set(rest);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else {
      this.bytes.copyWithin(0, this.at, this.end);
    }
    this.startsAt += this.at;
    this.end -= this.at;
    this.at = 0;
  }
}
