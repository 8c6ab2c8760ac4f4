import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OrderEntryGateway } from '../../src/gateways/order-entry/order-entry-gateway.js';
import { type RunningShard, startShard } from '../../src/operations/shard.js';
import { OuchTestClient } from './ouch-test-client.js';
import { SESSIONS } from './running-gateway.js';

const lines: { reason?: string; session?: string; peer?: string }[] = [];
let directory: string;
let shard: RunningShard;
let gateway: OrderEntryGateway;
let following: Promise<void>;
let port: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'order-entry-'));
  shard = await startShard({ directory, producers: ['ouch'] });
  gateway = new OrderEntryGateway({
    config: {
      host: '127.0.0.1',
      port: 0,
      sessions: SESSIONS,
      limits: { connections: 2, userRefs: 2 },
      times: { heartbeatMs: 40, silenceMs: 1500, loginMs: 1500 },
    },
    port: shard.port('ouch'),
    journalDirectory: directory,
    durableEnd: shard.durableEnd,
    logger: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }),
    seed: 1,
  });
  port = await gateway.start();
  following = gateway.follow();
});
afterAll(async () => {
  await gateway.stop();
  await following;
  await shard.stop();
  rmSync(directory, { recursive: true, force: true });
});

const lastReason = () => lines.filter((line) => line.reason !== undefined).at(-1);

describe('the log says why a session ended', () => {
  const data = (...bytes: number[]) => Buffer.from([0, bytes.length + 1, 0x55, ...bytes]);
  const long = [0x4f, ...Array(44).fill(0)];
  it.each([
    ['PACKET_EMPTY', Buffer.from([0, 0])],
    ['PACKET_OVERSIZE', Buffer.from([0x10, 0, 0x55])],
    ['PACKET_TYPE_UNKNOWN', Buffer.from([0, 1, 0x21])],
    ['MESSAGE_EMPTY', data()],
    ['MESSAGE_TYPE_UNKNOWN', data(0x7a, 1, 2, 3)],
    ['MESSAGE_LENGTH_WRONG', data(0x4f, 0, 0, 0, 1)],
    ['APPENDAGE_MALFORMED', data(...long, 0, 3, 9, 2, 0x41)],
    ['LOGOUT', Buffer.from([0, 1, 0x4f])],
    ['SILENT', Buffer.alloc(0)],
  ])('%s', async (reason, bytes) => {
    const client = await OuchTestClient.login(port, { sequence: 0 });
    client.socket.write(bytes);
    await client.untilClosed();
    expect(lastReason()).toMatchObject({ reason, session: 'ALIC' });
    expect(lastReason()!.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.each([
    ['CREDENTIALS_WRONG', { password: 'x' }],
    ['SESSION_UNKNOWN', { session: 'X' }],
    ['SEQUENCE_WRONG', { sequence: 1000 }],
  ])('%s', async (reason, terms) => {
    const client = await OuchTestClient.login(port, terms);
    await client.untilClosed();
    expect(lastReason()).toMatchObject({ reason });
  });

  it('LOGIN_TIMEOUT, CONNECTIONS_FULL', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => OuchTestClient.connect(port)));
    await Promise.all(clients.map((client) => client.untilClosed()));
    const reasons = lines.slice(-3).map((line) => line.reason);
    expect(reasons).toEqual(['CONNECTIONS_FULL', 'LOGIN_TIMEOUT', 'LOGIN_TIMEOUT']);
  });

  it('USER_REFS_EXHAUSTED after as many as are allowed, REPLACED by a new login', async () => {
    const client = await OuchTestClient.login(port, { user: 'bob' });
    client.enter(5);
    client.enter(9);
    await client.sequenced(2);
    client.enter(10);
    await client.untilClosed();
    expect(lastReason()).toMatchObject({ reason: 'USER_REFS_EXHAUSTED', session: 'BOB' });
    const again = await OuchTestClient.login(port, { user: 'bob' });
    const newest = await OuchTestClient.login(port, { user: 'bob' });
    await again.untilClosed();
    expect(lastReason()).toMatchObject({ reason: 'REPLACED', session: 'BOB' });
    newest.close();
    await newest.untilClosed();
  });
});
