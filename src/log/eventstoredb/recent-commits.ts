import { assert } from '../../lib/assert.js';

/** Memory the cache may take, as the server counts it. The oldest entries go first. */
export const RECENT_COMMITS_MAX_BYTES = 8 * 1024 * 1024;

const ENTRY_OVERHEAD_BYTES = 48;

/**
 * Which revision a recently written event id has in its stream. Bounded: what fell out is
 * forgotten, so an append that expects `any` is idempotent on best effort only.
 */
export class RecentCommits {
  readonly #maxBytes: number;
  readonly #streams = new Map<string, Map<string, number>>();
  /** Oldest first. `#start` is the index of the first live entry; the array is compacted at times. */
  #queue: { readonly stream: string; readonly id: string; readonly revision: number }[] = [];
  #start = 0;
  #bytes = 0;

  constructor(maxBytes: number = RECENT_COMMITS_MAX_BYTES) {
    assert(maxBytes > 0, 'the cache of recent commits needs room');
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  revisionOf(stream: string, id: string): number | undefined {
    return this.#streams.get(stream)?.get(id);
  }

  add(stream: string, id: string, revision: number): void {
    let ids = this.#streams.get(stream);
    if (ids === undefined) {
      ids = new Map();
      this.#streams.set(stream, ids);
    }
    ids.set(id, revision);
    this.#queue.push({ stream, id, revision });
    this.#bytes += entryBytes(stream, id);
    while (this.#bytes > this.#maxBytes) this.#evictOldest();
  }

  #evictOldest(): void {
    const entry = this.#queue[this.#start];
    assert(entry !== undefined, 'bytes are counted for entries that are queued');
    this.#start += 1;
    this.#bytes -= entryBytes(entry.stream, entry.id);
    const ids = this.#streams.get(entry.stream);
    // The same id may have been written again since; then the newer entry owns the place.
    if (ids?.get(entry.id) === entry.revision) {
      ids.delete(entry.id);
      if (ids.size === 0) this.#streams.delete(entry.stream);
    }
    if (this.#start > 1024 && this.#start * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#start);
      this.#start = 0;
    }
  }
}

function entryBytes(stream: string, id: string): number {
  return ENTRY_OVERHEAD_BYTES + 2 * stream.length + id.length;
}
