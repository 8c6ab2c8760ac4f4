/** An embedded PostgreSQL with all tables, for one bench, in a directory that is removed afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSettings } from '../src/projections/database/connection-settings.js';
import { createDataSource, migrate } from '../src/projections/database/data-source.js';
import { startEmbeddedServer } from '../src/projections/database/embedded-server.js';

export async function withEmbeddedDatabase<T>(
  work: (settings: ConnectionSettings) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-bench-'));
  const server = await startEmbeddedServer(join(directory, 'postgres'));
  try {
    const dataSource = await createDataSource(server.settings, []).initialize();
    await migrate(dataSource);
    await dataSource.destroy();
    return await work(server.settings);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
