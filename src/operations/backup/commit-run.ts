import type { RecordBuffer } from '../../domain/event-record.js';
import {
  COMMIT_HEAD_BYTES,
  checkHashes,
  checkRecords,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  commitTime,
  isCommitHead,
  type Problem,
} from '../../log/journal/commit.js';
import { damaged } from '../../log/journal/errors.js';
import { HashTree } from '../../log/journal/hash-tree.js';

/** Where a run of commits begins: for its checks, and for the message when one fails. */
export interface RunStart {
  readonly file: string;
  /** Of the view's first byte in the file. */
  readonly fileOffset: number;
  /** The sequence that the first commit must have, and the chain value that it continues. */
  readonly sequence: number;
  readonly chain: Uint8Array;
}

/** Whole commits from the start of a run. */
export interface CommitRun {
  /** Where in the view the last of them ends. */
  readonly end: number;
  readonly next: number;
  /** Of the last record, ns since 1970; 0 when there is no commit. */
  readonly time: bigint;
  readonly chain: Uint8Array;
}

/**
 * Checks the whole commits in bytes [from, filled) of the view completely: checksums, sequence, root
 * and chain. A commit that does not fit any more ends the run.
 *
 * @throws JournalError JOURNAL_DAMAGED with file, offset and sequence
 */
export function checkCommitRun(
  view: RecordBuffer,
  from: number,
  filled: number,
  start: RunStart,
): CommitRun {
  const tree = new HashTree();
  const chain = start.chain.slice();
  const fail = ({ damage, at, sequence, reason }: Problem) => {
    const place = { file: start.file, offset: start.fileOffset + at, sequence };
    return damaged(damage, place, reason);
  };
  let at = from;
  let next = start.sequence;
  let time = 0n;
  while (at + COMMIT_HEAD_BYTES <= filled) {
    if (!isCommitHead(view, at)) {
      const reason = 'no commit begins here';
      throw fail({ damage: 'COMMIT_HEADER', at, sequence: next, reason });
    }
    const end = at + COMMIT_HEAD_BYTES + commitRecordBytes(view, at);
    if (end > filled) break;
    const first = commitFirstSequence(view, at);
    if (first !== next) {
      const reason = `the commit begins with sequence ${first}`;
      throw fail({ damage: 'COMMIT_SEQUENCE', at, sequence: next, reason });
    }
    const problems: Problem[] = [];
    const last = checkRecords(view, at, { crc: true, tree }, (each) => problems.push(each));
    const problem =
      problems[0] ?? (last === undefined ? undefined : checkHashes(view, at, last, tree, chain));
    if (problem !== undefined) throw fail(problem);
    next += commitCount(view, at);
    time = commitTime(view, at);
    at = end;
  }
  return { end: at, next, time, chain };
}

/** A moment to restore to: up to and including a sequence, or a time in ns since 1970. */
export type Moment = { readonly sequence: number } | { readonly time: bigint };

/** The whole commits of a view at or before the moment: where they end, and the time of the last. */
export function cutAt(
  view: RecordBuffer,
  from: number,
  filled: number,
  moment: Moment,
): { readonly end: number; readonly time: bigint } {
  let end = from;
  let time = 0n;
  while (end + COMMIT_HEAD_BYTES <= filled && isCommitHead(view, end)) {
    const last = commitFirstSequence(view, end) + commitCount(view, end) - 1;
    const ofCommit = commitTime(view, end);
    const within = 'sequence' in moment ? last <= moment.sequence : ofCommit <= moment.time;
    if (!within) break;
    time = ofCommit;
    end += COMMIT_HEAD_BYTES + commitRecordBytes(view, end);
  }
  return { end: Math.min(end, filled), time };
}
