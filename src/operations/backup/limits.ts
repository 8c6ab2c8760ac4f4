/**
 * Raw bytes of one object: what shipping and restoring hold in memory a few times over. At least the
 * largest commit with the header of a segment in front.
 */
export const PIECE_BYTES_MAX = 16 * 1024 * 1024;

/** Raw bytes of a manifest: about 200,000 pieces, 3 TB of journal. Beyond it a new place is begun. */
export const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;

/** Manifests kept: the newest, and two that a reader may just be reading. */
export const MANIFESTS_KEPT = 3;

/** Listings in which a manifest must be missing before it is called lost: a shipment may be under way. */
export const LISTINGS_MAX = 3;

/** Full pieces shipped before a manifest says so: what is sent again after a crash, at most. */
export const PIECES_PER_MANIFEST = 8;

/**
 * Objects that a later one has replaced stay this long, ms: a restore under way reads by the
 * manifest that it began with.
 */
export const RETIRED_KEPT_MS = 60 * 60 * 1000;

/** Objects fetched ahead of the one being written to disk. */
export const FETCHED_AHEAD_MAX = 4;

/** Snapshots kept in a backup: the newest, and one to fall back to. */
export const BACKUP_SNAPSHOTS_KEPT = 2;

/**
 * Time between two snapshots in a backup, ms. A snapshot only shortens the start after a restore, and
 * of a large state it is as large as hours of journal.
 */
export const SNAPSHOT_SHIPPED_EVERY_MS = 60 * 60 * 1000;

/** Database dumps, and other files of one kind, kept in a backup. */
export const BACKUP_FILES_KEPT = 7;

/** A manifest is written at least so often, ms, so that its age says that shipping goes on. */
export const MANIFEST_EVERY_MS = 60 * 1000;
