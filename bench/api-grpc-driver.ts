/**
 * gRPC: calls of a bare HTTP/2 client that writes prepared messages and only counts what comes back;
 * unary calls of one order, or streams whose messages carry `batch` orders.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { NewOrder } from '../src/api/grpc/generated/daybook/v1/order.gen.js';
import {
  EnterOrdersRequest,
  SubmitOrderRequest,
} from '../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import type { Answered, Driver } from './api-load.js';

const CONNECTIONS = 8;
const WINDOW_BYTES = 4 * 1024 * 1024;
const HEAD_BYTES = 5;
const HEADERS = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

function orderOf(number: number, accounts: number): NewOrder {
  return {
    clientOrderId: `${process.pid}-${number}`,
    account: `account-${number % accounts}`,
    instrument: 'ESH4',
    side: number % 2 === 0 ? 1 : 2,
    type: 2,
    timeInForce: 1,
    quantity: '2',
    price: '4799.25',
    capacity: 0,
    selfTradePrevention: 0,
    ...{ postOnly: false, reduceOnly: false, strategy: 0, locate: 0 },
  };
}

/** With the five bytes before each message of gRPC. */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

async function openSessions(port: number): Promise<ClientHttp2Session[]> {
  const sessions: ClientHttp2Session[] = [];
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const settings = { initialWindowSize: WINDOW_BYTES };
    const session = connect(`http://127.0.0.1:${port}`, { settings });
    await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
    session.setLocalWindowSize(WINDOW_BYTES * 4);
    session.on('error', () => undefined);
    sessions.push(session);
  }
  return sessions;
}

export class UnaryDriver implements Driver {
  readonly #port: number;
  readonly #accounts: number;
  #sessions: ClientHttp2Session[] = [];
  #answered: Answered = () => undefined;
  #sent = 0;

  constructor(port: number, accounts: number) {
    this.#port = port;
    this.#accounts = accounts;
  }

  async open(answered: Answered): Promise<void> {
    this.#answered = answered;
    this.#sessions = await openSessions(this.#port);
  }

  send(dueMs: number): void {
    const session = this.#sessions[this.#sent % CONNECTIONS] as ClientHttp2Session;
    this.#sent += 1;
    if (session.destroyed) return;
    const call = session.request({ ...HEADERS, ':path': '/daybook.v1.OrderService/SubmitOrder' });
    let status: unknown;
    call.on('response', (headers) => {
      status = headers['grpc-status'];
    });
    call.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    call.on('data', () => undefined);
    call.on('end', () => this.#answered(1, status === '0' ? 0 : 1, dueMs));
    call.on('error', () => undefined);
    const order = orderOf(this.#sent, this.#accounts);
    call.end(framed(SubmitOrderRequest.encode({ order }).finish()));
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

export class StreamDriver implements Driver {
  readonly #port: number;
  readonly #batch: number;
  readonly #template: BatchTemplate;
  #sessions: ClientHttp2Session[] = [];
  readonly #streams: { call: ClientHttp2Stream; due: { ms: number; left: number }[] }[] = [];
  #sent = 0;

  constructor(port: number, accounts: number, batch: number) {
    this.#port = port;
    this.#batch = batch;
    this.#template = new BatchTemplate(batch, accounts);
  }

  async open(answered: Answered): Promise<void> {
    this.#sessions = await openSessions(this.#port);
    for (const session of this.#sessions) {
      const path = { ':path': '/daybook.v1.OrderService/EnterOrders' };
      const call = session.request({ ...HEADERS, ...path }, { endStream: false });
      const stream = { call, due: [] as { ms: number; left: number }[] };
      const take = messages((message) => {
        const { answers, refused } = countAnswers(message);
        let length = answers;
        while (length > 0) {
          const [oldest] = stream.due;
          if (oldest === undefined) return;
          const of = Math.min(length, oldest.left);
          oldest.left -= of;
          length -= of;
          if (oldest.left > 0) return;
          stream.due.shift();
          answered(this.#batch, refused, oldest.ms);
        }
      });
      call.on('data', take);
      call.on('error', () => undefined);
      this.#streams.push(stream);
    }
  }

  send(dueMs: number): void {
    const stream = this.#streams[this.#sent % CONNECTIONS];
    if (stream === undefined || stream.call.destroyed) return;
    const first = this.#sent * this.#batch;
    this.#sent += 1;
    stream.due.push({ ms: dueMs, left: this.#batch });
    stream.call.write(this.#template.frame(first));
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

/**
 * Answers of a message, and how many of them are problems, without decoding them:
 *
 * ```
 *   0x0a, length, { 0x0a, length, client order id; tag of what it is, ... }   for each answer
 * ```
 */
function countAnswers(message: Uint8Array): { answers: number; refused: number } {
  let answers = 0;
  let refused = 0;
  for (let at = 0; at < message.length; ) {
    let length = message[at + 1] as number;
    at += 2;
    for (let shift = 7; length >= 2 ** shift; shift += 7, at += 1) {
      length += ((message[at] as number) - 1) * 2 ** shift;
    }
    const idLength = message[at + 1] as number;
    if (message[at + 2 + idLength] !== ACCEPTED_TAG) refused += 1;
    answers += 1;
    at += length;
  }
  return { answers, refused };
}

const ACCEPTED_TAG = 0x12;

/** A message of `batch` orders, written once; each time only the numbers of the orders are new. */
class BatchTemplate {
  readonly #frame: Buffer;
  readonly #numbersAt: number[] = [];

  constructor(batch: number, accounts: number) {
    const requests = Array.from({ length: batch }, (_, i) => ({
      request: { $case: 'submit' as const, value: orderOf(FIRST_NUMBER + i, accounts) },
    }));
    this.#frame = framed(EnterOrdersRequest.encode({ requests }).finish());
    for (let i = 0; i < batch; i += 1) {
      this.#numbersAt.push(this.#frame.indexOf(String(FIRST_NUMBER + i), 0, 'latin1'));
    }
  }

  frame(first: number): Buffer {
    const frame = Buffer.from(this.#frame);
    for (const [i, at] of this.#numbersAt.entries()) {
      frame.write(String(FIRST_NUMBER + first + i), at, 'latin1');
    }
    return frame;
  }
}

/** Numbers of orders all have as many digits. */
const FIRST_NUMBER = 1_000_000_000;

/** Puts the messages of a stream together again. */
function messages(take: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      take(bytes.subarray(HEAD_BYTES, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes;
  };
}
