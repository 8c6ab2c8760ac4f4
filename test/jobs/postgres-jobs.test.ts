import { afterAll, beforeAll, expect, it } from 'vitest';
import { type JobBackend, postgresJobs } from '../../src/operations/jobs/job-backend.js';
import { startTestServer, type TestServer } from '../projections/test-database.js';
import { runnerSuite } from './runner-suite.js';

let server: TestServer;
let backend: JobBackend;
beforeAll(async () => {
  server = await startTestServer();
  backend = await postgresJobs(await server.createDatabase());
});
afterAll(async () => {
  await backend?.close();
  await server?.stop();
});

runnerSuite(() => backend);

it('finds its tables again', async () => {
  const settings = await server.createDatabase();
  for (let start = 0; start < 2; start += 1) {
    const opened = await postgresJobs(settings);
    expect(opened.description).not.toContain(settings.password);
    await opened.close();
  }
});
