import { RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { crc32cWords } from '../../lib/crc32c.js';
import { type FileSystem, pwriteAll, systemErrorCode } from '../file-system.js';
import type { DurableEnd, DurablePosition, WriterState } from './durable-end.js';
import { damaged } from './errors.js';
import { MARK_READS_MAX, POLL_MS_MAX, POLL_MS_MIN } from './limits.js';
import { sleepUntil } from './wait.js';

/**
 * The file `durable` beside the segments: the durable end for readers of other processes.
 *
 * ```
 *   byte 0       4       8        16         24        32       40
 *        +-------+-------+--------+----------+---------+--------+
 *        | crc32c| shard | magic  | next     | segment | offset |   little-endian; i53 as binary64
 *        | u32   | u32   | 8 B    | i53      | i53     | i53    |
 *        +-------+-------+--------+----------+---------+--------+
 * ```
 *
 * One write over the same 40 bytes after each sync, itself not synced by a writer: after a loss of power it
 * is older than the journal, or gone, and never newer. So it is a lower bound: nothing before it
 * may ever be cut.
 */
export const DURABLE_MARK_NAME = 'durable';

export const MARK_BYTES = 40;
/** "DBMARK01" as two little-endian words. */
const MAGIC_LOW = 0x414d4244;
const MAGIC_HIGH = 0x31304b52;

/** Writes the mark. */
export class DurableMarkWriter {
  readonly #files: FileSystem;
  readonly #file: number;
  readonly #view = new RecordBuffer(MARK_BYTES);

  constructor(files: FileSystem, directory: string, shard: number) {
    this.#files = files;
    this.#file = openOrCreate(files, `${directory}/${DURABLE_MARK_NAME}`);
    this.#view.u32[1] = shard;
    this.#view.u32[2] = MAGIC_LOW;
    this.#view.u32[3] = MAGIC_HIGH;
  }

  publish(position: DurablePosition): void {
    const view = this.#view;
    view.f64[2] = position.nextSequence;
    view.f64[3] = position.segment;
    view.f64[4] = position.offset;
    view.u32[0] = crc32cWords(view.i32, 1, MARK_BYTES / 4, 0);
    pwriteAll(this.#files, this.#file, view.bytes, MARK_BYTES, 0);
  }

  /** So that it is there after a loss of power; not for a writer, which has no need of it. */
  sync(): void {
    this.#files.fdatasync(this.#file);
  }

  close(): void {
    this.#files.close(this.#file);
  }
}

function openOrCreate(files: FileSystem, path: string): number {
  try {
    return files.open(path, 'write');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return files.open(path, 'create');
}

export interface DurableMark extends DurablePosition {
  readonly shard: number;
}

/**
 * The mark, or undefined where there is none: no file, or one that a loss of power left empty or
 * all zero.
 *
 * @throws JournalError JOURNAL_DAMAGED (DURABLE_MARK)
 */
export function readDurableMark(files: FileSystem, directory: string): DurableMark | undefined {
  let file: number;
  try {
    file = files.open(`${directory}/${DURABLE_MARK_NAME}`, 'read');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return readMark(files, file, directory, new RecordBuffer(MARK_BYTES));
  } finally {
    files.close(file);
  }
}

function readMark(
  files: FileSystem,
  file: number,
  directory: string,
  view: RecordBuffer,
): DurableMark | undefined {
  let filled = 0;
  // A read may meet a write half done; that passes, damage does not.
  for (let attempt = 0; attempt < MARK_READS_MAX; attempt++) {
    view.bytes.fill(0);
    filled = files.pread(file, view.bytes, 0, MARK_BYTES, 0);
    if (view.bytes.every((byte) => byte === 0)) return undefined;
    if (filled === MARK_BYTES && isMark(view)) {
      const [, , nextSequence, segment, offset] = view.f64;
      return {
        shard: view.u32[1]!,
        nextSequence: nextSequence!,
        segment: segment!,
        offset: offset!,
      };
    }
  }
  const place = { file: `${directory}/${DURABLE_MARK_NAME}`, offset: 0, sequence: 0 };
  throw damaged('DURABLE_MARK', place, `the ${filled} bytes are not a durable mark`);
}

function isMark(view: RecordBuffer): boolean {
  return (
    view.u32[2] === MAGIC_LOW &&
    view.u32[3] === MAGIC_HIGH &&
    view.u32[0] === crc32cWords(view.i32, 1, MARK_BYTES / 4, 0) &&
    view.f64.subarray(2, 5).every(Number.isSafeInteger)
  );
}

/** The durable end read from the mark, for readers in other processes than the writer. */
export class FileDurableEnd implements DurableEnd {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #view = new RecordBuffer(MARK_BYTES);
  readonly #position: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #file: number | undefined;
  #pollMs = POLL_MS_MIN;

  constructor(files: FileSystem, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /** All zero while no writer has ever published here. */
  read(into: DurablePosition): void {
    const mark = this.#open() ? this.#readOpen() : undefined;
    into.nextSequence = mark?.nextSequence ?? 0;
    into.segment = mark?.segment ?? 0;
    into.offset = mark?.offset ?? 0;
  }

  state(): WriterState {
    return 'open';
  }

  async wait(nextSequence: number, signal?: AbortSignal): Promise<void> {
    while (signal?.aborted !== true && !this.#moved(nextSequence)) {
      await sleepUntil(undefined, this.#backOff(), signal);
    }
  }

  waitBlocking(nextSequence: number, timeoutMs: number): void {
    for (let left = timeoutMs; left > 0 && !this.#moved(nextSequence); ) {
      const pause = Math.min(left, this.#backOff());
      Atomics.wait(this.#sleeper, 0, 0, pause);
      left -= pause;
    }
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#files.close(file);
  }

  #moved(nextSequence: number): boolean {
    this.read(this.#position);
    const moved = this.#position.nextSequence > nextSequence;
    if (moved) this.#pollMs = POLL_MS_MIN;
    return moved;
  }

  #backOff(): number {
    const pause = this.#pollMs;
    assert(pause >= POLL_MS_MIN, 'a poll always pauses');
    this.#pollMs = Math.min(POLL_MS_MAX, pause * 2);
    return pause;
  }

  #open(): boolean {
    if (this.#file !== undefined) return true;
    try {
      this.#file = this.#files.open(`${this.#directory}/${DURABLE_MARK_NAME}`, 'read');
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
    return this.#file !== undefined;
  }

  #readOpen(): DurableMark | undefined {
    return readMark(this.#files, this.#file!, this.#directory, this.#view);
  }
}
