import type { FileSystem } from '../../log/file-system.js';
import { isLocked } from '../../log/journal/directory-lock.js';
import type { DurablePosition } from '../../log/journal/durable-end.js';
import { readDurableMark } from '../../log/journal/durable-mark.js';
import { findJournalEnd } from '../../log/journal/recovery.js';
import { SEGMENT_HEADER_BYTES, segmentName } from '../../log/journal/segment.js';

/**
 * How far a journal is durable, for a process beside its writer: what the writer has published, or,
 * while nobody writes, what the disk holds, which is then made durable: the last commit of a killed
 * writer may be in memory only, and a backup must never be ahead of the disk.
 *
 * @throws JournalError JOURNAL_DAMAGED
 */
export function durablePosition(
  files: FileSystem,
  directory: string,
  shard: number,
): DurablePosition {
  const nothing = { nextSequence: 0, segment: 0, offset: SEGMENT_HEADER_BYTES };
  if (isLocked(files, directory)) {
    const mark = readDurableMark(files, directory);
    return mark === undefined ? nothing : { ...mark };
  }
  const end = findJournalEnd(files, directory, shard);
  if (end === undefined) return nothing;
  const file = files.open(`${directory}/${segmentName(end.position.segment)}`, 'read');
  try {
    files.fdatasync(file);
  } finally {
    files.close(file);
  }
  return end.position;
}
