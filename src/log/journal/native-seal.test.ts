import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordBuffer } from '../../domain/event-record.js';
import { nativeAddon } from '../../lib/native-addon.js';
import { nativeFileSystem } from '../native-file-system.js';
import { JournalWriter, type JournalWriterOptions } from './journal-writer.js';
import { addSampleRecords } from './sample-records.js';

const addon = nativeAddon();

/** Bytes of all segments of a journal that got these commits. */
function segments(options: Partial<JournalWriterOptions>, commits: readonly number[]): Buffer[] {
  const directory = mkdtempSync(join(tmpdir(), 'native-seal-'));
  try {
    const writer = JournalWriter.open(directory, { shard: 0, catalogue: 1, ...options });
    let next = 0;
    for (const records of commits) {
      const batch = new RecordBuffer(records * 1024);
      addSampleRecords(batch, next, records);
      next += records;
      writer.append(batch);
    }
    writer.close();
    const names = readdirSync(directory).filter((name) => !/durable|lock/.test(name));
    return names.sort().map((name) => readFileSync(join(directory, name)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

it.skipIf(addon === undefined)('seals and writes the same bytes as without the addon', () => {
  const native = { seal: addon!.sealRecords, fileSystem: nativeFileSystem(addon!) };
  // Below, at and above the records of a leaf, and of two.
  const commits = [1, 2, 31, 32, 33, 63, 64, 65, 1000];
  expect(segments(native, commits)).toEqual(segments({}, commits));
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }),
      (some) => {
        expect(segments(native, some)).toEqual(segments({}, some));
      },
    ),
    { numRuns: 3 },
  );
});

it.skipIf(addon === undefined)('refuses what is no run of whole records', () => {
  const batch = new RecordBuffer(4096);
  addSampleRecords(batch, 5, 3);
  const root = new Uint8Array(32);
  const seal = (end: number, count: number, first: number) =>
    addon!.sealRecords(batch.bytes, 0, end, count, first, 32, root);
  expect(seal(batch.length, 3, 5)).toBeGreaterThan(0);
  expect(seal(batch.length, 3, 4)).toBe(-1);
  expect(seal(batch.length, 2, 5)).toBe(-1);
  expect(seal(batch.length, 4, 5)).toBe(-1);
  expect(seal(batch.length - 8, 3, 5)).toBe(-1);
});
