/** Daybook over gRPC. */
import {
  Channel,
  type ChannelCredentials,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { errorOf } from './errors.js';
import type {
  CancelOrder,
  MassCancel,
  Order,
  OrderReference,
  ReplaceOrder,
  RequestAnswer,
} from './generated/daybook/v1/order.gen.js';
import {
  type MassCancelResponse,
  OrderServiceClient,
} from './generated/daybook/v1/order_service.gen.js';
import {
  type Execution,
  type Mark,
  type Position,
  type ProfitAndLoss,
  type RiskEvent,
  StreamServiceClient,
  type Subscription,
} from './generated/daybook/v1/stream_service.gen.js';
import { type NewOrderInput, newOrder } from './new-order.js';
import { OrderEntry } from './order-entry.js';
import { resuming } from './resuming-stream.js';
import type { Run, StreamOptions } from './run.js';

export interface ClientOptions {
  /** "127.0.0.1:8081". */
  readonly address: string;
  /** API key or token. */
  readonly key?: string | undefined;
  /** TLS; absent: plain text. `root` are the authorities of the server, `pair` the client's own. */
  readonly tls?: {
    readonly root?: Buffer | undefined;
    readonly pair?: { readonly key: Buffer; readonly certificate: Buffer } | undefined;
  };
  /** How long a call may take, in milliseconds. */
  readonly deadlineMs?: number | undefined;
}

/** Of a call that changes something. */
export interface CallOptions {
  /** 1 to 64 printable characters: sent again with it, the same request has the same answer. */
  readonly idempotencyKey?: string | undefined;
}

const DEADLINE_MS = 10_000;
const CHANNEL = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
};

type Answer<A> = (error: ServiceError | null, answer: A) => void;
type Request = { subscription?: Subscription | undefined };

export class DaybookClient {
  readonly #orders: OrderServiceClient;
  readonly #streams: StreamServiceClient;
  readonly #metadata = new Metadata();
  readonly #deadlineMs: number;

  constructor(options: ClientOptions) {
    const { address, key } = options;
    const secrets = credentialsOf(options);
    // One connection for both services, and none that is shared with other clients.
    const channelOverride = new Channel(address, secrets, CHANNEL);
    this.#orders = new OrderServiceClient(address, secrets, { channelOverride });
    this.#streams = new StreamServiceClient(address, secrets, { channelOverride });
    if (key !== undefined) this.#metadata.set('authorization', `Bearer ${key}`);
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  }

  /** Resolves once the order is on record. @throws DaybookError, as all of these */
  async submitOrder(order: NewOrderInput, how?: CallOptions): Promise<Order> {
    const request = { order: newOrder(order) };
    const answer = await this.#call<{ order?: Order | undefined }>(
      (metadata, options, done) => this.#orders.submitOrder(request, metadata, options, done),
      how,
    );
    return present(answer.order);
  }

  async cancelOrder(cancel: CancelOrder, how?: CallOptions): Promise<RequestAnswer> {
    const { answer } = await this.#call<{ answer?: RequestAnswer | undefined }>(
      (metadata, options, done) => this.#orders.cancelOrder({ cancel }, metadata, options, done),
      how,
    );
    return present(answer);
  }

  async replaceOrder(replace: ReplaceOrder, how?: CallOptions): Promise<RequestAnswer> {
    const { answer } = await this.#call<{ answer?: RequestAnswer | undefined }>(
      (metadata, options, done) => this.#orders.replaceOrder({ replace }, metadata, options, done),
      how,
    );
    return present(answer);
  }

  massCancel(massCancel: MassCancel, how?: CallOptions): Promise<MassCancelResponse> {
    return this.#call(
      (metadata, options, done) => this.#orders.massCancel({ massCancel }, metadata, options, done),
      how,
    );
  }

  /** @param minSequence answer only once the read model holds this event */
  async getOrder(order: OrderReference, minSequence?: number): Promise<Order> {
    const answer = await this.#call<{ order?: Order | undefined }>((metadata, options, done) =>
      this.#orders.getOrder({ order, minSequence }, metadata, options, done),
    );
    return present(answer.order);
  }

  /** A pipelined stream of requests. */
  orderEntry(): OrderEntry {
    return new OrderEntry(() => this.#orders.enterOrders(this.#metadata));
  }

  executions(options: StreamOptions = {}): AsyncGenerator<Run<Execution>, void, undefined> {
    return this.#stream(this.#streams.streamExecutions, options);
  }

  positions(options: StreamOptions = {}): AsyncGenerator<Run<Position>, void, undefined> {
    return this.#stream(this.#streams.streamPositions, options);
  }

  profitAndLoss(options: StreamOptions = {}): AsyncGenerator<Run<ProfitAndLoss>, void, undefined> {
    return this.#stream(this.#streams.streamProfitAndLoss, options);
  }

  risk(options: StreamOptions = {}): AsyncGenerator<Run<RiskEvent>, void, undefined> {
    return this.#stream(this.#streams.streamRisk, options);
  }

  marketData(options: StreamOptions = {}): AsyncGenerator<Run<Mark>, void, undefined> {
    return this.#stream(this.#streams.streamMarketData, options);
  }

  close(): void {
    this.#orders.close();
    this.#streams.close();
  }

  #stream<E>(
    method: (request: Request, metadata: Metadata) => ClientReadableStream<Run<E>>,
    options: StreamOptions,
  ): AsyncGenerator<Run<E>, void, undefined> {
    const { accounts = [], instruments = [] } = options;
    const named = { accounts: [...accounts], instruments: [...instruments] };
    const open = (after: number | undefined) =>
      method.call(this.#streams, { subscription: { after, ...named } }, this.#metadata);
    return resuming(open, options);
  }

  #call<A>(
    begin: (metadata: Metadata, options: { deadline: Date }, done: Answer<A>) => ClientUnaryCall,
    { idempotencyKey }: CallOptions = {},
  ): Promise<A> {
    const metadata = idempotencyKey === undefined ? this.#metadata : this.#metadata.clone();
    if (idempotencyKey !== undefined) metadata.set('idempotency-key', idempotencyKey);
    const deadline = new Date(Date.now() + this.#deadlineMs);
    return new Promise((resolve, reject) => {
      begin(metadata, { deadline }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(errorOf(error));
      });
    });
  }
}

function credentialsOf({ tls }: ClientOptions): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { root = null, pair } = tls;
  return credentials.createSsl(root, pair?.key ?? null, pair?.certificate ?? null);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the server left its answer out');
  return value;
}
