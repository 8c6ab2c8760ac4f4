/** From a key in a request to a name in a story, by way of the log; and to "erased". */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeAccess, newSubject } from '../../src/api/identity/access-changes.js';
import type { Role } from '../../src/api/identity/permissions.js';
import { startApi } from '../../src/api/start-api.js';
import { unavailableReadModels } from '../../src/api/unavailable-read-models.js';
import { startAudit } from '../../src/operations/audit-service.js';
import { journalDirectory, startShard } from '../../src/operations/shard.js';
import { MASTER_KEY_VARIABLE, parseMasterKey } from '../../src/privacy/master-key.js';
import { SubjectKeys } from '../../src/privacy/subject-keys.js';
import { CAPACITY } from '../api/running-api.js';
import { accessDirectoryOf, ask, seed, userWithKey } from '../security/secure-api.js';

const MASTER = '7e'.repeat(32);
const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-identity-'));
const keys = new SubjectKeys(join(dataDirectory, 'keys'), parseMasterKey(MASTER));
const subject = newSubject();
let bearer: string;
let reader: string;
let running: Awaited<ReturnType<typeof start>>;

function person(name: string, roles: readonly Role[], of: string): string {
  const { key, changes } = userWithKey(name, roles, ['own']);
  const asPerson = changes.map((each) =>
    each.type === 'UserAdded' ? { ...each, kind: 'person' as const, subject: of } : each,
  );
  changeAccess(accessDirectoryOf(dataDirectory), 'test', () => asPerson);
  return key;
}

async function start() {
  const directory = journalDirectory(dataDirectory);
  const shard = await startShard({ directory, producers: ['rest'], capacity: CAPACITY });
  // The thread reads the environment of its start.
  process.env[MASTER_KEY_VARIABLE] = MASTER;
  const audit = startAudit(shard, join(dataDirectory, 'keys'));
  const api = await startApi({
    ...{ commands: shard.port('rest'), journalDirectory: directory, durableEnd: shard.durableEnd },
    ...{ readModels: unavailableReadModels, readiness: async () => [], audit },
    logger: pino({ level: 'silent' }),
    ...{ metrics: new Registry(), version: '0.0.0-test', host: '127.0.0.1', port: 0, grpcPort: 0 },
    access: { directory: accessDirectoryOf(dataDirectory), lookMs: 10 },
    sealPerson: (of, fields) => keys.seal(of, fields),
  });
  return { shard, audit, api };
}

beforeAll(async () => {
  bearer = person('ada', ['trader'], subject);
  reader = person('berta', ['auditor'], newSubject());
  running = await start();
  await seed(running.api);
});
afterAll(async () => {
  delete process.env[MASTER_KEY_VARIABLE];
  await running.api.stop();
  await running.audit.stop();
  await running.shard.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

describe('who acted', () => {
  it('is in every event of the order, told to auditors by name until the person is erased', async () => {
    const order = {
      ...{ clientOrderId: 'a-1', account: 'own', instrument: 'ESH4', side: 'Buy' },
      ...{ type: 'Limit', quantity: '2', price: '4799.25' },
    };
    expect((await ask(running, bearer, 'POST', '/v1/orders', order)).status).toBe(201);
    expect((await ask(running, bearer, 'GET', '/v1/audit/orders/a-1')).status).toBe(403);
    expect((await ask(running, undefined, 'GET', '/v1/audit/orders/a-1')).status).toBe(401);
    const told = await ask(running, reader, 'GET', '/v1/audit/orders/a-1');
    expect(told.status).toBe(200);
    expect(told.body.events.length).toBeGreaterThan(1);
    for (const { actor } of told.body.events) {
      expect(actor).toMatchObject({ kind: 'User', subject, person: { name: 'ada' } });
    }
    keys.erase(subject, '2026-11-22T18:00:00Z');
    const erased = await ask(running, reader, 'GET', '/v1/audit/orders/a-1');
    for (const { actor } of erased.body.events) expect(actor).toMatchObject({ person: 'erased' });
    expect(JSON.stringify(erased.body)).not.toContain('ada');
  });
});
