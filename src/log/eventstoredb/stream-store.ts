import { assert } from '../../lib/assert.js';
import { type AppendDecision, decideAppend, type ExpectedRevision } from './append-decision.js';
import { RecentCommits } from './recent-commits.js';
import {
  isMetastream,
  metastreamOf,
  originalStreamOf,
  type ProposedEvent,
  type StoredEvent,
  SYSTEM_TYPE,
  sizeInLog,
  TOMBSTONE_REVISION,
} from './stored-event.js';
import {
  firstVisibleRevision,
  isSoftDeleted,
  METASTREAM_METADATA,
  parseStreamMetadata,
  SOFT_DELETE_JSON,
  type StreamMetadata,
  undeletedJson,
} from './stream-metadata.js';
import type { Direction, StreamSource, StreamStatus } from './stream-source.js';

/** Outcome of an append, a delete or a tombstone. `revision` is -1 for an append of nothing to nothing. */
export type WriteResult =
  | { readonly kind: 'success'; readonly revision: number; readonly position: number }
  | Extract<AppendDecision, { kind: 'wrong-expected-version' | 'stream-deleted' }>;

export interface StreamStoreOptions {
  /** Wall clock, milliseconds since the epoch. */
  readonly now?: () => number;
  /** Source of ids for the events the store writes itself. */
  readonly newId?: () => string;
  /** Called with each atomic write before anyone can see it; a throw refuses the write. */
  readonly persist?: (events: readonly StoredEvent[]) => void;
}

interface Stream {
  readonly name: string;
  /** Index is the revision. A tombstone is not among them. */
  readonly events: StoredEvent[];
  tombstoned: boolean;
  metadata: StreamMetadata;
}

const TICKS_PER_MS = 10_000n;
/** What a record costs in the log besides its payload, so that positions look like byte offsets. */
const RECORD_OVERHEAD_BYTES = 96;
const FIRST_POSITION = 1;
const NO_BYTES = new Uint8Array();

/**
 * An EventStoreDB in memory: streams, `$all`, metadata, soft delete and tombstones, with the append
 * semantics of the real server. Single-threaded: every method runs to its end, so a write is atomic.
 */
export class StreamStore implements StreamSource {
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #persist: (events: readonly StoredEvent[]) => void;
  readonly #streams = new Map<string, Stream>();
  readonly #log: StoredEvent[] = [];
  readonly #recent = new RecentCommits();
  readonly #listeners = new Set<() => void>();
  #nextPosition = FIRST_POSITION;

  constructor(options: StreamStoreOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#newId = options.newId ?? (() => crypto.randomUUID());
    this.#persist = options.persist ?? (() => {});
  }

  get eventCount(): number {
    return this.#log.length;
  }

