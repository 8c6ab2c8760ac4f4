/** Commits that are begun and finished later: one suite for a journal with a thread of its own and without. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordBuffer } from '../../src/domain/event-record.js';
import { Doorbell } from '../../src/lib/doorbell.js';
import { nativeAddon } from '../../src/lib/native-addon.js';
import { JournalWriter, type JournalWriterOptions } from '../../src/log/journal/journal-writer.js';
import { addSampleRecords } from '../../src/log/journal/sample-records.js';
import { NativeCommitThread } from '../../src/log/native-commit-thread.js';

const addon = nativeAddon();
const withThread = (): Partial<JournalWriterOptions> => ({
  thread: new NativeCommitThread(addon!, Doorbell.create().shared),
});
const SEGMENT_BYTES = 10 * 1024 * 1024;
let directories: string[] = [];

function open(options: Partial<JournalWriterOptions>): JournalWriter {
  const directory = mkdtempSync(join(tmpdir(), 'begin-finish-'));
  directories.push(directory);
  const limits = { segmentBytesMax: SEGMENT_BYTES };
  return JournalWriter.open(directory, { shard: 0, catalogue: 1, ...limits, ...options });
}

function records(writer: JournalWriter, count: number): RecordBuffer {
  const batch = new RecordBuffer(count * 1024);
  addSampleRecords(batch, writer.nextSequence, count);
  return batch;
}

function segments(writer: JournalWriter): Buffer[] {
  const names = readdirSync(writer.directory).filter((name) => name.endsWith('.segment'));
  return names.sort().map((name) => readFileSync(join(writer.directory, name)));
}

beforeEach(() => {
  directories = [];
});
afterEach(() => {
  for (const each of directories) rmSync(each, { recursive: true, force: true });
});

describe.each([
  { name: 'on its own thread', options: withThread, skip: addon === undefined },
  { name: 'in the caller', options: () => ({}), skip: false },
])('a commit that is begun, $name', ({ options, skip }) => {
  it.skipIf(skip)('is published when it is finished, not before', () => {
    const writer = open(options());
    const batch = records(writer, 5);
    writer.begin(batch);
    expect(writer.inFlight).toBe(true);
    const end = { nextSequence: -1, segment: 0, offset: 0 };
    writer.durableEnd.read(end);
    expect(end.nextSequence).toBe(0);
    // The batch is the caller's again.
    const copy = batch.bytes.slice(0, batch.length);
    batch.bytes.fill(255);
    writer.finish();
    writer.durableEnd.read(end);
    expect(end.nextSequence).toBe(5);
    expect(writer.records.count).toBe(5);
    const kept = writer.records.bytes.slice(0, writer.records.length);
    expect(kept.subarray(8, 48)).toEqual(copy.subarray(8, 48));
    writer.close();
  });

  it.skipIf(skip)('is alone: a second one is a programmer error', () => {
    const writer = open(options());
    writer.begin(records(writer, 1));
    expect(() => writer.begin(records(writer, 1))).toThrow('one commit at a time');
    expect(() => writer.append(records(writer, 1))).toThrow('one commit at a time');
    writer.finish();
    expect(() => writer.finish()).toThrow('a commit was begun');
    writer.close();
  });

  it.skipIf(skip)('is finished by closing', () => {
    const writer = open(options());
    writer.begin(records(writer, 3));
    writer.close();
    const again = JournalWriter.open(writer.directory, { shard: 0, catalogue: 1 });
    expect(again.nextSequence).toBe(3);
    again.close();
  });

  it.skipIf(skip)('leaves the same bytes as one that is appended', () => {
    // Up to several times what goes past the kernel's cache.
    const large = fc.integer({ min: 100, max: 20_000 });
    const size = fc.oneof(fc.integer({ min: 1, max: 70 }), large);
    const commits = fc.array(fc.tuple(size, fc.boolean()), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(commits, (all) => {
        const begun = open(options());
        const appended = open({});
        for (const [count, later] of all) {
          const batch = records(begun, count);
          if (later) {
            begun.begin(batch);
            begun.finish();
          } else begun.append(batch);
          appended.append(records(appended, count));
        }
        begun.close();
        appended.close();
        const expected = segments(appended);
        const found = segments(begun);
        expect(found.length).toBe(expected.length);
        // `toEqual` would look at millions of bytes one by one.
        expect(found.every((bytes, n) => bytes.equals(expected[n] as Buffer))).toBe(true);
      }),
      { numRuns: 10, seed: 7 },
    );
  });

  it.skipIf(skip)('stops the writer when it fails, at its end at the latest', () => {
    const writer = open(options());
    writer.append(records(writer, 1));
    const batch = records(writer, 1);
    // Not the next sequence: nothing of it may come to the disk.
    addSampleRecords(batch, 7, 1);
    const fail = () => {
      writer.begin(batch);
      writer.finish();
    };
    expect(fail).toThrow();
    const before = segments(writer)[0]!;
    expect(before.includes(Buffer.from(batch.bytes.subarray(8, 16)))).toBe(false);
  });
});
