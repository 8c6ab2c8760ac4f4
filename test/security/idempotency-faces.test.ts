/**
 * Requests with an idempotency key: one table of cases through REST and gRPC, over real sockets. What
 * is on record afterwards is looked at, not only what was told.
 */
import { truncateSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials, Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newOrder } from '../../clients/typescript/src/new-order.js';
import { OrdType, Problem, Side } from '../../src/api/grpc/generated/daybook/v1/order.gen.js';
import { OrderServiceService as Methods } from '../../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import type { SecureApi } from './secure-api.js';
import { ask, startSecureApi } from './secure-api.js';

interface Told {
  /** `done`, or the code of the refusal. */
  readonly outcome: string;
  readonly replayed: boolean;
  /** All of the answer, to compare it with another one of the same face. */
  readonly answer: unknown;
  readonly orderId: number;
}

interface Order {
  readonly clientOrderId: string;
  readonly price?: string;
}

/** One way in. A key of `undefined` sends none. */
interface Face {
  readonly name: string;
  submit(bearer: string, key: string | undefined, order: Order): Promise<Told>;
  cancel(bearer: string, key: string | undefined, orderId: number): Promise<Told>;
  replace(bearer: string, key: string | undefined, orderId: number, id: string): Promise<Told>;
  massCancel(bearer: string, key: string | undefined): Promise<Told>;
}

const TERMS = { account: 'own', instrument: 'ESH4', quantity: '1' };
const PRICE = '4700';

let secure: SecureApi;
let client: Client;
let trader: string;
let operator: string;

async function open(dataDirectory?: string): Promise<void> {
  secure = await startSecureApi(dataDirectory === undefined ? {} : { dataDirectory });
  client = new Client(secure.api.grpc?.address ?? '', credentials.createInsecure());
}

async function close(): Promise<void> {
  client.close();
  await secure.stop();
}

/** The process ends, and so many lines of the file of requests were not written yet. */
async function crash(linesLost: number): Promise<void> {
  await close();
  const path = join(secure.dataDirectory, 'requests', 'shard-0.log');
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  const kept = lines.slice(0, lines.length - linesLost);
  truncateSync(path, Buffer.byteLength(kept.map((line) => `${line}\n`).join('')));
  await open(secure.dataDirectory);
}

beforeAll(async () => {
  await open();
  trader = secure.keys.trader;
  operator = secure.keys.operations;
}, 120_000);
afterAll(async () => {
  await close();
  secure.remove();
}, 120_000);

async function rest(
  bearer: string,
  key: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<Told> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  const told = await ask(secure, bearer, method, path, body, headers);
  return {
    outcome: told.status < 300 ? 'done' : told.body.code,
    replayed: told.headers.get('idempotency-replayed') === 'true',
    answer: [told.status, told.body],
    orderId: told.body?.orderId,
  };
}

const REST: Face = {
  name: 'REST',
  submit: (bearer, key, order) => {
    const body = { ...TERMS, price: PRICE, ...order, side: 'Buy', type: 'Limit' };
    return rest(bearer, key, 'POST', '/v1/orders', body);
  },
  cancel: (bearer, key, orderId) => rest(bearer, key, 'DELETE', `/v1/orders/${orderId}`),
  replace: (bearer, key, orderId, clientOrderId) => {
    const body = { clientOrderId, quantity: '2', price: PRICE };
    return rest(bearer, key, 'PUT', `/v1/orders/${orderId}`, body);
  },
  massCancel: (bearer, key) =>
    rest(bearer, key, 'POST', '/v1/orders/mass-cancel', { account: 'own' }),
};