  append(name: string, expected: ExpectedRevision, events: readonly ProposedEvent[]): WriteResult {
    const ids = events.map((event) => event.id);
    const decision = this.#decide(name, expected, ids);
    if (decision.kind === 'idempotent') {
      const original = this.#streams.get(name)?.events[decision.revision];
      assert(original !== undefined, 'an idempotent append names an event that is there');
      return { kind: 'success', revision: decision.revision, position: original.position };
    }
    if (decision.kind !== 'append') return decision;
    const last = this.#lastRevision(name);
    if (events.length === 0) {
      const nothing = new Commit(this.#nextPosition, this.#nowTicks());
      this.#undelete(nothing, name, last + 1);
      if (nothing.events.length > 0) this.#write(nothing);
      return { kind: 'success', revision: last, position: this.lastPosition() };
    }
    const commit = new Commit(this.#nextPosition, this.#nowTicks());
    this.#undelete(commit, name, last + 1);
    for (const [index, event] of events.entries()) commit.add(name, last + 1 + index, event);
    if (isMetastream(name)) this.#undeleteByMetadata(commit, name, last + 1 + events.length);
    this.#write(commit);
    const written = this.#streams.get(name)?.events[last + events.length];
    assert(written !== undefined, 'what was committed is in its stream');
    return { kind: 'success', revision: written.revision, position: written.position };
  }

  /** Soft delete: the stream reads as missing until it is written to again. */
  delete(name: string, expected: ExpectedRevision): WriteResult {
    // Decided as an append of one event that nobody has: that is what the marker is.
    const decision = this.#decide(name, expected, [this.#newId()]);
    if (decision.kind === 'stream-deleted' || decision.kind === 'wrong-expected-version') {
      return decision;
    }
    const last = this.#lastRevision(name);
    const metastream = metastreamOf(name);
    if (last < 0 && this.#lastRevision(metastream) < 0) {
      return { kind: 'wrong-expected-version', current: -1 };
    }
    const commit = new Commit(this.#nextPosition, this.#nowTicks());
    const data = Buffer.from(SOFT_DELETE_JSON, 'utf8');
    commit.add(metastream, this.#lastRevision(metastream) + 1, this.#systemEvent('metadata', data));
    this.#write(commit);
    return { kind: 'success', revision: last, position: this.lastPosition() };
  }

  /** Hard delete, for good. A stream that was never written can be tombstoned, too. */
  tombstone(name: string, expected: ExpectedRevision): WriteResult {
    // Decided as an append of one event that nobody has: that is what the marker is.
    const decision = this.#decide(name, expected, [this.#newId()]);
    if (decision.kind === 'stream-deleted' || decision.kind === 'wrong-expected-version') {
      return decision;
    }
    const commit = new Commit(this.#nextPosition, this.#nowTicks());
    commit.add(name, TOMBSTONE_REVISION, this.#systemEvent('tombstone', NO_BYTES));
    this.#write(commit);
    return { kind: 'success', revision: TOMBSTONE_REVISION, position: this.lastPosition() };
  }

  /** Puts back a commit that was persisted before. Only into a store nobody writes to yet. */
  restore(events: readonly StoredEvent[]): void {
    for (const event of events) this.#apply(event);
  }

  status(name: string): StreamStatus {
    const stream = this.#streams.get(name);
    if (this.#isTombstoned(name)) return { kind: 'deleted' };
    if (stream === undefined || stream.events.length === 0) return { kind: 'missing' };
    if (isSoftDeleted(stream.metadata)) return { kind: 'missing' };
    const last = stream.events.length - 1;
    return { kind: 'present', first: this.#firstVisible(stream), last };
  }

  readStream(
    name: string,
    revision: number,
    direction: Direction,
    limit: number,
  ): readonly StoredEvent[] {
    const status = this.status(name);
    const events = this.#streams.get(name)?.events;
    if (status.kind !== 'present' || events === undefined) return [];
    if (direction === 'forwards') {
      const from = Math.max(revision, status.first);
      return events.slice(from, from + limit);
    }
    const to = Math.min(revision, status.last) + 1;
    return events.slice(Math.max(status.first, to - limit), Math.max(status.first, to)).reverse();
  }

  readAll(position: number, direction: Direction, limit: number): readonly StoredEvent[] {
    const index = this.#indexAtOrAfter(position);
    if (direction === 'forwards') return this.#log.slice(index, index + limit);
    const to = this.#log[index]?.position === position ? index + 1 : index;
    return this.#log.slice(Math.max(0, to - limit), to).reverse();
  }

  lastPosition(): number {
    return this.#log.at(-1)?.position ?? -1;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #decide(name: string, expected: ExpectedRevision, ids: readonly string[]): AppendDecision {
    const stream = this.#streams.get(name);
    return decideAppend(
      {
        last: this.#lastRevision(name),
        tombstoned: this.#isTombstoned(name),
        softDeleted: stream !== undefined && isSoftDeleted(stream.metadata),
        hasMetadata: this.#lastRevision(metastreamOf(name)) >= 0,
        idAt: (revision) => stream?.events[revision]?.id,
        recent: (id) => this.#recent.revisionOf(name, id),
      },
      expected,
      ids,
    );
  }

  #lastRevision(name: string): number {
    return (this.#streams.get(name)?.events.length ?? 0) - 1;
  }

  /** The metadata stream of a tombstoned stream is gone with it. */
  #isTombstoned(name: string): boolean {
    if (this.#streams.get(name)?.tombstoned === true) return true;
    return isMetastream(name) && this.#streams.get(originalStreamOf(name))?.tombstoned === true;
  }

  /** Writing to a soft-deleted stream brings it back, its settings with `$tb` at the new start. */
  #undelete(commit: Commit, name: string, firstRevision: number): void {
    const stream = this.#streams.get(name);
    if (stream === undefined || !isSoftDeleted(stream.metadata)) return;
    const metastream = metastreamOf(name);
    const current = this.#streams.get(metastream)?.events.at(-1);
    assert(current !== undefined, 'a soft-deleted stream has the metadata that says so');
    this.#addUndelete(commit, metastream, current.data, firstRevision);
  }

  /** Writing metadata to a soft-deleted stream brings it back as well, with the keys just written. */
  #undeleteByMetadata(commit: Commit, metastream: string, revision: number): void {
    const original = this.#streams.get(originalStreamOf(metastream));
    const written = commit.events.at(-1);
    if (original === undefined || written === undefined) return;
    if (!isSoftDeleted(original.metadata)) return;
    const data = undeletedJson(written.data, original.events.length);
    if (data !== undefined) commit.add(metastream, revision, this.#systemEvent('metadata', data));
  }

  #addUndelete(commit: Commit, metastream: string, current: Uint8Array, first: number): void {
    const data = undeletedJson(current, first);
    assert(data !== undefined, 'the metadata of a soft delete is a JSON object');
    const revision = this.#lastRevision(metastream) + 1;
    commit.add(metastream, revision, this.#systemEvent('metadata', data));
  }

  #systemEvent(kind: 'metadata' | 'tombstone', data: Uint8Array): ProposedEvent {
    return {
      id: this.#newId(),
      type: SYSTEM_TYPE[kind],
      contentType: kind === 'metadata' ? 'application/json' : 'application/octet-stream',
      customMetadata: NO_BYTES,
      data,
    };
  }

  #write(commit: Commit): void {
    this.#persist(commit.events);
    for (const event of commit.events) this.#apply(event);
    for (const listener of [...this.#listeners]) listener();
  }

  #apply(event: StoredEvent): void {
    this.#log.push(event);
    this.#nextPosition = event.position + RECORD_OVERHEAD_BYTES + sizeInLog(event);
    const stream = this.#open(event.stream);
    if (event.revision === TOMBSTONE_REVISION) {
      stream.tombstoned = true;
      return;
    }
    assert(event.revision === stream.events.length, 'revisions of a stream have no gaps');
    stream.events.push(event);
    this.#recent.add(event);
    if (isMetastream(event.stream)) {
      this.#open(originalStreamOf(event.stream)).metadata = parseStreamMetadata(event.data);
    }
  }

  #open(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const metadata = isMetastream(name) ? METASTREAM_METADATA : {};
      stream = { name, events: [], tombstoned: false, metadata };
      this.#streams.set(name, stream);
    }
    return stream;
  }

  #firstVisible(stream: Stream): number {
    const first = firstVisibleRevision(stream.metadata, stream.events.length - 1);
    const { maxAgeSeconds } = stream.metadata;
    if (maxAgeSeconds === undefined) return first;
    const oldest = this.#nowTicks() - BigInt(maxAgeSeconds) * 1000n * TICKS_PER_MS;
    const byAge = stream.events.findIndex((event) => event.createdTicks >= oldest);
    return Math.max(first, byAge < 0 ? stream.events.length : byAge);
  }

  #indexAtOrAfter(position: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#log[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #nowTicks(): bigint {
    return BigInt(Math.trunc(this.#now())) * TICKS_PER_MS;
  }
}

/** Events that become visible together, with their places in `$all`. */
class Commit {
  readonly events: StoredEvent[] = [];
  readonly #createdTicks: bigint;
  #position: number;

  constructor(position: number, createdTicks: bigint) {
    this.#position = position;
    this.#createdTicks = createdTicks;
  }

  add(stream: string, revision: number, event: ProposedEvent): void {
    this.events.push({
      stream,
      revision,
      position: this.#position,
      id: event.id,
      type: event.type,
      contentType: event.contentType,
      createdTicks: this.#createdTicks,
      customMetadata: event.customMetadata,
      data: event.data,
    });
    this.#position += RECORD_OVERHEAD_BYTES + sizeInLog(event);
  }
}
