import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { streamOfShard } from '../../src/log/eventstoredb/forwarder.js';
import { ForwarderThread } from '../../src/log/eventstoredb/forwarder-thread.js';
import { sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { EventStoreDbServer } from '../../src/log/eventstoredb/server/eventstoredb-server.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { startTestServer } from './protocol-server.js';

describe('the forwarder on a thread of its own', () => {
  let folder: string;
  let writer: JournalWriter;
  let server: Awaited<ReturnType<typeof startTestServer>>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-thread-'));
    writer = JournalWriter.open(folder, { shard: 0, catalogue: 1 });
    server = await startTestServer();
  });
  afterEach(() => {
    writer.close();
    server.stop();
    rmSync(folder, { recursive: true });
  });

  function start(lagLimit: { events?: number; milliseconds?: number } = {}): ForwarderThread {
    return new ForwarderThread({
      directory: folder,
      shard: 0,
      durableEnd: writer.durableEnd,
      connectionString: server.connectionString,
      limits: { backoffMinMs: 2, backoffMaxMs: 20 },
      lagLimit,
    });
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('forwards, shows where it stands, and stops when told to', async () => {
    const thread = start();
    writer.append(sampleRecords(0, 100));
    await until(() => thread.storedSequence === 100);
    expect(thread.lag()).toEqual({ events: 0, milliseconds: 0 });
    expect(thread.connected).toBe(true);
    await thread.stop();
    expect(server.store.status(streamOfShard(0))).toMatchObject({ last: 99 });
  });

  it('ends with the writer, once the store has everything', async () => {
    writer.append(sampleRecords(0, 100));
    const thread = start();
    writer.close();
    await thread.ended;
    expect(thread.storedSequence).toBe(100);
  });

  it('shows a store that is away, and when the lag is too much', async () => {
    const { store } = server;
    const { port } = server.server;
    server.stop();
    const thread = start({ events: 100 });
    await until(() => thread.sessions > 2);
    expect(thread.connected).toBe(false);
    writer.append(sampleRecords(0, 100));
    expect(thread.overloaded).toBe(false);
    writer.append(sampleRecords(100, 1));
    expect(thread.overloaded).toBe(true);
    const again = await EventStoreDbServer.start({ source: store, port });
    await until(() => thread.storedSequence === 101);
    expect(thread.overloaded).toBe(false);
    await thread.stop();
    again.stop();
  });

  it('rejects with the reason when the stream belongs to another writer', async () => {
    writer.append(sampleRecords(0, 5));
    const other = start();
    await until(() => other.storedSequence === 5);
    await other.stop();
    writer.close();
    rmSync(folder, { recursive: true });
    writer = JournalWriter.open(folder, { shard: 0, catalogue: 1 });
    writer.append(sampleRecords(0, 9, 1));
    await expect(start().ended).rejects.toMatchObject({
      name: 'StoreError',
      code: 'EVENTSTOREDB_DIFFERENT_EVENTS',
    });
  });
});
