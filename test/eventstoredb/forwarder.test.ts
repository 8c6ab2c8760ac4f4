import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DaybookEvent } from '../../src/domain/events.js';
import {
  Forwarder,
  type ForwarderOptions,
  streamOfShard,
} from '../../src/log/eventstoredb/forwarder.js';
import { sampleEvent, sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { singleUser } from '../../src/log/eventstoredb/server/credentials.js';
import { EventStoreDbServer } from '../../src/log/eventstoredb/server/eventstoredb-server.js';
import type { ProposedEvent } from '../../src/log/eventstoredb/stored-event.js';
import { StoredRecords } from '../../src/log/eventstoredb/stored-records.js';
import { StreamStore } from '../../src/log/eventstoredb/stream-store.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { eventsOf } from '../conformance/event-log.js';
import { startTestServer } from './protocol-server.js';
import { selfSigned } from './self-signed.js';

/** A proposed event that says nothing. */
function sampleProposal(): ProposedEvent {
  const contentType = 'application/json';
  const nothing = new Uint8Array();
  return {
    id: crypto.randomUUID(),
    type: 'T',
    contentType,
    customMetadata: nothing,
    data: nothing,
  };
}

const SHARD = 3;
const STREAM = streamOfShard(SHARD);

describe('the forwarder', () => {
  let folder: string;
  let writer: JournalWriter;
  let server: Awaited<ReturnType<typeof startTestServer>>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-forward-'));
    writer = JournalWriter.open(folder, { shard: SHARD, catalogue: 1 });
    server = await startTestServer();
  });
  afterEach(() => {
    writer.close();
    server.stop();
    rmSync(folder, { recursive: true });
  });

  function forwarder(options: Partial<ForwarderOptions> = {}): Forwarder {
    return new Forwarder({
      connectionString: server.connectionString,
      shard: SHARD,
      openReader: (from) => new JournalReader(folder, { from, end: writer.durableEnd }),
      durableEnd: writer.durableEnd,
      ...options,
      limits: {
        batchEvents: 7,
        deadlineMs: 2_000,
        backoffMinMs: 2,
        backoffMaxMs: 20,
        ...options.limits,
      },
    });
  }

  function record(first: number, count: number, writerNumber = 0): void {
    writer.append(sampleRecords(first, count, writerNumber));
  }

  function stored(store: StreamStore = server.store): DaybookEvent[] {
    const events = store.readStream(STREAM, 0, 'forwards', 1_000_000);
    return [...new StoredRecords(SHARD).batches(events, 0)].flatMap(eventsOf);
  }

  function expectStored(count: number, store?: StreamStore): void {
    expect(stored(store)).toEqual(Array.from({ length: count }, (_, index) => sampleEvent(index)));
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('copies everything there is, revision for sequence, and ends with the writer', async () => {
    record(0, 1);
    record(1, 99);
    writer.close();
    const forward = forwarder();
    await forward.run();
    expectStored(100);
    expect(forward.storedSequence).toBe(100);
    expect(forward.lag()).toEqual({ events: 0, milliseconds: 0 });
  });

  it('has nothing to do for an empty journal', async () => {
    writer.close();
    await forwarder().run();
    expect(server.store.eventCount).toBe(0);
  });

  it('follows the writer, and stops when told to', async () => {
    const stop = new AbortController();
    const forward = forwarder();
    const running = forward.run(stop.signal);
    for (let first = 0; first < 60; first += 3) {
      record(first, 3);
      await until(() => forward.storedSequence === first + 3);
    }
    stop.abort();
    await running;
    expectStored(60);
    expect(forward.sessions).toBe(1);
  });

  it('goes on where the last run ended, without a checkpoint of its own', async () => {
    for (const count of [10, 1, 30]) {
      record(writer.nextSequence, count);
      const stop = new AbortController();
      const forward = forwarder();
      const running = forward.run(stop.signal);
      await until(() => forward.storedSequence === writer.nextSequence);
      stop.abort();
      await running;
    }
    expectStored(41);
  });

  it('goes on when part of a batch of the last run is there already', async () => {
    record(0, 20);
    const other = await startTestServer();
    await (async () => {
      const stop = new AbortController();
      const first = forwarder({ connectionString: other.connectionString });
      const running = first.run(stop.signal);
      await until(() => first.storedSequence === 20);
      stop.abort();
      await running;
    })();
    server.store.append(STREAM, 'no_stream', other.store.readStream(STREAM, 0, 'forwards', 11));
    other.stop();
    writer.close();
    await forwarder().run();
    expectStored(20);
  });

  it('stops loudly when the store holds another event at a revision', async () => {
    const foreign = mkdtempSync(join(tmpdir(), 'daybook-foreign-'));
    const other = JournalWriter.open(foreign, { shard: SHARD, catalogue: 1 });
    other.append(sampleRecords(0, 5, 1));
    other.close();
    await forwarder({
      openReader: (from) => new JournalReader(foreign, { from, end: other.durableEnd }),
      durableEnd: other.durableEnd,
    }).run();
    record(0, 10);
    await expect(forwarder().run()).rejects.toMatchObject({
      name: 'StoreError',
      code: 'EVENTSTOREDB_DIFFERENT_EVENTS',
    });
    expect(server.store.eventCount).toBe(5);
    rmSync(foreign, { recursive: true });
  });

  it('is fenced by a writer that takes the stream over while it runs', async () => {
    const stop = new AbortController();
    const deposed = forwarder();
    record(0, 5);
    const running = deposed.run(stop.signal);
    await until(() => deposed.storedSequence === 5);
    const foreign = mkdtempSync(join(tmpdir(), 'daybook-foreign-'));
    const other = JournalWriter.open(foreign, { shard: SHARD, catalogue: 1 });
    other.append(sampleRecords(0, 5));
    other.append(sampleRecords(5, 1, 1));
    other.close();
    await forwarder({
      openReader: (from) => new JournalReader(foreign, { from, end: other.durableEnd }),
      durableEnd: other.durableEnd,
    }).run();
    // The same sequence, hence the same expected revision and the same count: only content differs.
    record(5, 1);
    await expect(running).rejects.toMatchObject({ code: 'EVENTSTOREDB_DIFFERENT_EVENTS' });
    expect(stored()[5]).toEqual(sampleEvent(5, 1));
    rmSync(foreign, { recursive: true });
  });

  it('stops loudly when the store has more than the journal', async () => {
    record(0, 5);
    writer.close();
    await forwarder().run();
    const shorter = mkdtempSync(join(tmpdir(), 'daybook-shorter-'));
    const restored = JournalWriter.open(shorter, { shard: SHARD, catalogue: 1 });
    restored.append(sampleRecords(0, 4));
    await expect(
      forwarder({
        openReader: (from) => new JournalReader(shorter, { from, end: restored.durableEnd }),
        durableEnd: restored.durableEnd,
      }).run(),
    ).rejects.toMatchObject({ code: 'EVENTSTOREDB_AHEAD' });
    restored.close();
    rmSync(shorter, { recursive: true });
  });

  it('stops loudly when the stream was deleted, for good or for now', async () => {
    record(0, 5);
    const first = forwarder();
    const stop = new AbortController();
    const running = first.run(stop.signal);
    await until(() => first.storedSequence === 5);
    stop.abort();
    await running;
    server.store.delete(STREAM, 'any');
    await expect(forwarder().run()).rejects.toMatchObject({ code: 'EVENTSTOREDB_REVISIONS' });
    server.store.tombstone(STREAM, 'any');
    await expect(forwarder().run()).rejects.toMatchObject({ code: 'EVENTSTOREDB_STREAM_DELETED' });
  });

  it('stops loudly when the store only lets it read', async () => {
    const closed = await EventStoreDbServer.start({ source: new StreamStore(), readOnly: true });
    record(0, 1);
    await expect(
      forwarder({ connectionString: `esdb://127.0.0.1:${closed.port}?tls=false` }).run(),
    ).rejects.toMatchObject({ code: 'EVENTSTOREDB_ACCESS_DENIED' });
    closed.stop();
  });

  it('waits for a store that is away, shows its lag, and catches up', async () => {
    const port = server.server.port;
    const store = server.store;
    server.stop();
    record(0, 10);
    let now = 1_790_000_000_000;
    const forward = forwarder({
      now: () => now,
      lagLimit: { events: 11 },
    });
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    await until(() => forward.sessions >= 3);
    expect(forward.lag().events).toBe(10);
    expect(forward.problem?.code).toBe('EVENTSTOREDB_UNAVAILABLE');
    record(10, 1);
    expect(forward.overloaded).toBe(false);
    record(11, 1);
    expect(forward.overloaded).toBe(true);
    now += 250;
    expect(forward.lag()).toEqual({ events: 12, milliseconds: 250 });
    const again = await EventStoreDbServer.start({ source: store, port });
    await until(() => forward.storedSequence === 12);
    expect(forward.overloaded).toBe(false);
    expect(forward.problem).toBeUndefined();
    stop.abort();
    await running;
    again.stop();
    expectStored(12, store);
  });

  it('finds the node that took over when the one it spoke to is gone', async () => {
    const { store } = server;
    const ports = [server.server.port, 0];
    const other = await EventStoreDbServer.start({ source: store });
    ports[1] = other.port;
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const forward = forwarder({
      connectionString: `esdb://${hosts}?tls=false&maxDiscoverAttempts=20&discoveryInterval=5`,
    });
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    record(0, 10);
    await forward.untilStored(10);
    // Whichever of the two it speaks to is gone once both were; the other serves the same streams.
    server.server.stop();
    record(10, 10);
    await forward.untilStored(20);
    const again = await EventStoreDbServer.start({ source: store, port: ports[0]! });
    other.stop();
    record(20, 10);
    await forward.untilStored(30);
    stop.abort();
    await running;
    again.stop();
    expectStored(30, store);
  });

  it('goes over TLS with a password, and stops when that is wrong', async () => {
    const tls = selfSigned();
    const secured = await EventStoreDbServer.start({
      source: server.store,
      host: 'localhost',
      tls,
      authenticate: singleUser('writer', 'secret'),
    });
    record(0, 10);
    writer.close();
    const as = (user: string) =>
      forwarder({
        connectionString: `esdb://${user}@localhost:${secured.port}?tlsCAFile=${tls.certificateFile}`,
      });
    await expect(as('writer:wrong').run()).rejects.toMatchObject({
      code: 'EVENTSTOREDB_ACCESS_DENIED',
    });
    expect(server.store.eventCount).toBe(0);
    await as('writer:secret').run();
    expectStored(10);
    secured.stop();
    tls.remove();
  });

  it('lets a writer wait until its first event has fenced the one before', async () => {
    const forward = forwarder();
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    let fenced = false;
    const waiting = forward.untilStored(1).then(() => {
      fenced = true;
    });
    await forward.untilStored(0);
    expect(fenced).toBe(false);
    record(0, 1);
    await waiting;
    expectStored(1);
    const giveUp = new AbortController();
    const tooFar = forward.untilStored(99, giveUp.signal);
    giveUp.abort();
    await tooFar;
    stop.abort();
    await running;
  });

  it('stops loudly when it is told to forget by the stream metadata', async () => {
    record(0, 5);
    for (const settings of ['{"$maxCount":3}', '{"$maxAge":9}', '{"$tb":1}']) {
      server.store.append(`$$${STREAM}`, 'any', [
        { ...sampleProposal(), type: '$metadata', data: Buffer.from(settings) },
      ]);
      await expect(forwarder().run()).rejects.toMatchObject({ code: 'EVENTSTOREDB_REVISIONS' });
    }
    server.store.append(`$$${STREAM}`, 'any', [
      { ...sampleProposal(), type: '$metadata', data: Buffer.from('{"owner":"us","$tb":0}') },
    ]);
    writer.close();
    await forwarder().run();
    expectStored(5);
  });

  it('keeps an append within its bounds of events and bytes', async () => {
    const sizes: { events: number; bytes: number }[] = [];
    const append = server.store.append.bind(server.store);
    server.store.append = (stream, expected, events) => {
      const bytes = events.reduce(
        (sum, event) =>
          sum + event.data.length + event.customMetadata.length + 2 * event.type.length,
        0,
      );
      sizes.push({ events: events.length, bytes });
      return append(stream, expected, events);
    };
    record(0, 200);
    writer.close();
    await forwarder({ limits: { batchEvents: 10, batchBytes: 2_000 } }).run();
    expectStored(200);
    for (const { events, bytes } of sizes) {
      expect(events).toBeLessThanOrEqual(10);
      expect(bytes).toBeLessThanOrEqual(2_000);
    }
    expect(Math.max(...sizes.map(({ events }) => events))).toBeGreaterThan(1);
  });
});
