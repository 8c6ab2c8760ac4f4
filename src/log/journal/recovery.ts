import { RecordBuffer } from '../../domain/event-record.js';
import type { FileSystem } from '../file-system.js';
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
import type { DurablePosition } from './durable-end.js';
import { DURABLE_MARK_NAME, type DurableMark, readDurableMark } from './durable-mark.js';
import { damaged, type JournalError } from './errors.js';
import { HashTree } from './hash-tree.js';
import { COMMIT_RECORD_BYTES_MAX, SECTOR_BYTES } from './limits.js';
import {
  decodeSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  segmentSeed,
} from './segment.js';
import { SegmentWindow } from './segment-window.js';
import { allZero, explainedByMissingSectors, findCommitAfter } from './torn-commit.js';

/** A commit that a crash left unfinished, and that therefore nobody was told of. */
export interface TornTail {
  readonly file: string;
  /** Where the commit begins, and how many bytes from there to the last that is not zero. */
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
}

/** The end of a journal as found on disk. */
export interface JournalEnd {
  readonly header: SegmentHeader;
  readonly position: DurablePosition;
  /** Chain value of the last commit. */
  readonly chain: Uint8Array;
  /** The bytes of the last commit of the segment; none where it has no commit. */
  readonly lastCommit: Uint8Array;
  /** Bytes of the last segment file; beyond `position.offset` they are prefilled zeros. */
  readonly fileBytes: number;
  readonly torn: TornTail | undefined;
}

/**
 * Finds the end of the journal by checking its last segment completely; changes nothing.
 *
 * A last commit that is cut short, or that misses whole sectors, was never acknowledged and is
 * reported as torn. Anything else that is wrong is damage, also a torn commit before the durable
 * mark or with another commit after it: those had been acknowledged.
 *
 * @returns undefined for an empty journal
 * @throws JournalError JOURNAL_DAMAGED, JOURNAL_FORMAT_UNKNOWN
 */
export function findJournalEnd(
  files: FileSystem,
  directory: string,
  shard: number,
): JournalEnd | undefined {
  const mark = readDurableMark(files, directory);
  const last = listSegments(files, directory).at(-1);
  if (mark !== undefined) checkMark(mark, last, directory, shard);
  if (last === undefined) return undefined;
  const path = `${directory}/${segmentName(last)}`;
  const file = files.open(path, 'read');
  try {
    return new TailScan(files, file, path, mark).run(last, shard);
  } finally {
    files.close(file);
  }
}

function checkMark(
  mark: DurableMark,
  lastSegment: number | undefined,
  directory: string,
  shard: number,
): void {
  const file = `${directory}/${DURABLE_MARK_NAME}`;
  const place = { file, offset: 0, sequence: mark.nextSequence };
  if (mark.shard !== shard) {
    throw damaged('SEGMENT_SHARD', place, `the mark is of shard ${mark.shard}, not ${shard}`);
  }
  if (lastSegment === undefined ? mark.nextSequence > 0 : mark.segment > lastSegment) {
    const reason = `${segmentName(mark.segment)}, in which the journal was durable, is missing`;
    throw damaged('SEGMENT_MISSING', place, reason);
  }
}

/** One scan of the last segment. */
class TailScan {
  readonly #path: string;
  readonly #mark: DurableMark | undefined;
  readonly #window: SegmentWindow;
  readonly #size: number;
  readonly #tree = new HashTree();
  #offset = SEGMENT_HEADER_BYTES;
  #lastCommitAt = SEGMENT_HEADER_BYTES;
  #next = 0;

  constructor(files: FileSystem, file: number, path: string, mark: DurableMark | undefined) {
    this.#path = path;
    this.#mark = mark;
    this.#size = files.size(file);
    this.#window = new SegmentWindow(files, file, this.#size, path);
  }

  run(nameSequence: number, shard: number): JournalEnd {
    const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
    const filled = this.#window.readInto(block, 0, SEGMENT_HEADER_BYTES);
    const header = decodeSegmentHeader(block, filled, this.#path, nameSequence);
    this.#next = header.firstSequence;
    if (header.shard !== shard) {
      throw this.#damage({
        damage: 'SEGMENT_SHARD',
        at: 0,
        sequence: this.#next,
        reason: `of shard ${header.shard}, not ${shard}`,
      });
    }
    const chain = segmentSeed(block);
    let torn: TornTail | undefined;
    while (torn === undefined && this.#offset < this.#size) {
      const step = this.#step(chain);
      if (step === 'end') break;
      if (step !== 'commit') torn = step;
    }
    this.#checkAgainstMark(nameSequence, torn);
    const lastCommit = this.#lastCommit();
    return {
      header,
      position: { nextSequence: this.#next, segment: nameSequence, offset: this.#offset },
      chain,
      lastCommit,
      fileBytes: this.#size,
      torn,
    };
  }

