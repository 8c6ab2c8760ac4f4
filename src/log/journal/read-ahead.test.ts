import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RecordBuffer } from '../../domain/event-record.js';
import { nodeFileSystem } from '../file-system.js';
import { FileDurableEnd } from './durable-mark.js';
import { JournalReader } from './journal-reader.js';
import { JournalWriter } from './journal-writer.js';
import { addSampleRecords } from './sample-records.js';

const WINDOW_BYTES = 4096;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-read-ahead-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Commits of one record to more than a window holds, over several segments. */
function writeJournal(): void {
  const options = { shard: 0, catalogue: 9, segmentBytesMax: 60_000 };
  const writer = JournalWriter.open(directory, options);
  const batch = new RecordBuffer(65_536);
  let next = 0;
  for (let commit = 0; commit < 400; commit += 1) {
    const count = commit % 50 === 20 ? 80 : 1 + ((commit * 7) % 12);
    next = addSampleRecords(batch, next, count);
    writer.append(batch);
    batch.clear();
  }
  writer.close();
}

interface Outcome {
  readonly records: Buffer;
  readonly chain: string;
  readonly error: string;
}

/** All that is read from a sequence on, and how it ends. */
function read(ahead: boolean, from = 0, readBytes = WINDOW_BYTES): Outcome {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const reader = new JournalReader(directory, { from, end, ahead, readBytes });
  const parts: Buffer[] = [];
  let error = '';
  try {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      parts.push(Buffer.from(batch.bytes.slice(0, batch.length)));
    }
  } catch (thrown) {
    error = String(thrown);
  }
  const chain = Buffer.from(reader.chain ?? []).toString('hex');
  reader.close();
  end.close();
  return { records: Buffer.concat(parts), chain, error };
}

it('gives the same records and the same chain, from any sequence and with any window', () => {
  writeJournal();
  expect(readdirSync(directory).filter((name) => name.endsWith('.segment')).length).toBeGreaterThan(
    5,
  );
  for (const from of [0, 1, 20, 500, 1500]) {
    for (const readBytes of [WINDOW_BYTES, 5000 * 8, 1024 * 1024]) {
      const expected = read(false, from, readBytes);
      expect(expected.error).toBe('');
      expect(expected.records.length).toBeGreaterThan(100_000);
      const { records, ...ends } = read(true, from, readBytes);
      expect(records.equals(expected.records)).toBe(true);
      expect(ends).toEqual({ chain: expected.chain, error: '' });
    }
  }
});

it('finds each damage where it is, and hands out nothing behind it', () => {
  writeJournal();
  const [, name] = readdirSync(directory)
    .filter((each) => each.endsWith('.segment'))
    .sort();
  const file = join(directory, name as string);
  const whole = readFileSync(file);
  const intact = read(false);
  for (let at = 4096; at < whole.length; at += 397) {
    const broken = Buffer.from(whole);
    broken[at]! ^= 4;
    writeFileSync(file, broken);
    const expected = read(false);
    const found = read(true);
    expect(found.error, `byte ${at}`).toMatch(/JournalError/);
    expect(found.error).toBe(expected.error);
    // Windows begin elsewhere, so there may be fewer or more whole commits before it.
    expect(intact.records.subarray(0, found.records.length).equals(found.records)).toBe(true);
  }
});

it('is closed while a window is under way', () => {
  writeJournal();
  const end = new FileDurableEnd(nodeFileSystem, directory);
  for (let i = 0; i < 50; i += 1) {
    const reader = new JournalReader(directory, { from: 0, end, ahead: true, readBytes: 4096 });
    expect(reader.read()?.count).toBeGreaterThan(0);
    reader.close();
  }
  end.close();
});
