import type { RecordBuffer } from '../../domain/event-record.js';
import { COMMIT_HEAD_BYTES, commitFirstSequence, isCommitHead } from './commit.js';
import { SECTOR_BYTES } from './limits.js';
import type { SegmentWindow } from './segment-window.js';

/**
 * Telling a torn commit from a damaged one.
 *
 * A disk writes sectors whole. Where power failed before the sync, some sectors of the last commit
 * hold what was there before: nothing, that is zeros, since segments only grow into zeros.
 *
 * ```
 *   sectors   |- - - - - - - |- - - - - - - |- - - - - - - |
 *   commits   ..last one|head|records 000000 0000 records ...
 *                            torn: this sector is zero in all of the commit's part of it
 * ```
 *
 * A record that is wrong although no such sector touches it was changed, not lost.
 */
export interface CommitSpan {
  /** The commit in the view. */
  readonly commitAt: number;
  readonly commitEnd: number;
  /** Of the commit in the file. */
  readonly fileOffset: number;
  /** The bytes in the view that are wrong. */
  readonly from: number;
  readonly to: number;
}

/** Whether a sector that is missing from the commit touches the wrong bytes. */
export function explainedByMissingSectors(view: RecordBuffer, span: CommitSpan): boolean {
  const shift = span.fileOffset - span.commitAt;
  const firstSector = Math.floor((span.from + shift) / SECTOR_BYTES) * SECTOR_BYTES;
  for (let sector = firstSector; sector < span.to + shift; sector += SECTOR_BYTES) {
    const start = Math.max(sector - shift, span.commitAt);
    const end = Math.min(sector - shift + SECTOR_BYTES, span.commitEnd);
    if (allZero(view.bytes, start, end)) return true;
  }
  return false;
}

export function allZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/**
 * Offset of the first whole commit head in [from, size) of a sequence after `sequence`, or
 * undefined: nothing follows.
 */
export function findCommitAfter(
  window: SegmentWindow,
  from: number,
  size: number,
  sequence: number,
): number | undefined {
  const start = Math.ceil(from / 8) * 8;
  for (let offset = start; offset + COMMIT_HEAD_BYTES <= size; offset += 8) {
    const at = window.load(offset, COMMIT_HEAD_BYTES);
    const { view } = window;
    if (isCommitHead(view, at) && commitFirstSequence(view, at) > sequence) return offset;
  }
  return undefined;
}
