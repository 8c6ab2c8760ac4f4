/**
 * Who may call and follow what, over gRPC and the WebSocket: every method and topic × every role × own
 * and foreign account answers as the table of permissions says.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { DaybookClient } from '../../clients/typescript/src/daybook-client.js';
import { DaybookError } from '../../clients/typescript/src/errors.js';
import { OrdType, Side } from '../../clients/typescript/src/generated/daybook/v1/order.gen.js';
import type { Run } from '../../clients/typescript/src/run.js';
import {
  type SocketClass,
  StreamRefused,
  webSocketStream,
} from '../../clients/typescript/src/web-socket-streams.js';
import { LOCAL_CALLER } from '../../src/api/application/application.js';
import { submitOrder } from '../../src/api/application/submit-order.js';
import { type Action, ROLES, type Role, reachOf } from '../../src/api/identity/permissions.js';
import { TOPICS, type TopicName, topics } from '../../src/api/streams/topics.js';
import { makeDevelopmentCertificates } from '../../src/cli/identity/development-certificates.js';
import { type SecureApi, startSecureApi, userWithKey } from '../security/secure-api.js';

let secure: SecureApi;
let clients: Record<Role, DaybookClient>;
beforeAll(async () => {
  secure = await startSecureApi();
  clients = Object.fromEntries(ROLES.map((role) => [role, clientOf(secure.keys[role])])) as Record<
    Role,
    DaybookClient
  >;
  for (const account of ['own', 'foreign']) await enter(account, `first-${account}`);
});
afterAll(async () => {
  for (const client of Object.values(clients)) client.close();
  await secure.stop();
  secure.remove();
});

const clientOf = (key: string): DaybookClient =>
  new DaybookClient({ address: secure.api.grpc?.address ?? '', key, deadlineMs: 60_000 });

const order = (account: string, clientOrderId: string) =>
  ({ account, clientOrderId, instrument: 'ESH4', quantity: '1', price: '4799.25' }) as const;

function enter(account: string, id: string) {
  const terms = { ...order(account, id), side: 'Buy', type: 'Limit' } as const;
  return submitOrder(secure.api.application, LOCAL_CALLER, terms);
}

const url = (): string => `${secure.api.address.replace('http', 'ws')}/v1/stream`;
const Socket = WebSocket as unknown as SocketClass;

/** `permitted`, or the code of the refusal. */
async function told(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask();
    return 'permitted';
  } catch (error) {
    if (error instanceof DaybookError || error instanceof StreamRefused) return error.code;
    throw error;
  }
}

/** Names of an account and what the table says of it. */
const ACCOUNTS = ['own', 'foreign', undefined] as const;

function expected(role: Role, action: Action, account: string | undefined): string {
  const reach = reachOf([role], action);
  const is = reach === 'any' || (reach === 'own' && account !== 'foreign');
  return is ? 'permitted' : 'PERMISSION_DENIED';
}

const streamOf = (client: DaybookClient, topic: TopicName, accounts: string[]) => {
  const options = { after: -1, accounts };
  return {
    executions: () => client.executions(options),
    positions: () => client.positions(options),
    pnl: () => client.profitAndLoss(options),
    risk: () => client.risk(options),
    'market-data': () => client.marketData(options),
  }[topic]() as AsyncGenerator<Run<{ account?: string; name?: string }>>;
};

