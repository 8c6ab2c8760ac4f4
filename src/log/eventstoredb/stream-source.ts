import type { StoredEvent } from './stored-event.js';

export type Direction = 'forwards' | 'backwards';

/**
 * What is known of a stream before it is read.
 *
 * - `missing`: never written, or soft-deleted: reads say "stream not found"
 * - `deleted`: tombstoned: reads fail
 * - `present`: `first` is the lowest visible revision, `last` the head (-1 when it holds nothing)
 */
export type StreamStatus =
  | { readonly kind: 'missing' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'present'; readonly first: number; readonly last: number };

type Eventually<T> = T | Promise<T>;

/**
 * What the gRPC service needs of a log. The in-memory store is one, the journal another, read-only.
 *
 * Pages are bounded by `limit`; a page shorter than that means there is no more for now.
 */
export interface StreamSource {
  status(stream: string): Eventually<StreamStatus>;

  /** Visible events from `revision` (inclusive) on, in the direction of reading. */
  readStream(
    stream: string,
    revision: number,
    direction: Direction,
    limit: number,
  ): Eventually<readonly StoredEvent[]>;

  /** Events of the whole log from `position` (inclusive) on, in the direction of reading. */
  readAll(
    position: number,
    direction: Direction,
    limit: number,
  ): Eventually<readonly StoredEvent[]>;

  /** Position of the newest event, -1 when the log is empty. */
  lastPosition(): Eventually<number>;

  /** Calls `listener` after every write that became readable. Returns what stops it. */
  watch(listener: () => void): () => void;
}
