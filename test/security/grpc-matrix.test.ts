/**
 * Every method of gRPC, and every request of a stream of order entry x every role, and nobody x own
 * and foreign account: exactly what the tables of permissions and methods say. As for the routes in
 * `matrix.test.ts`, only what a right request looks like is written down (`method-samples.ts`). The
 * topics of the WebSocket are in `test/streams/access.test.ts`, the logins of OUCH in
 * `order-entry.test.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EnterOrdersRequest,
  EnterOrdersResponse,
  OrderServiceService,
} from '../../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import { StreamServiceService } from '../../src/api/grpc/generated/daybook/v1/stream_service.gen.js';
import {
  assertRules,
  type MethodAccess,
  methodAccess,
  requestAccess,
} from '../../src/api/grpc/method-access.js';
import { permissions, ROLES, type Role } from '../../src/api/identity/permissions.js';
import { type RunningDaybook, startDaybook } from '../../src/cli/daybook.js';
import { CAPACITY } from '../api/running-api.js';
import { type MethodSample, methodSamples, requestSamples } from './method-samples.js';
import { accessDirectoryOf, addUserPerRole, seed } from './secure-api.js';

let dataDirectory: string;
let daybook: RunningDaybook;
let keys: Readonly<Record<Role, string>>;
let client: Client;

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-grpc-matrix-'));
  keys = addUserPerRole(dataDirectory);
  daybook = await startDaybook({
    ...{ dataDirectory, host: '127.0.0.1', port: 0, grpcPort: 0 },
    ...{ samples: false, capacity: CAPACITY, logger: pino({ level: 'fatal' }) },
    access: { directory: accessDirectoryOf(dataDirectory) },
  });
  await seed(daybook.api);
  client = new Client(daybook.api.grpc?.address ?? '', credentials.createInsecure());
}, 120_000);
afterAll(async () => {
  client.close();
  await daybook.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}, 60_000);

/** What the tables say: undefined, or the code of a refusal. */
function refusal(
  { action, account }: MethodAccess,
  role: Role,
  whose: 'own' | 'foreign',
  hidden: boolean,
): string | undefined {
  if (action === 'public' || action === 'known') return undefined;
  const reach = permissions[action].reach[role];
  if (reach === 'any' || (reach === 'own' && whose === 'own')) return undefined;
  if (reach === 'own' && account === 'none') return undefined;
  return reach === 'own' && hidden ? 'ORDER_UNKNOWN' : 'PERMISSION_DENIED';
}

const DEFINITIONS = new Map<string, MethodDefinition<object, object>>(
  [...Object.values(OrderServiceService), ...Object.values(StreamServiceService)].map((method) => [
    method.path,
    method as unknown as MethodDefinition<object, object>,
  ]),
);

/** A call of any kind with one request: OK or the code, as soon as there is an answer. */
function call(path: string, key: string | undefined, request: object): Promise<string> {
  const metadata = new Metadata();
  if (key !== undefined) metadata.set('authorization', `Bearer ${key}`);
  const definition = DEFINITIONS.get(path);
  const write = definition?.requestSerialize ?? (() => Buffer.alloc(0));
  const read = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest(path, write, read, metadata);
  return new Promise((resolve) => {
    stream.on('data', () => {
      resolve('OK');
      stream.cancel();
    });
    stream.on('error', () => undefined);
    stream.on('status', (told) => {
      const [code] = told.metadata.get('daybook-code');
      resolve(code === undefined ? (status[told.code] as string) : String(code));
    });
    stream.end(request);
  });
}

/** One request over a stream of order entry. */
async function enter(key: string, request: object): Promise<string> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  const stream = client.makeBidiStreamRequest(
    '/daybook.v1.OrderService/EnterOrders',
    (message: EnterOrdersRequest) => Buffer.from(EnterOrdersRequest.encode(message).finish()),
    (bytes) => EnterOrdersResponse.decode(bytes),
    metadata,
  );
  stream.end({ requests: [{ request }] } as EnterOrdersRequest);
  let told = 'unanswered';
  for await (const { answers } of stream as AsyncIterable<EnterOrdersResponse>) {
    const answer = answers[0]?.answer;
    told = answer?.$case === 'problem' ? answer.value.code : 'OK';
  }
  return told;
}

async function expectAll(
  samples: readonly MethodSample[],
  access: MethodAccess,
  [role, whose]: readonly [Role, 'own' | 'foreign'],
  ask: (request: object) => Promise<string>,
): Promise<void> {
  for (const { request, hidden = false } of samples) {
    const before = daybook.api.application.follower.sequence;
    const expected = refusal(access, role, whose, hidden);
    expect(await ask(request), JSON.stringify(request)).toBe(expected ?? 'OK');
    // What is refused leaves nothing on the log; the venue of these orders is nobody.
    if (expected !== undefined) {
      expect(daybook.api.application.follower.sequence).toBe(before);
    }
  }
}

const WHOSE = ['own', 'foreign'] as const;

describe.each(Object.entries(methodAccess))('%s', (path, access) => {
  const samplesOf = (account: string) => {
    const make = methodSamples[path];
    if (make === undefined) throw new Error(`${path} has no sample in method-samples.ts`);
    return make(account, daybook.api);
  };

  it('lets in nobody who shows nothing', { timeout: 60_000 }, async () => {
    for (const { request } of await samplesOf('own')) {
      const told = await call(path, undefined, request);
      if (access.action === 'public') expect(told).not.toMatch(/CREDENTIALS|PERMISSION/);
      else expect(told).toBe('CREDENTIALS_MISSING');
    }
  });

  if (access.action === 'public') return;
  for (const role of ROLES) {
    for (const whose of WHOSE) {
      it(`answers ${role}, ${whose} account, as the table says`, { timeout: 60_000 }, async () => {
        const samples = await samplesOf(whose);
        await expectAll(samples, access, [role, whose], (each) => call(path, keys[role], each));
      });
    }
  }
});

describe.each(Object.entries(requestAccess))('a stream of order entry: %s', (kind, access) => {
  for (const role of ROLES) {
    for (const whose of WHOSE) {
      it(`answers ${role}, ${whose} account, as the table says`, { timeout: 60_000 }, async () => {
        const make = requestSamples[kind];
        if (make === undefined) throw new Error(`${kind} has no sample in method-samples.ts`);
        const samples = await make(whose, daybook.api);
        await expectAll(samples, access, [role, whose], (each) => enter(keys[role], each));
      });
    }
  }
});

it('serves no method without a rule, and has no rule without a method', () => {
  const served = [...DEFINITIONS.keys()];
  const ruled = Object.keys(methodAccess).filter((path) => path.startsWith('/daybook.'));
  expect(ruled.sort()).toEqual(served.sort());
  const submit = OrderServiceService.submitOrder;
  const fresh = { ...submit, path: '/daybook.v1.OrderService/NewMethod' };
  expect(() => assertRules({ fresh } as never)).toThrow(/NewMethod has no rule/);
});
