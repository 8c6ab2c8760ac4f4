/** Trying out credentials: refused for a while, on every listener, without locking out who belongs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { recordLogins } from '../../src/cli/session-permits.js';
import type { RefusedLogin } from '../../src/gateways/order-entry/connections.js';
import { hashPassword } from '../../src/gateways/order-entry/password.js';
import {
  FAILED_LOGINS_MS_MAX,
  FAILED_LOGINS_OF_ADDRESS_MAX,
  FAILED_LOGINS_OF_IDENTITY_MAX,
} from '../../src/lib/failed-logins.js';
import { OuchTestClient } from '../order-entry/ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from '../order-entry/running-gateway.js';
import { ask, type SecureApi, startSecureApi } from './secure-api.js';

let secure: SecureApi;
let nowMs = 0;
beforeEach(async () => {
  nowMs = 0;
  secure = await startSecureApi({ now: () => nowMs });
}, 60_000);
afterEach(async () => {
  await secure.stop();
  secure.remove();
});

const rest = async (key: string) => {
  const { status, body } = await ask(secure, key, 'GET', '/v1/identity');
  return status === 200 ? 'in' : (body.code as string);
};

/** Asks for what needs no order to be there: an empty stream of order entry. */
function grpc(key: string): Promise<string> {
  const client = new Client(secure.api.grpc?.address ?? '', credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const path = '/daybook.v1.OrderService/EnterOrders';
  const bytes = (buffer: Buffer): Buffer => buffer;
  const stream = client.makeBidiStreamRequest(path, bytes, bytes, metadata);
  stream.end();
  stream.resume();
  return new Promise((resolve) => {
    stream.on('error', () => undefined);
    stream.on('status', ({ metadata: told }) => {
      client.close();
      resolve(String(told.get('daybook-code')[0] ?? 'in'));
    });
  });
}

function webSocket(key: string): Promise<string> {
  const url = `${secure.api.address.replace('http', 'ws')}/v1/stream`;
  const socket = new WebSocket(url, ['daybook.v1', `bearer.${key}`]);
  return new Promise((resolve) => {
    socket.on('open', () => {
      socket.terminate();
      resolve('in');
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text).code));
    });
    socket.on('error', () => undefined);
  });
}

const LISTENERS = [
  ['REST', rest],
  ['gRPC', grpc],
  ['WebSocket', webSocket],
] as const;

/** Somebody's key with another secret. */
const wrongOf = (key: string) => `${key.slice(0, -6)}wrong1`;

const refusals = () =>
  readFileSync(join(secure.accessDirectory, 'refused.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe.each(LISTENERS)('%s', (_name, login) => {
  it('refuses an identity that failed too often: below, at and above the limit', {
    timeout: 60_000,
  }, async () => {
    const { trader, risk } = secure.keys;
    for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX; n += 1) {
      expect(await login(wrongOf(trader)), `${n}`).toBe('CREDENTIALS_INVALID');
    }
    // Right or wrong; others are let in.
    expect(await login(wrongOf(trader))).toBe('LOGIN_ATTEMPTS_EXCEEDED');
    expect(await login(trader)).toBe('LOGIN_ATTEMPTS_EXCEEDED');
    expect(await login(risk)).toBe('in');
    nowMs = FAILED_LOGINS_MS_MAX - 1;
    expect(await login(trader)).toBe('LOGIN_ATTEMPTS_EXCEEDED');
    nowMs = FAILED_LOGINS_MS_MAX;
    expect(await login(trader)).toBe('in');
    expect(refusals().at(-1)).toMatchObject({ code: 'LOGIN_ATTEMPTS_EXCEEDED' });
  });

  it('lets in below the limit', { timeout: 60_000 }, async () => {
    for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX - 1; n += 1) {
      await login(wrongOf(secure.keys.trader));
    }
    expect(await login(secure.keys.trader)).toBe('in');
  });

  it('refuses an address, but not who was let in from it before', { timeout: 60_000 }, async () => {
    expect(await login(secure.keys.trader)).toBe('in');
    for (let n = 0; n < FAILED_LOGINS_OF_ADDRESS_MAX; n += 1) {
      expect(await login(`dbk_nobody${n}_${'x'.repeat(43)}`)).toBe('CREDENTIALS_INVALID');
    }
    expect(await login('anything')).toBe('LOGIN_ATTEMPTS_EXCEEDED');
    expect(await login(secure.keys.risk)).toBe('LOGIN_ATTEMPTS_EXCEEDED');
    expect(await login(secure.keys.trader)).toBe('in');
    nowMs = FAILED_LOGINS_MS_MAX;
    expect(await login(secure.keys.risk)).toBe('in');
  });
});

