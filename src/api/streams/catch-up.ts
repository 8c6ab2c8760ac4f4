/**
 * Brings one subscriber from an old sequence to the live end: reads the journal in small steps, so that
 * many can catch up while the API goes on, and never further than its client takes.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { JournalReader } from '../../log/journal/journal-reader.js';
import { BACKLOG_BYTES_MAX } from './channel.js';
import type { Entry } from './entry.js';
import { shows } from './filter.js';
import type { PositionBook } from './position-book.js';
import type { StreamState } from './stream-state.js';
import type { Subscriber } from './subscriber.js';

/** Entries of one message; all of one sequence stay together. */
export const RUN_ENTRIES_MAX = 512;
/** What may wait for a client that reads from the log. */
const READING_BACKLOG_BYTES_MAX = BACKLOG_BYTES_MAX / 4;
/** How long one step may take, in milliseconds. */
const STEP_MS_MAX = 2;
/** How often a subscriber for whom there is nothing is told how far it is, in milliseconds. */
export const PROGRESS_MS = 5000;
/** Records between two looks at the clock. */
const RECORDS_PER_LOOK = 256;

/** What came of a step: go on, at the live end, or the client must take what it has first. */
export type Progress = 'reading' | 'arrived' | 'full';

interface Pace {
  /** How long one step may take, in milliseconds. */
  readonly stepMs: number;
  /** How long the client may hear nothing, in milliseconds. */
  readonly progressMs: number;
}

export class CatchUp {
  readonly subscriber: Subscriber;
  readonly #reader: JournalReader;
  readonly #state: StreamState;
  /** Its own, when the topic folds. */
  readonly #book: PositionBook | undefined;
  #batch: RecordBuffer | undefined;
  #at = 0;
  #read: number;
  #entries: Entry[] = [];
  readonly #pace: Pace;
  /** When the client was last told something. */
  #toldMs = performance.now();

  /**
   * @param reader at the first sequence that the topic's state lacks, at most `position` + 1
   * @param book as of the reader, when the topic folds
   */
  constructor(
    subscriber: Subscriber,
    reader: JournalReader,
    state: StreamState,
    book: PositionBook | undefined,
    pace: Pace = { stepMs: STEP_MS_MAX, progressMs: PROGRESS_MS },
  ) {
    this.#pace = pace;
    this.subscriber = subscriber;
    this.#reader = reader;
    this.#book = book;
    this.#state = book === undefined ? state : { ...state, book };
    this.#read = reader.nextSequence - 1;
  }

  /** @param end the live end now: the step ends there */
  step(end: number): Progress {
    const until = performance.now() + this.#pace.stepMs;
    for (let records = 1; this.#read < end; records += 1) {
      if (!this.#next()) break;
      if (records % RECORDS_PER_LOOK !== 0) continue;
      if (this.#full()) return 'full';
      const now = performance.now();
      if (now < until) continue;
      // A long log may have nothing for it: it must not think that the connection is dead.
      if (now >= this.#toldMs + this.#pace.progressMs) this.#send(true);
      return 'reading';
    }
    this.#send(true);
    return this.#full() ? 'full' : 'arrived';
  }

  close(): void {
    this.#reader.close();
  }

  /** Takes one record. @returns false at the durable end */
  #next(): boolean {
    if (this.#batch === undefined || this.#at >= this.#batch.length) {
      this.#batch = this.#reader.read();
      this.#at = 0;
      if (this.#batch === undefined) return false;
    }
    const { bytes, u16, f64 } = this.#batch;
    const at = this.#at;
    const changed = this.#book?.take(this.#batch, at);
    const sequence = f64[(at + HEADER.sequence) / 8] as number;
    const { topic, filter, position } = this.subscriber;
    if (sequence > position && topic.events[bytes[at + HEADER.number] as number] === 1) {
      for (const entry of topic.entries(this.#state, this.#batch, at, changed)) {
        if (shows(filter, entry)) this.#entries.push(entry);
      }
    }
    this.#read = sequence;
    this.#at += u16[(at + HEADER.length) / 2] as number;
    if (this.#entries.length >= RUN_ENTRIES_MAX) this.#send(false);
    return true;
  }

  #full(): boolean {
    return this.subscriber.sink.backlog > READING_BACKLOG_BYTES_MAX;
  }

  /** @param arrived also when there is nothing to say, so that the client knows how far it is */
  #send(arrived: boolean): void {
    const { subscriber } = this;
    if (this.#entries.length === 0 && !arrived) return;
    const to = Math.max(this.#read, subscriber.position);
    const run = { after: subscriber.position, to, entries: this.#entries };
    subscriber.sink.send(subscriber.format.run(subscriber.topic.name, run));
    subscriber.position = to;
    this.#entries = [];
    this.#toldMs = performance.now();
  }
}
