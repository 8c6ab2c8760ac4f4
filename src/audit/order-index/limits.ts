/**
 * A chunk of the index ends with the commit that takes it to so many events. What is not in a chunk
 * yet is scanned once by a tool, and kept in memory by a process that goes on.
 */
export const INDEX_CHUNK_EVENTS = 262_144;

/** What the index points at: so many bytes of records, to the end of what the last command left. */
export const INDEX_BLOCK_BYTES = 64 * 1024;

/** Heads of chunks in memory, about 20 kB each; the least recently used are read again when needed. */
export const INDEX_HEADS_MAX = 1024;

/** Blocks of a chunk, so that hash and block fit one exact number; a chunk ends before it has more. */
export const INDEX_BLOCKS_MAX = 2 ** 20;
