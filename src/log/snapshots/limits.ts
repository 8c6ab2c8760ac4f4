import { LEAF_BYTES } from '../../lib/leaf-hashes.js';

/** Longest header of a snapshot: names, limits and terms of a shard. */
export const HEADER_BYTES_MAX = 256 * 1024 * 1024;
/** Largest snapshot. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024 * 1024;
/** Snapshots kept: the newest, and one to fall back to. */
export const SNAPSHOTS_KEPT = 2;
/** Memory for checking a snapshot without a state to fill; whole leaves. */
export const CHECK_BYTES = 16 * LEAF_BYTES;
