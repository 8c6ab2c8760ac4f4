/**
 * What can be wrong with a journal. As the `reason` of a `JOURNAL_DAMAGED` error it stops whoever
 * reads; as the code of a finding it is reported by `verifyJournal`.
 */
export type DamageCode =
  | 'SEGMENT_NAME'
  | 'SEGMENT_MISSING'
  | 'SEGMENT_HEADER'
  | 'SEGMENT_SHARD'
  | 'SEGMENT_CHAIN'
  | 'COMMIT_HEADER'
  | 'COMMIT_SEQUENCE'
  | 'COMMIT_INCOMPLETE'
  | 'COMMIT_ROOT'
  | 'COMMIT_CHAIN'
  | 'COMMIT_TIME'
  | 'RECORD_LENGTH'
  | 'RECORD_CRC'
  | 'RECORD_NUMBER'
  | 'RECORD_SEQUENCE'
  | 'RECORD_CONTENT'
  | 'TRAILING_BYTES'
  | 'UNREADABLE_BYTES'
  | 'UNEXPECTED_FILE'
  | 'DURABLE_MARK'
  | 'DURABLE_LOST'
  | 'TORN_TAIL';

export type JournalErrorCode =
  /** The bytes are not what was written; never repaired by itself. */
  | 'JOURNAL_DAMAGED'
  /** Written by a newer Daybook. */
  | 'JOURNAL_FORMAT_UNKNOWN'
  /** Another writer holds the directory, or may. */
  | 'JOURNAL_LOCKED'
  /** Asked for a sequence before the oldest that is kept. */
  | 'JOURNAL_SEQUENCE_GONE'
  /** Asked for a sequence beyond the next one to be written. */
  | 'JOURNAL_SEQUENCE_AHEAD'
  /** The writer has stopped for good: a write failed. */
  | 'JOURNAL_WRITE_FAILED'
  /** The writer has stopped for good: a sync failed. */
  | 'JOURNAL_SYNC_FAILED'
  /** The writer has stopped for good: no space left. */
  | 'JOURNAL_DISK_FULL'
  /** The writer that a reader followed has stopped for one of the three reasons above. */
  | 'JOURNAL_STOPPED'
  /** Used after `close`. */
  | 'JOURNAL_CLOSED';

/** Where in the journal something is wrong. `offset` in bytes from the start of `file`. */
export interface Place {
  readonly file: string;
  readonly offset: number;
  /** The sequence found or expected there. */
  readonly sequence: number;
}

export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;
  readonly place: Place | undefined;
  readonly damage: DamageCode | undefined;

  constructor(
    code: JournalErrorCode,
    message: string,
    details: { place?: Place; damage?: DamageCode; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.place = details.place;
    this.damage = details.damage;
  }
}

/** The error for bytes that are not what was written. */
export function damaged(damage: DamageCode, place: Place, reason: string): JournalError {
  return new JournalError('JOURNAL_DAMAGED', `${placeText(place)}: ${reason}`, { place, damage });
}

export function placeText({ file, offset, sequence }: Place): string {
  return `${file} at byte ${offset}, sequence ${sequence}`;
}
