/**
 * Sends a session what it has not had, from the log: after a login that asks for an earlier message,
 * or when the client was too slow and its buffers were full. Memory is one batch of the log.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';
import type { JournalReader } from '../../log/journal/journal-reader.js';
import type { SessionStream } from './session-stream.js';

/** Batches looked through before other sessions have their turn. */
const BATCHES_A_TURN = 4;

export class LogCursor {
  readonly #reader: JournalReader;
  readonly #stream: SessionStream;
  #batch: RecordBuffer | undefined;
  #at = 0;
  /** Number of the next message of the stream in the log from here on. */
  #ordinal: number;

  /** @param ordinal number of the first message at or after the reader's position */
  constructor(reader: JournalReader, stream: SessionStream, ordinal: number) {
    this.#reader = reader;
    this.#stream = stream;
    this.#ordinal = ordinal;
  }

  /**
   * Hands out messages from number `from` on while `put` takes them, events before sequence `before`.
   * @param put false: no room, the same message is offered again next time
   * @returns `caughtUp` when all before `before` are out, `full` when `put` refused, `more` when
   *   there is more to read
   */
  pump(
    from: number,
    before: number,
    put: (type: number, batch: RecordBuffer, at: number) => boolean,
  ): 'caughtUp' | 'full' | 'more' {
    for (let turn = 0; turn < BATCHES_A_TURN; ) {
      const batch = this.#batch;
      if (batch === undefined || this.#at >= batch.length) {
        if (this.#reader.nextSequence >= before) return 'caughtUp';
        this.#batch = this.#reader.read();
        this.#at = 0;
        turn += 1;
        if (this.#batch === undefined) return 'caughtUp';
        continue;
      }
      const outcome = this.#walk(batch, from, before, put);
      if (outcome !== undefined) return outcome;
    }
    return 'more';
  }

  close(): void {
    this.#reader.close();
  }

  #walk(
    batch: RecordBuffer,
    from: number,
    before: number,
    put: (type: number, batch: RecordBuffer, at: number) => boolean,
  ): 'caughtUp' | 'full' | undefined {
    const { id } = this.#stream.config;
    while (this.#at < batch.length) {
      const at = this.#at;
      if (batch.f64[(at + HEADER.sequence) >> 3]! >= before) return 'caughtUp';
      const number = batch.bytes[at + HEADER.number]!;
      const ofDay = number === EVENT.TradingDayOpened || number === EVENT.TradingDayClosed;
      if (ofDay || batch.u32[(at + HEADER.session) >> 2] === id) {
        const type = this.#stream.messageOf(batch, at);
        if (type !== 0) {
          if (this.#ordinal >= from && !put(type, batch, at)) return 'full';
          this.#ordinal += 1;
        }
      }
      this.#at = at + batch.u16[(at + HEADER.length) >> 1]!;
    }
    return undefined;
  }
}
