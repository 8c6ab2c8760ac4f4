/** Longest header of a snapshot: names, limits and terms of a shard. */
export const HEADER_BYTES_MAX = 256 * 1024 * 1024;
/** Largest snapshot. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024 * 1024;
/** Snapshots kept: the newest, and one to fall back to. */
export const SNAPSHOTS_KEPT = 2;
