/** `daybook start`: everything, embedded, until it is told to stop. */
import type { Logger } from 'pino';
import { processLogger } from '../operations/process-logger.js';
import {
  ACCESS_HELP,
  ACCESS_OPTIONS,
  accessSide,
  firstKey,
  projectorAccess,
} from './access-side.js';
import { credentialSide } from './credential-side.js';
import { DATA_DIRECTORY_DEFAULT, refuseUnfinishedRestore } from './data-directory.js';
import { type RunningDaybook, startDaybook } from './daybook.js';
import { GATEWAY_HELP, GATEWAY_OPTIONS, gatewayOptions } from './gateway-side.js';
import { JOBS_ENVIRONMENT_HELP, JOBS_HELP, JOBS_OPTIONS, jobsOptions } from './jobs-side.js';
import { type RunningProjectorRole, startProjectorRole } from './projector-role.js';
import { LAG_EVENTS_MAX_DEFAULT, serveOptions, storeOptions } from './store-side.js';
import { refuseTrimmedJournal } from './trim.js';
import { EXIT, parseOptions, runSubcommand, UsageError, wholeNumber } from './usage.js';
import { readSettings } from './value-at-risk-settings.js';

const HOST_DEFAULT = '127.0.0.1';
const PORT_DEFAULT = '8080';
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

const ROLES = ['all', 'projector'];

