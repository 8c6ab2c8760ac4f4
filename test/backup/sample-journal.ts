/** A journal of records without meaning, in small segments, and where to back it up to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBuffer } from '../../src/domain/event-record.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { addSampleRecords } from '../../src/log/journal/sample-records.js';
import { Backup, type BackupOptions } from '../../src/operations/backup/backup.js';
import { DirectoryStore } from '../../src/operations/backup/directory-store.js';

export class SampleJournal {
  readonly root = mkdtempSync(join(tmpdir(), 'daybook-backup-'));
  readonly directory = join(this.root, 'data', 'journal', 'shard-0');
  readonly storeDirectory = join(this.root, 'backup');
  readonly store = new DirectoryStore(this.storeDirectory);
  /** Milliseconds: turned by tests. */
  time = 1_790_000_000_000;
  readonly #segmentBytesMax: number;
  #writer: JournalWriter;

  constructor(segmentBytesMax = 64 * 1024) {
    this.#segmentBytesMax = segmentBytesMax;
    this.#writer = this.#open();
  }

  get next(): number {
    return this.#writer.nextSequence;
  }

  durable = () => {
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    this.#writer.durableEnd.read(position);
    return position;
  };

  /** Commits of `records` records each. */
  append(commits: number, records = 10): void {
    const batch = new RecordBuffer(records * 184);
    for (let commit = 0; commit < commits; commit += 1) {
      batch.clear();
      addSampleRecords(batch, this.#writer.nextSequence, records);
      this.#writer.append(batch);
    }
  }

  reopen(): void {
    this.#writer.close();
    this.#writer = this.#open();
  }

  backup(more: Partial<BackupOptions> = {}): Promise<Backup> {
    const { directory: journal, store, durable } = this;
    return Backup.open({ journal, shard: 0, durable, store, now: () => this.time, ...more });
  }

  async ship(more: Partial<BackupOptions> = {}) {
    return (await this.backup(more)).ship();
  }

  close(): void {
    this.#writer.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  #open(): JournalWriter {
    const segmentBytesMax = this.#segmentBytesMax;
    return JournalWriter.open(this.directory, { shard: 0, catalogue: 1, segmentBytesMax });
  }
}
