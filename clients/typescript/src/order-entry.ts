/**
 * Order entry over one stream: requests are pipelined, several to a message when they come together,
 * and each promise resolves with the answer to its client order id.
 *
 * When the connection is lost, requests under way are rejected with UNANSWERED, and the next one
 * makes a new stream. To send one again under its client order id is safe: it is entered once.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Backoff } from './backoff.js';
import { DaybookError, unanswered } from './errors.js';
import type { CancelOrder, ReplaceOrder, RequestAnswer } from './generated/daybook/v1/order.gen.js';
import type {
  Accepted,
  EnterOrdersRequest,
  EnterOrdersResponse,
  OrderAnswer,
  OrderRequest,
} from './generated/daybook/v1/order_service.gen.js';
import { type NewOrderInput, newOrder } from './new-order.js';

/** Requests in one message, as the server takes them. */
const REQUESTS_PER_MESSAGE_MAX = 1000;

type Stream = ClientDuplexStream<EnterOrdersRequest, EnterOrdersResponse>;

interface Pending {
  readonly resolve: (answer: OrderAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export class OrderEntry {
  readonly #open: () => Stream;
  readonly #pending = new Map<string, Pending>();
  readonly #backoff = new Backoff();
  #stream: Stream | undefined;
  #opening: Promise<void> | undefined;
  #outgoing: OrderRequest[] = [];
  #closed = false;

  constructor(open: () => Stream) {
    this.#open = open;
  }

  /** Requests under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** @throws DaybookError when it was refused, or UNANSWERED */
  async submit(order: NewOrderInput): Promise<Accepted> {
    const request = { $case: 'submit', value: newOrder(order) } as const;
    const { answer } = await this.#ask(order.clientOrderId, { request });
    if (answer?.$case === 'accepted') return answer.value;
    throw new Error('an order was answered with something else');
  }

  /** @throws as `submit` */
  cancel(cancel: CancelOrder & { readonly clientOrderId: string }): Promise<RequestAnswer> {
    return this.#change(cancel.clientOrderId, { request: { $case: 'cancel', value: cancel } });
  }

  /** @throws as `submit` */
  replace(replace: ReplaceOrder): Promise<RequestAnswer> {
    return this.#change(replace.clientOrderId, { request: { $case: 'replace', value: replace } });
  }

  /** No more requests; resolves when those under way are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    // What was asked in this turn, or while the stream is made again, is sent before it ends.
    if (this.#outgoing.length > 0) this.#send();
    await this.#opening;
    const stream = this.#stream;
    if (stream === undefined) return;
    stream.end();
    await new Promise<void>((resolve) => {
      stream.once('end', resolve);
      stream.once('error', () => resolve());
    });
  }

  async #change(clientOrderId: string, request: OrderRequest): Promise<RequestAnswer> {
    const { answer } = await this.#ask(clientOrderId, request);
    if (answer?.$case === 'request') return answer.value;
    throw new Error('a request was answered with something else');
  }

  #ask(clientOrderId: string, request: OrderRequest): Promise<OrderAnswer> {
    if (this.#closed) return Promise.reject(new Error('the order entry is closed'));
    if (this.#pending.has(clientOrderId)) {
      return Promise.reject(new Error(`${clientOrderId} is under way already`));
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(clientOrderId, { resolve, reject });
      this.#outgoing.push(request);
      if (this.#outgoing.length === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    if (this.#outgoing.length === 0) return;
    if (this.#stream === undefined) {
      this.#opening ??= this.#reopen();
      return;
    }
    const requests = this.#outgoing;
    this.#outgoing = [];
    for (let at = 0; at < requests.length; at += REQUESTS_PER_MESSAGE_MAX) {
      this.#stream.write({ requests: requests.slice(at, at + REQUESTS_PER_MESSAGE_MAX) });
    }
  }

  async #reopen(): Promise<void> {
    await this.#backoff.wait();
    const stream = this.#open();
    this.#stream = stream;
    this.#opening = undefined;
    const lost = (error?: unknown): void => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#backoff.failed();
      for (const { reject } of this.#pending.values()) reject(unanswered(error));
      this.#pending.clear();
      this.#outgoing = [];
    };
    stream.on('data', ({ answers }: EnterOrdersResponse) => {
      this.#backoff.succeeded();
      for (const answer of answers) this.#settle(answer);
    });
    stream.on('error', lost);
    stream.on('end', () => lost());
    this.#send();
  }

  #settle(answer: OrderAnswer): void {
    const pending = this.#pending.get(answer.clientOrderId);
    if (pending === undefined) return;
    this.#pending.delete(answer.clientOrderId);
    if (answer.answer?.$case !== 'problem') return pending.resolve(answer);
    const { value } = answer.answer;
    pending.reject(new DaybookError(value.code, value.detail, value, false));
  }
}
