/**
 * Where deciding puts its events: into the batch that becomes one commit, each applied to the state
 * at once, so that the next decision of the batch sees it.
 */
import { HEADER, RECORD_HEADER_BYTES, type RecordBuffer } from '../domain/event-record.js';
import { EVENT, type EventName, eventLayouts, events } from '../domain/events.js';
import { assert } from '../lib/assert.js';
import { FixedFields } from '../lib/fixed-fields.js';
import { highWord, lowWord, msFromWords } from '../lib/time.js';
import { evolve } from './evolve/evolve.js';
import type { ShardState } from './state/shard-state.js';

/** Room that one command may need: an order with everything that follows from it. */
export const COMMAND_EVENTS_BYTES_MAX = 65_536;

export class Emitter extends FixedFields {
  declare readonly state: ShardState;
  declare readonly out: RecordBuffer;
  /** The command being decided: a record in `command` at `at`. */
  command: RecordBuffer;
  at = 0;
  /** Hash of the client order id of the command, where it is an order request. */
  idHash = 0;
  /** Time of the decision, ns since 1970 in two words. Comes from outside: deciding has no clock. */
  timeLow = 0;
  timeHigh = 0;
  /** The same in whole milliseconds, for token buckets and windows. */
  timeMs = 0;

  constructor(state: ShardState, out: RecordBuffer) {
    super({ state, out });
    this.command = out;
  }

  /** Whether the batch has room for whatever one more command brings. */
  get room(): boolean {
    return this.out.bytes.length - this.out.length >= COMMAND_EVENTS_BYTES_MAX;
  }

  /** Sets the time of the decisions that follow. */
  setTime(ns: bigint): void {
    this.takeTime({ low: lowWord(ns), high: highWord(ns) });
  }

  /**
   * The same by the words of an i64 of ns, `low` unsigned. From an object: numbers that large are allocated
   * when they are handed over one by one.
   */
  takeTime(words: { readonly low: number; readonly high: number }): void {
    this.timeLow = words.low | 0;
    this.timeHigh = words.high | 0;
    this.timeMs = msFromWords(words.low, words.high);
  }

  /**
   * Opens a record of `bytes` at the end of the batch, header filled in, payload zero.
   * @returns its byte offset
   */
  begin(number: number, version: number, bytes: number): number {
    const at = this.beginUncleared(number, version, bytes);
    const { f64 } = this.out;
    const end = (at + bytes) >> 3;
    // Up to 56 bytes beyond the record: they are the next one's, and the batch has room for it.
    for (let i = (at + RECORD_HEADER_BYTES) >> 3; i < end; i += 8) {
      f64[i] = 0;
      f64[i + 1] = 0;
      f64[i + 2] = 0;
      f64[i + 3] = 0;
      f64[i + 4] = 0;
      f64[i + 5] = 0;
      f64[i + 6] = 0;
      f64[i + 7] = 0;
    }
    return at;
  }

  /** The same, but the payload holds old bytes: for callers that write all of it. */
  beginUncleared(number: number, version: number, bytes: number): number {
    const { out, at: from } = this;
    const { i32 } = out;
    const at = out.length;
    assert(at + bytes <= out.bytes.length, 'the batch is full; the writer asks for room before');
    const word = at >> 2;
    i32[word] = 0;
    i32[word + 1] = bytes | (number << 16) | (version << 24);
    out.f64[(at + HEADER.sequence) >> 3] = this.state.nextSequence;
    i32[word + 4] = this.timeLow;
    i32[word + 5] = this.timeHigh;
    // Received, causation, actor and session: as they stand in the command.
    const { i64 } = out;
    const c = this.command.i64;
    const to = at >> 3;
    const source = from >> 3;
    i64[to + 3] = c[source + 3] as bigint;
    i64[to + 4] = c[source + 4] as bigint;
    i64[to + 5] = c[source + 5] as bigint;
    return at;
  }

  /**
   * Closes the record: it is part of the batch and of the state.
   * @param idHash `this.idHash` where the record brings the command's client order id; 0 elsewhere
   */
  end(at: number, idHash = 0): void {
    const { out } = this;
    out.length = at + (out.u16[(at + HEADER.length) >> 1] as number);
    out.count += 1;
    evolve(this.state, out, at, idHash);
  }

  /** The session of the order, in place of the command's: for what a venue or a timer caused. */
  setSession(at: number, session: number): void {
    this.out.i32[(at + HEADER.session) >> 2] = session;
  }
}

/** What `begin` needs to know of an event. */
export interface RecordKind {
  readonly number: number;
  readonly version: number;
  readonly bytes: number;
}

/** Number, version and full length of an event, for `begin`. */
export function recordOf(name: EventName): RecordKind {
  return {
    number: EVENT[name],
    version: events[name].version,
    bytes: eventLayouts[name].bytes,
  };
}

/** The same without the optional fields. */
export function shortRecordOf(name: EventName): RecordKind {
  return { ...recordOf(name), bytes: eventLayouts[name].bytesMin };
}
