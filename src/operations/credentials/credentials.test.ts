import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SharedText } from '../../lib/shared-text.js';
import { connectionStringOf } from '../../log/eventstoredb/store-address.js';
import { processLogger } from '../process-logger.js';
import { CredentialStore, credentialsPath } from './credential-store.js';
import { KEY_VARIABLES, readKey } from './key-source.js';
import { followCredentials } from './live-credentials.js';
import { SECRET_BYTES_MAX } from './sealed-file.js';

let directory: string;
let key: Buffer;
let store: CredentialStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-credentials-'));
  key = randomBytes(32);
  store = new CredentialStore(credentialsPath(directory), key);
});
afterEach(() => rmSync(directory, { recursive: true }));

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the credential store', () => {
  it('gives back what was set, shows names only, and keeps no secret in the clear', () => {
    store.set('database', 'p/ss wörd');
    store.set('venue-1', 'second');
    expect(store.get('database')).toBe('p/ss wörd');
    expect(store.list()).toMatchObject([
      { name: 'database', version: 1 },
      { name: 'venue-1', version: 1 },
    ]);
    const text = readFileSync(store.path, 'utf8');
    expect(text).not.toContain('second');
    expect(text).not.toContain(Buffer.from('second').toString('base64').replace(/=/g, ''));
    expect(statSync(store.path).mode & 0o777).toBe(0o600);
  });

  it('counts rotations, forgets what is removed, and refuses what is not there', () => {
    store.set('database', 'one');
    expect(() => store.set('database', 'two')).toThrow(code('CREDENTIAL_INVALID'));
    expect(store.rotate('database', 'two').version).toBe(2);
    expect(store.get('database')).toBe('two');
    store.remove('database');
    for (const name of ['database', 'toString', '__proto__']) {
      expect(() => store.get(name)).toThrow(code('CREDENTIAL_UNKNOWN'));
      expect(() => store.rotate(name, 'x')).toThrow(code('CREDENTIAL_UNKNOWN'));
      expect(() => store.remove(name)).toThrow(code('CREDENTIAL_UNKNOWN'));
    }
    for (const name of ['', 'UPPER', '../x', 'x'.repeat(65)]) {
      expect(() => store.set(name, 'x')).toThrow(code('CREDENTIAL_INVALID'));
    }
  });

  it('takes a secret at the limit, and not one byte more', () => {
    store.set('long', 'x'.repeat(SECRET_BYTES_MAX));
    expect(store.get('long')).toHaveLength(SECRET_BYTES_MAX);
    for (const secret of [
      '',
      'x'.repeat(SECRET_BYTES_MAX + 1),
      'ö'.repeat(SECRET_BYTES_MAX / 2 + 1),
    ]) {
      expect(() => store.set('longer', secret)).toThrow(code('CREDENTIAL_INVALID'));
    }
  });

  it('opens with its key alone, and notices what was altered, swapped or put back', () => {
    store.set('a', 'secret of a');
    store.set('b', 'secret of b');
    const other = new CredentialStore(store.path, randomBytes(32));
    expect(() => other.list()).toThrow(code('CREDENTIALS_KEY_WRONG'));
    const before = readFileSync(store.path, 'utf8');
    const file = JSON.parse(before);
    const write = (entries: object) =>
      writeFileSync(
        store.path,
        JSON.stringify({ ...file, entries: { ...file.entries, ...entries } }),
      );
    write({ a: file.entries.b });
    expect(() => store.get('a')).toThrow(code('CREDENTIALS_KEY_WRONG'));
    const flipped = Buffer.from(file.entries.a.sealed, 'base64');
    flipped[14] = (flipped[14] as number) ^ 1;
    write({ a: { ...file.entries.a, sealed: flipped.toString('base64') } });
    expect(() => store.get('a')).toThrow(code('CREDENTIALS_KEY_WRONG'));
    write({ a: { ...file.entries.a, version: 2 } });
    expect(() => store.get('a')).toThrow(code('CREDENTIALS_KEY_WRONG'));
    writeFileSync(store.path, before.slice(0, -20));
    expect(() => store.get('a')).toThrow(code('CREDENTIALS_DAMAGED'));
  });

  it('is sealed anew with another key', () => {
    store.set('a', 'one');
    const next = randomBytes(32);
    expect(store.rekey(next)).toBe(1);
    expect(new CredentialStore(store.path, next).get('a')).toBe('one');
    expect(() => store.get('a')).toThrow(code('CREDENTIALS_KEY_WRONG'));
  });

  it('tells a second command that another is at work', () => {
    writeFileSync(`${store.path}.lock`, '');
    expect(() => store.set('a', 'one')).toThrow(code('CREDENTIALS_LOCKED'));
  });
});

