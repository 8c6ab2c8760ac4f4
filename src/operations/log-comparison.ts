/** Another log against the journal: what is missing there, and what is different. */
import { setTimeout as delay } from 'node:timers/promises';
import { HEADER, RecordBuffer } from '../domain/event-record.js';
import type { FileSystem } from '../log/file-system.js';
import {
  COMMIT_HEAD_BYTES,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  isCommitHead,
} from '../log/journal/commit.js';
import { listSegments, SEGMENT_HEADER_BYTES, segmentName } from '../log/journal/segment.js';
import type { CheckFinding } from './findings.js';

/** The checksum of a record belongs to its storage. */
const CHECKSUM_BYTES = 4;
/** Differences that are told one by one; then the comparison ends. */
const DIFFERENCES_MAX = 100;
/** A store that is being forwarded to is given this long to get what it lacks, in steps. */
const LAG_TRIES_MAX = 20;
const LAG_PAUSE_MS = 500;

export interface ComparedLog {
  /** For findings: a stream, a directory. */
  readonly name: string;
  /** From a sequence to its head of now. */
  read(from: number): AsyncIterable<RecordBuffer>;
  /** Whether another part is still writing to it, so that the rest may come. */
  readonly follows: boolean;
  /** File and offset of a record, where there are such. */
  place?(sequence: number): { readonly file: string; readonly offset: number };
}

export interface LogComparison {
  readonly findings: readonly CheckFinding[];
  /** Records that were compared. */
  readonly compared: number;
}

/**
 * Compares the records `from` to `next` - 1 of the journal with those of another log, byte by byte but
 * for the checksum, which is the storage's.
 *
 * @param journal reads the journal from `from` on
 */
export async function compareLogs(
  journal: AsyncIterable<RecordBuffer>,
  other: ComparedLog,
  from: number,
  next: number,
): Promise<LogComparison> {
  const findings: CheckFinding[] = [];
  const theirs = new Records(other, from);
  let sequence = from;
  for await (const batch of journal) {
    for (let at = 0; at < batch.length && sequence < next; sequence += 1) {
      const length = batch.u16[(at + HEADER.length) / 2] as number;
      const found = await theirs.next();
      if (found === undefined) {
        const reason = `ends here; the journal has ${next - sequence} more events`;
        findings.push({ ...place(other, sequence), code: 'EVENTS_MISSING', reason });
        return { findings, compared: sequence - from };
      }
      const ours = batch.bytes.subarray(at + CHECKSUM_BYTES, at + length);
      if (Buffer.compare(ours, found.subarray(CHECKSUM_BYTES)) !== 0) {
        const reason = 'holds another event than the journal';
        findings.push({ ...place(other, sequence), code: 'EVENT_DIFFERS', reason });
        if (findings.length === DIFFERENCES_MAX) return { findings, compared: sequence - from };
      }
      at += length;
    }
    if (sequence >= next) break;
  }
  await theirs.close();
  return { findings, compared: sequence - from };
}

const place = (other: ComparedLog, sequence: number) => ({
  ...{ file: other.name, offset: 0 },
  ...other.place?.(sequence),
  sequence,
});

/** The records of a log one by one, waiting a while for those that are on their way. */
class Records {
  readonly #log: ComparedLog;
  #next: number;
  #batches: AsyncIterator<RecordBuffer> | undefined;
  #batch: RecordBuffer | undefined;
  #at = 0;

  constructor(log: ComparedLog, from: number) {
    this.#log = log;
    this.#next = from;
  }

  async next(): Promise<Uint8Array | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      if (await this.#fill()) break;
      if (!this.#log.follows || attempt === LAG_TRIES_MAX) return undefined;
      await delay(LAG_PAUSE_MS);
    }
    const batch = this.#batch as RecordBuffer;
    const start = this.#at;
    this.#at += batch.u16[(start + HEADER.length) / 2] as number;
    this.#next += 1;
    return batch.bytes.subarray(start, this.#at);
  }

  async close(): Promise<void> {
    await this.#batches?.return?.();
  }

  /** @returns false at the head of the log */
  async #fill(): Promise<boolean> {
    while (this.#batch === undefined || this.#at >= this.#batch.length) {
      this.#batches ??= this.#log.read(this.#next)[Symbol.asyncIterator]();
      const step = await this.#batches.next();
      this.#at = 0;
      this.#batch = step.done === true ? undefined : step.value;
      if (step.done === true) {
        this.#batches = undefined;
        return false;
      }
    }
    return true;
  }
}

/** Where a record of a journal is, or where it would be. */
export function placeInJournal(
  files: FileSystem,
  directory: string,
  sequence: number,
): { file: string; offset: number } {
  const segment = listSegments(files, directory).findLast((first) => first <= sequence);
  if (segment === undefined) return { file: directory, offset: 0 };
  const path = `${directory}/${segmentName(segment)}`;
  const file = files.open(path, 'read');
  try {
    const size = files.size(file);
    const head = new RecordBuffer(COMMIT_HEAD_BYTES);
    let offset = SEGMENT_HEADER_BYTES;
    while (files.pread(file, head.bytes, 0, COMMIT_HEAD_BYTES, offset) === COMMIT_HEAD_BYTES) {
      if (!isCommitHead(head, 0)) break;
      const first = commitFirstSequence(head, 0);
      if (sequence < first + commitCount(head, 0)) {
        offset += COMMIT_HEAD_BYTES;
        for (let each = first; each < sequence && offset < size; each += 1) {
          files.pread(file, head.bytes, 0, HEADER.length + 2, offset);
          offset += head.u16[HEADER.length / 2] as number;
        }
        break;
      }
      offset += COMMIT_HEAD_BYTES + commitRecordBytes(head, 0);
    }
    return { file: path, offset };
  } finally {
    files.close(file);
  }
}
