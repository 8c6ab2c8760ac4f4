import { INDEX_SEGMENTS_MAX, INDEX_STRIDE_BYTES } from './limits.js';

/** Commits of one segment, some way apart: first sequences and offsets, both ascending. */
interface SegmentEntries {
  readonly sequences: number[];
  readonly offsets: number[];
}

/**
 * Where some of the commits are, so that a reader finds a sequence without walking a whole segment.
 * Filled by the readers that share it, as they walk; commits never move, so it is never wrong. One
 * per journal and thread.
 *
 * Of the segments met, the least recently used beyond INDEX_SEGMENTS_MAX are forgotten.
 */
export class SparseIndex {
  readonly #segments = new Map<number, SegmentEntries>();

  /** The last known commit of `segment` at or before `sequence`; undefined to begin at the start. */
  find(segment: number, sequence: number): { sequence: number; offset: number } | undefined {
    const entries = this.#segments.get(segment);
    if (entries === undefined) return undefined;
    this.#segments.delete(segment);
    this.#segments.set(segment, entries);
    const index = lastAtMost(entries.sequences, sequence);
    if (index < 0) return undefined;
    return { sequence: entries.sequences[index]!, offset: entries.offsets[index]! };
  }

  /** Tells of a commit; kept if it is a stride behind the last one known. */
  add(segment: number, sequence: number, offset: number): void {
    let entries = this.#segments.get(segment);
    if (entries === undefined) {
      entries = { sequences: [], offsets: [] };
      this.#segments.set(segment, entries);
      const [oldest] = this.#segments.keys();
      if (this.#segments.size > INDEX_SEGMENTS_MAX) this.#segments.delete(oldest!);
    }
    const last = entries.offsets.at(-1) ?? 0;
    if (offset < last + INDEX_STRIDE_BYTES) return;
    entries.sequences.push(sequence);
    entries.offsets.push(offset);
  }
}

/** Index of the last value that is at most `limit`, or -1. */
function lastAtMost(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