describe('the key', () => {
  it('comes from the environment, a file or a command', () => {
    const file = join(directory, 'key');
    writeFileSync(file, `${key.toString('hex')}\n`);
    const { value, file: fromFile, command } = KEY_VARIABLES;
    expect(readKey({ [value]: key.toString('base64') })).toEqual(key);
    expect(readKey({ [value]: key.toString('hex') })).toEqual(key);
    expect(readKey({ [fromFile]: file })).toEqual(key);
    expect(readKey({ [command]: `cat ${file}` })).toEqual(key);
  });

  it('that is none says so without repeating it', () => {
    const { value, file, command } = KEY_VARIABLES;
    const short = key.subarray(1).toString('base64');
    expect(() => readKey({})).toThrow(code('CREDENTIALS_KEY_MISSING'));
    for (const environment of [
      { [value]: short },
      { [value]: `${key.toString('hex')}!` },
      { [file]: join(directory, 'nothing') },
      { [command]: 'exit 3' },
      { [command]: `echo ${short}` },
      { [value]: key.toString('hex'), [command]: 'true' },
    ]) {
      expect(() => readKey(environment)).toThrow(code('CREDENTIALS_KEY_INVALID'));
      expect(() => readKey(environment)).not.toThrow(short);
    }
  });
});

it('a rotated secret is used by whoever opens a connection next, in any thread', async () => {
  store.set('store', 'user:one');
  const live = followCredentials(store, pino({ level: 'silent' }), 5);
  const text = live.use('store');
  // As another thread has it: the same memory.
  const address = { text: 'esdb://host:2113?tls=true', credentials: text.memory };
  expect(connectionStringOf(address)).toBe('esdb://user:one@host:2113?tls=true');
  store.rotate('store', 'user:t:w@');
  await expect.poll(() => text.read(), { timeout: 60_000 }).toBe('user:t:w@');
  expect(connectionStringOf(address)).toBe('esdb://user:t%3Aw%40@host:2113?tls=true');
  expect(live.use('store')).toBe(text);
  live.stop();
  expect(SharedText.of('ö'.repeat(9)).read()).toBe('ö'.repeat(9));
});

it('no log line has a secret in it, wherever it stands', () => {
  const lines: string[] = [];
  const logger = processLogger('info', { write: (line) => void lines.push(line) });
  const api = `dbk_abcdefgh23_${'s3cret'.repeat(7)}x`;
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzM2NyZXQifQ.c2VjcmV0';
  const url = 'postgres://daybook:s3cret@db:5432/daybook';
  const error = Object.assign(new Error(`connect ${url} with ${api}`), { connectionString: url });
  logger.error({ err: error, headers: { authorization: `Bearer ${api}` } }, 'failed');
  logger.info({ password: 's3cret', options: { password: 's3cret', token: 's3cret' } }, 'options');
  logger.info(`sent Bearer ${token} and Basic czNjcmV0czNjcmV0 to ${url}`);
  logger.info({ deep: { er: { still: `key ${api}` } }, url });
  logger.info('-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----');
  const all = lines.join('');
  expect(lines).toHaveLength(5);
  expect(all).not.toContain('s3cret');
  expect(all).not.toContain('czNjcmV0');
  expect(all).not.toContain('eyJzdWIi');
  // Still of use: who, where, which key.
  expect(all).toContain('dbk_abcdefgh23');
  expect(all).toContain('postgres://daybook:[secret]@db:5432/daybook');
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
});