function call<Q, A>(
  bearer: string,
  key: string | undefined,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Q, A>,
  request: Q,
  orderIdOf: (answer: A) => number = () => 0,
): Promise<Told> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${bearer}`);
  if (key !== undefined) metadata.set('idempotency-key', key);
  return new Promise((resolve) => {
    let replayed = false;
    const running = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      { deadline: Date.now() + 60_000 },
      (error, answer) => {
        if (error === null) {
          const done = answer as A;
          resolve({ outcome: 'done', replayed, answer: done, orderId: orderIdOf(done) });
          return;
        }
        const [code] = error.metadata.get('daybook-code');
        const [problem] = error.metadata.get('daybook-problem-bin');
        const told = problem === undefined ? undefined : Problem.decode(problem as Buffer);
        resolve({
          outcome: String(code ?? status[error.code]),
          ...{ replayed, answer: [error.code, error.details, told], orderId: 0 },
        });
      },
    );
    running.on('metadata', (sent) => {
      replayed = sent.get('idempotency-replayed')[0] === 'true';
    });
  });
}

const GRPC: Face = {
  name: 'gRPC',
  submit: (bearer, key, { clientOrderId, price = PRICE }) => {
    const limit = { side: Side.SIDE_BUY, type: OrdType.ORD_TYPE_LIMIT };
    const order = newOrder({ ...TERMS, ...limit, clientOrderId, price });
    return call(bearer, key, Methods.submitOrder, { order }, (answer) =>
      Number(answer.order?.orderId),
    );
  },
  cancel: (bearer, key, value) => {
    const order = { by: { $case: 'orderId', value } } as const;
    return call(bearer, key, Methods.cancelOrder, { cancel: { order } });
  },
  replace: (bearer, key, value, clientOrderId) => {
    const order = { by: { $case: 'orderId', value } } as const;
    const replace = { order, clientOrderId, quantity: '2', price: PRICE };
    return call(bearer, key, Methods.replaceOrder, { replace });
  },
  massCancel: (bearer, key) =>
    call(bearer, key, Methods.massCancel, { massCancel: { account: 'own', side: 0 } }),
};

const FACES = [REST, GRPC];

/** How many events there are of each type. */
function counts(): Record<string, number> {
  const { shard } = secure;
  const found: Record<string, number> = {};
  const reader = new JournalReader(shard.directory, { from: 0, end: shard.durableEnd });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      const { type } = decodeEvent(batch.bytes, at);
      found[type] = (found[type] ?? 0) + 1;
    }
  }
  reader.close();
  return found;
}

/** What the steps put on record: events of the types that tell one effect from two. */
async function recorded(steps: () => Promise<void>): Promise<Record<string, number>> {
  const before = counts();
  await steps();
  const after = counts();
  const types = [
    'OrderAccepted',
    'OrderDenied',
    'ReplaceRequested',
    'OrderCanceled',
    'RiskDecided',
  ];
  return Object.fromEntries(
    types.map((type) => [type, (after[type] ?? 0) - (before[type] ?? 0)] as const),
  );
}

interface Case {
  readonly name: string;
  /** @param id a name that no other case or face has */
  readonly run: (face: Face, id: string) => Promise<void>;
}

async function same(first: Told, send: () => Promise<Told>): Promise<void> {
  expect(first.replayed).toBe(false);
  expect(await send()).toEqual({ ...first, replayed: true });
}

const CASES: readonly Case[] = [
  {
    name: 'an order: the same answer, and one order',
    run: async (face, id) => {
      const send = () => face.submit(trader, id, { clientOrderId: id });
      const events = await recorded(async () => {
        const first = await send();
        expect(first.outcome).toBe('done');
        await same(first, send);
        await same(first, send);
      });
      expect(events).toMatchObject({ OrderAccepted: 1, RiskDecided: 1 });
    },
  },
  {
    name: 'a refusal on record: the same refusal, once',
    run: async (face, id) => {
      const send = () => face.submit(trader, id, { clientOrderId: id, price: '4700.1' });
      const events = await recorded(async () => {
        const first = await send();
        expect(first.outcome).toBe('ORDER_PRICE_INVALID');
        await same(first, send);
      });
      expect(events).toMatchObject({ OrderDenied: 1 });
    },
  },
  {
    name: 'a request that is not valid: the same refusal',
    run: async (face, id) => {
      const send = () => face.submit(trader, id, { clientOrderId: id, price: 'much' });
      const first = await send();
      expect(first.outcome).toBe('REQUEST_INVALID');
      await same(first, send);
    },
  },
  {
    name: 'another body, or another method, under a key that was used: refused, nothing done',
    run: async (face, id) => {
      const first = await face.submit(trader, id, { clientOrderId: id });
      const events = await recorded(async () => {
        const other = await face.submit(trader, id, { clientOrderId: `${id}-2` });
        expect([other.outcome, other.replayed]).toEqual(['IDEMPOTENCY_KEY_REUSED', false]);
        const cancel = await face.cancel(trader, id, first.orderId);
        expect(cancel.outcome).toBe('IDEMPOTENCY_KEY_REUSED');
      });
      expect(new Set(Object.values(events))).toEqual(new Set([0]));
    },
  },
  {
    name: 'the same key of another identity is another key',
    run: async (face, id) => {
      expect((await face.submit(trader, id, { clientOrderId: id })).outcome).toBe('done');
      const other = await face.submit(operator, id, { clientOrderId: `${id}-2` });
      expect([other.outcome, other.replayed]).toEqual(['PERMISSION_DENIED', false]);
    },
  },
  {
    name: 'without a key nothing is remembered',
    run: async (face, id) => {
      expect((await face.submit(trader, undefined, { clientOrderId: id })).outcome).toBe('done');
      const again = await face.submit(trader, undefined, { clientOrderId: id });
      expect([again.outcome, again.replayed]).toEqual(['ORDER_DUPLICATE_CLIENT_ID', false]);
    },
  },
  {
    name: 'many at once: done once, each told so or to ask again',
    run: async (face, id) => {
      const events = await recorded(async () => {
        const send = () => face.submit(trader, id, { clientOrderId: id });
        const told = await Promise.all(Array.from({ length: 20 }, send));
        const outcomes = new Set(told.map(({ outcome }) => outcome));
        outcomes.delete('IDEMPOTENCY_IN_PROGRESS');
        expect(outcomes).toEqual(new Set(['done']));
        expect(told.filter(({ outcome, replayed }) => outcome === 'done' && !replayed).length).toBe(
          1,
        );
        expect(await send()).toMatchObject({ outcome: 'done', replayed: true });
      });
      expect(events).toMatchObject({ OrderAccepted: 1 });
    },
  },
  {
    name: 'a key of 64 characters, also in quotes; none of 65, nor of others',
    run: async (face, id) => {
      const order = { clientOrderId: id, price: 'much' };
      for (const key of [id.padEnd(64, 'x'), `"${id} with spaces"`]) {
        await face.submit(trader, key, order);
        expect(await face.submit(trader, key, order)).toMatchObject({ replayed: true });
      }
      for (const key of [id.padEnd(65, 'x'), `${id} no quotes`]) {
        await face.submit(trader, key, order);
        const again = await face.submit(trader, key, order);
        expect(again).toMatchObject({ outcome: 'REQUEST_INVALID', replayed: false });
      }
    },
  },
  {
    name: 'replace, cancel and mass cancel: the same answer, once; also over a restart',
    run: async (face, id) => {
      const { orderId } = await face.submit(trader, undefined, { clientOrderId: id });
      const replace = () => face.replace(trader, `${id}-r`, orderId, `${id}-r`);
      const cancel = () => face.cancel(trader, `${id}-c`, orderId);
      const mass = () => face.massCancel(trader, `${id}-m`);
      const events = await recorded(async () => {
        const replaced = await replace();
        await same(replaced, replace);
        const canceled = await cancel();
        await same(canceled, cancel);
        const all = await mass();
        await same(all, mass);
        expect([replaced.outcome, canceled.outcome, all.outcome]).toEqual(['done', 'done', 'done']);
        await crash(0);
        await same(replaced, replace);
        await same(canceled, cancel);
        await same(all, mass);
      });
      expect(events).toMatchObject({ ReplaceRequested: 1 });
    },
  },
  {
    name: 'an answer that a crash kept back: made of the log again',
    run: async (face, id) => {
      const send = () => face.submit(trader, id, { clientOrderId: id });
      const events = await recorded(async () => {
        const first = await send();
        await crash(1);
        expect(await send()).toEqual(first);
        await same(first, send);
      });
      expect(events).toMatchObject({ OrderAccepted: 1 });
    },
  },
];

describe('requests with an idempotency key', { timeout: 120_000 }, () => {
  for (const [at, { name, run }] of CASES.entries()) {
    it.each(FACES.map((face) => [face.name, face] as const))(`${name} (%s)`, (_, face) =>
      run(face, `${face.name}-${at}`),
    );
  }

  it('are of the face that they came over', async () => {
    const id = 'both';
    expect((await REST.submit(trader, id, { clientOrderId: id })).outcome).toBe('done');
    const other = await GRPC.submit(trader, id, { clientOrderId: id });
    expect(other.outcome).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('cannot be given to a stream of many requests', async () => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${trader}`);
    metadata.set('idempotency-key', 'stream');
    const { path, requestSerialize, responseDeserialize } = Methods.enterOrders;
    const stream = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
    const error = await new Promise<{ code: status; metadata: Metadata }>((resolve) => {
      stream.on('error', (failed) => resolve(failed as never));
      stream.resume();
    });
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.metadata.get('daybook-code')).toEqual(['REQUEST_INVALID']);
  });
});