it('says when to come again, and shows no password that was typed as a name', async () => {
  const { trader } = secure.keys;
  for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX; n += 1) await rest(wrongOf(trader));
  const id = trader.split('_')[1];
  nowMs = 1500;
  const { headers, status } = await ask(secure, trader, 'GET', '/v1/identity');
  expect([status, headers.get('retry-after')]).toEqual([429, '59']);
  await rest(`${trader.replace(id ?? '', 'hunter2hunter2'.slice(0, id?.length))}`);
  const [key] = refusals();
  expect(key).toMatchObject({ code: 'CREDENTIALS_INVALID', why: 'secret wrong', credential: id });
  expect(refusals().at(-1).credential).toMatch(/^unknown:[0-9a-f]{16}$/);
  expect(JSON.stringify(refusals())).not.toContain('hunter2');
});

describe.each(IMPLEMENTATIONS)('OUCH on %s', (implementation) => {
  let running: RunningGateway;
  const heard: RefusedLogin[] = [];
  beforeAll(async () => {
    running = await RunningGateway.start(implementation);
  }, 60_000);
  afterAll(() => running.remove());

  const first = async (user: string, password: string) => {
    const client = await OuchTestClient.login(running.port, { user, password });
    const [packet] = client.received;
    client.close();
    return packet?.type;
  };

  it('refuses a login that failed too often, others not', { timeout: 120_000 }, async () => {
    heard.length = 0;
    running.gateway.onRefused((login) => heard.push(login));
    // Known here, and counted apart: alice is let in first.
    expect(await first('alice', 'secret')).toBe('A');
    for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX - 1; n += 1) {
      expect(await first('bob', 'wrong')).toBe('J');
    }
    expect(await first('bob', 'secret'), 'below').toBe('A');
    expect(await first('carol', 'wrong')).toBe('J');
    // Let in once, bob is counted anew at this address.
    for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX; n += 1) {
      expect(await first('bob', 'wrong')).toBe('J');
    }
    expect(await first('bob', 'secret'), 'at').toBe('J');
    expect(await first('bob', 'wrong'), 'above').toBe('J');
    expect(await first('carol', 'secret')).toBe('A');
    expect(await first('alice', 'secret')).toBe('A');
    await first('hunt2', 'wrong');
    const exceeded = () => heard.filter(({ fault }) => fault === 'LOGIN_ATTEMPTS_EXCEEDED');
    await expect.poll(() => heard.at(-1)?.user, { timeout: 30_000 }).toBe('hunt2');
    expect(exceeded().map(({ user }) => user)).toEqual(['bob', 'bob']);
  });

  it('has its refused logins in the record, by name when there is one', {
    timeout: 60_000,
  }, async () => {
    const { admission } = secure.api;
    if (admission === undefined) throw new Error('the door stands open');
    await secure.change({
      ...{ type: 'SessionAdded', user: 'trader', id: 7, session: 'ALIC', login: 'alice' },
      ...{ passwordHash: hashPassword('0123456789'), accounts: ['own'], cancelOnDisconnect: false },
    });
    recordLogins(running.gateway, admission);
    await first('alice', 'wrong');
    await first('hunt2', 'wrong');
    await expect.poll(() => refusals().length, { timeout: 30_000 }).toBe(2);
    const [known, stranger] = refusals();
    expect(known).toMatchObject({ what: 'OUCH login', identity: 'trader', credential: 'alice' });
    expect(known.code).toBe('CREDENTIALS_INVALID');
    expect(stranger.credential).toMatch(/^unknown:[0-9a-f]{16}$/);
    expect(JSON.stringify(stranger)).not.toContain('hunt2');
  });
});
