/** `daybook rebuild`: read models from the journal, or everything from EventStoreDB. */
import { nodeFileSystem } from '../log/file-system.js';
import { FileDurableEnd } from '../log/journal/durable-mark.js';
import { connect } from '../projections/database/connection-settings.js';
import { readModels } from '../projections/read-models.js';
import { rebuildAll } from '../projections/rebuild/rebuild.js';
import {
  DATA_DIRECTORY_DEFAULT,
  existingJournal,
  refuseUnfinishedRestore,
} from './data-directory.js';
import { startDatabase } from './read-side.js';
import { restoreBox } from './rebuild/restore-box.js';
import { TerminalProgress } from './rebuild/terminal-progress.js';
import { connectionString } from './store-side.js';
import { EXIT, onlyOptions, parseOptions, runSubcommand, UsageError } from './usage.js';

const MODELS = readModels.map(({ name }) => name);

const HELP = `daybook rebuild [MODEL...] [OPTIONS]
daybook rebuild --from eventstoredb --url URL [OPTIONS]

Without --from: builds read models again from the journal, beside the live tables, and switches when
they have caught up. Queries go on meanwhile, and a running daybook goes on in the new tables.

  MODEL   ${MODELS.join(', ')}; default all

With --from eventstoredb: brings a lost box back from EventStoreDB alone. Into the data directory,
which holds nothing or what an earlier run left: the journal, record for record, each checked against
its id; the writer's state, evolved from it; the read models. Then daybook start goes on from there.

Options:
  --from eventstoredb  restore everything
  --url URL            esdb://HOST:PORT?tls=true or esdb+discover://...
  --data-dir DIR       directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --no-read-models     restore journal and state only; daybook start projects the rest
  --json               results as one JSON object: {"ok","events","stateHash",...}
  --help               this text

Environment:
  DATABASE_URL         a PostgreSQL or TimescaleDB to use in place of the embedded one
  EVENTSTOREDB_URL     as --url, for connection strings with a password

Killed at any point and run again, it goes on from where it was. Until a restore is through, daybook
start refuses the directory. Nothing is written to EventStoreDB.

Exit codes: 0 done; 1 it failed (another journal is there, the store is not reached, ...); 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('rebuild', HELP, args, () => rebuildCommand(args));
}

const OPTIONS = {
  from: { type: 'string' },
  url: { type: 'string' },
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  'no-read-models': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

async function rebuildCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions({ args, allowPositionals: true, options: OPTIONS });
  const dataDirectory = values['data-dir'];
  const databaseUrl = process.env.DATABASE_URL || undefined;
  if (values.from === undefined) {
    onlyOptions(args, OPTIONS, 'rebuild without --from', ['data-dir', 'json']);
    return rebuildReadModels(dataDirectory, databaseUrl, positionals, values.json);
  }
  if (values.from !== 'eventstoredb')
    throw new UsageError('--from is eventstoredb', 'OPTION_INVALID');
  if (positionals.length > 0) {
    throw new UsageError('--from restores every model', 'OPTIONS_CONFLICT');
  }
  const url = values.url ?? (process.env.EVENTSTOREDB_URL || undefined);
  if (url === undefined) throw new UsageError('--url is missing', 'OPTION_MISSING');
  const readModelsToo = !values['no-read-models'];
  const restored = await restoreBox({
    ...{ dataDirectory, databaseUrl, readModelsToo },
    connectionString: connectionString('url', url),
    progress: new TerminalProgress(process.stderr),
  });
  const { events, stateHash, seconds } = restored;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ok: true, ...restored })}\n`
      : `restored ${events} events in ${seconds.journal.toFixed(1)} s, state in ` +
          `${seconds.state.toFixed(1)} s` +
          `${readModelsToo ? `, read models in ${seconds.readModels.toFixed(1)} s` : ''}\n` +
          `state hash  ${stateHash}\n`,
  );
  return EXIT.success;
}

async function rebuildReadModels(
  dataDirectory: string,
  databaseUrl: string | undefined,
  names: readonly string[],
  json: boolean,
): Promise<number> {
  const unknown = names.find((name) => !MODELS.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `no read model is called ${unknown}: ${MODELS.join(', ')}`,
      'OPTION_INVALID',
    );
  }
  const journal = existingJournal(dataDirectory);
  refuseUnfinishedRestore(dataDirectory);
  const models = readModels.filter(({ name }) => names.length === 0 || names.includes(name));
  const progress = new TerminalProgress(process.stderr);
  const startedAt = performance.now();
  const end = new FileDurableEnd(nodeFileSystem, journal);
  const database = await startDatabase(dataDirectory, databaseUrl);
  try {
    await rebuildAll(models, {
      connect: (name) => connect(database.settings, name),
      shards: [{ shard: 0, journal, end }],
      onProgress: ({ model, next, durable }) => progress.show(model, next, durable),
    });
  } finally {
    progress.end();
    end.close();
    await database.stop();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const done = models.map(({ name }) => name);
  process.stdout.write(
    json
      ? `${JSON.stringify({ ok: true, models: done, seconds })}\n`
      : `rebuilt ${done.join(', ')} in ${seconds.toFixed(1)} s\n`,
  );
  return EXIT.success;
}
