/** Where jobs are kept: BullMQ on PostgreSQL, or on Redis where there is one. The same behaviour. */
import {
  createPostgresBackend,
  type PostgresConnectionOptions,
  type Processor,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
  withBackend,
} from 'bullmq';
import pg from 'pg';
import type { ConnectionSettings } from '../../projections/database/connection-settings.js';
import { JOB_CONNECTIONS_MAX } from './limits.js';

/** Schema of BullMQ's tables, and the prefix of its keys in Redis. */
const SCHEMA = 'bullmq';
const PREFIX = 'daybook';

const OnPostgres = withBackend(createPostgresBackend);

export type JobQueue = Queue;
export type JobWorker = Worker;

export interface JobBackend {
  /** For messages; without a password. */
  readonly description: string;
  queue(name: string): JobQueue;
  worker(name: string, run: Processor, options: Partial<WorkerOptions>): JobWorker;
  /** After its queues and workers. */
  close(): Promise<void>;
}

/** Makes the tables when they are missing. @throws the driver's error when the server is not reached */
export async function postgresJobs(settings: ConnectionSettings): Promise<JobBackend> {
  const { host, port, user, password, database, ssl } = settings;
  const pool = new pg.Pool({
    ...{ host, port, user, password, database, ssl: ssl === true },
    ...{ application_name: 'daybook jobs', max: JOB_CONNECTIONS_MAX, keepAlive: true },
    options: `-c search_path=${SCHEMA}`,
  });
  // A connection lost while idle is replaced; a statement that fails says so itself.
  pool.on('error', () => undefined);
  // Every queue and worker adds a listener of its own.
  pool.setMaxListeners(0);
  const client = await pool.connect();
  try {
    await runMigrations(client, SCHEMA);
  } catch (error) {
    client.release();
    await pool.end();
    throw error;
  }
  client.release();
  const connection = pool as unknown as PostgresConnectionOptions;
  return {
    description: `PostgreSQL at ${host}:${port}`,
    queue: (name) => new OnPostgres.Queue(name, { connection }) as unknown as JobQueue,
    worker: (name, run, options) => {
      const own = { ...options, connection } as WorkerOptions<PostgresConnectionOptions>;
      return new OnPostgres.Worker(name, run, own) as unknown as JobWorker;
    },
    close: () => pool.end(),
  };
}

/** @param url `redis://...`; what is kept there must not be evicted (`maxmemory-policy noeviction`) */
export function redisJobs(url: string): JobBackend {
  const { hostname, port } = new URL(url);
  const connection = { url, maxRetriesPerRequest: null };
  const common = { connection, prefix: PREFIX };
  return {
    description: `Redis at ${hostname}:${port === '' ? 6379 : port}`,
    queue: (name) => new Queue(name, common),
    worker: (name, run, options) => new Worker(name, run, { ...options, ...common }),
    close: async () => undefined,
  };
}
