/** `daybook replay`: what the log says, once more. Reads the journal only. */
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { decideAgain } from './replay/decide.js';
import { parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook replay --decide [OPTIONS]

--decide
  Decides every recorded command again, in a state that starts empty, with the recorded times, and
  compares the events with those on record byte for byte. Nothing different proves that deciding is
  deterministic; a difference is printed with its sequence and both events.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json           one JSON object
  --help           this text

Exit codes: 0 success; 1 a difference, or the journal is damaged; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('replay', HELP, args, () => replay(args));
}

async function replay(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      decide: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const directory = existingJournal(values['data-dir']);
  if (values.decide) return decideAgain(directory, values.json);
  throw new UsageError('say what to do: --decide');
}
