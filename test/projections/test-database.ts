import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  type ConnectionSettings,
  connect,
  parseDatabaseUrl,
} from '../../src/projections/database/connection-settings.js';
import { createDataSource, migrate } from '../../src/projections/database/data-source.js';
import { startEmbeddedServer } from '../../src/projections/database/embedded-server.js';

/**
 * A server for one test file: the embedded one, or the one that `DAYBOOK_TEST_TIMESCALE` names
 * (`postgres://...`, a user who may create databases), so that the same tests run on TimescaleDB.
 */
export interface TestServer {
  /** An empty database of its own for each test. */
  createDatabase(): Promise<ConnectionSettings>;
  stop(): Promise<void>;
}

export async function startTestServer(): Promise<TestServer> {
  const given = process.env.DAYBOOK_TEST_TIMESCALE;
  let admin: ConnectionSettings;
  let stop: () => Promise<void>;
  if (given !== undefined && given !== '') {
    admin = parseDatabaseUrl(given);
    stop = async () => undefined;
  } else {
    const directory = mkdtempSync(join(tmpdir(), 'daybook-test-'));
    const server = await startEmbeddedServer(directory);
    admin = server.settings;
    stop = async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    };
  }
  const made: string[] = [];
  return {
    async createDatabase() {
      const name = `daybook_test_${process.pid}_${made.length}`;
      await onAdmin(admin, `CREATE DATABASE ${name}`);
      made.push(name);
      return { ...admin, database: name };
    },
    async stop() {
      for (const name of made) await onAdmin(admin, `DROP DATABASE ${name} WITH (FORCE)`);
      await stop();
    },
  };
}

async function onAdmin(settings: ConnectionSettings, sql: string): Promise<void> {
  const client = await connect(settings, 'daybook tests');
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An empty database with all migrations applied. */
export async function createMigrated(server: TestServer): Promise<ConnectionSettings> {
  const settings = await server.createDatabase();
  await withDataSource(settings, migrate);
  return settings;
}

export async function withDataSource<T>(
  settings: ConnectionSettings,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await createDataSource(settings, []).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

export async function withClient<T>(
  settings: ConnectionSettings,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(settings, 'daybook tests');
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const TABLES = [
  ...['orders', 'order_events', 'fills', 'positions', 'risk_decisions', 'instruments'],
  ...['accounts', 'limits', 'marks', 'trading_states', 'position_changes', 'position_minutes'],
  ...['position_days', 'pnl_minutes', 'pnl_days', 'pnl_positions', 'pnl_instruments'],
  'pnl_accounts',
];

/** One hash per table over all of its rows, in the order of their text: equal tables, equal hashes. */
export function hashTables(settings: ConnectionSettings): Promise<Record<string, string>> {
  return withClient(settings, async (client) => {
    const hashes: Record<string, string> = {};
    for (const table of TABLES) {
      const { rows } = await client.query<{ hash: string }>(
        `SELECT count(*) || '/' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '')
           AS hash FROM daybook.${table} t`,
      );
      hashes[table] = rows[0]?.hash ?? '';
    }
    return hashes;
  });
}
