import type pg from 'pg';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { DurableEnd } from '../../log/journal/durable-end.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { Projector } from '../projector/projector.js';
import type { ReadModel } from '../projector/read-model.js';

const READ_BYTES = 4 * 1024 * 1024;

export interface ProjectUntilOptions {
  readonly models: readonly ReadModel[];
  readonly shard: number;
  /** Of the journal, and how far it may be read. */
  readonly journal: string;
  readonly end: DurableEnd;
  /** The tables are brought to exactly this sequence: everything before it is in them. */
  readonly until: number;
  readonly connect: () => Promise<pg.Client>;
  readonly onProgress?: (next: number) => void;
}

/** Projects models into empty live tables from the beginning of a journal to exactly a sequence. */
export async function projectUntil(options: ProjectUntilOptions): Promise<void> {
  const { models, shard, journal, end, until, connect } = options;
  const projector = new Projector({ models, shard, build: 'live', connect });
  const reader = new JournalReader(journal, { from: 0, end, readBytes: READ_BYTES });
  try {
    await projector.open();
    while (projector.next < until) {
      const batch = reader.read();
      if (batch === undefined) break;
      cut(batch, until);
      await projector.project(batch);
      options.onProgress?.(projector.next);
    }
  } finally {
    reader.close();
    await projector.close();
  }
}

/** Leaves the records before `until` in the batch. */
function cut(batch: RecordBuffer, until: number): void {
  const first = batch.f64[HEADER.sequence / 8] as number;
  if (first + batch.count <= until) return;
  let at = 0;
  for (let sequence = first; sequence < until; sequence += 1) {
    at += batch.u16[(at + HEADER.length) / 2] as number;
  }
  batch.length = at;
  batch.count = Math.max(0, until - first);
}
