import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { Forwarder, streamOfShard } from '../../src/log/eventstoredb/forwarder.js';
import { JournalSource } from '../../src/log/eventstoredb/journal-source.js';
import { sampleEvent, sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { EventStoreDbServer } from '../../src/log/eventstoredb/server/eventstoredb-server.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { eventsOf } from '../conformance/event-log.js';
import { startTestServer } from './protocol-server.js';

const SHARD = 2;

describe('the journal served over the protocol of EventStoreDB', () => {
  let folder: string;
  let writer: JournalWriter;
  let source: JournalSource;
  let server: EventStoreDbServer;
  let connectionString: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-serve-'));
    writer = JournalWriter.open(folder, { shard: SHARD, catalogue: 1, segmentBytesMax: 20_000 });
    source = new JournalSource({ shard: SHARD, openReader, durableEnd: writer.durableEnd });
    server = await EventStoreDbServer.start({ source });
    connectionString = `esdb://127.0.0.1:${server.port}?tls=false`;
  });
  afterEach(() => {
    server.stop();
    source.close();
    writer.close();
    rmSync(folder, { recursive: true });
  });

  const openReader = (from: number) => new JournalReader(folder, { from, end: writer.durableEnd });
  const sequences = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => from + index);

  it('is read, followed and resumed by an unmodified client in another process', async () => {
    for (let first = 0; first < 90; first += 30) writer.append(sampleRecords(first, 30));
    const script = fileURLToPath(new URL('auditor-process.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, connectionString, streamOfShard(SHARD), '120'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const text of child.stdout) {
      if (output === '')
        for (let first = 90; first < 120; first += 1) writer.append(sampleRecords(first, 1));
      output += text;
    }
    const seen = JSON.parse(output.trim().split('\n').at(-1) ?? '');
    expect(seen.revisions).toEqual(sequences(0, 90));
    expect(seen.newest).toEqual([89, 88, 87]);
    expect(seen.followed).toEqual(sequences(0, 120));
    expect(seen.filled).toEqual(
      sequences(0, 120).filter((n) => sampleEvent(n).type === 'OrderFilled'),
    );
    expect(seen.refused).toBe('access-denied');
    expect(seen.first).toMatchObject({
      type: 'OrderAccepted',
      metadata: { $correlationId: 'order-1', $causationId: 'command-1' },
    });
    await expectAsForwarded(seen.ids);
  });

  /** The same ids as the forwarder gives the same events. */
  async function expectAsForwarded(ids: readonly string[]): Promise<void> {
    writer.close();
    const real = await startTestServer();
    await new Forwarder({
      connectionString: real.connectionString,
      shard: SHARD,
      openReader,
      durableEnd: writer.durableEnd,
    }).run();
    const stored = real.store.readStream(streamOfShard(SHARD), 0, 'forwards', ids.length);
    expect(stored.map(({ id }) => id)).toEqual(ids);
    real.stop();
  }

  it('is a log like any other to our own reader', async () => {
    for (let first = 0; first < 600; first += 100) writer.append(sampleRecords(first, 100));
    const log = new EventStoreDbLog({ connectionString, shard: SHARD });
    const events = [];
    for await (const batch of log.read(123)) events.push(...eventsOf(batch));
    expect(events).toEqual(sequences(123, 600).map((sequence) => sampleEvent(sequence)));
    await log.close();
  });

  it('keeps a bounded number of readers open, whoever reads where', () => {
    writer.append(sampleRecords(0, 200));
    let open = 0;
    const counting = new JournalSource({
      shard: SHARD,
      durableEnd: writer.durableEnd,
      openReader: (from) => {
        open += 1;
        const reader = openReader(from);
        return {
          read: () => reader.read(),
          close: () => {
            open -= 1;
            reader.close();
          },
        };
      },
    });
    for (let from = 0; from < 190; from += 1) counting.readAll(from, 'forwards', 3 + (from % 2));
    expect(open).toBeLessThanOrEqual(64);
    counting.close();
    expect(open).toBe(0);
  });

  it('opens the journal once for a reader that goes on page by page', () => {
    writer.append(sampleRecords(0, 200));
    let opened = 0;
    const counting = new JournalSource({
      shard: SHARD,
      durableEnd: writer.durableEnd,
      openReader: (from) => {
        opened += 1;
        return openReader(from);
      },
    });
    for (let from = 0; from < 200; from += 20) {
      expect(counting.readAll(from, 'forwards', 20).length).toBe(20);
    }
    expect(opened).toBe(1);
    expect(counting.readAll(150, 'backwards', 5).map(({ revision }) => revision)).toEqual([
      150, 149, 148, 147, 146,
    ]);
    expect(counting.readAll(500, 'forwards', 5)).toEqual([]);
    counting.close();
  });
});
