import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import { type EventLog, EventLogError } from '../event-log.js';
import { JournalReader } from '../journal/journal-reader.js';
import type { JournalWriter } from '../journal/journal-writer.js';

/** The checksum belongs to the journal and may be absent in what a log hands out. */
const CHECKSUM_BYTES = 4;

/** Events are gathered to commits of this size: each costs a sync. */
const COMMIT_BYTES = 1024 * 1024;

/**
 * Writes a log into a journal, record for record: how a box that lost its disk gets it back from
 * EventStoreDB. Durable commit by commit, so what breaks off is continued by calling it again.
 *
 * @param onCommit told the next sequence after each commit
 * @returns the next sequence: how many events the journal holds
 * @throws EventLogError LOG_CONTENT_CONFLICT when the journal holds other events than the log,
 *   LOG_SEQUENCE_AHEAD when it holds more; whatever reading the log or writing the journal throws
 */
export async function restoreJournal(
  log: EventLog,
  journal: JournalWriter,
  onCommit: (nextSequence: number) => void = () => {},
): Promise<number> {
  const held = journal.nextSequence;
  const head = await log.head();
  if (held > head) throw new EventLogError('LOG_SEQUENCE_AHEAD', held, head);
  // The last event held is read once more, and must be the same in both.
  const from = Math.max(0, held - 1);
  const commit = new RecordBuffer(COMMIT_BYTES);
  const flush = (): void => {
    if (commit.count === 0) return;
    journal.append(commit);
    commit.clear();
    onCommit(journal.nextSequence);
  };
  let isFirst = true;
  for await (const batch of log.read(from)) {
    if (isFirst && held > 0) {
      if (!sameRecord(batch, lastRecord(journal))) {
        throw new EventLogError('LOG_CONTENT_CONFLICT', from, held);
      }
      dropFirst(batch);
    }
    isFirst = false;
    if (commit.length + batch.length > COMMIT_BYTES) flush();
    if (batch.length > COMMIT_BYTES) {
      journal.append(batch);
    } else {
      commit.bytes.set(batch.bytes.subarray(0, batch.length), commit.length);
      commit.length += batch.length;
      commit.count += batch.count;
    }
  }
  flush();
  return journal.nextSequence;
}

function lastRecord(journal: JournalWriter): RecordBuffer {
  const from = journal.nextSequence - 1;
  const reader = new JournalReader(journal.directory, { from, end: journal.durableEnd });
  try {
    const record = reader.read();
    if (record === undefined) throw new EventLogError('LOG_SEQUENCE_GONE', from, from + 1);
    return record;
  } finally {
    reader.close();
  }
}

function sameRecord(a: RecordBuffer, b: RecordBuffer): boolean {
  const length = a.u16[HEADER.length / 2]!;
  const record = ({ bytes }: RecordBuffer) => bytes.subarray(CHECKSUM_BYTES, length);
  return Buffer.compare(record(a), record(b)) === 0;
}

function dropFirst(batch: RecordBuffer): void {
  const length = batch.u16[HEADER.length / 2]!;
  batch.bytes.copyWithin(0, length, batch.length);
  batch.length -= length;
  batch.count -= 1;
}
