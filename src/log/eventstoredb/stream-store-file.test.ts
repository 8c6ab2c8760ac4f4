import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProposedEvent, StoredEvent } from './stored-event.js';
import { StreamStoreFile, StreamStoreFileError } from './stream-store-file.js';

function event(): ProposedEvent {
  return {
    id: crypto.randomUUID(),
    type: 'Größe',
    contentType: 'application/json',
    customMetadata: Buffer.from('{"a":1}'),
    data: Buffer.from('{}'),
  };
}

describe('the file behind a stream store', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-streams-'));
    path = join(folder, 'streams');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Five events in three commits, a soft delete with its return, and a tombstone. */
  function fill(): readonly StoredEvent[] {
    const file = new StreamStoreFile(path);
    file.store.append('a', 'any', [event(), event(), event()]);
    file.store.delete('a', 'any');
    file.store.append('a', 'any', [event()]);
    file.store.append('b', 'any', [event()]);
    file.store.tombstone('b', 'any');
    file.close();
    return file.store.readAll(0, 'forwards', 99);
  }

  function read(): readonly StoredEvent[] {
    const file = new StreamStoreFile(path);
    file.close();
    return file.store.readAll(0, 'forwards', 99);
  }

  const plain = (events: readonly StoredEvent[]) =>
    events.map((stored) => ({
      ...stored,
      data: Buffer.from(stored.data).toString(),
      customMetadata: Buffer.from(stored.customMetadata).toString(),
    }));

  it('gives back everything, and goes on', () => {
    const written = fill();
    expect(plain(read())).toEqual(plain(written));
    const file = new StreamStoreFile(path);
    expect(file.store.append('a', 3, [event()])).toMatchObject({ revision: 4 });
    expect(file.store.append('b', 'any', [event()])).toEqual({ kind: 'stream-deleted' });
    file.close();
    expect(read().length).toBe(written.length + 1);
  });

  it('drops a last commit cut at any byte, and keeps the ones before', () => {
    const written = fill();
    const whole = readFileSync(path);
    const file = new StreamStoreFile(path);
    file.store.append('c', 'any', [event(), event()]);
    file.close();
    const more = readFileSync(path);
    for (let size = whole.length; size < more.length; size += 1) {
      writeFileSync(path, more.subarray(0, size));
      expect(plain(read())).toEqual(plain(written));
    }
    const torn = Buffer.from(more);
    torn[torn.length - 1]! ^= 1;
    writeFileSync(path, torn);
    expect(plain(read())).toEqual(plain(written));
  });

  it('refuses damage before the last commit', () => {
    fill();
    const bytes = readFileSync(path);
    bytes[20]! ^= 1;
    writeFileSync(path, bytes);
    expect(() => read()).toThrow(StreamStoreFileError);
  });

  it('writes behind what it cut off', () => {
    fill();
    appendFileSync(path, Buffer.alloc(5, 7));
    const file = new StreamStoreFile(path);
    file.store.append('c', 'any', [event()]);
    file.close();
    const again = new StreamStoreFile(path);
    expect(again.store.status('c')).toMatchObject({ last: 0 });
    again.close();
  });
});
