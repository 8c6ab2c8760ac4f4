import { setImmediate } from 'node:timers/promises';

import { RecordBuffer } from '../../domain/event-record.js';
import { type FileSystem, nodeFileSystem } from '../file-system.js';
import {
  COMMIT_HEAD_BYTES,
  checkHashes,
  checkRecords,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  isCommitHead,
  type Problem,
} from './commit.js';
import { isLocked, LOCK_NAME } from './directory-lock.js';
import {
  DURABLE_MARK_NAME,
  type DurableMark,
  MARK_BYTES,
  readDurableMark,
} from './durable-mark.js';
import { type DamageCode, JournalError } from './errors.js';
import { HASH_BYTES, HashTree } from './hash-tree.js';
import { SECTOR_BYTES } from './limits.js';
import {
  decodeSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  segmentSeed,
  segmentSequence,
} from './segment.js';
import { NEW_SUFFIX } from './segment-file.js';
import { SegmentWindow } from './segment-window.js';
import { allZero, explainedByMissingSectors, findCommitAfter } from './torn-commit.js';
import { readTrimRecord, type TrimRecord, trimRecordPath } from './trim.js';

/** One thing that is wrong with a journal. */
export interface Finding {
  readonly file: string;
  readonly offset: number;
  readonly sequence: number;
  readonly code: DamageCode;
  readonly reason: string;
}

export interface VerifyOptions {
  /** Expected shard; by default that of the first segment. */
  readonly shard?: number;
  /** Only the segments that hold a sequence in this range, both ends included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Called once per whole record, in order; a text is what is wrong with it. */
  readonly checkRecord?: (view: RecordBuffer, at: number) => string | undefined;
  /** Called after each segment and each 64 MiB, with the bytes done of all. */
  readonly onProgress?: (bytesDone: number, bytesAll: number) => void;
  readonly fileSystem?: FileSystem;
}

/** What a verification has looked at. */
export interface VerifySummary {
  readonly segments: number;
  readonly commits: number;
  readonly records: number;
  /** Of all segment files, prefilled zeros included. */
  readonly bytes: number;
  readonly firstSequence: number;
  readonly nextSequence: number;
  /** Chain value of the last commit, as hexadecimal: what a signed checkpoint would say. */
  readonly chain: string;
  readonly findings: number;
}

/** After this many bytes other work of the thread gets a turn. */
const TURN_BYTES = 64 * 1024 * 1024;

/**
 * Checks every byte of a journal: names, headers, checksums, lengths, sequences, the root of each
 * commit and the chain through all of them, and that nothing else is there but zeros written ahead.
 * Reads only, in constant memory, and goes on after a finding as far as the bytes still make sense.
 *
 * While a writer is at work, what it has not yet declared durable is left out.
 *
 * @returns (as the generator's result) what was looked at
 */
export async function* verifyJournal(
  directory: string,
  options: VerifyOptions = {},
): AsyncGenerator<Finding, VerifySummary, undefined> {
  const verification = new Verification(directory, options);
  yield* verification.checkDirectory();
  for (const sequence of verification.segments) yield* verification.checkSegment(sequence);
  yield* verification.checkEnd();
  return verification.summary();
}

class Verification {
  readonly segments: readonly number[];
  readonly #directory: string;
  readonly #options: VerifyOptions;
  readonly #files: FileSystem;
  readonly #live: boolean;
  readonly #tree = new HashTree();
  readonly #chain = new Uint8Array(HASH_BYTES);
  readonly #found: Finding[] = [];
  /** The segment in which the journal ends, whether it is looked at or not. */
  readonly #lastOfAll: number | undefined;
  #mark: DurableMark | undefined;
  #trimmed: TrimRecord | undefined;
  #shard: number | undefined;
  #next: number | undefined;
  /** Whether `#chain` is known; not after a part that could not be read. */
  #chained = false;
  #path = '';
  #bytesAll = 0;
  #bytesDone = 0;
  #turnAt = TURN_BYTES;
  #commits = 0;
  #records = 0;
  #findings = 0;
  /** Where the last segment's commits end. */
  #end = 0;

