/**
 * Everything of Daybook in one process, embedded: the writer's thread, the venue, PostgreSQL, the
 * projector's thread, and the API in this one. `daybook start` runs it, and the tests of the whole.
 */
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { DEFAULT_VENUE } from '../api/application/instruments.js';
import { ReadModelsUnavailable } from '../api/application/read-models.js';
import { readAccessBook } from '../api/identity/access-changes.js';
import type { Check } from '../api/rest/routes/health.js';
import {
  type AccessOptions,
  type ApiOptions,
  type RunningApi,
  startApi,
} from '../api/start-api.js';
import type { Capacity } from '../commands/state/capacity.js';
import type { ValueAtRiskSettings } from '../domain/value-at-risk/settings.js';
import { SharedGate } from '../lib/shared-gate.js';
import type { TlsFiles } from '../lib/tls-files.js';
import { type RunningServerThread, startServerThread } from '../log/eventstoredb/server-thread.js';
import { type RunningAudit, startAudit } from '../operations/audit-service.js';
import {
  checkAgainstStore,
  type RunningForwarding,
  startForwarding,
} from '../operations/forwarding.js';
import { journalDirectory, type RunningShard, startShard } from '../operations/shard.js';
import { type RunningVenue, startSimulatedVenue } from '../operations/simulated-venue.js';
import { startSnapshots } from '../operations/snapshot-service.js';
import { ProjectionService } from '../projections/projection-service.js';
import { ReadSide } from '../projections/queries/read-side.js';
import { accessDirectory } from './access-side.js';
import type { CredentialSide } from './credential-side.js';
import { keysDirectory } from './data-directory.js';
import {
  GATEWAY_PRODUCERS,
  type GatewaySide,
  type GatewaySideOptions,
  gatewayMetrics,
  startGatewaySide,
} from './gateway-side.js';
import { type JobsSide, type JobsSideOptions, jobsMetrics, startJobsSide } from './jobs-side.js';
import { personSealer } from './person-sealer.js';
import { projectionMetrics, raiseDeadLetters } from './projection-metrics.js';
import { databaseCheck, projectorCheck, type ReadyDatabase, startDatabase } from './read-side.js';
import { RISK_PRODUCERS, type RiskSide, riskMetrics, startRiskSide } from './risk-side.js';
import { enterSamples } from './samples.js';
import { permitSessions, recordLogins } from './session-permits.js';
import { SpareParts } from './spare-parts.js';
import { StartedParts } from './started-parts.js';
import {
  forwardingCheck,
  forwardingLog,
  forwardingMetrics,
  permitReaders,
  type ServeOptions,
  type StoreOptions,
} from './store-side.js';
import { VERSION } from './version.js';

export interface DaybookOptions {
  readonly dataDirectory: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where gRPC listens, 0 any free port; absent: nowhere. */
  readonly grpcPort?: number | undefined;
  /** PostgreSQL to use in place of the embedded one. */
  readonly databaseUrl?: string | undefined;
  /** Enter sample instruments, accounts, limits and marks into an empty log. */
  readonly samples: boolean;
  readonly logger: Logger;
  readonly capacity?: Capacity | undefined;
  /** EventStoreDB as the system of record: every event is forwarded to it. */
  readonly eventStoreDb?: StoreOptions | undefined;
  /** Serve the journal to EventStoreDB's clients. */
  readonly serve?: ServeOptions | undefined;
  /** Whom to let in; absent: whoever reaches the listeners may do everything. */
  readonly access?: AccessOptions | undefined;
  /** Where `?credential=NAME` of a connection string is looked up. */
  readonly credentials?: CredentialSide | undefined;
  readonly tls?: TlsFiles | undefined;
  /** How value at risk is computed; absent: as by default. */
  readonly valueAtRisk?: ValueAtRiskSettings | undefined;
  /** OUCH, market data and drop copy; absent: none of them. */
  readonly gateways?: GatewaySideOptions | undefined;
  /** Backups and the jobs that make them; absent: none. */
  readonly jobs?: JobsSideOptions | undefined;
}

export interface RunningDaybook {
  readonly address: string;
  readonly shard: RunningShard;
  readonly venue: RunningVenue;
  readonly api: RunningApi;
  readonly projections: ProjectionService;
  readonly risk: RiskSide;
  readonly gateways: GatewaySide | undefined;
  readonly forwarding: RunningForwarding | undefined;
  /** Where EventStoreDB's clients read, if they may. */
  readonly served: RunningServerThread | undefined;
  /** Resolves with why a part has failed; the process must then end. */
  readonly failed: Promise<unknown>;
  /** In the order in which nothing is lost: requests, projections, venue, writer, forwarder, database. */
  stop(): Promise<void>;
}

