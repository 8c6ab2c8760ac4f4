import { describe, expect, it } from 'vitest';
import { decideAppend, type ExpectedRevision, type StreamView } from './append-decision.js';

/** A stream with events a, b, c, …: `abc` has revisions 0 to 2. All of them are in the cache. */
function stream(ids: string, state: Partial<StreamView> = {}): StreamView {
  return {
    last: ids.length - 1,
    tombstoned: false,
    softDeleted: false,
    hasMetadata: false,
    idAt: (revision) => ids[revision],
    recent: (id) => (ids.includes(id) ? ids.indexOf(id) : undefined),
    ...state,
  };
}

const decide = (view: StreamView, expected: ExpectedRevision, ids: string) =>
  decideAppend(view, expected, [...ids]);
const append = { kind: 'append' };
const deleted = { kind: 'stream-deleted' };
const wrong = (current: number) => ({ kind: 'wrong-expected-version', current });
const idempotent = (revision: number) => ({ kind: 'idempotent', revision });

/** Row for row the table of the reference, 3.3. */
describe('the decision on an append', () => {
  it('anything, on a tombstoned stream: deleted', () => {
    for (const expected of [0, 2, 'no_stream', 'any', 'stream_exists'] as const) {
      expect(decide(stream('abc', { tombstoned: true }), expected, 'x')).toEqual(deleted);
    }
  });

  it('a revision above the head: wrong, with the head', () => {
    expect(decide(stream('abc'), 3, 'x')).toEqual(wrong(2));
    expect(decide(stream(''), 0, 'x')).toEqual(wrong(-1));
  });

  it('the head: append, whatever the ids', () => {
    expect(decide(stream('abc'), 2, 'x')).toEqual(append);
    expect(decide(stream('abc'), 2, 'abc')).toEqual(append);
    expect(decide(stream(''), 'no_stream', 'x')).toEqual(append);
  });

  it('behind the head, all ids the same: a repeat, where the original is', () => {
    expect(decide(stream('abc'), 'no_stream', 'abc')).toEqual(idempotent(2));
    expect(decide(stream('abc'), 'no_stream', 'a')).toEqual(idempotent(0));
    expect(decide(stream('abcd'), 0, 'bc')).toEqual(idempotent(2));
  });

  it('behind the head, the first id another one: wrong', () => {
    expect(decide(stream('abc'), 0, 'x')).toEqual(wrong(2));
    expect(decide(stream('abc'), 'no_stream', 'b')).toEqual(wrong(2));
  });

  it('no stream, on a soft-deleted one, the first id another one: append', () => {
    expect(decide(stream('abc', { softDeleted: true }), 'no_stream', 'x')).toEqual(append);
    expect(decide(stream('abc', { softDeleted: true }), 0, 'x')).toEqual(wrong(2));
  });

  it('behind the head, a later id another one or past the end: wrong', () => {
    expect(decide(stream('abc'), 'no_stream', 'abx')).toEqual(wrong(2));
    expect(decide(stream('abc'), 'no_stream', 'abcd')).toEqual(wrong(2));
    expect(decide(stream('abc'), 1, 'cd')).toEqual(wrong(2));
  });

  it('no events: wrong behind the head, nothing to do at it', () => {
    expect(decide(stream('abc'), 1, '')).toEqual(wrong(2));
    expect(decide(stream('abc'), 2, '')).toEqual(append);
  });

  it('any, all ids known: a repeat', () => {
    expect(decide(stream('abc'), 'any', 'b')).toEqual(idempotent(1));
    expect(decide(stream('abc'), 'any', 'abc')).toEqual(idempotent(2));
  });

  it('any, the first id unknown: append, also when later ones are known', () => {
    expect(decide(stream('abc'), 'any', 'x')).toEqual(append);
    expect(decide(stream('abc'), 'any', 'xab')).toEqual(append);
  });

  it('any, the first id known and a later one not: wrong', () => {
    expect(decide(stream('abc'), 'any', 'cx')).toEqual(wrong(2));
  });

  it('the stream exists, soft-deleted: deleted', () => {
    const view = stream('abc', { softDeleted: true, hasMetadata: true });
    expect(decide(view, 'stream_exists', 'x')).toEqual(deleted);
  });

  it('the stream exists: wrong without events and metadata, metadata alone is enough', () => {
    expect(decide(stream(''), 'stream_exists', 'x')).toEqual(wrong(-1));
    expect(decide(stream('', { hasMetadata: true }), 'stream_exists', 'x')).toEqual(append);
    expect(decide(stream('abc'), 'stream_exists', 'x')).toEqual(append);
    expect(decide(stream('abc'), 'stream_exists', 'bc')).toEqual(idempotent(2));
  });

  it('any, when the cache has forgotten: append, so a repeat may be written twice', () => {
    expect(decide(stream('abc', { recent: () => undefined }), 'any', 'abc')).toEqual(append);
  });
});
