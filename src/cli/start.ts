/** `daybook start`: everything, embedded, until it is told to stop. */
import pino from 'pino';
import { DATA_DIRECTORY_DEFAULT } from './data-directory.js';
import { startDaybook } from './daybook.js';
import { EXIT, parseOptions, runSubcommand, UsageError, wholeNumber } from './usage.js';

const HOST_DEFAULT = '127.0.0.1';
const PORT_DEFAULT = '8080';
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

const HELP = `daybook start [OPTIONS]

Runs everything in one process: the writer of the journal, the simulated venue, PostgreSQL for the
read models, their projector, and the REST API with its page to browse and try at /docs.

Options:
  --data-dir DIR    directory of the data, made if need be (default ${DATA_DIRECTORY_DEFAULT})
  --host HOST       where REST listens (default ${HOST_DEFAULT}; there is no login yet)
  --port PORT       its port (default ${PORT_DEFAULT}; 0 takes any free one)
  --no-samples      do not enter sample instruments, accounts, limits and marks into an empty log
  --log-level LEVEL ${LEVELS.join(', ')} (default warn); log lines go to standard error
  --json            the line of readiness as JSON: {"ready","url","epoch","recoveredEvents",...}
  --help            this text

Environment:
  DATABASE_URL      a PostgreSQL or TimescaleDB to use in place of the embedded one

Prints one line when it is ready. SIGTERM and SIGINT end it in order: requests under way are
answered, what is in the rings is made durable. A second signal ends it at once; nothing that was
acknowledged is lost even then.

Exit codes: 0 ended by a signal; 1 a part failed, or could not start; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('start', HELP, args, () => start(args));
}

async function start(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      host: { type: 'string', default: HOST_DEFAULT },
      port: { type: 'string', default: PORT_DEFAULT },
      'no-samples': { type: 'boolean', default: false },
      'log-level': { type: 'string', default: 'warn' },
      json: { type: 'boolean', default: false },
    },
  });
  const level = values['log-level'];
  if (!LEVELS.includes(level)) throw new UsageError(`--log-level is one of ${LEVELS.join(', ')}`);
  const port = wholeNumber('port', values.port, 0, 65_535);
  const logger = pino({ level }, pino.destination({ dest: 2, sync: true }));
  const signal = firstSignal();
  const startedAt = performance.now();
  const daybook = await startDaybook({
    dataDirectory: values['data-dir'],
    host: values.host,
    port,
    databaseUrl: process.env.DATABASE_URL || undefined,
    samples: !values['no-samples'],
    logger,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const { epoch, recoveredEvents } = daybook.shard;
  const ready = { ready: true, url: daybook.address, epoch, recoveredEvents, seconds };
  process.stdout.write(
    values.json
      ? `${JSON.stringify(ready)}\n`
      : `daybook is ready at ${daybook.address} (docs at ${daybook.address}/docs), epoch ${epoch}, ` +
          `${recoveredEvents} events recovered, ${seconds.toFixed(1)} s\n`,
  );
  const failure = await Promise.race([
    signal.then(() => undefined),
    daybook.failed.then((error) => ({ error })),
  ]);
  if (failure !== undefined) logger.fatal({ err: failure.error }, 'a part of daybook has failed');
  await daybook.stop();
  return failure === undefined ? EXIT.success : EXIT.finding;
}

/** Resolves with the first signal to end; the second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (name: NodeJS.Signals): void => {
      signals += 1;
      if (signals > 1) process.exit(EXIT.finding);
      resolve(name);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