  constructor(directory: string, options: VerifyOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#files = options.fileSystem ?? nodeFileSystem;
    this.#shard = options.shard;
    // In this order: what the mark says is durable is then in the segments listed after it.
    this.#live = isLocked(this.#files, directory);
    this.#readMark();
    const all = listSegments(this.#files, directory);
    const last = this.#live ? (this.#mark?.segment ?? Infinity) : Infinity;
    const { from = 0, to = Number.MAX_SAFE_INTEGER } = options;
    const first = all.findLast((sequence) => sequence <= from) ?? 0;
    this.segments = all.filter((each) => each <= last && each >= first && each <= to);
    this.#lastOfAll = all.findLast((sequence) => sequence <= last);
  }

  *checkDirectory(): Generator<Finding> {
    this.#checkBeginning();
    for (const name of this.#files.readdir(this.#directory)) {
      const file = `${this.#directory}/${name}`;
      const isSegment = segmentSequence(name) !== undefined;
      if (isSegment) this.#bytesAll += this.#sizeOf(file);
      if (isSegment || name === DURABLE_MARK_NAME || isTemporary(name)) continue;
      this.#find({ code: 'UNEXPECTED_FILE', file, reason: 'not a file of a journal' });
    }
    yield* this.#drain();
  }

  /** A journal begins with event 0, or where a trim on record has let it begin. */
  #checkBeginning(): void {
    const [first] = listSegments(this.#files, this.#directory);
    if (first === undefined || first === 0) return;
    try {
      this.#trimmed = readTrimRecord(this.#files, this.#directory);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      const file = trimRecordPath(this.#directory);
      this.#find({ code: 'SEGMENT_MISSING', file, reason: error.message });
      return;
    }
    const sequence = this.#trimmed?.first ?? 0;
    if (first <= sequence) return;
    const file = `${this.#directory}/${segmentName(sequence)}`;
    const reason = `the journal begins with ${first}; events ${sequence} to ${first - 1} are missing`;
    this.#find({ code: 'SEGMENT_MISSING', file, sequence, reason });
  }

  async *checkSegment(sequence: number): AsyncGenerator<Finding, void, undefined> {
    this.#path = `${this.#directory}/${segmentName(sequence)}`;
    const file = this.#files.open(this.#path, 'read');
    try {
      const size = this.#files.size(file);
      const window = new SegmentWindow(this.#files, file, size, this.#path);
      const isLast = sequence === this.#lastOfAll;
      const mark = this.#mark;
      const isLive = this.#live && mark?.segment === sequence;
      const limit = isLive && mark !== undefined ? Math.min(mark.offset, size) : size;
      let offset = this.#checkHeader(window, sequence, size);
      yield* this.#drain();
      while (offset < limit) {
        const after = this.#checkCommit(window, offset, limit, isLast);
        this.#bytesDone += after - offset;
        offset = after;
        yield* this.#drain();
        if (this.#bytesDone >= this.#turnAt) {
          this.#turnAt = this.#bytesDone + TURN_BYTES;
          this.#options.onProgress?.(this.#bytesDone, this.#bytesAll);
          await setImmediate();
        }
      }
      if (isLive && mark !== undefined && size < mark.offset) {
        const reason = `${mark.offset - size} bytes that were durable are missing`;
        this.#find({ code: 'DURABLE_LOST', offset: size, reason });
      }
    } finally {
      this.#files.close(file);
    }
    this.#options.onProgress?.(this.#bytesDone, this.#bytesAll);
    yield* this.#drain();
  }

  *checkEnd(): Generator<Finding> {
    const mark = this.#mark;
    const last = this.segments.at(-1);
    const next = this.#next ?? 0;
    const isLost =
      last === this.#lastOfAll &&
      mark !== undefined &&
      (mark.nextSequence > next || (mark.segment === last && mark.offset > this.#end));
    if (isLost) {
      const file = `${this.#directory}/${DURABLE_MARK_NAME}`;
      const reason = `was durable up to sequence ${mark.nextSequence}, the journal ends before`;
      this.#find({ code: 'DURABLE_LOST', file, sequence: next, reason });
    }
    yield* this.#drain();
  }

  summary(): VerifySummary {
    return {
      segments: this.segments.length,
      commits: this.#commits,
      records: this.#records,
      bytes: this.#bytesAll,
      firstSequence: this.segments[0] ?? 0,
      nextSequence: this.#next ?? 0,
      chain: Buffer.from(this.#chain).toString('hex'),
      findings: this.#findings,
    };
  }

  #readMark(): void {
    const file = `${this.#directory}/${DURABLE_MARK_NAME}`;
    try {
      this.#mark = readDurableMark(this.#files, this.#directory);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#find({ code: 'DURABLE_MARK', file, reason: error.message });
      return;
    }
    if (this.#mark === undefined) return;
    this.#shard ??= this.#mark.shard;
    if (this.#mark.shard !== this.#shard) {
      const reason = `of shard ${this.#mark.shard}, not ${this.#shard}`;
      this.#find({ code: 'SEGMENT_SHARD', file, reason });
    }
    const size = this.#sizeOf(file);
    if (size > MARK_BYTES) {
      const reason = `${size - MARK_BYTES} bytes behind the mark`;
      this.#find({ code: 'TRAILING_BYTES', file, offset: MARK_BYTES, reason });
    }
  }

  /** @returns where the commits begin */
  #checkHeader(window: SegmentWindow, sequence: number, size: number): number {
    const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
    const filled = window.readInto(block, 0, SEGMENT_HEADER_BYTES);
    this.#end = Math.min(SEGMENT_HEADER_BYTES, size);
    this.#bytesDone += this.#end;
    let header: SegmentHeader;
    try {
      header = decodeSegmentHeader(block, filled, this.#path, sequence);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#find({ code: error.damage ?? 'SEGMENT_HEADER', sequence, reason: error.message });
      this.#chained = false;
      this.#next = Math.max(sequence, this.#next ?? sequence);
      return this.#end;
    }
    this.#shard ??= header.shard;
    if (header.shard !== this.#shard) {
      const reason = `of shard ${header.shard}, not ${this.#shard}`;
      this.#find({ code: 'SEGMENT_SHARD', sequence, reason });
    }
    this.#next ??= sequence;
    if (sequence !== this.#next) {
      const reason = `begins with sequence ${sequence}, the segment before ends at ${this.#next}`;
      this.#find({ code: 'SEGMENT_MISSING', sequence: this.#next, reason });
      this.#next = sequence;
    } else {
      this.#checkChainBefore(header);
    }
    this.#chain.set(segmentSeed(block));
    this.#chained = true;
    return SEGMENT_HEADER_BYTES;
  }

  #checkChainBefore(header: SegmentHeader): void {
    const isFirst = header.firstSequence === this.segments[0];
    const isGenesis = header.firstSequence === 0;
    // What came before the oldest kept segment is not here to compare with, but on record.
    const expected = isFirst && !isGenesis ? this.#trimmedChain(header) : this.#chain;
    if (!isFirst && !this.#chained) return;
    if (Buffer.compare(header.chainBefore, expected) === 0) return;
    const reason = 'does not continue the chain of the segment before';
    this.#find({ code: 'SEGMENT_CHAIN', sequence: header.firstSequence, reason });
  }

  #trimmedChain({ firstSequence, chainBefore }: SegmentHeader): Uint8Array {
    const record = this.#trimmed;
    return record?.first === firstSequence ? Buffer.from(record.chain, 'hex') : chainBefore;
  }

  /** Checks what stands at `offset`. @returns where to go on */
  #checkCommit(window: SegmentWindow, offset: number, limit: number, isLast: boolean): number {
    const left = limit - offset;
    const at = window.load(offset, Math.min(left, COMMIT_HEAD_BYTES));
    if (left < COMMIT_HEAD_BYTES || !isCommitHead(window.view, at)) {
      return this.#withoutHead(window, offset, limit, isLast);
    }
    const bytes = COMMIT_HEAD_BYTES + commitRecordBytes(window.view, at);
    const first = commitFirstSequence(window.view, at);
    if (first !== this.#next) {
      const reason = `the commit begins with sequence ${first}`;
      this.#find({ code: 'COMMIT_SEQUENCE', offset, sequence: this.#next ?? first, reason });
    }
    this.#next = first + commitCount(window.view, at);
    if (bytes > left) {
      const reason = `the commit ends ${bytes - left} bytes behind the file`;
      const code = isLast ? 'TORN_TAIL' : 'COMMIT_INCOMPLETE';
      this.#find({ code, offset, sequence: first, reason });
      this.#next = first;
      return limit;
    }
    this.#checkContent(window, offset, bytes, isLast && offset + bytes === limit);
    this.#commits += 1;
    this.#records += this.#next - first;
    this.#end = offset + bytes;
    return this.#end;
  }

  #checkContent(window: SegmentWindow, offset: number, bytes: number, isTail: boolean): void {
    const at = window.load(offset, bytes);
    const view = window.view;
    const content = this.#options.checkRecord;
    const checks = { crc: true, tree: this.#tree, content };
    const problems: Problem[] = [];
    const last = checkRecords(view, at, checks, (problem) => problems.push(problem));
    for (const problem of problems) {
      const span = { commitAt: at, commitEnd: at + bytes, fileOffset: offset };
      const missing = explainedByMissingSectors(view, {
        ...span,
        from: problem.at,
        to: Math.min(problem.at + SECTOR_BYTES, at + bytes),
      });
      const hint = isTail && missing ? ' (whole sectors are missing: a torn commit)' : '';
      const { damage: code, sequence } = problem;
      const reason = problem.reason + hint;
      this.#find({ code, offset: offset + problem.at - at, sequence, reason });
    }
    if (last === undefined) {
      this.#chain.set(view.bytes.subarray(at + 64, at + COMMIT_HEAD_BYTES));
      this.#chained = true;
      return;
    }
    const wasChained = this.#chained;
    const problem = checkHashes(view, at, last, this.#tree, this.#chain);
    this.#chained = true;
    if (problem === undefined || (problem.damage === 'COMMIT_CHAIN' && !wasChained)) return;
    this.#find({
      code: problem.damage,
      offset,
      sequence: problem.sequence,
      reason: problem.reason,
    });
  }

  /** No commit at `offset`: the zeros written ahead, or something that should not be there. */
  #withoutHead(window: SegmentWindow, offset: number, limit: number, isLast: boolean): number {
    const sequence = this.#next ?? 0;
    const wrong = firstNonZero(window, offset, limit);
    if (wrong === undefined) {
      if (!isLast) {
        const reason = `${limit - offset} bytes behind the last commit of a finished segment`;
        this.#find({ code: 'TRAILING_BYTES', offset, sequence, reason });
      }
      return limit;
    }
    const later = findCommitAfter(window, offset + 8, limit, -1);
    const until = later ?? limit;
    const isTorn = isLast && later === undefined;
    const code = isTorn ? 'UNREADABLE_BYTES' : 'COMMIT_HEADER';
    // Behind the last commit there are zeros, up to what should not be there.
    const from = isTorn ? wrong : offset;
    const reason = `no commit begins at ${offset}; ${until - from} bytes are unreadable`;
    this.#find({ code, offset: from, sequence, reason });
    this.#chained = false;
    return until;
  }

  #find(finding: {
    code: DamageCode;
    reason: string;
    file?: string;
    offset?: number;
    sequence?: number;
  }): void {
    this.#findings += 1;
    this.#found.push({ file: this.#path, offset: 0, sequence: 0, ...finding });
  }

  *#drain(): Generator<Finding> {
    if (this.#found.length > 0) yield* this.#found.splice(0);
  }

  #sizeOf(path: string): number {
    const file = this.#files.open(path, 'read');
    try {
      return this.#files.size(file);
    } finally {
      this.#files.close(file);
    }
  }
}

/** A lock, a segment being made: not part of what is on record. */
function isTemporary(name: string): boolean {
  return name === LOCK_NAME || name.startsWith(`${LOCK_NAME}.`) || name.endsWith(NEW_SUFFIX);
}

/** Offset of the first byte in [from, limit) that is not zero. */
function firstNonZero(window: SegmentWindow, from: number, limit: number): number | undefined {
  for (let offset = from; offset < limit; ) {
    const length = Math.min(window.capacity, limit - offset);
    const at = window.load(offset, length);
    if (!allZero(window.view.bytes, at, at + length)) {
      let first = at;
      while (window.view.bytes[first] === 0) first += 1;
      return offset + first - at;
    }
    offset += length;
  }
  return undefined;
}
