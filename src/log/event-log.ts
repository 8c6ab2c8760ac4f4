import type { RecordBuffer } from '../domain/event-record.js';

/**
 * The event log of one shard: the port behind which stand the journal and EventStoreDB. The suite
 * `test/conformance/event-log.ts` says what any of them must do.
 *
 * Events travel as binary records (`domain/event-record.ts`), numbered 0, 1, 2 ... without gaps.
 * The checksum field of a record belongs to the storage: 0 or anything on the way in, and not to
 * be relied upon on the way out.
 *
 * Buffers that a log hands out belong to it and are valid until the next one is asked for.
 */
export interface EventLog {
  /** The sequence that the next appended event must have: how many there have ever been. */
  head(): Promise<number>;

  /**
   * Appends all records of the batch, at least one, or none, and resolves when they are durable.
   * The first record's sequence is the expected one: the head must be there.
   *
   * A batch that is on record already, with the same content, changes nothing and is `repeated`:
   * a caller that lost the answer may ask again.
   *
   * @throws EventLogError LOG_SEQUENCE_CONFLICT, LOG_CONTENT_CONFLICT
   */
  append(batch: RecordBuffer): Promise<'appended' | 'repeated'>;

  /**
   * The events from sequence `from` to the head of now, or somewhat beyond; none at the head itself.
   *
   * @throws EventLogError LOG_SEQUENCE_GONE, LOG_SEQUENCE_AHEAD, when first asked for a batch
   */
  read(from: number): AsyncIterableIterator<RecordBuffer>;

  /**
   * All events from `from` on, each once and in order, for ever: waits at the head for more. Ends
   * without an error when `signal` aborts or the log is closed.
   *
   * @throws EventLogError as `read`
   */
  follow(from: number, signal?: AbortSignal): AsyncIterableIterator<RecordBuffer>;

  /** Ends what follows the log and gives back what it holds. */
  close(): Promise<void>;
}

export type EventLogErrorCode =
  /** The head is not where the batch begins: another writer, or a gap. */
  | 'LOG_SEQUENCE_CONFLICT'
  /** Other events are on record at these sequences: another writer owns the log. */
  | 'LOG_CONTENT_CONFLICT'
  /** The oldest events kept begin after the sequence asked for. */
  | 'LOG_SEQUENCE_GONE'
  /** The sequence asked for is beyond the head. */
  | 'LOG_SEQUENCE_AHEAD';

export class EventLogError extends Error {
  override readonly name = 'EventLogError';
  readonly code: EventLogErrorCode;
  /** The sequence that was expected or asked for. */
  readonly sequence: number;
  /** Where the log stood. */
  readonly head: number;

  constructor(code: EventLogErrorCode, sequence: number, head: number, options?: ErrorOptions) {
    super(`${MEANING[code]}: sequence ${sequence}, head ${head}`, options);
    this.code = code;
    this.sequence = sequence;
    this.head = head;
  }
}

const MEANING: Record<EventLogErrorCode, string> = {
  LOG_SEQUENCE_CONFLICT: 'the batch does not begin at the head of the log',
  LOG_CONTENT_CONFLICT: 'other events are on record at these sequences',
  LOG_SEQUENCE_GONE: 'the events asked for are no longer kept',
  LOG_SEQUENCE_AHEAD: 'the events asked for are beyond the head of the log',
};
