/**
 * From segments to pieces: which bytes of the journal the next objects hold.
 *
 * ```
 *   segment   [header|commit|commit| ... |commit|commit|commit|commit|zeros ahead
 *   pieces    [-- 16 MiB, full ---][-- half full --][-- 4 --][1]
 *                                                    merged with the next, as soon as that is half
 *                                                    as large: sizes stay at least doubling
 * ```
 *
 * So the open end can be shipped every few seconds: there are at most some twenty small pieces at any
 * time, and each byte is sent a few times rather than once per shipment.
 */
import { RecordBuffer } from '../../domain/event-record.js';
import type { FileSystem } from '../../log/file-system.js';
import { COMMIT_HEAD_BYTES } from '../../log/journal/commit.js';
import type { DurablePosition } from '../../log/journal/durable-end.js';
import { damaged } from '../../log/journal/errors.js';
import { HASH_BYTES } from '../../log/journal/hash-tree.js';
import { COMMIT_RECORD_BYTES_MAX } from '../../log/journal/limits.js';
import {
  decodeSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentSeed,
} from '../../log/journal/segment.js';
import { checkCommitRun } from './commit-run.js';
import { BackupError } from './errors.js';
import { PIECE_BYTES_MAX } from './limits.js';
import type { JournalPiece } from './manifest.js';

/** A piece that is cut only because the next commit may not fit. */
const FULL_BYTES = PIECE_BYTES_MAX - COMMIT_RECORD_BYTES_MAX - COMMIT_HEAD_BYTES;

/** The next bytes to ship, and which of the last pieces they replace. */
export interface RawPiece {
  readonly replaces: number;
  readonly segment: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly next: number;
  readonly time: bigint;
  /** Chain value of its last commit, hexadecimal. */
  readonly chain: string;
}

export interface JournalToShip {
  readonly files: FileSystem;
  readonly directory: string;
  readonly shard: number;
  readonly durable: DurablePosition;
}

/**
 * Reads and checks what is to be shipped next after the pieces shipped so far; undefined when they
 * have all that is durable.
 *
 * @param bufferOf a buffer of at least so many bytes, PIECE_BYTES_MAX at most
 * @throws JournalError JOURNAL_DAMAGED; BackupError BACKUP_OTHER_JOURNAL when the pieces are not of
 *   this journal
 */
export function nextPiece(
  journal: JournalToShip,
  shipped: readonly JournalPiece[],
  bufferOf: (bytes: number) => RecordBuffer,
): RawPiece | undefined {
  const { files, directory, durable } = journal;
  const last = shipped.at(-1);
  refuseOther(journal, last);
  const segments = listSegments(files, directory).filter((each) => each <= durable.segment);
  let segment = last?.segment ?? segments[0];
  if (segment === undefined) return undefined;
  if (last === undefined && segment !== 0) {
    const place = { file: `${directory}/${segmentName(0)}`, offset: 0, sequence: 0 };
    throw damaged('SEGMENT_MISSING', place, 'a backup begins with the first segment');
  }
  let from = last === undefined ? 0 : last.offset + last.bytes;
  const file = openSegment(journal, segment, last);
  let limit: number;
  try {
    limit = segment === durable.segment ? durable.offset : files.size(file);
  } finally {
    files.close(file);
  }
  if (from > limit) throw otherJournal(journal, `${segmentName(segment)} is shorter there`);
  const sealed = segment < durable.segment;
  let replaces = merging(shipped, segment, from, limit, sealed);
  if (from === limit && replaces === 0) {
    if (!sealed) return undefined;
    segment = (last as JournalPiece).next;
    from = 0;
    replaces = 0;
    limit = limitOf(journal, segment, last);
  }
  if (replaces > 0) from = (shipped[shipped.length - replaces] as JournalPiece).offset;
  if (limit <= Math.max(from, SEGMENT_HEADER_BYTES)) {
    if (segment === durable.segment) return undefined;
    const place = {
      file: `${directory}/${segmentName(segment)}`,
      offset: limit,
      sequence: segment,
    };
    throw damaged('SEGMENT_HEADER', place, `a finished segment of ${limit} bytes has no commit`);
  }
  const before = shipped[shipped.length - replaces - 1];
  return { ...readPiece(journal, segment, from, limit, before, bufferOf), replaces };
}

