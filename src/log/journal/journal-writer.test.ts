import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RecordBuffer } from '../../domain/event-record.js';
import { nodeFileSystem } from '../file-system.js';
import { COMMIT_HEAD_BYTES } from './commit.js';
import { FileDurableEnd } from './durable-mark.js';
import { JournalError } from './errors.js';
import { JournalReader } from './journal-reader.js';
import { JournalWriter } from './journal-writer.js';
import { COMMIT_RECORD_BYTES_MAX } from './limits.js';
import { addSampleRecords, sequencesOf } from './sample-records.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';
import { verifyJournal } from './verify-journal.js';

const options = { shard: 3, catalogue: 0xc0ffee };

describe('JournalWriter', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'journal-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function batchOf(first: number, count: number, lengths?: number[]): RecordBuffer {
    const batch = new RecordBuffer(COMMIT_RECORD_BYTES_MAX + 1024);
    addSampleRecords(batch, first, count, lengths);
    return batch;
  }

  function readAll(from = 0): number[] {
    const end = new FileDurableEnd(nodeFileSystem, directory);
    const reader = new JournalReader(directory, { from, end });
    const sequences: number[] = [];
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      sequences.push(...sequencesOf(batch));
    }
    reader.close();
    end.close();
    return sequences;
  }

  it('numbers from 0 and goes on after a restart, across segments', () => {
    let next = 0;
    for (let restart = 0; restart < 3; restart++) {
      const writer = JournalWriter.open(directory, { ...options, segmentBytesMax: 16_384 });
      expect(writer.torn).toBeUndefined();
      expect(writer.nextSequence).toBe(next);
      for (const count of [1, 40, 2, 33, 64, 31]) {
        writer.append(batchOf(next, count));
        next += count;
      }
      writer.close();
    }
    const segments = readdirSync(directory).filter((name) => name.endsWith('.segment'));
    expect(segments.length).toBeGreaterThan(3);
    expect(readAll()).toEqual(Array.from({ length: next }, (_, index) => index));
    for (let from = 0; from <= next; from++) {
      const all = readAll(from);
      expect(all.length).toBe(next - from);
      if (from < next) expect(all[0]).toBe(from);
    }
  });

  it('writes the same bytes for the same batches', () => {
    const second = `${directory}/second`;
    for (const target of [`${directory}/first`, second]) {
      const writer = JournalWriter.open(target, options);
      writer.append(batchOf(0, 70));
      writer.append(batchOf(70, 1));
      writer.close();
    }
    const name = '0000000000000000.segment';
    const bytes = readFileSync(`${second}/${name}`);
    expect(readFileSync(`${directory}/first/${name}`).equals(bytes)).toBe(true);
  });

  it('takes a commit of the limit, and not one record more', () => {
    const writer = JournalWriter.open(directory, options);
    const count = COMMIT_RECORD_BYTES_MAX / 1024;
    writer.append(batchOf(0, count, [1024]));
    expect(writer.nextSequence).toBe(count);
    const beyond = batchOf(count, count, [1024]);
    addSampleRecords(beyond, 2 * count, 1, [48]);
    expect(() => writer.append(beyond)).toThrow('a commit is within its limit');
    writer.append(batchOf(count, count - 1, [1024]));
    writer.close();
    expect(readAll().length).toBe(2 * count - 1);
  });

  it('gives a commit larger than a segment one of its own', () => {
    const writer = JournalWriter.open(directory, { ...options, segmentBytesMax: 8192 });
    writer.append(batchOf(0, 200));
    writer.append(batchOf(200, 1));
    writer.close();
    expect(readAll().length).toBe(201);
  });

  it('fills a segment to the last byte, and begins a new one for 8 bytes more', () => {
    const commitBytes = COMMIT_HEAD_BYTES + 184;
    const limit = SEGMENT_HEADER_BYTES + 2 * commitBytes;
    for (const [bytes, expected] of [
      [limit - 8, 2],
      [limit, 1],
      [limit + 8, 1],
    ] as const) {
      const target = `${directory}/${bytes}`;
      const writer = JournalWriter.open(target, { ...options, segmentBytesMax: bytes });
      writer.append(batchOf(0, 1, [184]));
      writer.append(batchOf(1, 1, [184]));
      writer.close();
      const segments = readdirSync(target).filter((name) => name.endsWith('.segment'));
      expect(segments.length).toBe(expected);
    }
  });

  it('takes records from 48 to 1024 bytes', () => {
    const writer = JournalWriter.open(directory, options);
    writer.append(batchOf(0, 2, [48, 1024]));
    expect(() => writer.append(batchOf(2, 1, [40]))).toThrow('valid length');
    expect(() => writer.append(batchOf(2, 1, [1032]))).toThrow('valid length');
    expect(() => writer.append(batchOf(2, 1, [52]))).toThrow('valid length');
    writer.close();
    expect(readAll()).toEqual([0, 1]);
  });

  it('refuses gaps, lengths and numbers that are not those of records', () => {
    const writer = JournalWriter.open(directory, options);
    expect(() => writer.append(new RecordBuffer(64))).toThrow('at least one record');
    expect(() => writer.append(batchOf(1, 1))).toThrow('sequences have no gap');
    const short = batchOf(0, 1);
    short.u16[2] = 40;
    expect(() => writer.append(short)).toThrow('valid length');
    const headless = batchOf(0, 1);
    headless.bytes[6] = 0;
    expect(() => writer.append(headless)).toThrow('number 0');
    writer.append(batchOf(0, 1));
    writer.close();
  });

  it('begins a new segment for a new catalogue', async () => {
    for (const catalogue of [1, 1, 2, 3]) {
      const writer = JournalWriter.open(directory, { ...options, catalogue });
      if (catalogue !== 2) writer.append(batchOf(writer.nextSequence, 5));
      writer.close();
    }
    const segments = readdirSync(directory).filter((name) => name.endsWith('.segment'));
    expect(segments).toEqual(['0000000000000000.segment', '0000000000000010.segment']);
    expect(readAll().length).toBe(15);
    for await (const finding of verifyJournal(directory)) expect(finding).toBeUndefined();
  });

  it('refuses a second writer, and takes the directory of a dead one', () => {
    const writer = JournalWriter.open(directory, options);
    expect(() => JournalWriter.open(directory, options)).toThrow(
      expect.objectContaining({ code: 'JOURNAL_LOCKED' }),
    );
    writer.close();
    JournalWriter.open(directory, options).close();
  });

  it('refuses the directory of another shard', () => {
    JournalWriter.open(directory, options).close();
    expect(() => JournalWriter.open(directory, { ...options, shard: 4 })).toThrow(JournalError);
  });

  it('is closed once', () => {
    const writer = JournalWriter.open(directory, options);
    writer.close();
    writer.close();
    expect(() => writer.append(batchOf(0, 1))).toThrow('closed');
  });
});