const HELP = `daybook start [OPTIONS]

Runs everything in one process: the writer of the journal, the simulated venue, PostgreSQL for the
read models, their projector, the REST API with its page to browse and try at /docs and its live
streams over WebSocket, and the same over gRPC.

Options:
  --data-dir DIR    directory of the data, made if need be (default ${DATA_DIRECTORY_DEFAULT})
  --host HOST       where REST listens (default ${HOST_DEFAULT})
  --port PORT       its port (default ${PORT_DEFAULT}; 0 takes any free one)
  --grpc-port PORT  where gRPC listens (default one above --port; 0 takes any free one)
  --role ROLE       all (default), or projector: only read models, followed from EventStoreDB, with
                    health and metrics on the port; takes no orders and has no journal
  --no-samples      do not enter sample instruments, accounts, limits and marks into an empty log
  --value-at-risk FILE  how value at risk is computed, as JSON (docs/value-at-risk.md)
  --log-level LEVEL ${LEVELS.join(', ')} (default warn); log lines go to standard error
  --json            the line of readiness as JSON: {"ready","url","epoch","recoveredEvents",...}
  --help            this text

${ACCESS_HELP}
EventStoreDB as the system of record (docs/eventstoredb.md):
  --eventstoredb URL           forward every event to it: esdb://HOST:PORT?tls=true, or
                               esdb+discover://... for a cluster. A store that holds other events
                               ends the process. New orders wait until it has the first event of
                               this writer; cancels do not
  --eventstoredb-lag-max N     refuse new orders (503, CAPACITY_OVERLOAD) while it lacks more than N
                               events (default ${LAG_EVENTS_MAX_DEFAULT}); cancels pass
  --eventstore-port PORT       serve the journal, read-only, to any client of EventStoreDB
  --eventstore-host HOST       where (default ${HOST_DEFAULT})
  --eventstore-cert FILE       TLS for that port, unless that of --tls-cert: certificate, in PEM, and
  --eventstore-key FILE        its key

${GATEWAY_HELP}
${JOBS_HELP}
Environment:
  DATABASE_URL      a PostgreSQL or TimescaleDB to use in place of the embedded one
  DAYBOOK_NATIVE    off: do without the native addon; required: do not start without it
  EVENTSTOREDB_URL  as --eventstoredb, for connection strings with a password
${JOBS_ENVIRONMENT_HELP}
Prints one line when it is ready. SIGTERM and SIGINT end it in order: requests under way are
answered, what is in the rings is made durable, EventStoreDB gets it within 10 s (or at the next
start). A second signal ends it at once; nothing that was acknowledged is lost even then.

Exit codes: 0 ended by a signal; 1 a part failed, or could not start; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('start', HELP, args, () => start(args));
}

const OPTIONS = {
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  host: { type: 'string', default: HOST_DEFAULT },
  port: { type: 'string', default: PORT_DEFAULT },
  'grpc-port': { type: 'string' },
  role: { type: 'string', default: 'all' },
  'no-samples': { type: 'boolean', default: false },
  'value-at-risk': { type: 'string' },
  'log-level': { type: 'string', default: 'warn' },
  json: { type: 'boolean', default: false },
  eventstoredb: { type: 'string' },
  'eventstoredb-lag-max': { type: 'string' },
  'eventstore-port': { type: 'string' },
  'eventstore-host': { type: 'string', default: HOST_DEFAULT },
  'eventstore-cert': { type: 'string' },
  'eventstore-key': { type: 'string' },
  ...ACCESS_OPTIONS,
  ...JOBS_OPTIONS,
  ...GATEWAY_OPTIONS,
} as const;

async function start(args: string[]): Promise<number> {
  const { values } = parseOptions({ args, options: OPTIONS });
  const level = values['log-level'];
  if (!LEVELS.includes(level)) throw new UsageError(`--log-level is one of ${LEVELS.join(', ')}`);
  if (!ROLES.includes(values.role)) throw new UsageError(`--role is one of ${ROLES.join(', ')}`);
  const port = wholeNumber('port', values.port, 0, 65_535);
  const url = values.eventstoredb ?? (process.env.EVENTSTOREDB_URL || undefined);
  const logger = processLogger(level);
  const credentials = credentialSide(values['data-dir'], logger);
  const eventStoreDb = storeOptions(url, values['eventstoredb-lag-max'], credentials);
  const common = {
    dataDirectory: values['data-dir'],
    host: values.host,
    port,
    databaseUrl: process.env.DATABASE_URL || undefined,
    ...{ credentials, logger },
  };
  if (values.role === 'projector') {
    if (eventStoreDb === undefined) throw new UsageError('--role projector needs --eventstoredb');
    if (values['eventstore-port'] !== undefined) {
      throw new UsageError('--role projector has no journal to serve');
    }
    const { connectionString } = eventStoreDb;
    const side = projectorAccess(values, values.host, values['data-dir']);
    return runUntilSignal(
      () => startProjectorRole({ ...common, ...side, connectionString }),
      (running, seconds) => readyProjector(running, seconds, values.json),
      logger,
    );
  }
  refuseUnfinishedRestore(values['data-dir']);
  refuseTrimmedJournal(values['data-dir']);
  const gateways = gatewayOptions(values);
  const hosts = [values.host, values['eventstore-host'], gateways.ouch?.host ?? HOST_DEFAULT];
  const side = accessSide(values, hosts, values['data-dir']);
  const serve = serveOptions(
    {
      host: values['eventstore-host'],
      port: values['eventstore-port'],
      certificate: values['eventstore-cert'],
      key: values['eventstore-key'],
    },
    side,
  );
  const grpcPort = wholeNumber('grpc-port', values['grpc-port'] ?? nextPort(port), 0, 65_535);
  const samples = !values['no-samples'];
  const file = values['value-at-risk'];
  const valueAtRisk = file === undefined ? undefined : readSettings(file);
  const jobs = jobsOptions(values);
  const options = {
    ...{ ...common, ...side, grpcPort, samples, eventStoreDb, serve, valueAtRisk, jobs },
    gateways,
  };
  // Only once this process has the journal: a start that fails shows no key, and makes none.
  let key: string | undefined;
  const prepare = (): void => {
    key = firstKey(side);
  };
  const access = side.access === undefined ? undefined : { ...side.access, prepare };
  return runUntilSignal(
    () => startDaybook({ ...options, access }),
    (daybook, seconds) => ready(daybook, seconds, values.json, key),
    logger,
  );
}

/** Ports come in pairs; where any port will do, so it will for the other one. */
const nextPort = (port: number): string => String(port === 0 ? 0 : port + 1);

interface Running {
  readonly failed: Promise<unknown>;
  stop(): Promise<void>;
}

/** @param line what to say once it is ready, after so many seconds */
async function runUntilSignal<T extends Running>(
  begin: () => Promise<T>,
  line: (running: T, seconds: number) => string,
  logger: Logger,
): Promise<number> {
  const signal = firstSignal();
  const startedAt = performance.now();
  const running = await begin();
  process.stdout.write(`${line(running, (performance.now() - startedAt) / 1000)}\n`);
  const failure = await Promise.race([
    signal.then(() => undefined),
    running.failed.then((error) => ({ error })),
  ]);
  if (failure !== undefined) logger.fatal({ err: failure.error }, 'a part of daybook has failed');
  await running.stop();
  return failure === undefined ? EXIT.success : EXIT.finding;
}

/** @param key of the first user, made by this start: shown here and never again */
function ready(
  daybook: RunningDaybook,
  seconds: number,
  json: boolean,
  key: string | undefined,
): string {
  const { address: url, served } = daybook;
  const { epoch, recoveredEvents } = daybook.shard;
  const eventStorePort = served?.port;
  const grpc = daybook.api.grpc?.address;
  if (json) {
    return JSON.stringify({
      ready: true,
      url,
      grpc,
      epoch,
      recoveredEvents,
      seconds,
      eventStorePort,
      ...daybook.gateways?.ports,
      key,
    });
  }
  return (
    `daybook is ready at ${url} (docs at ${url}/docs), gRPC at ${grpc}, epoch ${epoch}, ` +
    `${recoveredEvents} events recovered, ${seconds.toFixed(1)} s` +
    (served === undefined ? '' : `, EventStoreDB clients at port ${eventStorePort}`) +
    (daybook.gateways?.orderEntry === undefined
      ? ''
      : `, OUCH at port ${daybook.gateways.ports.ouch}`) +
    (key === undefined ? '' : `\nthe key of "admin", shown this once: ${key}`)
  );
}

function readyProjector(running: RunningProjectorRole, seconds: number, json: boolean): string {
  const { address: url, projections } = running;
  if (json) return JSON.stringify({ ready: true, url, role: 'projector', seconds });
  const { asOf } = projections;
  return `daybook projects EventStoreDB, health at ${url}/health/ready, as of event ${asOf}`;
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