function refuseOther(journal: JournalToShip, last: JournalPiece | undefined): void {
  if (last === undefined || last.next <= journal.durable.nextSequence) return;
  const { nextSequence } = journal.durable;
  throw otherJournal(
    journal,
    `it holds events up to ${last.next - 1}, the journal ends at ${nextSequence - 1}`,
  );
}

const otherJournal = ({ directory }: JournalToShip, why: string): BackupError =>
  new BackupError(
    'BACKUP_OTHER_JOURNAL',
    `the backup is of another history than ${directory}: ${why}; back up to a new place`,
    { object: directory },
  );

/** How many of the last pieces become one with what follows them. */
function merging(
  shipped: readonly JournalPiece[],
  segment: number,
  from: number,
  limit: number,
  sealed: boolean,
): number {
  let count = 0;
  let start = from;
  for (let index = shipped.length - 1; index >= 0; index -= 1) {
    const piece = shipped[index] as JournalPiece;
    if (piece.segment !== segment || piece.bytes > FULL_BYTES) break;
    if (limit - piece.offset > PIECE_BYTES_MAX) break;
    const doubled = limit > from && piece.bytes <= 2 * (limit - start);
    if (!sealed && !doubled) break;
    start = piece.offset;
    count += 1;
  }
  // One piece that nothing is added to stays as it is.
  return from === limit && count === 1 ? 0 : count;
}

function openSegment(journal: JournalToShip, segment: number, last?: JournalPiece): number {
  const file = `${journal.directory}/${segmentName(segment)}`;
  try {
    return journal.files.open(file, 'read');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const place = { file, offset: 0, sequence: last?.next ?? segment };
    throw damaged('SEGMENT_MISSING', place, 'the segment is missing');
  }
}

function limitOf(journal: JournalToShip, segment: number, last?: JournalPiece): number {
  if (segment === journal.durable.segment) return journal.durable.offset;
  const file = openSegment(journal, segment, last);
  try {
    return journal.files.size(file);
  } finally {
    journal.files.close(file);
  }
}

function readPiece(
  journal: JournalToShip,
  segment: number,
  from: number,
  limit: number,
  before: JournalPiece | undefined,
  bufferOf: (bytes: number) => RecordBuffer,
): Omit<RawPiece, 'replaces'> {
  const { files } = journal;
  const length = Math.min(PIECE_BYTES_MAX, limit - from);
  const buffer = bufferOf(length);
  const path = `${journal.directory}/${segmentName(segment)}`;
  const file = openSegment(journal, segment, before);
  let filled: number;
  try {
    filled = files.pread(file, buffer.bytes, 0, length, from);
  } finally {
    files.close(file);
  }
  let chain: Uint8Array = Buffer.from(before?.chain ?? '', 'hex');
  if (from === 0) chain = checkHeader(journal, buffer, filled, path, segment, before);
  const commitsAt = from === 0 ? SEGMENT_HEADER_BYTES : 0;
  const start = {
    ...{ file: path, fileOffset: from, chain },
    sequence: from === 0 ? segment : (before as JournalPiece).next,
  };
  const run = checkCommitRun(buffer, commitsAt, filled, start);
  if (run.end <= commitsAt) {
    const place = { file: path, offset: from + run.end, sequence: run.next };
    throw damaged('COMMIT_INCOMPLETE', place, 'the segment ends in a commit that was durable');
  }
  return {
    ...{ segment, offset: from, next: run.next, time: run.time },
    bytes: buffer.bytes.subarray(0, run.end),
    chain: Buffer.from(run.chain).toString('hex'),
  };
}

/** @returns the chain value that the first commit continues */
function checkHeader(
  journal: JournalToShip,
  buffer: RecordBuffer,
  filled: number,
  path: string,
  segment: number,
  before: JournalPiece | undefined,
): Uint8Array {
  const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
  block.bytes.set(buffer.bytes.subarray(0, Math.min(filled, SEGMENT_HEADER_BYTES)));
  const header = decodeSegmentHeader(block, filled, path, segment);
  const place = { file: path, offset: 0, sequence: segment };
  if (header.shard !== journal.shard) {
    throw damaged('SEGMENT_SHARD', place, `of shard ${header.shard}, not ${journal.shard}`);
  }
  const none = '00'.repeat(HASH_BYTES);
  const expected = before?.chain ?? (segment === 0 ? none : undefined);
  const found = Buffer.from(header.chainBefore).toString('hex');
  if (expected !== undefined && found !== expected) {
    throw damaged('SEGMENT_CHAIN', place, 'does not continue the chain of the segment before');
  }
  return segmentSeed(block);
}
