/** A box that only projects shows its metrics to whom it knows, else to its own machine alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Admission } from '../../src/api/identity/admission.js';
import { permissions, ROLES } from '../../src/api/identity/permissions.js';
import { startHealthServer } from '../../src/api/rest/health-server.js';
import { accessDirectory, projectorAccess } from '../../src/cli/access-side.js';
import { makeDevelopmentCertificates } from '../../src/cli/identity/development-certificates.js';
import { UsageError } from '../../src/cli/usage.js';
import { addUserPerRole, ask } from './secure-api.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daybook-projector-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PLAIN = { insecure: false, plaintext: false };

function secured() {
  const { serverCertificate, serverKey } = makeDevelopmentCertificates(join(folder, 'tls'), 'box');
  return { ...PLAIN, 'tls-cert': serverCertificate, 'tls-key': serverKey };
}

it('is open to its own machine alone as long as it knows nobody', () => {
  expect(projectorAccess(PLAIN, '127.0.0.1', folder).access).toBeUndefined();
  for (const values of [PLAIN, secured(), { ...PLAIN, plaintext: true }]) {
    expect(() => projectorAccess(values, '0.0.0.0', folder)).toThrow(UsageError);
  }
  expect(() => projectorAccess({ ...PLAIN, insecure: true }, '0.0.0.0', folder)).toThrow(
    UsageError,
  );
});

it('asks who comes once it knows somebody, and takes TLS as every listener', () => {
  addUserPerRole(folder);
  const directory = accessDirectory(folder);
  expect(projectorAccess(PLAIN, '127.0.0.1', folder).access?.directory).toBe(directory);
  expect(() => projectorAccess(PLAIN, '0.0.0.0', folder)).toThrow(/--tls-cert/);
  const { access, tls } = projectorAccess(secured(), '0.0.0.0', folder);
  expect([access?.directory, tls?.certificate]).toEqual([directory, expect.any(String)]);
});

it('shows metrics to roles that may see them, and health to everybody', async () => {
  const keys = addUserPerRole(folder);
  const logger = pino({ level: 'fatal' });
  const metrics = new Registry();
  const directory = accessDirectory(folder);
  const admission = await Admission.start({ directory, register: async () => 0, logger, metrics });
  const listening = { host: '127.0.0.1', port: 0 };
  const readiness = async () => [];
  const server = await startHealthServer({ readiness, metrics, logger, admission, ...listening });
  const of = async (key: string | undefined, path: string) =>
    (await ask({ api: { address: server.address } }, key, 'GET', path)).status;
  for (const role of ROLES) {
    const may = permissions['operations.read'].reach[role] !== 'none';
    expect(await of(keys[role], '/metrics'), role).toBe(may ? 200 : 403);
  }
  expect(await of(undefined, '/metrics')).toBe(401);
  expect(await of('wrong', '/metrics')).toBe(401);
  for (const path of ['/health/live', '/health/ready']) expect(await of(undefined, path)).toBe(200);
  expect(await of(undefined, '/v1/orders')).toBe(404);
  await server.stop();
  admission.close();
});
