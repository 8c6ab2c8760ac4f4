import { assert } from '../../lib/assert.js';

/** Memory the cache may take, as the server counts it. The oldest entries go first. */
export const RECENT_COMMITS_MAX_BYTES = 8 * 1024 * 1024;

const ENTRY_OVERHEAD_BYTES = 48;

/** What is remembered of an event; the log keeps the event anyway, so nothing is copied. */
export interface RecentCommit {
  readonly stream: string;
  readonly id: string;
  readonly revision: number;
}

/**
 * Which revision a recently written event id has in its stream. Bounded: what fell out is
 * forgotten, so an append that expects `any` is idempotent on best effort only.
 *
 * Ids are looked up only for appends that name no revision. Until the first of them there is no index:
 * a log that is written to by revision alone never pays for one.
 */
export class RecentCommits {
  readonly #maxBytes: number;
  #index: Map<string, Map<string, number>> | undefined;
  /** Oldest first. `#start` is the index of the first live entry; the array is compacted at times. */
  #queue: RecentCommit[] = [];
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
    return this.#indexed().get(stream)?.get(id);
  }

  add(commit: RecentCommit): void {
    if (this.#index !== undefined) enter(this.#index, commit);
    this.#queue.push(commit);
    this.#bytes += entryBytes(commit);
    while (this.#bytes > this.#maxBytes) this.#evictOldest();
  }

  #indexed(): Map<string, Map<string, number>> {
    if (this.#index !== undefined) return this.#index;
    const index = new Map<string, Map<string, number>>();
    for (let at = this.#start; at < this.#queue.length; at += 1) enter(index, this.#queue[at]!);
    this.#index = index;
    return index;
  }

  #evictOldest(): void {
    const entry = this.#queue[this.#start];
    assert(entry !== undefined, 'bytes are counted for entries that are queued');
    this.#start += 1;
    this.#bytes -= entryBytes(entry);
    const ids = this.#index?.get(entry.stream);
    // The same id may have been written again since; then the newer entry owns the place.
    if (ids?.get(entry.id) === entry.revision) {
      ids.delete(entry.id);
      if (ids.size === 0) this.#index?.delete(entry.stream);
    }
    if (this.#start > 1024 && this.#start * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#start);
      this.#start = 0;
    }
  }
}

function enter(index: Map<string, Map<string, number>>, { stream, id, revision }: RecentCommit) {
  let ids = index.get(stream);
  if (ids === undefined) {
    ids = new Map();
    index.set(stream, ids);
  }
  ids.set(id, revision);
}

function entryBytes({ stream, id }: RecentCommit): number {
  return ENTRY_OVERHEAD_BYTES + 2 * stream.length + id.length;
}
