/** `daybook snapshot`: stores the state of the log now, so that the next start is quick. */
import { DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { ShardState } from '../commands/state/shard-state.js';
import { nodeFileSystem } from '../log/file-system.js';
import { FileDurableEnd } from '../log/journal/durable-mark.js';
import { recoverState, takeSnapshot } from '../operations/snapshots.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { EXIT, parseOptions, runSubcommand, tellError } from './usage.js';

const HELP = `daybook snapshot [OPTIONS]

Evolves the log up to its durable end, from the newest good snapshot on, and stores the state beside
the journal. The next start reads it, after checking every byte and the state hash, and evolves only
what came later. The two newest snapshots are kept. Works beside a running daybook.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json           one JSON object
  --help           this text

Exit codes: 0 success; 1 the journal is damaged or empty; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('snapshot', HELP, args, async () => snapshot(args));
}

function snapshot(args: string[]): number {
  const { values } = parseOptions({
    args,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      json: { type: 'boolean', default: false },
    },
  });
  const directory = existingJournal(values['data-dir']);
  const end = new FileDurableEnd(nodeFileSystem, directory);
  try {
    const newState = () => new ShardState(DEFAULT_CAPACITY, 1);
    const { state, time, anchor, passedOver, chain } = recoverState(directory, 0, end, newState);
    for (const reason of passedOver) process.stderr.write(`passed over ${reason}\n`);
    if (state.nextSequence === 0) {
      tellError('snapshot', 'JOURNAL_MISSING', 'the log is empty');
      return EXIT.finding;
    }
    const taken = takeSnapshot(state, time, directory, nodeFileSystem, chain);
    const text = `${taken.file}: up to sequence ${taken.anchor}, ${taken.bytes} bytes\nstate hash ${taken.stateHash}`;
    const json = JSON.stringify({ ...taken, from: anchor });
    process.stdout.write(`${values.json ? json : text}\n`);
    return EXIT.success;
  } finally {
    end.close();
  }
}
