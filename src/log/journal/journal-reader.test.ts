import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RecordBuffer } from '../../domain/event-record.js';
import { nodeFileSystem } from '../file-system.js';
import { COMMIT_HEAD_BYTES } from './commit.js';
import { FileDurableEnd } from './durable-mark.js';
import { JournalReader } from './journal-reader.js';
import { JournalWriter } from './journal-writer.js';
import { addSampleRecords, sequencesOf } from './sample-records.js';
import { SEGMENT_HEADER_BYTES, segmentName } from './segment.js';

const directory = mkdtempSync(join(tmpdir(), 'daybook-reader-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What it reads, or the code and the offset of what it finds. */
function read(): unknown {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const reader = new JournalReader(directory, { from: 0, end });
  try {
    const sequences: number[] = [];
    for (let b = reader.read(); b !== undefined; b = reader.read())
      sequences.push(...sequencesOf(b));
    return sequences;
  } catch (error) {
    const { code, place } = error as { code: string; place?: { offset: number } };
    return { code, offset: place?.offset };
  } finally {
    reader.close();
    end.close();
  }
}

it('finds each changed byte of a record at its place, whoever computes the checksums', () => {
  const writer = JournalWriter.open(directory, { shard: 0, catalogue: 9 });
  const batch = new RecordBuffer(65_536);
  addSampleRecords(batch, 0, 3);
  const starts = [0];
  for (let at = 0; at < batch.length; ) {
    at += batch.u16[(at + 4) / 2] as number;
    starts.push(at);
  }
  const bytes = batch.length;
  writer.append(batch);
  writer.close();
  expect(read()).toEqual([0, 1, 2]);
  const file = join(directory, segmentName(0));
  const whole = readFileSync(file);
  const first = SEGMENT_HEADER_BYTES + COMMIT_HEAD_BYTES;
  for (let i = 0; i < bytes; i += 1) {
    const broken = Buffer.from(whole);
    broken.writeUInt8((broken[first + i] as number) ^ 1, first + i);
    writeFileSync(file, broken);
    const record = starts.findLast((start) => start <= i) as number;
    expect(read(), `byte ${i}`).toEqual({ code: 'JOURNAL_DAMAGED', offset: first + record });
  }
});
