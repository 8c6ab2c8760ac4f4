/** `daybook privacy`: who the actors on record are, and erasing a person. */
import { type ActorInForce, actorAt } from '../audit/actors.js';
import { OrderIndex } from '../audit/order-index/order-index.js';
import { ReferenceHistory } from '../audit/reference-history.js';
import { masterKeyFrom } from '../privacy/master-key.js';
import { SubjectKeys } from '../privacy/subject-keys.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal, keysDirectory } from './data-directory.js';
import { LineOutput } from './line-output.js';
import { openEnd } from './replay/open-auditor.js';
import { EXIT, onlyOptions, parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook privacy list | erase SUBJECT [OPTIONS]

People on record are told by an index; their name and the like are sealed with a key of each person,
kept in keys/ of the data directory, wrapped by the master key (DAYBOOK_MASTER_KEY: 64 hex digits, or
DAYBOOK_MASTER_KEY_FILE). docs/audit.md says more.

list
  Every actor on record: index, kind, subject, and the personal fields, "erased" or "sealed"
  (no keys here, or another master key).

erase SUBJECT
  Destroys the subject's key: nobody can read the personal fields any more, in the log, snapshots,
  backups of it, EventStoreDB. No byte of the log changes. There is no way back. Copies of keys/ must
  be erased, too. A running Daybook needs no restart.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --index DIR      where the index of the log is, if nothing can be written beside the journal
  --json           list: one JSON object a line
  --help           this text

Exit codes: 0 success; 1 no such subject, or the master key is wrong; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('privacy', HELP, args, () => privacy(args));
}

const OPTIONS = {
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  index: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

async function privacy(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions({ args, allowPositionals: true, options: OPTIONS });
  const [action, subject, ...more] = positionals;
  const keys = new SubjectKeys(keysDirectory(values['data-dir']), masterKeyFrom(process.env));
  if (action === 'list' && subject === undefined) {
    return list(existingJournal(values['data-dir']), values.index, keys, values.json);
  }
  if (action === 'erase' && subject !== undefined && more.length === 0) {
    onlyOptions(args, OPTIONS, 'erase', ['data-dir']);
    keys.erase(subject, new Date().toISOString());
    process.stdout.write(`${subject} erased\n`);
    return EXIT.success;
  }
  throw new UsageError('say list, or erase SUBJECT', 'OPTION_MISSING');
}

async function list(
  journal: string,
  directory: string | undefined,
  keys: SubjectKeys,
  json: boolean,
): Promise<number> {
  const end = openEnd(journal);
  const output = new LineOutput();
  try {
    const index = new OrderIndex({ journal, end, directory });
    index.advanceToEnd();
    const reference = new ReferenceHistory();
    reference.update({ journal, end }, index);
    for (const actor of reference.actorIndexes()) {
      const told = actorAt({ reference, keys }, actor, index.next);
      output.line(json ? JSON.stringify(told) : lineOf(told));
      if (output.full) await output.flush();
    }
  } finally {
    end.close();
  }
  await output.flush();
  return EXIT.success;
}

function lineOf({ index, kind, subject, person }: ActorInForce): string {
  const fields =
    typeof person === 'object'
      ? Object.entries(person)
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')
      : (person ?? '');
  return `${String(index).padStart(6)}  ${(kind ?? '').padEnd(12)} ${subject}  ${fields}`;
}
