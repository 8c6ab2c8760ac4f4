/**
 * A box that only projects: read models out of EventStoreDB, without a writer or a journal. Where it
 * goes on is the checkpoint in its database, so it may be killed at any moment.
 */
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { Admission } from '../api/identity/admission.js';
import { startHealthServer } from '../api/rest/health-server.js';
import type { Check } from '../api/rest/routes/health.js';
import type { AccessOptions } from '../api/start-api.js';
import type { TlsFiles } from '../lib/tls-files.js';
import type { StoreAddress } from '../log/eventstoredb/store-address.js';
import { ProjectionService } from '../projections/projection-service.js';
import type { CredentialSide } from './credential-side.js';
import { projectionMetrics, raiseDeadLetters } from './projection-metrics.js';
import { databaseCheck, startDatabase } from './read-side.js';
import { StartedParts } from './started-parts.js';

export interface ProjectorRoleOptions {
  readonly dataDirectory: string;
  readonly databaseUrl: string | undefined;
  /** Of the EventStoreDB to follow. */
  readonly connectionString: StoreAddress;
  readonly credentials?: CredentialSide | undefined;
  readonly host: string;
  /** Of health and metrics; 0: any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Who may see the metrics; absent: whoever is on this machine. */
  readonly access: AccessOptions | undefined;
  readonly tls: TlsFiles | undefined;
}

export interface RunningProjectorRole {
  readonly address: string;
  readonly projections: ProjectionService;
  /** Resolves with why a part has failed; the process must then end. */
  readonly failed: Promise<unknown>;
  stop(): Promise<void>;
}

/** @throws whatever keeps a part from starting; what was started before is stopped again */
export async function startProjectorRole(
  options: ProjectorRoleOptions,
): Promise<RunningProjectorRole> {
  const started = new StartedParts();
  try {
    return await startParts(options, started);
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function startParts(
  options: ProjectorRoleOptions,
  started: StartedParts,
): Promise<RunningProjectorRole> {
  const { dataDirectory, databaseUrl, connectionString, logger, host, port } = options;
  const database = await started.add(
    startDatabase(dataDirectory, databaseUrl, options.credentials),
    (d) => d.stop(),
  );
  const projections = new ProjectionService({
    ...{ shard: 0, database: database.settings, eventStoreDb: connectionString },
  });
  await started.add(Promise.resolve(projections), (p) => p.stop());
  raiseDeadLetters(projections, logger);
  const metrics = metricsOf(projections);
  const admission = await startAdmission(options, metrics, started);
  const server = await started.add(
    startHealthServer({
      readiness: async () => [
        followingCheck(projections),
        await databaseCheck(database.dataSource),
      ],
      ...{ metrics, admission, tls: options.tls, logger, host, port },
    }),
    (s) => s.stop(),
  );
  const never = new Promise<never>(() => undefined);
  const failed = Promise.race([
    projections.ended.then(
      () => never,
      (error: unknown) => error,
    ),
    database.lost,
  ]);
  return { address: server.address, projections, failed, stop: () => started.stop() };
}

/** As everywhere; what is asked here is on no log, so nobody needs an index there. */
async function startAdmission(
  { access, logger }: ProjectorRoleOptions,
  metrics: Registry,
  started: StartedParts,
): Promise<Admission | undefined> {
  if (access === undefined) return undefined;
  const register = async () => 0;
  return started.add(Admission.start({ ...access, register, logger, metrics }), async (a) =>
    a.close(),
  );
}

/** How far the store is ahead is not known here: the lag in time of the last batch is. */
function followingCheck(projections: ProjectionService): Check {
  const reason = projections.status.map(({ retrying }) => retrying).find((text) => text !== '');
  const ok = reason === undefined;
  return { name: 'projector', ok, detail: ok ? `as of ${projections.asOf}` : 'tries again' };
}

function metricsOf(projections: ProjectionService): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics, prefix: 'daybook_' });
  projectionMetrics(projections, metrics);
  return metrics;
}
