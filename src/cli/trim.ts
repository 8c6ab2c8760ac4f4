/** `daybook trim`: which old segments of the journal the backup has and nobody here needs; removes them. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { nodeFileSystem } from '../log/file-system.js';
import { JournalError } from '../log/journal/errors.js';
import { readTrimRecord } from '../log/journal/trim.js';
import { durablePosition } from '../operations/backup/durable-position.js';
import { registeredReaders, registerReader } from '../operations/retention/reader-register.js';
import { planTrim, type TrimPlan, trimToPlan } from '../operations/retention/retention.js';
import { journalDirectory } from '../operations/shard.js';
import { ENVIRONMENT_HELP, openPlace, PLACE_HELP } from './backup-options.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { EXIT, parseOptions, runSubcommand, UsageError, wholeNumber } from './usage.js';

const KEEP_DAYS_DEFAULT = 30;
const KEEP_DAYS_MAX = 36_500;
const DAY_MS = 86_400_000;
const HOLD = /^([a-z0-9-]{1,64})=([0-9]{1,15})$/;

const HELP = `daybook trim --backup PLACE [OPTIONS]

Says which of the oldest segments of the journal may go: those that the backup has, read back and
compared byte by byte; that two good snapshots lie behind; that no reader on record will ask for; and
that are old enough. The first that must stay keeps all later ones. With --apply they are removed;
without it nothing is.

daybook start reads from event 0: its venue, gateways, streams and reports have no snapshots of their
own. So nothing is removed from a journal that it may be started on: --no-start says that this one is
kept to be read only, and from then on daybook start refuses it. To start from it again, restore the
backup into a new directory.

Options:
  --backup PLACE   where the backup is; ${PLACE_HELP}
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --keep-days N    keep segments whose last event is younger (default ${KEEP_DAYS_DEFAULT})
  --hold NAME=SEQ  put on record that a reader will ask for events from SEQ on; it may be repeated
  --release NAME   that reader is gone for good
  --no-start       daybook start is not run on this directory any more
  --apply          remove what may go
  --key-file FILE  file with the key, in place of DAYBOOK_BACKUP_KEY
  --json           one JSON object: {"removable","removed","first","bytes","held":{...}}
  --help           this text

${ENVIRONMENT_HELP}

Exit codes: 0 done, also when nothing may go; 1 it failed: what cannot be read holds everything; 2 wrong
use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('trim', HELP, args, () => trim(args));
}

async function trim(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      backup: { type: 'string' },
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      'keep-days': { type: 'string', default: String(KEEP_DAYS_DEFAULT) },
      hold: { type: 'string', multiple: true, default: [] },
      release: { type: 'string', multiple: true, default: [] },
      'no-start': { type: 'boolean', default: false },
      apply: { type: 'boolean', default: false },
      'key-file': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const keepDays = wholeNumber('keep-days', values['keep-days'], 0, KEEP_DAYS_MAX);
  const journal = existingJournal(values['data-dir']);
  const holds = values.hold.map(holdOf);
  const both = holds.find(({ name }) => values.release.includes(name));
  if (both !== undefined) {
    throw new UsageError(`--hold and --release of ${both.name}`, 'OPTIONS_CONFLICT');
  }
  for (const { name, from } of holds) registerReader(nodeFileSystem, journal, name, from);
  for (const name of values.release) registerReader(nodeFileSystem, journal, name, undefined);
  const { store, key } = await openPlace('backup', values.backup, values['key-file']);
  try {
    const durable = durablePosition(nodeFileSystem, journal, 0);
    const options = { journal, shard: 0, durable, store, key, keepMs: keepDays * DAY_MS };
    const apply = values.apply && values['no-start'];
    const plan = apply ? await trimToPlan(options) : { ...(await planTrim(options)), removed: [] };
    const blocked = values['no-start'] || readTrimRecord(nodeFileSystem, journal) !== undefined;
    const readers = registeredReaders(nodeFileSystem, journal);
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ ...plan, readers, startHolds: !blocked })}\n`
        : textOf(plan, plan.removed.length, !blocked),
    );
    return EXIT.success;
  } finally {
    store.close();
  }
}

function holdOf(text: string): { readonly name: string; readonly from: number } {
  const [, name, from] = HOLD.exec(text) ?? [];
  if (name !== undefined) return { name, from: Number(from) };
  throw new UsageError(`--hold ${text}: NAME=SEQ, of small letters`, 'OPTION_INVALID');
}

function textOf(plan: TrimPlan, removed: number, startHolds: boolean): string {
  const { removable, bytes, held } = plan;
  const what = `${removable.length} segments, ${bytes} bytes`;
  const done =
    removed > 0 ? `removed ${what}; the journal begins with event ${plan.first}` : `${what} may go`;
  const start =
    'daybook start reads from event 0: nothing is removed without --no-start (HELD_START)';
  return (
    `${done}\n${startHolds ? `${start}\n` : ''}` +
    `${held.code} segment ${held.segment} and later: ${held.reason}\n`
  );
}

/** @throws JournalError JOURNAL_SEQUENCE_GONE: readers of a start would ask for events that are gone */
export function refuseTrimmedJournal(dataDirectory: string): void {
  const journal = journalDirectory(resolve(dataDirectory));
  if (!existsSync(journal)) return;
  const trimmed = readTrimRecord(nodeFileSystem, journal);
  if (trimmed === undefined) return;
  const message =
    `${journal} was trimmed and begins with event ${trimmed.first}, daybook start reads from event 0; ` +
    'restore the backup into a new directory (daybook restore) and start there';
  throw new JournalError('JOURNAL_SEQUENCE_GONE', message);
}
