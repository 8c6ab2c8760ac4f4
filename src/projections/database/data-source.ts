import { DataSource, DefaultNamingStrategy, type EntitySchema } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { type ConnectionSettings, passwordOf } from './connection-settings.js';

/** Connections of one process for queries; the projector has its own beside them. */
export const QUERY_CONNECTIONS_MAX = 10;
/** Every table of the read side is in this schema. */
export const SCHEMA = 'daybook';
/** Held while migrations run, so that two processes that start together do not both migrate. */
const MIGRATION_LOCK = 0x0da2;
/** A query that takes longer is cancelled: it would hold a connection that others wait for. */
const STATEMENT_MS_MAX = 30_000;

/**
 * The TypeORM data source of the read models. Not yet connected: `initialize()` does that.
 *
 * Tables come from migrations only (`synchronize` is off). 64-bit integers and numerics arrive as
 * strings and stay exact.
 */
export function createDataSource(
  settings: ConnectionSettings,
  entities: readonly EntitySchema[],
): DataSource {
  return new DataSource({
    type: 'postgres',
    host: settings.host,
    port: settings.port,
    username: settings.user,
    password: () => passwordOf(settings),
    database: settings.database,
    ssl: settings.ssl === true,
    schema: SCHEMA,
    entities: [...entities],
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeCase(),
    synchronize: false,
    logging: false,
    poolSize: QUERY_CONNECTIONS_MAX,
    applicationName: 'daybook queries',
    installExtensions: false,
    extra: { statement_timeout: STATEMENT_MS_MAX },
  });
}

/** `acceptedSequence` in entities is `accepted_sequence` in tables. */
class SnakeCase extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined): string {
    return customName ?? propertyName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}

/**
 * Applies what is missing, under an advisory lock. Safe to call from several processes at once.
 *
 * @returns names of the migrations applied now
 */
export function migrate(dataSource: DataSource): Promise<string[]> {
  return locked(dataSource, async () => {
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    return applied.map((migration) => migration.name);
  });
}

/** Takes the newest migration back. For tests and for going back a version; data of it is lost. */
export function undoLastMigration(dataSource: DataSource): Promise<void> {
  return locked(dataSource, () => dataSource.undoLastMigration({ transaction: 'each' }));
}

async function locked<T>(dataSource: DataSource, work: () => Promise<T>): Promise<T> {
  const holder = dataSource.createQueryRunner();
  try {
    await holder.query('SET statement_timeout = 0');
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      // TypeORM keeps its own table in this schema, before any migration could create it.
      await holder.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
      return await work();
    } finally {
      await holder.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await holder.query(`SET statement_timeout = ${STATEMENT_MS_MAX}`);
    await holder.release();
  }
}
