/** A writer with its journal, the simulated venue, and the API with gRPC and WebSocket on real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { openAccount } from '../../src/api/application/accounts.js';
import { type Application, LOCAL_CALLER } from '../../src/api/application/application.js';
import { cancelOrder } from '../../src/api/application/cancel-order.js';
import { ApplicationError } from '../../src/api/application/errors.js';
import { DEFAULT_VENUE, listInstrument } from '../../src/api/application/instruments.js';
import { markPrice } from '../../src/api/application/marks.js';
import { replaceOrder } from '../../src/api/application/replace-order.js';
import { submitOrder } from '../../src/api/application/submit-order.js';
import type { OrderView } from '../../src/api/application/views.js';
import type { OutcomesOptions } from '../../src/api/outcomes.js';
import { type AccessOptions, type RunningApi, startApi } from '../../src/api/start-api.js';
import { unavailableReadModels } from '../../src/api/unavailable-read-models.js';
import { SharedGate } from '../../src/lib/shared-gate.js';
import { journalDirectory, type RunningShard, startShard } from '../../src/operations/shard.js';
import { startSimulatedVenue } from '../../src/operations/simulated-venue.js';
import { CAPACITY } from '../api/running-api.js';

export interface Running {
  readonly api: RunningApi;
  readonly shard: RunningShard;
  /** Shut, no new orders are taken. */
  readonly orderGate: SharedGate;
  readonly dataDirectory: string;
  /** Where gRPC listens. */
  readonly grpc: string;
  /** Where the WebSocket is. */
  readonly ws: string;
  stop(): Promise<void>;
}

export interface RunningOptions {
  readonly dataDirectory?: string;
  readonly outcomes?: OutcomesOptions;
  readonly access?: Omit<AccessOptions, 'directory'>;
  readonly venue?: boolean;
  /** Threads beside the API and the venue that submit commands. */
  readonly producers?: readonly string[];
}

export async function startRunning(options: RunningOptions = {}): Promise<Running> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'daybook-streams-'));
  const directory = journalDirectory(dataDirectory);
  const producers = ['rest', 'venue', ...(options.producers ?? [])];
  const orderGate = new SharedGate();
  const shard = await startShard({ directory, producers, capacity: CAPACITY, orderGate });
  const venue =
    options.venue === false ? undefined : await startSimulatedVenue(shard, DEFAULT_VENUE, 'venue');
  const access =
    options.access === undefined
      ? undefined
      : { ...options.access, directory: join(dataDirectory, 'identity') };
  const api = await startApi({
    commands: shard.port('rest'),
    journalDirectory: directory,
    durableEnd: shard.durableEnd,
    readModels: unavailableReadModels,
    readiness: async () => [],
    logger: pino({ level: 'error' }),
    metrics: new Registry(),
    version: '0.0.0-test',
    ...{ host: '127.0.0.1', port: 0, grpcPort: 0, access },
    outcomes: options.outcomes ?? {},
  });
  return {
    ...{ api, shard, orderGate, dataDirectory },
    grpc: api.grpc?.address ?? '',
    ws: `${api.address.replace('http', 'ws')}/v1/stream`,
    async stop() {
      await api.stop();
      await venue?.stop();
      await shard.stop();
    },
  };
}

export function remove({ dataDirectory }: Running): void {
  rmSync(dataDirectory, { recursive: true, force: true });
}

/** An instrument that is matched at the venue, one that goes nowhere, two accounts and a mark. */
export async function seedStreams({ api }: Running): Promise<void> {
  const { application: app } = api;
  const terms = { tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD' };
  await listInstrument(app, LOCAL_CALLER, 'ESH4', { ...terms, venue: DEFAULT_VENUE });
  await listInstrument(app, LOCAL_CALLER, 'NOWHERE', { ...terms, venue: 0 });
  await openAccount(app, LOCAL_CALLER, 'alpha', { currency: 'USD', group: 'desk' });
  await openAccount(app, LOCAL_CALLER, 'beta', { currency: 'USD', group: 'desk' });
  await markPrice(app, LOCAL_CALLER, 'ESH4', '4799.25');
}

let next = 0;

/**
 * Orders that trade with each other, alternately bought by alpha and sold by beta, and marks; some
 * that are refused, canceled, replaced, and asked for too late.
 */
export async function trade({ api }: Running, pairs: number): Promise<void> {
  const { application: app } = api;
  for (let pair = 0; pair < pairs; pair += 1) {
    const id = next++;
    const price = String(4799 + (id % 4) * 0.25);
    const order = { instrument: 'ESH4', type: 'Limit', quantity: String(1 + (id % 3)), price };
    const sides = [
      { account: 'alpha', side: id % 5 === 0 ? 'Sell' : 'Buy' },
      { account: 'beta', side: id % 5 === 0 ? 'Buy' : 'Sell' },
    ] as const;
    const entered: Promise<OrderView>[] = sides.map(({ account, side }) => {
      const clientOrderId = `${account}-${id}`;
      const request = { ...order, clientOrderId, account, side, type: 'Limit' } as const;
      return submitOrder(app, LOCAL_CALLER, request);
    });
    const [{ orderId }] = (await Promise.all(entered)) as [OrderView, OrderView];
    if (id % 3 === 0) await markPrice(app, LOCAL_CALLER, 'ESH4', price);
    if (id % 4 === 0) await change(app, orderId, id);
  }
}

/** A resting order that is replaced and canceled, one that is refused, a cancel that may be too late. */
async function change(app: Application, traded: number, id: number): Promise<void> {
  const resting = { account: 'alpha', instrument: 'ESH4', side: 'Buy', type: 'Limit' } as const;
  const order = { ...resting, clientOrderId: `rest-${id}`, quantity: '3', price: '4700' };
  const { orderId } = await submitOrder(app, LOCAL_CALLER, order);
  const off = { ...order, clientOrderId: `off-${id}`, price: '4700.1' };
  const replacement = { clientOrderId: `again-${id}`, quantity: '2', price: '4700.25' };
  await refusedOrNot([
    submitOrder(app, LOCAL_CALLER, off),
    replaceOrder(app, LOCAL_CALLER, { order: { orderId }, ...replacement }),
    cancelOrder(app, LOCAL_CALLER, { order: { orderId: traded }, clientOrderId: `late-${id}` }),
  ]);
  const cancel = { order: { orderId }, clientOrderId: `end-${id}` };
  await refusedOrNot([cancelOrder(app, LOCAL_CALLER, cancel)]);
}

async function refusedOrNot(requests: Promise<unknown>[]): Promise<void> {
  for (const settled of await Promise.allSettled(requests)) {
    if (settled.status === 'fulfilled') continue;
    if (!(settled.reason instanceof ApplicationError)) throw settled.reason;
  }
}
