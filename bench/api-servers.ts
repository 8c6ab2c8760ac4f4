/** The servers of `bench/api.ts`: the write side, everything, and empty ones to compare with. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import Fastify from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import { openAccount } from '../src/api/application/accounts.js';
import { type Application, LOCAL_CALLER } from '../src/api/application/application.js';
import { DEFAULT_VENUE, listInstrument } from '../src/api/application/instruments.js';
import { OrderServiceService } from '../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import { type RunningApi, startApi } from '../src/api/start-api.js';
import { unavailableReadModels } from '../src/api/unavailable-read-models.js';
import { startDaybook } from '../src/cli/daybook.js';
import { journalDirectory, startShard } from '../src/operations/shard.js';

export const ACCOUNTS = 10;

export interface Measured {
  readonly restPort: number;
  readonly grpcPort: number;
  /** Of the real ones. */
  readonly api: RunningApi | undefined;
  stop(): Promise<void>;
}

/** Reads the same messages and sends answers as long as those of an order. */
export async function startEmpty(): Promise<Measured> {
  const rest = Fastify();
  const answer = { text: 'x'.repeat(360) };
  rest.post('/v1/orders', async (_request, reply) => {
    reply.code(201);
    return answer;
  });
  const address = await rest.listen({ host: '127.0.0.1', port: 0 });
  const grpc = new Server();
  grpc.addService(OrderServiceService, emptyService());
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  return {
    restPort: portOf(address),
    grpcPort,
    api: undefined,
    async stop() {
      await rest.close();
      grpc.forceShutdown();
    },
  };
}

type Service = Parameters<Server['addService']>[1];

function emptyService(): Service {
  const order = {
    ...{ orderId: 1, clientOrderId: '1234-1234567', account: 'account-1', instrument: 'ESH4' },
    ...{ side: 1, type: 2, timeInForce: 1, quantity: '2', price: '4799.25', status: 10 },
    ...{ cumQuantity: '0', leavesQuantity: '2', sequence: 12_345 },
    time: '2026-11-22T14:50:06.123456789Z',
  };
  const accepted = { $case: 'accepted', value: { orderId: 1, sequence: 12_345 } };
  const service: Record<string, unknown> = {
    submitOrder: (_call: unknown, callback: (error: null, answer: unknown) => void) =>
      callback(null, { order }),
    enterOrders: (call: {
      on(event: string, take: (message: { requests: { request: never }[] }) => void): void;
      write(message: unknown): void;
    }) =>
      call.on('data', ({ requests }) => {
        const answers = requests.map(({ request }) => {
          const { clientOrderId } = (request as { value: { clientOrderId: string } }).value;
          return { clientOrderId, answer: accepted };
        });
        call.write({ answers });
      }),
  };
  for (const name of ['cancelOrder', 'replaceOrder', 'massCancel', 'getOrder']) {
    service[name] = () => undefined;
  }
  return service as Service;
}

/** API, writer and journal. */
export async function startWriteSide(data: string): Promise<Measured> {
  const directory = journalDirectory(data);
  const shard = await startShard({ directory, producers: ['rest'] });
  const api = await startApi({
    commands: shard.port('rest'),
    journalDirectory: directory,
    durableEnd: shard.durableEnd,
    readModels: unavailableReadModels,
    readiness: async () => [],
    logger: pino({ level: 'warn' }),
    metrics: new Registry(),
    version: 'bench',
    ...{ host: '127.0.0.1', port: 0, grpcPort: 0 },
  });
  await openBooks(api.application, 0);
  return measured(api, async () => {
    await api.stop();
    await shard.stop();
  });
}

/** What `daybook start` runs. */
export async function startEverything(data: string): Promise<Measured> {
  const daybook = await startDaybook({
    ...{ dataDirectory: data, host: '127.0.0.1', port: 0, grpcPort: 0, samples: false },
    logger: pino({ level: 'warn' }),
  });
  await openBooks(daybook.api.application, DEFAULT_VENUE);
  return measured(daybook.api, () => daybook.stop());
}

function measured(api: RunningApi, stop: () => Promise<void>): Measured {
  return { restPort: portOf(api.address), grpcPort: api.grpc?.port ?? 0, api, stop };
}

const portOf = (address: string): number => Number(new URL(address).port);

/** @param venue where orders go; 0 nowhere */
async function openBooks(app: Application, venue: number): Promise<void> {
  const terms = { tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD', venue };
  await listInstrument(app, LOCAL_CALLER, 'ESH4', terms);
  for (let index = 0; index < ACCOUNTS; index += 1) {
    await openAccount(app, LOCAL_CALLER, `account-${index}`, { currency: 'USD' });
  }
}
