import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { Forwarder } from '../../src/log/eventstoredb/forwarder.js';
import { restoreJournal } from '../../src/log/eventstoredb/restore-journal.js';
import { sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { startTestServer } from './protocol-server.js';

const EVENTS = 3_000;

describe('a journal restored from EventStoreDB', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let log: EventStoreDbLog;
  let lost: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-restore-'));
    server = await startTestServer();
    log = new EventStoreDbLog({ connectionString: server.connectionString, shard: 0 });
    const writer = open('lost');
    for (let first = 0; first < EVENTS; first += 250) writer.append(sampleRecords(first, 250));
    writer.close();
    lost = recordsOf('lost', writer);
    await new Forwarder({
      connectionString: server.connectionString,
      shard: 0,
      openReader: (from) =>
        new JournalReader(join(folder, 'lost'), { from, end: writer.durableEnd }),
      durableEnd: writer.durableEnd,
    }).run();
  });
  afterEach(async () => {
    await log.close();
    server.stop();
    rmSync(folder, { recursive: true });
  });

  function open(name: string): JournalWriter {
    return JournalWriter.open(join(folder, name), { shard: 0, catalogue: 1 });
  }

  /** All records as stored, checksums included, whatever the commits they came in. */
  function recordsOf(name: string, writer: JournalWriter): string {
    const reader = new JournalReader(join(folder, name), { from: 0, end: writer.durableEnd });
    const records: Buffer[] = [];
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      records.push(Buffer.from(batch.bytes.slice(0, batch.length)));
    }
    reader.close();
    return Buffer.concat(records).toString('base64');
  }

  it('has the records of the one that was lost, byte for byte', async () => {
    const writer = open('restored');
    const progress: number[] = [];
    expect(await restoreJournal(log, writer, (next) => progress.push(next))).toBe(EVENTS);
    writer.close();
    expect(recordsOf('restored', writer) === lost).toBe(true);
    expect(progress.at(-1)).toBe(EVENTS);
  });

  it('is continued after it broke off, at any place', async () => {
    for (const held of [1, 2, 999, EVENTS - 1, EVENTS]) {
      const writer = open(`part-${held}`);
      writer.append(sampleRecords(0, held));
      expect(await restoreJournal(log, writer)).toBe(EVENTS);
      writer.close();
      expect(recordsOf(`part-${held}`, writer) === lost).toBe(true);
    }
  });

  it('is refused over a journal that holds other events, or more', async () => {
    const other = open('other');
    other.append(sampleRecords(0, 10, 1));
    await expect(restoreJournal(log, other)).rejects.toMatchObject({
      code: 'LOG_CONTENT_CONFLICT',
    });
    expect(other.nextSequence).toBe(10);
    other.close();
    const more = open('more');
    more.append(sampleRecords(0, EVENTS + 1));
    await expect(restoreJournal(log, more)).rejects.toMatchObject({ code: 'LOG_SEQUENCE_AHEAD' });
    more.close();
  });
});
