/**
 * The faces of one application layer, each as a way to ask and to be told: what came of a request is
 * `accepted`, `requested`, `done`, or the code of the refusal.
 */
import { expect } from 'vitest';
import { DaybookClient } from '../../clients/typescript/src/daybook-client.js';
import { DaybookError } from '../../clients/typescript/src/errors.js';
import {
  type OrderReference,
  OrdType,
  RequestOutcome,
  Side,
} from '../../clients/typescript/src/generated/daybook/v1/order.gen.js';
import type { OrderEntry } from '../../clients/typescript/src/order-entry.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { rejectCode } from '../../src/domain/reject-reasons.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { request } from '../api/running-api.js';
import { OuchTestClient } from '../order-entry/ouch-test-client.js';
import type { Running } from './running-streams.js';

export interface Order {
  /** What the case calls the order. */
  readonly name: string;
  readonly account: string;
  readonly instrument: string;
  readonly quantity: string;
  readonly price: string;
}

export interface Face {
  readonly name: string;
  submit(order: Order): Promise<string>;
  cancel(name: string): Promise<string>;
  replace(name: string, quantity: string, price: string): Promise<string>;
  close(): Promise<void>;
}

/** An order that nobody has. */
const UNKNOWN_USER_REF = 999_999;

export class RestFace implements Face {
  readonly name = 'REST';
  readonly #url: string;
  readonly #ids = new Map<string, number>();
  #next = 0;

  constructor({ api }: Running) {
    this.#url = api.address;
  }

  async submit({ name, ...terms }: Order): Promise<string> {
    const order = { ...terms, clientOrderId: `rest-${name}`, side: 'Buy', type: 'Limit' };
    const { status, body } = await request(`${this.#url}/v1/orders`, 'POST', order);
    if (status !== 201) return body.code;
    this.#ids.set(name, body.orderId);
    return 'accepted';
  }

  async cancel(name: string): Promise<string> {
    const id = this.#ids.get(name);
    const path = id === undefined ? `accounts/AA/orders/${name}` : `orders/${id}`;
    const { body } = await request(`${this.#url}/v1/${path}`, 'DELETE', undefined);
    return body.code ?? body.outcome;
  }

  async replace(name: string, quantity: string, price: string): Promise<string> {
    const change = { clientOrderId: `rest-r${this.#next++}`, quantity, price };
    const url = `${this.#url}/v1/orders/${this.#ids.get(name)}`;
    const { body } = await request(url, 'PUT', change);
    return body.code ?? body.outcome;
  }

  async close(): Promise<void> {}
}

/** Calls, or one stream of requests. */
export class GrpcFace implements Face {
  readonly name: string;
  readonly #client: DaybookClient;
  readonly #entry: OrderEntry | undefined;
  readonly #ids = new Map<string, number>();
  #next = 0;

  constructor({ grpc }: Running, stream: boolean) {
    this.name = stream ? 'gRPC stream' : 'gRPC';
    this.#client = new DaybookClient({ address: grpc, deadlineMs: 60_000 });
    this.#entry = stream ? this.#client.orderEntry() : undefined;
  }

