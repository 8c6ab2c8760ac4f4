/** The read side of a process: its PostgreSQL, migrated, and the thread that projects into it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataSource } from 'typeorm';
import type { Check } from '../api/rest/routes/health.js';
import { createDataSource, migrate } from '../projections/database/data-source.js';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../projections/database/embedded-server.js';
import type { ProjectionService } from '../projections/projection-service.js';
import { type CredentialSide, databaseSettings } from './credential-side.js';
import { postgresDirectory } from './data-directory.js';
import { UsageError } from './usage.js';

/** The read side is not ready when it is further behind than this, in events. */
const LAG_EVENTS_MAX = 100_000;
/** The database is not ready when it takes longer to answer, in milliseconds. */
const DATABASE_MS_MAX = 1000;

/** A database that is up and has the tables of this version. */
export interface ReadyDatabase {
  readonly dataSource: DataSource;
  readonly settings: Parameters<typeof createDataSource>[0];
  /** Resolves with why when the embedded server ends by itself. */
  readonly lost: Promise<unknown>;
  stop(): Promise<void>;
}

/** @param databaseUrl a server to use; undefined: the embedded one, brought up in the directory */
export async function startDatabase(
  dataDirectory: string,
  databaseUrl: string | undefined,
  credentials?: CredentialSide,
): Promise<ReadyDatabase> {
  const server: EmbeddedServer | undefined =
    databaseUrl === undefined
      ? await startEmbeddedServer(postgresDirectory(resolve(dataDirectory)))
      : undefined;
  const settings = server?.settings ?? databaseSettings(databaseUrl as string, credentials);
  const dataSource = createDataSource(settings, []);
  try {
    await dataSource.initialize();
    await migrate(dataSource);
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    await server?.stop();
    throw error;
  }
  return {
    dataSource,
    settings,
    lost: server?.lost ?? new Promise(() => undefined),
    async stop() {
      await dataSource.destroy();
      await server?.stop();
    },
  };
}

/**
 * The database of commands that only ask: DATABASE_URL, or the embedded one that is there already.
 * @throws UsageError DATABASE_MISSING; nothing is made
 */
export async function existingDatabase(dataDirectory: string): Promise<ReadyDatabase> {
  const url = process.env.DATABASE_URL || undefined;
  const directory = postgresDirectory(dataDirectory);
  if (url === undefined && !existsSync(directory)) {
    throw new UsageError(`there is no database in ${directory}`, 'DATABASE_MISSING');
  }
  return startDatabase(dataDirectory, url);
}

export function projectorCheck(projections: ProjectionService, logSequence: number): Check {
  const lag = Math.max(0, logSequence - projections.asOf);
  const reached = projections.status.every(({ retrying }) => retrying === '');
  const detail = reached ? `${lag} events behind` : 'the database is not reached';
  return { name: 'projector', ok: reached && lag <= LAG_EVENTS_MAX, detail };
}

export async function databaseCheck(dataSource: DataSource): Promise<Check> {
  const name = 'database';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((resolve) => {
    const check = { name, ok: false, detail: 'does not answer in time' } as const;
    timer = setTimeout(() => resolve(check), DATABASE_MS_MAX);
  });
  const asked = dataSource.query('SELECT 1').then(
    (): Check => ({ name, ok: true, detail: 'answers' }),
    (): Check => ({ name, ok: false, detail: 'does not answer' }),
  );
  const check = await Promise.race([asked, late]);
  clearTimeout(timer);
  return check;
}
