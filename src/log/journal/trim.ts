/**
 * Taking the oldest segments of a journal away, and the record of it.
 *
 * ```
 *   shard-0.trimmed.json   {"first":S,"chain":...}    first: made durable; from now on only S is promised
 *   shard-0/...segment     the segments before S go, oldest first
 * ```
 *
 * Killed at any point the journal still has every event from S on, without a gap; the next trim goes on.
 * Whatever begins later than the record says has lost a segment, and `verifyJournal` says so.
 */
import { RecordBuffer } from '../../domain/event-record.js';
import { type FileSystem, systemErrorCode } from '../file-system.js';
import { writeWhole } from '../whole-file.js';
import { damaged } from './errors.js';
import { decodeSegmentHeader, listSegments, SEGMENT_HEADER_BYTES, segmentName } from './segment.js';

const FORMAT = 'daybook-trimmed-1';
/** Longest record of a trim: it has a few dozen characters. */
export const TRIM_RECORD_BYTES_MAX = 4096;

export interface TrimRecord {
  readonly format: typeof FORMAT;
  readonly shard: number;
  /** The first sequence that is held, the first of its segment. */
  readonly first: number;
  /** Chain value of the last commit before it: what it continues; hex. */
  readonly chain: string;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** By hand: the library that reads configurations would cost each process on the hot path 60 ms. */
function isTrimRecord(value: unknown): value is TrimRecord {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 4) return false;
  const { format, shard, first, chain } = value as Record<keyof TrimRecord, unknown>;
  const isChain = typeof chain === 'string' && /^[0-9a-f]{64}$/.test(chain);
  return format === FORMAT && isCount(shard) && isCount(first) && isChain;
}

/** Beside the journal: in its directory there is nothing but the journal. */
export const trimRecordPath = (journal: string): string => `${journal}.trimmed.json`;

/** Undefined: never trimmed. @throws JournalError JOURNAL_DAMAGED */
export function readTrimRecord(files: FileSystem, journal: string): TrimRecord | undefined {
  const path = trimRecordPath(journal);
  let file: number;
  try {
    file = files.open(path, 'read');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(TRIM_RECORD_BYTES_MAX);
    const count = files.pread(file, bytes, 0, bytes.length, 0);
    const record = jsonOf(Buffer.from(bytes.subarray(0, count)).toString('utf8'));
    if (isTrimRecord(record)) return record;
    const place = { file: path, offset: 0, sequence: 0 };
    throw damaged('SEGMENT_MISSING', place, 'is not the record of a trim');
  } finally {
    files.close(file);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface Trimmed {
  /** First sequences of the segments that are gone. */
  readonly removed: readonly number[];
  /** The first sequence that is held. */
  readonly first: number;
}

/**
 * Removes the segments all of whose events are before `first`, which must begin a segment. Whether
 * anybody still needs them is for the caller to know (`operations/retention/`).
 *
 * @throws JournalError JOURNAL_DAMAGED, and errors of the file system: then call again
 */
export function trimJournal(
  files: FileSystem,
  journal: string,
  shard: number,
  first: number,
): Trimmed {
  const segments = listSegments(files, journal);
  if (!segments.includes(first)) {
    const place = { file: `${journal}/${segmentName(first)}`, offset: 0, sequence: first };
    throw damaged('SEGMENT_MISSING', place, 'the journal cannot begin here: there is no segment');
  }
  const removed = segments.filter((each) => each < first);
  if (removed.length === 0) return { removed, first };
  const chain = Buffer.from(chainBefore(files, journal, shard, first)).toString('hex');
  const record: TrimRecord = { format: FORMAT, shard, first, chain };
  writeWhole(files, trimRecordPath(journal), Buffer.from(`${JSON.stringify(record)}\n`));
  for (const segment of removed) {
    files.unlink(`${journal}/${segmentName(segment)}`);
    // One after the other, for good: never a gap.
    files.syncDirectory(journal);
  }
  return { removed, first };
}

function chainBefore(files: FileSystem, journal: string, shard: number, first: number): Uint8Array {
  const path = `${journal}/${segmentName(first)}`;
  const file = files.open(path, 'read');
  try {
    const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
    const filled = files.pread(file, block.bytes, 0, SEGMENT_HEADER_BYTES, 0);
    const header = decodeSegmentHeader(block, filled, path, first);
    if (header.shard === shard) return header.chainBefore;
    const place = { file: path, offset: 0, sequence: first };
    throw damaged('SEGMENT_SHARD', place, `of shard ${header.shard}, not ${shard}`);
  } finally {
    files.close(file);
  }
}