  /** Read once more, and so checked once more. */
  #lastCommit(): Uint8Array {
    const bytes = this.#offset - this.#lastCommitAt;
    if (bytes === 0) return new Uint8Array(0);
    const end = this.#offset;
    this.#offset = this.#lastCommitAt;
    const at = this.#window.load(this.#offset, bytes);
    const { view } = this.#window;
    if (!isCommitHead(view, at)) throw this.#noCommit();
    checkRecords(view, at, { crc: true }, (problem) => {
      throw this.#damage({ ...problem, at: problem.at - at });
    });
    this.#offset = end;
    return view.bytes.slice(at, at + bytes);
  }

  /** Accepts the next commit, or says that there is none, or that it is torn. */
  #step(chain: Uint8Array): 'commit' | 'end' | TornTail {
    const window = this.#window;
    const view = window.view;
    const left = this.#size - this.#offset;
    const at = window.load(this.#offset, Math.min(left, COMMIT_HEAD_BYTES));
    if (left < COMMIT_HEAD_BYTES || !isCommitHead(view, at)) return this.#withoutHead();
    const bytes = COMMIT_HEAD_BYTES + commitRecordBytes(view, at);
    const first = commitFirstSequence(view, at);
    if (first !== this.#next) {
      const reason = `the commit begins with sequence ${first}`;
      throw this.#damage({ damage: 'COMMIT_SEQUENCE', at: 0, sequence: this.#next, reason });
    }
    if (bytes > left) {
      return this.#torn(`the file ends ${bytes - left} bytes before the commit does`);
    }
    const commitAt = window.load(this.#offset, bytes);
    const last = this.#checkRecords(commitAt, bytes);
    if (typeof last !== 'number') return last;
    const problem = checkHashes(window.view, commitAt, last, this.#tree, chain);
    if (problem !== undefined) throw this.#damage({ ...problem, at: 0 });
    this.#next += commitCount(window.view, commitAt);
    this.#lastCommitAt = this.#offset;
    this.#offset += bytes;
    return 'commit';
  }

  /** @returns where the last record is, or how the commit is torn */
  #checkRecords(at: number, bytes: number): number | TornTail {
    const view = this.#window.view;
    const problems: Problem[] = [];
    const last = checkRecords(view, at, { crc: true, tree: this.#tree }, (problem) => {
      problems.push(problem);
    });
    for (const [index, problem] of problems.entries()) {
      const inCommit = { ...problem, at: problem.at - at };
      // A record whose length is lost hides everything behind it.
      const unread = last === undefined && index === problems.length - 1;
      const length = unread ? at + bytes - problem.at : view.u16[(problem.at + 4) / 2]!;
      const explained = explainedByMissingSectors(view, {
        commitAt: at,
        commitEnd: at + bytes,
        fileOffset: this.#offset,
        from: problem.at,
        to: unread ? Math.min(problem.at + 48, at + bytes) : problem.at + length,
      });
      if (!explained) throw this.#damage(inCommit);
    }
    if (last !== undefined && problems.length === 0) return last;
    this.#refuseIfFollowed(this.#offset + bytes, problems[0]!.reason);
    return this.#torn(`whole sectors of the commit are missing: ${problems[0]!.reason}`);
  }

  /** There is no commit head at the offset: the clean end, or a commit torn at its head. */
  #withoutHead(): 'end' | TornTail {
    const size = this.#size;
    const end = this.#lastNonZero(this.#offset);
    if (end === this.#offset) return 'end';
    if (size - this.#offset < COMMIT_HEAD_BYTES) return this.#torn('the file ends in the head');
    // The commit goes on behind its head, by an unknown length: look at the sectors to their end.
    const shown = Math.min(size - this.#offset, COMMIT_HEAD_BYTES + SECTOR_BYTES);
    const at = this.#window.load(this.#offset, shown);
    const explained = explainedByMissingSectors(this.#window.view, {
      commitAt: at,
      commitEnd: at + shown,
      fileOffset: this.#offset,
      from: at,
      to: at + COMMIT_HEAD_BYTES,
    });
    if (!explained || end - this.#offset > COMMIT_HEAD_BYTES + COMMIT_RECORD_BYTES_MAX) {
      throw this.#noCommit();
    }
    this.#refuseIfFollowed(this.#offset + 8, 'no commit begins here');
    return this.#torn('the sector with the head of the commit is missing');
  }

  #noCommit(): JournalError {
    const reason = 'no commit begins here';
    return this.#damage({ damage: 'COMMIT_HEADER', at: 0, sequence: this.#next, reason });
  }

  /** Only the last commit can be torn: each was synced before the next was written. */
  #refuseIfFollowed(from: number, reason: string): void {
    const later = findCommitAfter(this.#window, from, this.#size, this.#next);
    if (later === undefined) return;
    const text = `${reason}, but a later commit follows at byte ${later}`;
    throw this.#damage({ damage: 'COMMIT_INCOMPLETE', at: 0, sequence: this.#next, reason: text });
  }

  #torn(reason: string): TornTail {
    const bytes = this.#lastNonZero(this.#offset) - this.#offset;
    return { file: this.#path, offset: this.#offset, bytes, reason };
  }

  /** End of the last byte that is not zero, at least `from`. */
  #lastNonZero(from: number): number {
    let end = from;
    for (let offset = from; offset < this.#size; ) {
      const length = Math.min(this.#window.capacity, this.#size - offset);
      const at = this.#window.load(offset, length);
      const { bytes } = this.#window.view;
      if (!allZero(bytes, at, at + length)) {
        let last = at + length;
        while (bytes[last - 1] === 0) last -= 1;
        end = offset + last - at;
      }
      offset += length;
    }
    return end;
  }

  #checkAgainstMark(segment: number, torn: TornTail | undefined): void {
    const mark = this.#mark;
    if (mark === undefined) return;
    const enough =
      mark.segment < segment
        ? mark.nextSequence <= segment
        : mark.offset <= this.#offset && mark.nextSequence <= this.#next;
    if (enough) return;
    const what = torn === undefined ? 'the journal ends here' : torn.reason;
    const reason = `${what}, but was durable up to sequence ${mark.nextSequence} at ${mark.offset}`;
    throw this.#damage({ damage: 'DURABLE_LOST', at: 0, sequence: this.#next, reason });
  }

  /** `problem.at` counts from the commit. */
  #damage(problem: Problem): JournalError {
    const offset = this.#offset + problem.at;
    const place = { file: this.#path, offset, sequence: problem.sequence };
    return damaged(problem.damage, place, problem.reason);
  }
}
