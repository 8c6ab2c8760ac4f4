/** What the writer expects of the stream: a revision, or one of the protocol's three words. */
export type ExpectedRevision = number | 'no_stream' | 'any' | 'stream_exists';

/** Where an event with a given id stands in the stream, as far as the recent-commit cache knows. */
export type RecentRevision = (id: string) => number | undefined;

/** The stream as the decision sees it. */
export interface StreamView {
  /** Last revision, -1 when nothing was ever written. */
  readonly last: number;
  readonly tombstoned: boolean;
  readonly softDeleted: boolean;
  /** Whether `$$stream` holds anything; a stream with metadata only counts as existing. */
  readonly hasMetadata: boolean;
  readonly idAt: (revision: number) => string | undefined;
  readonly recent: RecentRevision;
}

/**
 * - `append`: write at `last + 1` on
 * - `idempotent`: the same events are there already; the last of them is at `revision`
 * - `wrong-expected-version`: `current` is the head, -1 for no stream
 */
export type AppendDecision =
  | { readonly kind: 'append' }
  | { readonly kind: 'idempotent'; readonly revision: number }
  | { readonly kind: 'wrong-expected-version'; readonly current: number }
  | { readonly kind: 'stream-deleted' };

const APPEND: AppendDecision = { kind: 'append' };
const STREAM_DELETED: AppendDecision = { kind: 'stream-deleted' };

/**
 * Decides an append as the server does (reference: eventstoredb-protocol.md, 3.3).
 *
 * Ids are compared within one stream only, and only when the writer is behind the head: an id that is
 * sent again *at* the head is a new event. That is why the forwarder never retries at a revision it
 * has not checked.
 */
export function decideAppend(
  stream: StreamView,
  expected: ExpectedRevision,
  ids: readonly string[],
): AppendDecision {
  if (stream.tombstoned) return STREAM_DELETED;
  if (expected === 'any' || expected === 'stream_exists') {
    return decideUnpositioned(stream, expected, ids);
  }
  const base = expected === 'no_stream' ? -1 : expected;
  if (base === stream.last) return APPEND;
  const wrong: AppendDecision = { kind: 'wrong-expected-version', current: stream.last };
  const [firstId] = ids;
  if (base > stream.last || firstId === undefined) return wrong;
  if (stream.idAt(base + 1) !== firstId) {
    return expected === 'no_stream' && stream.softDeleted ? APPEND : wrong;
  }
  const same = ids.every((id, index) => stream.idAt(base + 1 + index) === id);
  return same ? { kind: 'idempotent', revision: base + ids.length } : wrong;
}

/** `any` and `stream_exists` name no revision: only the cache of recent commits can tell a repeat. */
function decideUnpositioned(
  stream: StreamView,
  expected: 'any' | 'stream_exists',
  ids: readonly string[],
): AppendDecision {
  const wrong: AppendDecision = { kind: 'wrong-expected-version', current: stream.last };
  if (expected === 'stream_exists') {
    if (stream.softDeleted) return STREAM_DELETED;
    if (stream.last < 0 && !stream.hasMetadata) return wrong;
  }
  const [firstId] = ids;
  if (firstId === undefined || stream.recent(firstId) === undefined) return APPEND;
  let revision = -1;
  for (const id of ids) {
    const known = stream.recent(id);
    if (known === undefined) return wrong;
    revision = known;
  }
  return { kind: 'idempotent', revision };
}
