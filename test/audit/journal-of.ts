/** A flow of anything as a journal on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogueFingerprint } from '../../src/domain/catalogue-fingerprint.js';
import { RecordBuffer } from '../../src/domain/event-record.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FileDurableEnd } from '../../src/log/journal/durable-mark.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';

export interface TestJournal {
  readonly data: string;
  readonly journal: string;
  readonly end: FileDurableEnd;
  /** Appends batches, and closes the writer again. */
  append(batches: readonly RecordBuffer[]): void;
  remove(): void;
}

/** A sync for every command would be most of a test's time. */
const COMMANDS_A_COMMIT = 10;

function joined(batches: readonly RecordBuffer[]): RecordBuffer {
  const all = new RecordBuffer(batches.reduce((sum, { length }) => sum + length, 0));
  for (const { bytes, length, count } of batches) {
    all.bytes.set(bytes.subarray(0, length), all.length);
    all.length += length;
    all.count += count;
  }
  return all;
}

/** @param segmentBytesMax small, so that there are several segments */
export function testJournal(segmentBytesMax = 9 * 1024 * 1024): TestJournal {
  const data = mkdtempSync(join(tmpdir(), 'daybook-audit-'));
  const journal = join(data, 'journal', 'shard-0');
  const end = new FileDurableEnd(nodeFileSystem, journal);
  return {
    ...{ data, journal, end },
    append: (batches) => {
      const options = { shard: 0, catalogue: catalogueFingerprint(), segmentBytesMax };
      const writer = JournalWriter.open(journal, options);
      for (let i = 0; i < batches.length; i += COMMANDS_A_COMMIT) {
        writer.append(joined(batches.slice(i, i + COMMANDS_A_COMMIT)));
      }
      writer.close();
    },
    remove: () => {
      end.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
