import { RECORD_BYTES_MAX } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';

/** A segment is closed before the commit that would take it beyond this size. */
export const SEGMENT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Most bytes of records in one commit. Bounds the memory of every reader, and what a single sync
 * may cost: 4 MiB are about 8 ms on a disk of 560 MB/s.
 */
export const COMMIT_RECORD_BYTES_MAX = 4 * 1024 * 1024;

/** Records under one leaf of a commit's Merkle tree: what a proof of one event carries along. */
export const LEAF_RECORDS = 32;

/** What a disk writes whole or not at all. A torn commit is missing whole sectors. */
export const SECTOR_BYTES = 512;

/**
 * Zeros written ahead of the commits, so that a sync has no block map and no size to write: p50
 * 120 instead of 184 us for 1 KiB. The chunk itself makes one commit in a hundred 400 us longer; a
 * larger one is rarer but longer, and worse at p99 (docs/decisions/0003-journal-format.md).
 */
export const PREFILL_BYTES = 128 * 1024;

/**
 * Commits above this size are not prefilled for: they pay for the block map by their own size, and
 * writing everything twice would halve the disk.
 */
export const PREFILL_COMMIT_BYTES_MAX = 32 * 1024;

/** First capacity of a reader's batch; it grows to hold the largest commit it meets. */
export const READ_BYTES = 1024 * 1024;

/** A sparse index knows a commit at least this far after the last one it knows, so 256 a segment. */
export const INDEX_STRIDE_BYTES = 1024 * 1024;

/** Segments that a sparse index remembers: at most 4 MB of memory for 256 GiB of journal. */
export const INDEX_SEGMENTS_MAX = 1024;

/** A reader of another process looks at the durable mark at least and at most this often. */
export const POLL_MS_MIN = 1;
export const POLL_MS_MAX = 50;

/** A waiting reader looks again after this long even if nobody woke it. */
export const WAIT_MS_MAX = 1000;

/** A mark read while it is being written is read again, at most this often. */
export const MARK_READS_MAX = 1000;

assert(COMMIT_RECORD_BYTES_MAX % 8 === 0, 'records are whole multiples of 8 bytes');
assert(COMMIT_RECORD_BYTES_MAX >= RECORD_BYTES_MAX, 'a commit can hold any one record');
assert(SEGMENT_BYTES_MAX > 2 * COMMIT_RECORD_BYTES_MAX, 'a segment holds several full commits');
assert(PREFILL_BYTES > PREFILL_COMMIT_BYTES_MAX, 'a chunk of zeros outlasts the commit it follows');
