import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { AppendFrame, type FrameLimits } from './append-frame.js';
import { EventIds } from './event-id.js';

/** What the forwarder needs of a journal reader: runs of whole records, in order, from a sequence on. */
export interface RecordReader {
  /** The next durable records, or undefined at the durable end. Overwritten by the next call. */
  read(): RecordBuffer | undefined;
  close(): void;
}

/** Events of one append: `first` is the sequence, and the revision, of the first of them. */
export interface ForwardBatch {
  readonly frame: AppendFrame;
  readonly first: number;
  /** When the writer decided the first of them, ms since 1970. */
  readonly timeMs: number;
}

/** Cuts what a journal reader hands out into appends. */
export class ForwardBatches {
  readonly #reader: RecordReader;
  readonly #ids: EventIds;
  readonly #limits: FrameLimits;
  /** Frames to be filled again: fewer than were ever in flight. */
  readonly #free: AppendFrame[] = [];
  #records: RecordBuffer | undefined;
  #at = 0;
  #next: number;

  constructor(reader: RecordReader, shard: number, from: number, limits: FrameLimits) {
    this.#reader = reader;
    this.#ids = new EventIds(shard);
    this.#limits = limits;
    this.#next = from;
  }

  /** Sequence of the next event to be handed out. */
  get nextSequence(): number {
    return this.#next;
  }

  /** The next append, as full as what is durable allows, or undefined when there is nothing. */
  next(): ForwardBatch | undefined {
    const frame = this.#free.pop() ?? new AppendFrame(this.#limits);
    const first = this.#next;
    let timeMs = 0;
    while (!frame.isFull) {
      const records = this.#current(frame.count);
      if (records === undefined) break;
      this.#check(records, this.#at);
      if (!frame.add(records, this.#at, this.#ids)) break;
      if (frame.count === 1) timeMs = timeOf(records, this.#at);
      this.#at += records.u16[(this.#at + HEADER.length) / 2]!;
      this.#next += 1;
    }
    if (frame.count > 0) return { frame, first, timeMs };
    this.#free.push(frame);
    return undefined;
  }

  /** Takes the frame of an append back that was answered. */
  recycle(frame: AppendFrame): void {
    frame.clear();
    this.#free.push(frame);
  }

  #current(taken: number): RecordBuffer | undefined {
    if (this.#records !== undefined && this.#at < this.#records.length) return this.#records;
    // A frame that has something goes out rather than waits for a further read of the disk.
    this.#records = taken === 0 ? this.#reader.read() : undefined;
    this.#at = 0;
    return this.#records;
  }

  #check(records: RecordBuffer, at: number): void {
    const sequence = records.f64[(at + HEADER.sequence) / 8]!;
    if (sequence === this.#next) return;
    assert(false, `the journal handed out ${sequence} for ${this.#next}`);
  }
}

function timeOf(records: RecordBuffer, at: number): number {
  const low = records.u32[(at + HEADER.time) / 4]!;
  const high = records.i32[(at + HEADER.time) / 4 + 1]!;
  // For a lag in milliseconds, the double's rounding of a nanosecond count is nothing.
  return (high * 2 ** 32 + low) / 1e6;
}
