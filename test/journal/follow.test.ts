import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RecordBuffer } from '../../src/domain/event-record.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FileDurableEnd } from '../../src/log/journal/durable-mark.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { addSampleRecords, sequencesOf } from '../../src/log/journal/sample-records.js';
import { SparseIndex } from '../../src/log/journal/sparse-index.js';

const BATCHES = 400;
const BATCH_RECORDS = 5;
const RECORDS = BATCHES * BATCH_RECORDS;

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe('following the journal', () => {
  let directory: string;
  let writer: JournalWriter;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'follow-'));
    writer = open();
  });
  afterEach(() => {
    writer.close();
    rmSync(directory, { recursive: true });
  });

  const open = (): JournalWriter =>
    JournalWriter.open(directory, { shard: 0, catalogue: 1, segmentBytesMax: 20_000 });

  async function write(batches: number): Promise<void> {
    const batch = new RecordBuffer(65_536);
    for (let index = 0; index < batches; index++) {
      batch.clear();
      addSampleRecords(batch, writer.nextSequence, BATCH_RECORDS);
      writer.append(batch);
      await setImmediate();
    }
  }

  it('goes on from thread to thread, across segments', async () => {
    await write(10);
    const threads = [0, 7, 50].map((from) => {
      const { memory } = writer.durableEnd;
      const workerData = { directory, memory, from, count: RECORDS - from };
      const worker = new Worker(script('reading-thread.mjs'), { workerData });
      return new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    });
    await write(BATCHES - 10);
    writer.close();
    expect(await Promise.all(threads)).toEqual([RECORDS, RECORDS, RECORDS]);
    expect(readdirSync(directory).length).toBeGreaterThan(10);
  });

  it('goes on from process to process, across segments and a restart of the writer', async () => {
    await write(10);
    const readers = [0, 33].map((from) =>
      promisify(execFile)(process.execPath, [
        script('reading-process.mjs'),
        directory,
        String(from),
        String(RECORDS),
      ]),
    );
    await write(BATCHES / 2 - 10);
    writer.close();
    writer = open();
    await write(BATCHES / 2);
    const outputs = await Promise.all(readers);
    expect(outputs.map(({ stdout }) => stdout)).toEqual([String(RECORDS), String(RECORDS)]);
  });

  it('hands out each record once while both take turns', async () => {
    const reader = new JournalReader(directory, { from: 0, end: writer.durableEnd });
    const seen: number[] = [];
    for (let turn = 0; turn < 60; turn++) {
      expect(reader.read()).toBeUndefined();
      await write(1 + (turn % 3));
      for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
        seen.push(...sequencesOf(batch));
      }
    }
    expect(seen).toEqual(Array.from({ length: writer.nextSequence }, (_, index) => index));
    reader.close();
  });

  it('says that a sequence is gone, or not there yet', async () => {
    await write(100);
    const { durableEnd: end } = writer;
    const segments = readdirSync(directory).filter((name) => name.endsWith('.segment'));
    const last = new JournalReader(directory, { from: 0, end, readBytes: 1024 });
    last.read();
    for (const name of segments.slice(0, 2)) rmSync(`${directory}/${name}`);
    const oldest = Number.parseInt(segments[2]!, 10);
    const gone = expect.objectContaining({ code: 'JOURNAL_SEQUENCE_GONE' });
    const first = new JournalReader(directory, { from: oldest - 1, end });
    expect(() => first.read()).toThrow(gone);
    const kept = new JournalReader(directory, { from: oldest, end });
    expect(sequencesOf(kept.read()!)[0]).toBe(oldest);
    kept.close();
    // One that was reading the removed segment ends it, and then finds the next one gone.
    expect(() => {
      for (;;) last.read();
    }).toThrow(gone);
    const ahead = expect.objectContaining({ code: 'JOURNAL_SEQUENCE_AHEAD' });
    expect(() => new JournalReader(directory, { from: 501, end })).toThrow(ahead);
    const atEnd = new JournalReader(directory, { from: 500, end });
    expect(atEnd.read()).toBeUndefined();
  });

  it('finds any sequence through a shared index', async () => {
    writer.close();
    writer = JournalWriter.open(directory, { shard: 0, catalogue: 1 });
    const batch = new RecordBuffer(400_000);
    for (let commit = 0; commit < 40; commit++) {
      batch.clear();
      addSampleRecords(batch, writer.nextSequence, 2000 + commit);
      writer.append(batch);
    }
    const index = new SparseIndex();
    const { durableEnd: end, nextSequence } = writer;
    const seek = (from: number): void => {
      const reader = new JournalReader(directory, { from, end, index });
      const found = reader.read();
      expect(found === undefined ? nextSequence : sequencesOf(found)[0]).toBe(from);
      reader.close();
    };
    for (const from of [0, 50_000, nextSequence - 1, nextSequence, 49_999, 4000, 1999, 2000]) {
      seek(from);
    }
    expect(index.find(0, 50_000)).toMatchObject({ sequence: expect.any(Number) });
    for (let from = 0; from < nextSequence; from += 997) seek(from);
  });

  it('reads a journal without a writer and without a mark up to its end', async () => {
    await write(50);
    writer.close();
    rmSync(`${directory}/durable`);
    const end = FixedDurableEnd.find(nodeFileSystem, directory, 0);
    const reader = new JournalReader(directory, { from: 0, end });
    let count = 0;
    for await (const batch of reader.follow()) count += batch.count;
    expect(count).toBe(250);
    const none = FixedDurableEnd.find(nodeFileSystem, `${directory}/none`, 0);
    expect(new JournalReader(directory, { from: 0, end: none }).read()).toBeUndefined();
  });

  it('names the place of a record that changed on disk', async () => {
    await write(3);
    const path = `${directory}/0000000000000000.segment`;
    const offset = 4096 + 96 + 88 + 100;
    const file = nodeFileSystem.open(path, 'write');
    nodeFileSystem.pwrite(file, Uint8Array.of(0), 0, 1, offset);
    nodeFileSystem.close(file);
    const end = new FileDurableEnd(nodeFileSystem, directory);
    const reader = new JournalReader(directory, { from: 0, end });
    expect(() => reader.read()).toThrow(
      expect.objectContaining({
        code: 'JOURNAL_DAMAGED',
        damage: 'RECORD_CRC',
        place: { file: path, offset: 4096 + 96 + 88, sequence: 1 },
      }),
    );
    const careless = new JournalReader(directory, { from: 0, end, checkRecords: false });
    expect(careless.read()?.count).toBe(15);
  });
});