  submit({ name, ...terms }: Order): Promise<string> {
    const clientOrderId = `${this.name}-${name}`;
    const order = {
      ...terms,
      clientOrderId,
      side: Side.SIDE_BUY,
      type: OrdType.ORD_TYPE_LIMIT,
    };
    return told(async () => {
      const { orderId } = await (this.#entry?.submit(order) ?? this.#client.submitOrder(order));
      this.#ids.set(name, orderId);
      return 'accepted';
    });
  }

  cancel(name: string): Promise<string> {
    const cancel = { clientOrderId: `${this.name}-c${this.#next++}`, order: this.#order(name) };
    return told(async () => {
      const answer = await (this.#entry?.cancel(cancel) ?? this.#client.cancelOrder(cancel));
      return outcomeName(answer.outcome);
    });
  }

  replace(name: string, quantity: string, price: string): Promise<string> {
    const clientOrderId = `${this.name}-r${this.#next++}`;
    const replace = { clientOrderId, order: this.#order(name), quantity, price };
    return told(async () => {
      const answer = await (this.#entry?.replace(replace) ?? this.#client.replaceOrder(replace));
      return outcomeName(answer.outcome);
    });
  }

  async close(): Promise<void> {
    await this.#entry?.close();
    this.#client.close();
  }

  #order(name: string): OrderReference {
    const value = this.#ids.get(name);
    if (value !== undefined) return { by: { $case: 'orderId', value } };
    return { by: { $case: 'accountOrder', value: { account: 'AA', clientOrderId: name } } };
  }
}

async function told(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DaybookError) return error.code;
    throw error;
  }
}

const outcomeName = (outcome: RequestOutcome): string =>
  outcome === RequestOutcome.REQUEST_OUTCOME_DONE ? 'done' : 'requested';

/** Events that end a request of OUCH, and what they say came of it. */
const OUCH_OUTCOMES: Readonly<Record<string, (event: DaybookEvent) => string>> = {
  OrderAccepted: () => 'accepted',
  OrderDenied: ({ data }) => codeOf(data),
  OrderCanceled: () => 'done',
  OrderReplaced: () => 'done',
  CancelRejected: ({ data }) => codeOf(data),
  ReplaceRejected: ({ data }) => codeOf(data),
};

function codeOf(data: object): string {
  return rejectCode((data as { reason: number }).reason) ?? 'none';
}

/** OUCH has codes of its own and fewer of them: what came of a request is read from its event. */
export class OuchFace implements Face {
  readonly name = 'OUCH';
  readonly #client: OuchTestClient;
  readonly #running: Running;
  readonly #session: number;
  readonly #refs = new Map<string, number>();
  #next = 1;
  /** The event that ended the last request. */
  #seen = -1;

  static async open(running: Running, port: number, session: number): Promise<OuchFace> {
    return new OuchFace(running, await OuchTestClient.login(port), session);
  }

  private constructor(running: Running, client: OuchTestClient, session: number) {
    this.#running = running;
    this.#client = client;
    this.#session = session;
  }

  submit({ name, account, instrument, quantity, price }: Order): Promise<string> {
    const ref = this.#next++;
    this.#refs.set(name, ref);
    const terms = { symbol: instrument, quantity: Number(quantity), price: wire(price) };
    const firm = [{ tag: 2, name: 'firm', value: account }];
    return this.#ask(() => this.#client.enter(ref, { ...terms, clOrdID: name }, firm));
  }

  cancel(name: string): Promise<string> {
    return this.#ask(() => this.#client.send('X', { userRefNum: this.#ref(name), quantity: 0 }));
  }

  replace(name: string, quantity: string, price: string): Promise<string> {
    const userRefNum = this.#next++;
    const origUserRefNum = this.#ref(name);
    this.#refs.set(name, userRefNum);
    return this.#ask(() =>
      this.#client.send('U', {
        ...{ origUserRefNum, userRefNum, quantity: Number(quantity), price: wire(price) },
        ...{ timeInForce: '0', display: 'Y', interMarketSweepEligibility: 'N', clOrdID: name },
      }),
    );
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #ref(name: string): number {
    return this.#refs.get(name) ?? UNKNOWN_USER_REF;
  }

  /** Sends it, and waits for the event of this session that ends it. */
  async #ask(send: () => void): Promise<string> {
    const after = this.#seen;
    send();
    let outcome: string | undefined;
    await expect
      .poll(
        () => {
          outcome = this.#outcomeAfter(after);
          return outcome;
        },
        { timeout: 30_000 },
      )
      .toBeDefined();
    return outcome as string;
  }

  #outcomeAfter(after: number): string | undefined {
    const { directory, durableEnd } = this.#running.shard;
    const reader = new JournalReader(directory, { from: after + 1, end: durableEnd });
    try {
      for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
        for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
          const event = decodeEvent(batch.bytes, at);
          const told = OUCH_OUTCOMES[event.type];
          if (told === undefined || event.session !== this.#session) continue;
          this.#seen = event.sequence;
          return told(event);
        }
      }
      return undefined;
    } finally {
      reader.close();
    }
  }
}

/** OUCH prices have four decimals. */
const wire = (price: string): string => {
  const [whole, fraction = ''] = price.split('.');
  return `${whole}.${fraction.padEnd(4, '0')}`;
};
