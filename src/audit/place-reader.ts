/**
 * Reads the events of a place that the index names, straight from the segment: the commits around
 * may be large, and each record has a checksum of its own.
 */
import {
  type EventGroup,
  groupsOf,
  lengthAt,
  sequenceAt,
} from '../commands/replay/event-groups.js';
import { HEADER, RECORD_HEADER_BYTES, RecordBuffer } from '../domain/event-record.js';
import { crc32cWords } from '../lib/crc32c.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../log/file-system.js';
import { COMMIT_HEAD_BYTES } from '../log/journal/commit.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { damaged, JournalError } from '../log/journal/errors.js';
import { segmentName } from '../log/journal/segment.js';
import { INDEX_BLOCK_BYTES } from './order-index/limits.js';
import type { Place } from './order-index/order-index.js';

/** First read of a place whose end is not known: one block, and what a command may add to it. */
const READ_BYTES = 2 * INDEX_BLOCK_BYTES;

export interface JournalOf {
  readonly journal: string;
  readonly end: DurableEnd;
}

/** What each command of a place left, in turn. */
export function groupsIn(log: JournalOf, place: Place): Generator<EventGroup> {
  return groupsOf(recordsOf(log, place));
}

/** Every record of a place, with where it stands. */
export function* recordsIn(
  log: JournalOf,
  place: Place,
): Generator<{ readonly batch: RecordBuffer; readonly at: number }> {
  const batch = recordsOf(log, place);
  for (let at = 0; at < batch.length; at += lengthAt(batch, at)) yield { batch, at };
}

/** @throws JournalError JOURNAL_DAMAGED with file and offset, JOURNAL_SEQUENCE_GONE */
function recordsOf({ journal }: JournalOf, place: Place, files = nodeFileSystem): RecordBuffer {
  const path = `${journal}/${segmentName(place.segment)}`;
  const file = openSegment(files, path, place);
  try {
    let bytes = place.end === undefined ? READ_BYTES : place.end - place.offset;
    for (;;) {
      const raw = new RecordBuffer(bytes);
      const filled = files.pread(file, raw.bytes, 0, bytes, place.offset);
      if (take(raw, filled, place, path)) return raw;
      const ends = filled < bytes;
      if (ends) throw damage(path, place.offset + filled, place.sequence, 'the segment ends early');
      bytes *= 2;
    }
  } finally {
    files.close(file);
  }
}

function openSegment(files: FileSystem, path: string, { sequence }: Place): number {
  try {
    return files.open(path, 'read');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new JournalError('JOURNAL_SEQUENCE_GONE', `${path} with sequence ${sequence} is gone`);
  }
}

/**
 * Checks the records at the start of the buffer and closes them up over the heads of commits.
 * @returns whether all of the place were there
 */
function take(raw: RecordBuffer, filled: number, place: Place, path: string): boolean {
  let next = place.sequence;
  let at = 0;
  raw.clear();
  while (next < place.next) {
    if (at + RECORD_HEADER_BYTES > filled) return false;
    const length = lengthAt(raw, at);
    if (length < RECORD_HEADER_BYTES || length % 8 !== 0) {
      throw damage(path, place.offset + at, next, `record length ${length}`);
    }
    if (at + length > filled) return false;
    if (raw.u32[at >> 2] !== crc32cWords(raw.i32, (at >> 2) + 1, (at + length) >> 2, 0)) {
      throw damage(path, place.offset + at, next, 'the checksum is wrong');
    }
    const isHead = raw.bytes[at + HEADER.number] === 0 && length === COMMIT_HEAD_BYTES;
    if (!isHead) {
      if (sequenceAt(raw, at) !== next)
        throw damage(path, place.offset + at, next, 'another event');
      raw.bytes.copyWithin(raw.length, at, at + length);
      raw.length += length;
      raw.count += 1;
      next += 1;
    }
    at += length;
  }
  return true;
}

const damage = (file: string, offset: number, sequence: number, reason: string): JournalError =>
  damaged('RECORD_CRC', { file, offset, sequence }, reason);
