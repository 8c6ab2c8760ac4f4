import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { type EventLog, EventLogError } from '../event-log.js';
import { JournalReader } from '../journal/journal-reader.js';
import type { JournalWriter } from '../journal/journal-writer.js';

/** The checksum belongs to the journal and may be absent in what a log hands out. */
const CHECKSUM_BYTES = 4;

/**
 * Writes a log into a journal, record for record: how a box that lost its disk gets it back from
 * EventStoreDB. Durable after every batch, so what breaks off is continued by calling it again.
 *
 * @param onBatch told the next sequence after each batch
 * @returns the next sequence: how many events the journal holds
 * @throws EventLogError LOG_CONTENT_CONFLICT when the journal holds other events than the log,
 *   LOG_SEQUENCE_AHEAD when it holds more; whatever reading the log or writing the journal throws
 */
export async function restoreJournal(
  log: EventLog,
  journal: JournalWriter,
  onBatch: (nextSequence: number) => void = () => {},
): Promise<number> {
  const held = journal.nextSequence;
  const head = await log.head();
  if (held > head) throw new EventLogError('LOG_SEQUENCE_AHEAD', held, head);
  // The last event held is read once more, and must be the same in both.
  let from = Math.max(0, held - 1);
  for await (const batch of log.read(from)) {
    if (from < held) {
      const isSame = sameRecord(batch, lastRecord(journal));
      if (!isSame) throw new EventLogError('LOG_CONTENT_CONFLICT', from, held);
      from = held;
      if (batch.count === 1) continue;
      dropFirst(batch);
    }
    journal.append(batch);
    onBatch(journal.nextSequence);
  }
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
