import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordBuffer } from '../../domain/event-record.js';
import { nativeAddon } from '../../lib/native-addon.js';
import { nativeFileSystem } from '../native-file-system.js';
import { COMMIT_HEAD_BYTES } from './commit.js';
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
  const native = { seal: addon!.sealCommit, fileSystem: nativeFileSystem(addon!) };
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
  const commit = new Uint8Array(4096 + COMMIT_HEAD_BYTES);
  commit.set(batch.bytes.subarray(0, batch.length), COMMIT_HEAD_BYTES);
  const length = COMMIT_HEAD_BYTES + batch.length;
  const seal = (bytes: number, count: number, first: number) =>
    addon!.sealCommit(commit, bytes, count, first, new Uint8Array(32));
  expect(seal(length, 3, 5)).toBe(true);
  expect(seal(length, 3, 4)).toBe(false);
  expect(seal(length, 2, 5)).toBe(false);
  expect(seal(length, 4, 5)).toBe(false);
  expect(seal(length - 8, 3, 5)).toBe(false);
});
