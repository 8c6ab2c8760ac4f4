import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrations } from '../../migrations/index.js';
import type { ConnectionSettings } from '../../src/projections/database/connection-settings.js';
import {
  createDataSource,
  migrate,
  undoLastMigration,
} from '../../src/projections/database/data-source.js';
import { detectTimescale } from '../../src/projections/database/timescale.js';
import { entities } from '../../src/projections/entities/entities.js';
import { startTestServer, type TestServer, withClient, withDataSource } from './test-database.js';

let server: TestServer;
let settings: ConnectionSettings;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

beforeEach(async () => {
  settings = await server.createDatabase();
});

/** Tables, columns, keys and indexes of the schema, as text. */
function describeSchema(): Promise<string[]> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<{ line: string }>(`
      SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) AS line
        FROM information_schema.columns
       WHERE table_schema = 'daybook' AND table_name NOT IN ('migrations', 'typeorm_metadata')
      UNION ALL
      SELECT indexdef FROM pg_indexes
       WHERE schemaname = 'daybook' AND tablename NOT IN ('migrations', 'typeorm_metadata')
      ORDER BY 1`);
    return rows.map((row) => row.line);
  });
}

describe('entities', () => {
  test('have exactly the columns and keys of their tables', async () => {
    await withDataSource(settings, migrate);
    const dataSource = await createDataSource(settings, entities).initialize();
    try {
      for (const { tableName, columns, target, schema } of dataSource.entityMetadatas) {
        const [rows, keys] = await Promise.all([
          dataSource.query(
            `SELECT column_name AS name, is_nullable = 'YES' AS nullable
               FROM information_schema.columns
              WHERE table_schema = $2 AND table_name = $1 ORDER BY 1`,
            [tableName, schema],
          ),
          dataSource.query(
            `SELECT a.attname AS name FROM pg_index i
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
              WHERE i.indrelid = ($2 || '.' || $1)::regclass AND i.indisprimary ORDER BY 1`,
            [tableName, schema],
          ),
        ]);
        const declared = columns.map((c) => ({ name: c.databaseName, nullable: c.isNullable }));
        const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
        expect(declared.sort(byName), tableName).toEqual([...rows].sort(byName));
        const primary = columns.filter((c) => c.isPrimary).map((c) => ({ name: c.databaseName }));
        expect(primary.sort(byName), tableName).toEqual([...keys].sort(byName));
        expect(await dataSource.getRepository(target).find()).toEqual([]);
      }
      expect(dataSource.entityMetadatas).toHaveLength(entities.length);
    } finally {
      await dataSource.destroy();
    }
  });
});

describe('migrations', () => {
  test('go up, down to nothing, and up to the same again', async () => {
    const names = await withDataSource(settings, migrate);
    expect(names).toEqual(migrations.map((migration) => migration.name));
    const up = await describeSchema();
    expect(up.length).toBeGreaterThan(100);
    await withDataSource(settings, async (dataSource) => {
      for (const _ of migrations) await undoLastMigration(dataSource);
    });
    expect(await describeSchema()).toEqual([]);
    await withDataSource(settings, migrate);
    expect(await describeSchema()).toEqual(up);
  });

  test('are applied once when several processes start together', async () => {
    const sources = await Promise.all(
      [1, 2, 3].map(() => createDataSource(settings, []).initialize()),
    );
    const applied = await Promise.all(sources.map(migrate));
    await Promise.all(sources.map((source) => source.destroy()));
    expect(applied.flat().sort()).toEqual(migrations.map((migration) => migration.name).sort());
  });

  test('make hypertables of the facts where the server offers them, and of nothing else', async () => {
    await withDataSource(settings, migrate);
    await withClient(settings, async (client) => {
      const support = await detectTimescale(async (sql) => (await client.query(sql)).rows);
      const sql =
        'SELECT hypertable_name AS name FROM timescaledb_information.hypertables ' +
        "WHERE hypertable_schema IN ('daybook', '_timescaledb_internal')";
      const facts = [
        ...['fills', 'order_events', 'pnl_days', 'pnl_minutes', 'position_changes'],
        ...['position_days', 'position_minutes', 'risk_decisions'],
      ];
      if (support.edition === 'none') await expect(client.query(sql)).rejects.toThrow(/not exist/);
      else {
        const { rows } = await client.query<{ name: string }>(sql);
        expect(
          rows
            .map((row) => row.name)
            .filter((name) => !name.startsWith('_'))
            .sort(),
        ).toEqual(facts);
      }
      const jobs =
        "SELECT proc_name FROM timescaledb_information.jobs WHERE proc_name LIKE 'policy_%' " +
        "AND hypertable_schema IN ('daybook', '_timescaledb_internal')";
      if (support.edition === 'community') {
        const { rows } = await client.query<{ proc_name: string }>(jobs);
        const policies = rows.map((row) => row.proc_name);
        const count = (part: string) => policies.filter((name) => name.includes(part)).length;
        expect(count('compression')).toBe(facts.length);
        // Minutes are dropped in the end; aggregates are refreshed by a procedure of ours.
        expect(count('retention')).toBe(2);
        expect(count('refresh_continuous_aggregate')).toBe(0);
        const refresh =
          "SELECT 1 FROM timescaledb_information.jobs WHERE proc_name = 'refresh_aggregates'";
        // A database belongs to one test, so do its jobs.
        expect((await client.query(refresh)).rowCount).toBe(1);
      }
    });
  });
});