describe.each(ROLES)('%s', (role) => {
  it.each(TOPICS)('follows %s as permitted, over gRPC and WebSocket', async (topic) => {
    const { action } = topics[topic];
    for (const account of ACCOUNTS) {
      const accounts = account === undefined ? [] : [account];
      const rule = topic === 'market-data' ? undefined : account;
      const stream = streamOf(clients[role], topic, accounts);
      const call = await told(() => stream.next());
      await stream.return(undefined);
      expect({ account, call }).toEqual({ account, call: expected(role, action, rule) });
      const web = webSocketStream(topic, {
        ...{ url: url(), WebSocket: Socket, key: secure.keys[role], after: -1, accounts },
      });
      const socket = await told(() => web.next());
      await web.return(undefined);
      expect({ account, socket }).toEqual({ account, socket: expected(role, action, rule) });
    }
  });

  it('is shown no account of others', async () => {
    if (expected(role, 'orders.read', 'own') !== 'permitted') return;
    const foreign = expected(role, 'orders.read', 'foreign') === 'permitted';
    for (const topic of ['executions', 'risk'] as const) {
      const stream = streamOf(clients[role], topic, []);
      const { value } = await stream.next();
      await stream.return(undefined);
      const run = value as Run<{ account?: string; name?: string }>;
      const seen = new Set(run.entries.map(({ account, name }) => account ?? name));
      expect(seen.has('own')).toBe(true);
      expect(seen.has('foreign')).toBe(foreign);
    }
  });

  it('calls as permitted, alone and in a stream of requests', async () => {
    const client = clients[role];
    const entry = client.orderEntry();
    for (const account of ['own', 'foreign'] as const) {
      const id = `${role}-${account}`;
      await enter(account, `${id}-r`);
      const terms = { side: Side.SIDE_BUY, type: OrdType.ORD_TYPE_LIMIT };
      const by = (clientOrderId: string) =>
        ({ by: { $case: 'accountOrder', value: { account, clientOrderId } } }) as const;
      const submitted = {
        call: await told(() => client.submitOrder({ ...order(account, `${id}-1`), ...terms })),
        stream: await told(() => entry.submit({ ...order(account, `${id}-2`), ...terms })),
      };
      const submit = expected(role, 'orders.submit', account);
      expect({ account, ...submitted }).toEqual({ account, call: submit, stream: submit });
      const cancel = { order: by(`${id}-r`), clientOrderId: `${id}-c` };
      const canceled = await told(() => entry.cancel(cancel));
      expect({ account, canceled }).toEqual({
        account,
        canceled: expected(role, 'orders.cancel', account),
      });
      const mass = await told(() => client.massCancel({ account, side: 0 }));
      expect({ account, mass }).toEqual({
        account,
        mass: expected(role, 'orders.cancel', account),
      });
    }
    await entry.close();
  });
});

describe('a stream', () => {
  it('ends when its key is revoked, over gRPC and WebSocket', async () => {
    const { key, id, changes } = userWithKey('passing', ['trader'], ['own']);
    await secure.change(...changes);
    const client = clientOf(key);
    const stream = client.executions({ after: -1 });
    const web = webSocketStream('executions', { url: url(), WebSocket: Socket, key, after: -1 });
    await stream.next();
    await web.next();
    const next = [stream.next(), web.next()].map((each) => told(() => each));
    await secure.change({ type: 'KeyRevoked', id });
    expect(await Promise.all(next)).toEqual(['CREDENTIALS_INVALID', 'CREDENTIALS_INVALID']);
    expect(await told(() => client.executions().next())).toBe('CREDENTIALS_INVALID');
    client.close();
  });

  it('is not opened for a stranger', async () => {
    const stranger = new WebSocket(url(), 'daybook.v1');
    const status = await new Promise((resolve) => {
      stranger.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      stranger.on('open', () => resolve('open'));
      stranger.on('error', () => undefined);
    });
    expect(status).toBe(401);
  });
});

describe('TLS', () => {
  it('lets in whom a certificate names, and takes a renewed one without a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-grpc-tls-'));
    const ours = makeDevelopmentCertificates(join(folder, 'ours'), 'localhost');
    const theirs = makeDevelopmentCertificates(join(folder, 'theirs'), 'localhost');
    const tls = {
      certificate: ours.serverCertificate,
      key: ours.serverKey,
      clientAuthorities: ours.authority,
    };
    const guarded = await startSecureApi({ tls });
    await guarded.change({
      ...{ type: 'CertificateAdded', user: 'auditor', match: 'URI:daybook://client' },
    });
    const address = guarded.api.grpc?.address ?? '';
    const seen = async (authority: string, of?: typeof ours, key?: string): Promise<string> => {
      const pair = of && {
        certificate: readFileSync(of.clientCertificate),
        key: readFileSync(of.clientKey),
      };
      const root = readFileSync(authority);
      const client = new DaybookClient({ address, key, deadlineMs: 60_000, tls: { root, pair } });
      try {
        return await told(() => client.massCancel({ account: 'own', side: 0 }));
      } finally {
        client.close();
      }
    };
    expect(await seen(ours.authority, ours)).toBe('PERMISSION_DENIED');
    expect(await seen(ours.authority, ours, guarded.keys.trader)).toBe('permitted');
    expect(await seen(ours.authority)).toBe('CREDENTIALS_MISSING');
    // Of another authority: refused, as over REST, and with a key as well.
    expect(await seen(ours.authority, theirs)).toBe('CREDENTIALS_INVALID');
    expect(await seen(ours.authority, theirs, guarded.keys.trader)).toBe('CREDENTIALS_INVALID');
    expect(await seen(theirs.authority, ours)).toBe('UNAVAILABLE');
    writeFileSync(tls.certificate, readFileSync(theirs.serverCertificate));
    writeFileSync(tls.key, readFileSync(theirs.serverKey));
    const renewed = () => seen(theirs.authority);
    await expect.poll(renewed, { timeout: 50_000 }).toBe('CREDENTIALS_MISSING');
    await guarded.stop();
    guarded.remove();
    rmSync(folder, { recursive: true });
  }, 120_000);
});
