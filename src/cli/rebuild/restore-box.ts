/**
 * A lost box from EventStoreDB alone:
 *
 * ```
 *   daybook-0 in the store ──► journal ──► state of the writer (its hash is told)
 *                                  └─────► read models
 * ```
 *
 * Every step goes on from what an earlier run made durable, so it may be killed and run again.
 */
import { resolve } from 'node:path';
import { evolveBatch } from '../../commands/recovery.js';
import { DEFAULT_CAPACITY } from '../../commands/state/capacity.js';
import { ShardState } from '../../commands/state/shard-state.js';
import { stateHash } from '../../commands/state-hash.js';
import { catalogueFingerprint } from '../../domain/catalogue-fingerprint.js';
import { EventStoreDbLog } from '../../log/eventstoredb/event-log.js';
import { streamOfShard } from '../../log/eventstoredb/forwarder.js';
import { restoreJournal } from '../../log/eventstoredb/restore-journal.js';
import { StoreError } from '../../log/eventstoredb/store-errors.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { JournalWriter } from '../../log/journal/journal-writer.js';
import { journalDirectory } from '../../operations/shard.js';
import { connect } from '../../projections/database/connection-settings.js';
import { ProjectionService } from '../../projections/projection-service.js';
import { readModels } from '../../projections/read-models.js';
import { rebuildAll } from '../../projections/rebuild/rebuild.js';
import { beginRestoring, endRestoring } from '../data-directory.js';
import { type ReadyDatabase, startDatabase } from '../read-side.js';
import type { TerminalProgress } from './terminal-progress.js';

/** The seed of the state's hash tables; the state's hash does not depend on it. */
const SEED = 1;

export interface RestoreOptions {
  readonly dataDirectory: string;
  readonly databaseUrl: string | undefined;
  readonly connectionString: string;
  readonly readModelsToo: boolean;
  readonly progress: TerminalProgress;
}

export interface Restored {
  /** That the journal holds; of them, those that an earlier run had restored. */
  readonly events: number;
  readonly heldBefore: number;
  readonly stateHash: string;
  readonly seconds: { journal: number; state: number; readModels: number };
}

/** @throws EventLogError, StoreError, JournalError, ProjectionError; what was restored stays */
export async function restoreBox(options: RestoreOptions): Promise<Restored> {
  const { dataDirectory, progress } = options;
  const directory = journalDirectory(resolve(dataDirectory));
  const seconds = { journal: 0, state: 0, readModels: 0 };
  const journal = JournalWriter.open(directory, { shard: 0, catalogue: catalogueFingerprint() });
  const heldBefore = journal.nextSequence;
  const begun = beginRestoring(dataDirectory);
  try {
    seconds.journal = await timed(() => fillJournal(journal, options));
    const events = journal.nextSequence;
    // A closed journal is read to its end, and then no further.
    journal.close();
    let hash = '';
    seconds.state = await timed(async () => {
      hash = hashOf(journal, progress);
    });
    if (options.readModelsToo) {
      seconds.readModels = await timed(() => project(journal, events, options));
    }
    endRestoring(dataDirectory);
    return { events, heldBefore, stateHash: hash, seconds };
  } catch (error) {
    // Nothing came in: what was there is as it was, and a writer may use it.
    if (begun && journal.nextSequence === heldBefore) endRestoring(dataDirectory);
    throw error;
  } finally {
    progress.end();
    journal.close();
  }
}

async function fillJournal(journal: JournalWriter, options: RestoreOptions): Promise<void> {
  const log = new EventStoreDbLog({ connectionString: options.connectionString, shard: 0 });
  try {
    const head = await log.head();
    if (head === 0) {
      const message = `there are no events in ${streamOfShard(0)}: another store, or a deleted stream`;
      throw new StoreError('EVENTSTOREDB_EMPTY', message);
    }
    await restoreJournal(log, journal, (next) => options.progress.show('journal', next, head));
  } finally {
    await log.close();
  }
}

function hashOf(journal: JournalWriter, progress: TerminalProgress): string {
  const state = new ShardState(DEFAULT_CAPACITY, SEED);
  const reader = new JournalReader(journal.directory, { from: 0, end: journal.durableEnd });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    evolveBatch(state, batch);
    progress.show('state', reader.nextSequence, journal.nextSequence);
  }
  reader.close();
  return stateHash(state);
}

async function project(
  journal: JournalWriter,
  events: number,
  { dataDirectory, databaseUrl, progress }: RestoreOptions,
): Promise<void> {
  const database = await startDatabase(dataDirectory, databaseUrl);
  try {
    const log = { journal: journal.directory, durableEnd: journal.durableEnd.memory };
    if ((await projectedTo(database)) > events) {
      // The database outlived the box and has events that the store never got: none of it can stay.
      await rebuildAll(readModels, {
        connect: (name) => connect(database.settings, name),
        shards: [{ shard: 0, journal: log.journal, end: journal.durableEnd }],
        onProgress: ({ model, next }) => progress.show(model, next, events),
      });
      return;
    }
    const service = new ProjectionService({ shard: 0, database: database.settings, ...log });
    service.onProgress = () => progress.show('read models', service.asOf + 1, events);
    await service.ended;
  } finally {
    await database.stop();
  }
}

/** The furthest of the read models: everything before this sequence is in its tables. */
async function projectedTo({ dataSource }: ReadyDatabase): Promise<number> {
  const rows: readonly { next: string | null }[] = await dataSource.query(
    `SELECT max(next_sequence) AS next FROM daybook.projection_checkpoints
      WHERE build = 'live' AND shard = 0`,
  );
  return Number(rows[0]?.next ?? 0);
}

/** @returns the seconds that it took */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}
