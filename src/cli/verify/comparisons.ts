/** What `daybook verify --against` compares with: other logs, read models. Loaded when it is asked for. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RecordBuffer } from '../../domain/event-record.js';
import { EventStoreDbLog } from '../../log/eventstoredb/event-log.js';
import { nodeFileSystem } from '../../log/file-system.js';
import { isLocked } from '../../log/journal/directory-lock.js';
import type { DurableEnd } from '../../log/journal/durable-end.js';
import { FileDurableEnd } from '../../log/journal/durable-mark.js';
import type { FixedDurableEnd } from '../../log/journal/fixed-durable-end.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { listSegments } from '../../log/journal/segment.js';
import { durablePosition } from '../../operations/backup/durable-position.js';
import { type ComparedLog, compareLogs, placeInJournal } from '../../operations/log-comparison.js';
import { compareReadModels } from '../../operations/read-model-comparison.js';
import { journalDirectory } from '../../operations/shard.js';
import { existingDatabase } from '../read-side.js';
import { connectionString } from '../store-side.js';
import { UsageError } from '../usage.js';
import { type Add, type Compared, fixedEnd, SHARD } from './states.js';

export interface CompareWith {
  readonly journal: string;
  readonly dataDirectory: string;
  /** `eventstoredb`, `postgres` or a directory. */
  readonly against: string;
  readonly url: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Empty directory for a database. */
  readonly scratch: string;
}

/** @throws UsageError; JournalError, StoreError when the other side cannot be read */
export async function compareWith(options: CompareWith, add: Add): Promise<Compared> {
  switch (options.against) {
    case 'eventstoredb':
      return againstStore(options, add);
    case 'postgres':
      return againstReadModels(options, add);
    default:
      return againstJournal(options, add);
  }
}

async function againstStore(options: CompareWith, add: Add): Promise<Compared> {
  const url = options.url ?? (process.env.EVENTSTOREDB_URL || undefined);
  if (url === undefined)
    throw new UsageError('--against eventstoredb needs --url', 'OPTION_MISSING');
  const log = new EventStoreDbLog({ connectionString: connectionString('url', url), shard: SHARD });
  try {
    const follows = isLocked(nodeFileSystem, options.journal);
    const name = `stream daybook-${SHARD}`;
    return await compare(options, { name, follows, read: (from) => log.read(from) }, add);
  } finally {
    await log.close();
  }
}

async function againstJournal(options: CompareWith, add: Add): Promise<Compared> {
  const other = otherJournal(options.against);
  const end = fixedEnd(other);
  const log: ComparedLog = {
    name: other,
    follows: false,
    read: (from) => batches(other, end, from),
    place: (sequence) => placeInJournal(nodeFileSystem, other, sequence),
  };
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  const compared = await compare(options, log, add);
  const own = durablePosition(nodeFileSystem, options.journal, SHARD).nextSequence;
  if (position.nextSequence > own && options.to === undefined) {
    const reason = `has ${position.nextSequence - own} events more than the journal`;
    add({
      ...placeInJournal(nodeFileSystem, other, own),
      sequence: own,
      code: 'EVENTS_MORE',
      reason,
    });
  }
  return compared;
}

/** A data directory, or the directory of a journal. @throws UsageError */
function otherJournal(directory: string): string {
  const inData = journalDirectory(resolve(directory));
  if (existsSync(inData)) return inData;
  const itself = resolve(directory);
  if (listSegments(nodeFileSystem, itself).length > 0) return itself;
  throw new UsageError(
    `--against ${directory}: there is no journal, and it is no store's name`,
    'JOURNAL_MISSING',
  );
}

async function compare(
  { journal, from = 0, to, against }: CompareWith,
  other: ComparedLog,
  add: Add,
): Promise<Compared> {
  const end = fixedEnd(journal);
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  const next = Math.min(position.nextSequence, (to ?? Number.MAX_SAFE_INTEGER - 1) + 1);
  if (from >= next) return { against: { what: against, compared: '0 events' } };
  const { findings, compared } = await compareLogs(batches(journal, end, from), other, from, next);
  for (const finding of findings) add(finding);
  return { against: { what: against, compared: `${compared} events` } };
}

/** Buffers are overwritten by the next one. A start beyond the end gives none. */
async function* batches(
  journal: string,
  end: FixedDurableEnd,
  from: number,
): AsyncGenerator<RecordBuffer, void, undefined> {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  if (from >= position.nextSequence) return;
  const reader = new JournalReader(journal, { from, end });
  try {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) yield batch;
  } finally {
    reader.close();
  }
}

async function againstReadModels(options: CompareWith, add: Add): Promise<Compared> {
  const { journal, dataDirectory, scratch } = options;
  const live: DurableEnd = isLocked(nodeFileSystem, journal)
    ? new FileDurableEnd(nodeFileSystem, journal)
    : fixedEnd(journal);
  const database = await existingDatabase(dataDirectory);
  try {
    const { findings, tables, asOf } = await compareReadModels({
      ...{ live: database.settings, journal, shard: SHARD, end: live },
      scratch: join(scratch, 'postgres'),
    });
    for (const finding of findings) add(finding);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const [least, most] = asOf;
    const until = least === most ? `${most}` : `${least} to ${most}`;
    const compared = `${rows} rows of ${tables.length} tables, with the first ${until} events,`;
    return { against: { what: options.against, compared } };
  } finally {
    live.close();
    await database.stop();
  }
}
