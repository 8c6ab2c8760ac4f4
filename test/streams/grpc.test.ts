/** The gRPC listener itself: health, reflection, what is no message, flow control, who may come. */
import { Client, credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUESTS_PER_MESSAGE_MAX } from '../../src/api/grpc/enter-orders.js';
import {
  EnterOrdersRequest,
  EnterOrdersResponse,
  OrderServiceService,
} from '../../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import {
  StreamExecutionsResponse,
  StreamServiceService,
} from '../../src/api/grpc/generated/daybook/v1/stream_service.gen.js';
import { protobufFormat } from '../../src/api/grpc/stream-format.js';
import { type Running, remove, seedStreams, startRunning } from './running-streams.js';

const ORDERS = '/daybook.v1.OrderService';
/** Fuzzed bodies; a longer run is asked for with DAYBOOK_FUZZ_RUNS. */
const RUNS = Number(process.env.DAYBOOK_FUZZ_RUNS ?? 200);

let running: Running;
let client: Client;
beforeAll(async () => {
  running = await startRunning({ venue: false, outcomes: { pendingMax: 64, reserved: 4 } });
  await seedStreams(running);
  client = new Client(running.grpc, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await running.stop();
  remove(running);
});

const raw = (bytes: Buffer): Buffer => bytes;

interface Told {
  readonly code: number;
  readonly daybook: string | undefined;
  readonly details: string;
  readonly body: Buffer | undefined;
}

function toldBy(error: (ServiceError & { metadata: Metadata }) | null, body?: Buffer): Told {
  const [daybook] = error?.metadata?.get('daybook-code') ?? [];
  return {
    code: error?.code ?? status.OK,
    daybook: daybook === undefined ? undefined : String(daybook),
    details: error?.details ?? '',
    body,
  };
}

const call = (method: string, body: Buffer): Promise<Told> =>
  new Promise((resolve) => {
    client.makeUnaryRequest(method, raw, raw, body, (error, answer) =>
      resolve(toldBy(error, answer)),
    );
  });

const UNARY = Object.values(OrderServiceService)
  .filter(({ requestStream }) => !requestStream)
  .map(({ path }) => path);

describe('gRPC', () => {
  it('tells a slow reader what it missed without moving its position', () => {
    const bytes = protobufFormat.lagged('executions', 58, 90);
    const { after, to, entries, lagged } = StreamExecutionsResponse.decode(bytes);
    expect({ after, to, entries, lagged }).toEqual({
      ...{ after: 57, to: 57, entries: [], lagged: { from: 58, to: 90 } },
    });
  });

  it('says that it serves', async () => {
    const { code, body } = await call('/grpc.health.v1.Health/Check', Buffer.alloc(0));
    expect(code).toBe(status.OK);
    // HealthCheckResponse { status: SERVING }
    expect(body).toEqual(Buffer.from([8, 1]));
    const unknown = await call('/grpc.health.v1.Health/Check', Buffer.from([10, 1, 0x78]));
    expect(unknown.code).toBe(status.NOT_FOUND);
  });

  it('describes its services to whoever asks', async () => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const stream = client.makeBidiStreamRequest(path, raw, raw);
    // ServerReflectionRequest { list_services: "" }
    stream.write(Buffer.from([0x3a, 0]));
    const answer = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.end();
    for (const service of ['daybook.v1.OrderService', 'daybook.v1.StreamService']) {
      expect(answer.toString('latin1')).toContain(service);
    }
  });

  it('blames the client for what is no message, or no value', async () => {
    for (const path of UNARY) {
      const told = await call(path, Buffer.from([0xff, 0xff, 0xff]));
      expect({ path, ...told }).toMatchObject({
        code: status.INVALID_ARGUMENT,
        daybook: 'REQUEST_MALFORMED',
      });
      const empty = await call(path, Buffer.alloc(0));
      expect({ path, ...empty }).toMatchObject({
        code: status.INVALID_ARGUMENT,
        daybook: 'REQUEST_INVALID',
      });
    }
    const side = Buffer.from([10, 2, 32, 99]);
    expect((await call(`${ORDERS}/SubmitOrder`, side)).details).toMatch(/side: must be one of Buy/);
    expect((await call(`${ORDERS}/Nothing`, side)).code).toBe(status.UNIMPLEMENTED);
    const large = await call(`${ORDERS}/SubmitOrder`, Buffer.alloc(1024 * 1024 + 1));
    expect(large.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('no body at all makes it fail', async () => {
    const order = EnterOrdersRequest.encode({
      requests: [
        {
          request: {
            $case: 'submit',
            value: {
              ...{
                clientOrderId: 'fuzz',
                account: 'alpha',
                instrument: 'NOWHERE',
                side: 1,
                type: 2,
              },
              ...{ timeInForce: 1, quantity: '2', price: '10.25', capacity: 0, strategy: 0 },
              ...{ selfTradePrevention: 0, postOnly: false, reduceOnly: false, locate: 0 },
            },
          },
        },
      ],
    }).finish();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      // A good message with some bytes of it changed.
      fc
        .array(fc.tuple(fc.nat(order.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
        .map((changes) => {
          const changed = Uint8Array.from(order);
          for (const [at, value] of changes) changed[at] = value;
          return changed;
        }),
    );
    const seed = Date.now() % 2 ** 31;
    process.stdout.write(`protobuf fuzz: seed ${seed}\n`);
    const refusals = new Set([
      ...[status.OK, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION, status.NOT_FOUND],
      ...[status.ALREADY_EXISTS, status.UNAVAILABLE, status.DEADLINE_EXCEEDED],
    ]);
    const methods = fc.constantFrom(...UNARY);
    await fc.assert(
      fc.asyncProperty(bytes, methods, async (body, path) => {
        const { code, details } = await call(path, Buffer.from(body));
        expect(refusals).toContain(code);
        expect(details).not.toMatch(/\bat .*\.[jt]s|Error:/);
      }),
      { seed, numRuns: RUNS },
    );
  });

  it('holds back what the writer has no room for, and answers all of it', async () => {
    const { enterOrders } = OrderServiceService;
    const stream = client.makeBidiStreamRequest(
      enterOrders.path,
      enterOrders.requestSerialize,
      (bytes: Buffer) => EnterOrdersResponse.decode(bytes),
    );
    const codes: string[] = [];
    stream.on('data', ({ answers }: EnterOrdersResponse) => {
      for (const { answer } of answers) {
        codes.push(answer?.$case === 'problem' ? answer.value.code : (answer?.$case ?? 'none'));
      }
    });
    const ended = new Promise((resolve) => stream.on('end', resolve));
    const requests = Array.from({ length: REQUESTS_PER_MESSAGE_MAX }, (_, i) => ({
      request: {
        $case: 'submit' as const,
        value: {
          ...{ clientOrderId: `f-${i}`, account: 'alpha', instrument: 'NOWHERE', side: 1, type: 2 },
          ...{ timeInForce: 1, quantity: '2', price: '10.25', capacity: 0, strategy: 0 },
          ...{ selfTradePrevention: 0, postOnly: false, reduceOnly: false, locate: 0 },
        },
      },
    })) as EnterOrdersRequest['requests'];
    stream.write({ requests });
    stream.end();
    await ended;
    // Far more than may wait at a time: none of them was refused for it.
    expect(codes).toEqual(requests.map(() => 'accepted'));
  });

  it('ends a stream whose message is too large or no message', async () => {
    const { path } = OrderServiceService.enterOrders;
    const failed = (body: Buffer) =>
      new Promise<Told>((resolve) => {
        const stream = client.makeBidiStreamRequest(path, raw, raw);
        stream.on('error', (error: ServiceError) => resolve(toldBy(error)));
        stream.on('data', () => undefined);
        stream.write(body);
      });
    const empty = { request: undefined };
    const many = Array.from({ length: REQUESTS_PER_MESSAGE_MAX + 1 }, () => empty);
    const tooMany = Buffer.from(EnterOrdersRequest.encode({ requests: many }).finish());
    expect((await failed(tooMany)).daybook).toBe('REQUEST_TOO_LARGE');
    expect((await failed(Buffer.from([0xff]))).daybook).toBe('REQUEST_MALFORMED');
  });

  it('lets nobody in without credentials, to no method', async () => {
    const guarded = await startRunning({ venue: false, access: {} });
    const stranger = new Client(guarded.grpc, credentials.createInsecure());
    try {
      const methods = [
        ...Object.values(OrderServiceService),
        ...Object.values(StreamServiceService),
      ];
      for (const { path } of methods) {
        const told = await new Promise<Told>((resolve) => {
          const stream = stranger.makeBidiStreamRequest(path, raw, raw);
          stream.on('error', (error: ServiceError) => resolve(toldBy(error)));
          stream.on('data', () => undefined);
          stream.end(Buffer.alloc(0));
        });
        expect({ path, ...told }).toMatchObject({
          code: status.UNAUTHENTICATED,
          daybook: 'CREDENTIALS_MISSING',
        });
      }
    } finally {
      stranger.close();
      await guarded.stop();
      remove(guarded);
    }
  });
});
