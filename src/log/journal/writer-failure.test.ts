import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RecordBuffer } from '../../domain/event-record.js';
import { type FileSystem, nodeFileSystem } from '../file-system.js';
import { JournalReader } from './journal-reader.js';
import { JournalWriter } from './journal-writer.js';
import { SECTOR_BYTES } from './limits.js';
import { addSampleRecords } from './sample-records.js';
import { verifyJournal } from './verify-journal.js';

const options = { shard: 0, catalogue: 1, segmentBytesMax: 10_000 };

/** The real disk, but for one operation that fails when `failing` says so. */
class FailingDisk {
  failing: { operation: 'pwrite' | 'fdatasync' | 'fsync'; code: string; after: number } | undefined;
  readonly files: FileSystem = {
    ...nodeFileSystem,
    pwrite: (file, from, start, length, position) => {
      this.#fail('pwrite');
      // Short writes are the caller's to complete; a kernel ends them at a page, here a sector.
      const half = Math.floor((position + length / 2) / SECTOR_BYTES) * SECTOR_BYTES - position;
      return nodeFileSystem.pwrite(file, from, start, half > 0 ? half : length, position);
    },
    fdatasync: (file) => {
      this.#fail('fdatasync');
      nodeFileSystem.fdatasync(file);
    },
    fsync: (file) => {
      this.#fail('fsync');
      nodeFileSystem.fsync(file);
    },
  };

  #fail(operation: string): void {
    const { failing } = this;
    if (failing?.operation !== operation || failing.after-- > 0) return;
    throw Object.assign(new Error(`${failing.code}: ${operation}`), { code: failing.code });
  }
}

describe('a writer whose disk fails', () => {
  let directory: string;
  let disk: FailingDisk;
  let writer: JournalWriter;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'failure-'));
    disk = new FailingDisk();
    writer = JournalWriter.open(directory, { ...options, fileSystem: disk.files });
    append(3);
  });
  afterEach(() => {
    writer.close();
    rmSync(directory, { recursive: true });
  });

  function append(count: number): void {
    const batch = new RecordBuffer(65_536);
    addSampleRecords(batch, writer.nextSequence, count);
    writer.append(batch);
  }

  const cases = [
    { operation: 'pwrite', code: 'EIO', stop: 'JOURNAL_WRITE_FAILED' },
    { operation: 'pwrite', code: 'ENOSPC', stop: 'JOURNAL_DISK_FULL' },
    { operation: 'fdatasync', code: 'EIO', stop: 'JOURNAL_SYNC_FAILED' },
    { operation: 'fdatasync', code: 'EDQUOT', stop: 'JOURNAL_DISK_FULL' },
  ] as const;

  for (const { operation, code, stop } of cases) {
    it(`stops for good with ${stop} at ${code} of ${operation}`, async () => {
      const reader = new JournalReader(directory, { from: 0, end: writer.durableEnd });
      const following = (async () => {
        let next = 0;
        for await (const batch of reader.follow()) next += batch.count;
        return next;
      })();
      disk.failing = { operation, code, after: operation === 'pwrite' ? 1 : 0 };
      expect(() => append(20)).toThrow(expect.objectContaining({ code: stop }));
      disk.failing = undefined;
      // The disk works again: the writer must not.
      expect(() => append(1)).toThrow(expect.objectContaining({ code: stop }));
      expect(writer.stopped).toMatchObject({ code: stop, place: { sequence: 3 } });
      expect(writer.nextSequence).toBe(3);
      await expect(following).rejects.toMatchObject({ code: 'JOURNAL_STOPPED' });
      expect(reader.nextSequence).toBe(3);
      reader.close();
      writer.close();
      writer = JournalWriter.open(directory, options);
      expect([3, 23]).toContain(writer.nextSequence);
      append(1);
      writer.close();
      for await (const finding of verifyJournal(directory)) expect(finding).toBeUndefined();
    });
  }

  it('stops when a new segment cannot be made, and makes it after opening anew', () => {
    disk.failing = { operation: 'fsync', code: 'EIO', after: 1 };
    expect(() => {
      for (;;) append(20);
    }).toThrow(expect.objectContaining({ code: 'JOURNAL_WRITE_FAILED' }));
    const next = writer.nextSequence;
    writer.close();
    disk.failing = undefined;
    writer = JournalWriter.open(directory, { ...options, fileSystem: disk.files });
    expect(writer.nextSequence).toBe(next);
    append(20);
  });
});
