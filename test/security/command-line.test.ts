/** What an operator types: identities, credentials, and a daybook that lets in nobody else. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daybook, ended, MAIN, type Result, startSecureProcess } from '../api/daybook-process.js';
import { ask } from './secure-api.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'daybook-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With something on standard input, and in the environment. */
function run(
  args: readonly string[],
  input = '',
  environment: NodeJS.ProcessEnv = {},
): Promise<Result> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...environment },
  });
  child.stdin.end(input);
  return ended(child);
}

it('start lets in nobody without a key, shows the first one once, and takes up changes', {
  timeout: 240_000,
}, async () => {
  const data = join(folder, 'data');
  const identity = async (...args: string[]) => {
    const { code, out, err } = await daybook('identity', ...args, '--data-dir', data, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out.trim().split('\n').at(-1) ?? '');
  };
  const first = await startSecureProcess(data);
  const at = { api: { address: first.url } };
  const status = async (key: string | undefined, path = '/v1/accounts') =>
    (await ask(at, key, 'GET', path)).status;
  expect(await status(undefined)).toBe(401);
  expect(await status(undefined, '/metrics')).toBe(401);
  expect(await status(undefined, '/health/live')).toBe(200);
  expect(first.key).toMatch(/^dbk_/);
  expect(await status(first.key)).toBe(200);

  await identity('add', 'desk', '--roles', 'trader', '--accounts', 'alpha');
  const { key, id } = await identity('key', 'desk', '--days', '30');
  await expect.poll(() => status(key), { timeout: 60_000 }).toBe(200);
  const { body } = await ask(at, key, 'GET', '/v1/identity');
  expect(body).toMatchObject({
    name: 'desk',
    roles: ['trader'],
    may: { 'orders.submit': ['alpha'] },
  });
  const { users } = await identity('list');
  expect(users.map(({ name }: { name: string }) => name)).toEqual(['admin', 'desk']);
  expect(JSON.stringify(users)).not.toContain(key.slice(15));
  await identity('revoke', id);
  await expect.poll(() => status(key), { timeout: 60_000 }).toBe(401);
  await identity('session', 'desk', '--session', 'S1', '--login', 'desk1', '--accounts', 'alpha');
  const log = await daybook('identity', 'log', '--data-dir', data);
  expect(log.out.trim().split('\n')).toHaveLength(6);

  first.child.kill('SIGTERM');
  expect((await first.end).code).toBe(0);
  const again = await startSecureProcess(data);
  expect(again.key).toBeUndefined();
  expect(
    (await ask({ api: { address: again.url } }, first.key, 'GET', '/v1/accounts')).status,
  ).toBe(200);
  again.child.kill('SIGTERM');
  const { err } = await again.end;
  expect(err).not.toContain(first.key?.slice(15));
});

it('the log is read over EventStoreDB by whoever may read it, and nobody else', {
  timeout: 240_000,
}, async () => {
  const data = join(folder, 'served');
  const made = await daybook('identity', 'certificates', join(folder, 'certificates'), '--json');
  const files = JSON.parse(made.out);
  const tls = ['--tls-cert', files.serverCertificate, '--tls-key', files.serverKey];
  const started = await startSecureProcess(data, '--eventstore-port', '0', ...tls);
  const { eventStorePort, key = '' } = started as typeof started & { eventStorePort: number };
  const read = async (credentials: string): Promise<string> => {
    const url = `esdb://${credentials}localhost:${eventStorePort}?tlsCAFile=${files.authority}`;
    const client = EventStoreDBClient.connectionString(url);
    try {
      for await (const { event } of client.readStream('daybook-0', { maxCount: 1 })) {
        return event?.type ?? '';
      }
      return 'nothing';
    } catch (error) {
      return (error as Error).constructor.name;
    } finally {
      await client.dispose();
    }
  };
  const [, id = '', secret = ''] = /^dbk_([^_]+)_(.*)$/.exec(key) ?? [];
  await expect.poll(() => read(`${id}:${key}@`), { timeout: 60_000 }).toBe('WriterStarted');
  expect(await read(`${id}:${secret}@`)).toBe('WriterStarted');
  expect(await read('')).not.toBe('WriterStarted');
  expect(await read(`${id}:wrong@`)).not.toBe('WriterStarted');
  expect(await read(`nobody:${key}@`)).not.toBe('WriterStarted');
  await daybook('identity', 'change', 'admin', '--roles', 'trader', '--data-dir', data);
  await expect.poll(() => read(`${id}:${key}@`), { timeout: 60_000 }).not.toBe('WriterStarted');
  started.child.kill('SIGTERM');
  await started.end;
});

describe('wrong use', () => {
  it.each([
    [['start', '--insecure', '--host', '0.0.0.0']],
    [['start', '--host', '0.0.0.0']],
    [['start', '--eventstore-host', '0.0.0.0']],
    [['start', '--eventstore-port', '0']],
    [['start', '--tls-cert', 'x.pem']],
    [['start', '--tls-cert', 'x.pem', '--tls-key', 'y.pem']],
    [['start', '--jwt-issuer', 'x']],
    [
      [
        'start',
        '--jwt-issuer',
        'x',
        '--jwt-audience',
        'y',
        '--jwt-keys',
        'http://example.com/keys',
      ],
    ],
    [['identity']],
    [['identity', 'nonsense']],
    [['identity', 'add', 'UPPER', '--roles', 'trader', '--accounts', 'all']],
    [['identity', 'add', 'desk', '--roles', 'emperor', '--accounts', 'all']],
    [['credentials', 'set']],
    [['credentials', 'nonsense', 'x']],
  ])('%j', { timeout: 60_000 }, async (args) => {
    const { code } = await run([
      ...args,
      ...(args[0] === 'identity' && args.length < 2 ? [] : ['--data-dir', join(folder, 'wrong')]),
    ]);
    expect(code).toBe(2);
  });
});

it('credentials are set from standard input, listed without values, rotated and removed', {
  timeout: 60_000,
}, async () => {
  const data = join(folder, 'secrets');
  const key = (await run(['credentials', 'key'])).out.trim();
  const environment = { DAYBOOK_CREDENTIALS_KEY: key };
  const credentials = (args: string[], input = '', more: NodeJS.ProcessEnv = environment) =>
    run(['credentials', ...args, '--data-dir', data], input, more);
  expect((await credentials(['set', 'database'], 's3cret\n')).code).toBe(0);
  expect((await credentials(['set', 'database'], 's3cret')).code).toBe(1);
  expect((await credentials(['rotate', 'database'], 'other')).out).toContain('version 2');
  const { out } = await credentials(['list', '--json']);
  expect(JSON.parse(out).credentials).toMatchObject([{ name: 'database', version: 2 }]);
  expect(out + readFileSync(join(data, 'credentials.json'), 'utf8')).not.toContain('s3cret');
  const wrong = (await run(['credentials', 'key'])).out.trim();
  expect((await credentials(['list'], '', { DAYBOOK_CREDENTIALS_KEY: wrong })).code).toBe(1);
  expect((await credentials(['list'], '', { DAYBOOK_CREDENTIALS_KEY: '' })).err).toContain(
    'CREDENTIALS_KEY_MISSING',
  );
  const next = { ...environment, DAYBOOK_CREDENTIALS_KEY_NEW: wrong };
  expect((await credentials(['rekey'], '', next)).code).toBe(0);
  expect(
    (await credentials(['remove', 'database'], '', { DAYBOOK_CREDENTIALS_KEY: wrong })).code,
  ).toBe(0);
});