/** @throws whatever keeps a part from starting; what was started before is stopped again */
export async function startDaybook(options: DaybookOptions): Promise<RunningDaybook> {
  const started = new StartedParts();
  try {
    return await startParts(options, started);
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function startParts(options: DaybookOptions, started: StartedParts): Promise<RunningDaybook> {
  const { dataDirectory, databaseUrl, logger } = options;
  const directory = journalDirectory(resolve(dataDirectory));
  const database = await started.add(
    startDatabase(dataDirectory, databaseUrl, options.credentials),
    (d) => d.stop(),
  );
  const { eventStoreDb } = options;
  if (eventStoreDb !== undefined) await checkAgainstStore(directory, eventStoreDb.connectionString);
  // Stopped after the writer, whose last events it is to send.
  const outgoing: { forwarding?: RunningForwarding } = {};
  await started.add(Promise.resolve(outgoing), async (o) => o.forwarding?.stop());
  const gate = new SharedGate();
  const shard = await started.add(
    startShard({
      directory,
      producers: ['rest', 'venue', 'snapshots', ...RISK_PRODUCERS, ...GATEWAY_PRODUCERS],
      software: VERSION,
      orderGate: gate,
      ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
      ...(options.gateways?.fastPath === undefined ? {} : { fastPath: options.gateways.fastPath }),
    }),
    (s) => s.stop(),
  );
  if (shard.torn !== undefined) logger.warn({ torn: shard.torn }, 'a torn last commit was cut off');
  for (const reason of shard.snapshotsPassedOver) {
    logger.warn({ reason }, 'a snapshot was passed over');
  }
  const spare = new SpareParts(logger);
  const audit = await startPastSide(shard, dataDirectory, spare, started);
  if (eventStoreDb !== undefined) {
    const onProblem = forwardingLog(logger);
    outgoing.forwarding = startForwarding(shard, { ...eventStoreDb, gate, onProblem });
  }
  const served = await startServing(options, shard, started);
  const startingVenue = startSimulatedVenue(shard, DEFAULT_VENUE, 'venue');
  const venue = await started.add(startingVenue, (v) => v.stop());
  const { memory } = shard.durableEnd;
  const service = new ProjectionService({
    ...{ shard: 0, database: database.settings, journal: directory, durableEnd: memory },
  });
  const projections = await started.add(Promise.resolve(service), (p) => p.stop());
  raiseDeadLetters(projections, options.logger);
  const { forwarding } = outgoing;
  const risk = await startRiskSide(
    { shard, database, settings: options.valueAtRisk, logger },
    started,
  );
  const lost = 'value at risk is no longer computed, nor its limits watched';
  spare.watch('value_at_risk', risk.failed, lost);
  spare.watch('marks', risk.marks.failed, 'market data makes no marks any more');
  const jobs = await startingJobs(options, shard, database, started);
  if (jobs !== undefined)
    spare.watch('jobs', jobs.service.failed, 'no job runs any more: no backups');
  const gateways =
    options.gateways === undefined
      ? undefined
      : await startGatewaySide(
          options.gateways,
          { shard, dataDirectory, logger, tls: options.tls },
          started,
        );
  const parts = {
    ...{ shard, venue, projections, database, forwarding, served, audit, risk, jobs, gateways },
    spare,
  };
  const api = await started.add(startApi(apiOptions(options, parts)), (a) => a.stop());
  if (options.samples && shard.recoveredEvents === 0) await enterSamples(api.application);
  permitLogins(dataDirectory, { api, served, gateways });
  const failed = Promise.race([...failuresOf(parts), api.failed]);
  await forwarding?.begun();
  const { address } = api;
  const stop = () => started.stop();
  return {
    ...{ address, shard, venue, api, projections, risk, gateways, forwarding, served, failed },
    stop,
  };
}

/** Tells the listeners beside the API's whom to let in. */
function permitLogins(
  dataDirectory: string,
  { api, served, gateways }: Pick<Parts, 'served' | 'gateways'> & { readonly api: RunningApi },
): void {
  const { admission } = api;
  if (served !== undefined && admission !== undefined) permitReaders(served, admission);
  const orderEntry = gateways?.orderEntry;
  if (orderEntry === undefined) return;
  permitSessions(orderEntry, admission, readAccessBook(accessDirectory(dataDirectory)));
  if (admission !== undefined) recordLogins(orderEntry, admission);
}

/** Snapshots, and whoever answers questions about the past. */
async function startPastSide(
  shard: RunningShard,
  dataDirectory: string,
  spare: SpareParts,
  started: StartedParts,
): Promise<RunningAudit> {
  const snapshots = startSnapshots(shard, shard.port('snapshots'));
  await started.add(Promise.resolve(snapshots), (s) => s.stop());
  spare.watch('snapshots', snapshots.failed, 'snapshots are no longer taken');
  const audit = startAudit(shard, keysDirectory(dataDirectory));
  await started.add(Promise.resolve(audit), (a) => a.stop());
  spare.watch('audit', audit.failed, 'the past cannot be asked any more');
  return audit;
}

async function startServing(
  { serve }: DaybookOptions,
  { directory, durableEnd }: RunningShard,
  started: StartedParts,
): Promise<RunningServerThread | undefined> {
  if (serve === undefined) return undefined;
  const starting = startServerThread({ directory, shard: 0, durableEnd, ...serve });
  return started.add(starting, (s) => s.stop());
}

async function startingJobs(
  { jobs, dataDirectory, logger }: DaybookOptions,
  shard: RunningShard,
  database: ReadyDatabase,
  started: StartedParts,
): Promise<JobsSide | undefined> {
  if (jobs === undefined) return undefined;
  const starting = startJobsSide(jobs, shard, database, dataDirectory, logger);
  return started.add(starting, (j) => j.service.stop());
}

interface Parts {
  readonly shard: RunningShard;
  readonly venue: RunningVenue;
  readonly projections: ProjectionService;
  readonly database: ReadyDatabase;
  readonly forwarding: RunningForwarding | undefined;
  readonly served: RunningServerThread | undefined;
  readonly audit: RunningAudit;
  readonly risk: RiskSide;
  readonly jobs: JobsSide | undefined;
  readonly gateways: GatewaySide | undefined;
  readonly spare: SpareParts;
}

function apiOptions(options: DaybookOptions, parts: Parts): ApiOptions {
  const { shard, projections, database, forwarding, audit, risk } = parts;
  const { logger, host, port } = options;
  let writerFailed = false;
  shard.failed.catch(() => {
    writerFailed = true;
  });
  const writerCheck = (): Check => ({
    name: 'writer',
    ok: !writerFailed,
    detail: writerFailed ? 'stopped' : `epoch ${shard.epoch}`,
  });
  const readModels = new ReadSide({
    dataSource: database.dataSource,
    shard: 0,
    wait: (...until) => projections.wait(...until),
    unavailable: (cause) => {
      logger.warn({ err: cause }, 'the read models cannot be asked');
      return new ReadModelsUnavailable();
    },
  });
  const metrics = metricsOf(shard, projections, forwarding);
  parts.spare.register(metrics);
  riskMetrics(risk, metrics);
  if (parts.jobs !== undefined) jobsMetrics(parts.jobs, metrics);
  if (parts.gateways !== undefined) gatewayMetrics(parts.gateways, metrics);
  return {
    commands: shard.port('rest'),
    journalDirectory: shard.directory,
    requestsPath: join(options.dataDirectory, 'requests', 'shard-0.log'),
    durableEnd: shard.durableEnd,
    audit,
    readModels,
    readiness: async () => [
      writerCheck(),
      projectorCheck(projections, durableSequence(shard)),
      await databaseCheck(database.dataSource),
      ...(forwarding === undefined ? [] : [forwardingCheck(forwarding)]),
    ],
    metrics,
    ...{ marketData: risk.marketData, valueAtRisk: risk.valueAtRisk },
    ...{ logger, host, port, version: VERSION },
    ...{ access: options.access, tls: options.tls, grpcPort: options.grpcPort },
    sealPerson: personSealer(options.dataDirectory),
  };
}

/** Each resolves with why when its part has failed. */
function failuresOf({
  shard,
  venue,
  projections,
  database,
  forwarding,
  served,
  gateways,
}: Parts): Promise<unknown>[] {
  const never = new Promise<never>(() => undefined);
  const reason = (error: unknown): unknown => error;
  return [
    shard.failed.catch(reason),
    venue.failed.catch(reason),
    projections.ended.then(() => never, reason),
    database.lost,
    ...(forwarding === undefined ? [] : [forwarding.failed.catch(reason)]),
    ...(served === undefined ? [] : [served.failed.catch(reason)]),
    ...(gateways?.failures ?? []),
  ];
}

function durableSequence({ durableEnd }: RunningShard): number {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  durableEnd.read(position);
  return position.nextSequence - 1;
}

function metricsOf(
  shard: RunningShard,
  projections: ProjectionService,
  forwarding: RunningForwarding | undefined,
): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics, prefix: 'daybook_' });
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [metrics] },
      collect() {
        this.set(value());
      },
    });
  };
  gauge('daybook_durable_sequence', 'Last durable sequence', () => durableSequence(shard));
  projectionMetrics(projections, metrics, () => durableSequence(shard));
  gauge('daybook_writer_epoch', 'Epoch of the writer', () => shard.epoch);
  if (forwarding !== undefined) forwardingMetrics(forwarding, metrics);
  return metrics;
}
