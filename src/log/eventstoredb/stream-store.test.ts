import { describe, expect, it } from 'vitest';
import { metastreamOf, type ProposedEvent } from './stored-event.js';
import { StreamStore } from './stream-store.js';

function event(type = 'E', data = ''): ProposedEvent {
  return {
    id: crypto.randomUUID(),
    type,
    contentType: 'application/json',
    customMetadata: new Uint8Array(),
    data: Buffer.from(data),
  };
}

describe('the stream store', () => {
  it('hides what is older than $maxAge when it is read, at the second and one past', () => {
    let now = 0;
    const store = new StreamStore({ now: () => now });
    store.append(metastreamOf('s'), 'any', [event('$metadata', '{"$maxAge":10}')]);
    store.append('s', 'any', [event()]);
    now = 5_000;
    store.append('s', 'any', [event()]);
    now = 10_000;
    expect(store.readStream('s', 0, 'forwards', 9).length).toBe(2);
    now = 10_001;
    expect(store.readStream('s', 0, 'forwards', 9).map((e) => e.revision)).toEqual([1]);
    now = 99_000;
    expect(store.readStream('s', 0, 'forwards', 9)).toEqual([]);
    expect(store.status('s')).toEqual({ kind: 'present', first: 2, last: 1 });
  });

  it('takes an empty append at the head and refuses one behind it', () => {
    const store = new StreamStore();
    expect(store.append('s', 'no_stream', [])).toMatchObject({ kind: 'success', revision: -1 });
    store.append('s', 'no_stream', [event(), event()]);
    expect(store.append('s', 1, [])).toMatchObject({ kind: 'success', revision: 1 });
    expect(store.append('s', 0, [])).toEqual({ kind: 'wrong-expected-version', current: 1 });
  });

  it('writes nothing of an append whose persistence fails', () => {
    let full = false;
    const store = new StreamStore({
      persist: () => {
        if (full) throw new Error('disk full');
      },
    });
    store.append('s', 'any', [event()]);
    full = true;
    expect(() => store.append('s', 'any', [event()])).toThrow('disk full');
    expect(store.status('s')).toMatchObject({ last: 0 });
    full = false;
    expect(store.append('s', 0, [event()])).toMatchObject({ revision: 1 });
  });

  it('comes back from what it persisted, deletes and metadata included', () => {
    const persisted: Parameters<StreamStore['restore']>[0][] = [];
    const store = new StreamStore({ persist: (events) => persisted.push(events) });
    store.append('a', 'any', [event(), event()]);
    store.delete('a', 'any');
    store.append('a', 'any', [event()]);
    store.append('b', 'any', [event()]);
    store.tombstone('b', 0);
    const again = new StreamStore();
    for (const events of persisted) again.restore(events);
    expect(again.readAll(0, 'forwards', 99)).toEqual(store.readAll(0, 'forwards', 99));
    expect(again.status('a')).toEqual({ kind: 'present', first: 2, last: 2 });
    expect(again.status('b')).toEqual({ kind: 'deleted' });
    expect(again.append('a', 2, [event()])).toMatchObject({ kind: 'success', revision: 3 });
    expect(again.lastPosition()).toBeGreaterThan(store.lastPosition());
  });

  it('reads $all in both directions from between two events', () => {
    const store = new StreamStore();
    store.append('s', 'any', [event(), event(), event()]);
    const [first, second] = store.readAll(0, 'forwards', 9);
    const between = first!.position + 1;
    expect(store.readAll(between, 'forwards', 1)[0]).toBe(second);
    expect(store.readAll(between, 'backwards', 9)).toEqual([first]);
    expect(store.readAll(first!.position, 'backwards', 9)).toEqual([first]);
  });

  it('treats metadata that is no JSON object as none', () => {
    const store = new StreamStore();
    store.append('s', 'any', [event()]);
    for (const text of ['', '[1]', '{"$maxCount":-1}', '{"$maxCount":"2"}', '{']) {
      store.append(metastreamOf('s'), 'any', [event('$metadata', text)]);
      expect(store.status('s')).toEqual({ kind: 'present', first: 0, last: 0 });
    }
  });

  it('calls its listeners after a write and no more once they stopped', () => {
    const store = new StreamStore();
    let calls = 0;
    const stop = store.watch(() => {
      calls += 1;
    });
    store.append('s', 'any', [event()]);
    stop();
    store.append('s', 'any', [event()]);
    expect(calls).toBe(1);
  });
});
