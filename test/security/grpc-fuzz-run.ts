/**
 * Sends messages of nonsense over HTTP/2, as a trader, and looks at what comes of each: calls with one
 * message, and streams of order entry with many, several at a time on each connection.
 */
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { EnterOrdersResponse } from '../../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import { Random } from './body-fuzzer.js';
import { INTERNALS } from './fuzz-run.js';
import { type FuzzMessage, fuzzMessage } from './message-fuzzer.js';
import type { SecureApi } from './secure-api.js';

const CONNECTIONS = 4;
/** Calls under way on one connection. */
const CALLS_UNDER_WAY = 16;
/** Messages of one stream of order entry; the last one may be none, which ends the stream. */
const MESSAGES_PER_STREAM = 64;
/** Every so many calls one is a stream. */
const STREAM_EVERY = 60;
const FRAME_HEAD_BYTES = 5;

/** What a message may be answered. All else says that something is wrong with Daybook, not with it. */
const DECIDED: ReadonlySet<number> = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
]);

export interface GrpcFuzzResult {
  /** Messages that were answered, each by itself. */
  readonly answered: number;
  /** By name of the status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers that must not be: at most a few, with the message. */
  readonly findings: readonly string[];
  readonly seconds: number;
}

interface Ended {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly answers: Uint8Array[];
}

class GrpcFuzz {
  readonly #api: SecureApi;
  readonly #bodies: number;
  readonly #random: Random;
  readonly statuses: Record<string, number> = {};
  readonly findings: string[] = [];
  answered = 0;
  #sent = 0;
  #calls = 0;

  constructor(api: SecureApi, bodies: number, seed: number) {
    this.#api = api;
    this.#bodies = bodies;
    this.#random = new Random(seed);
  }

  async connection(): Promise<void> {
    const session = connect(`http://${this.#api.api.grpc?.address}`);
    session.on('error', () => undefined);
    await Promise.all(Array.from({ length: CALLS_UNDER_WAY }, () => this.#caller(session)));
    await new Promise<void>((resolve) => session.close(resolve));
  }

  async #caller(session: ClientHttp2Session): Promise<void> {
    while (this.#sent < this.#bodies && this.findings.length < 20) {
      this.#calls += 1;
      if (this.#calls % STREAM_EVERY === 0) await this.#stream(session);
      else await this.#call(session);
    }
  }

  #next(streams: boolean): FuzzMessage {
    this.#sent += 1;
    for (;;) {
      const message = fuzzMessage(this.#random, this.#sent, streams);
      // What is no message ends a stream: most streams go on to their end.
      const goesOn = !streams || message.requests !== undefined;
      if (goesOn || this.#random.below(2 * MESSAGES_PER_STREAM) === 0) return message;
    }
  }

  async #call(session: ClientHttp2Session): Promise<void> {
    const message = this.#next(false);
    const ended = await this.#ask(session, message.method, [message.bytes]);
    const wrong = this.#wrongWith(ended, message.requests === undefined);
    if (wrong !== undefined) this.#find([message], ended, wrong);
    this.answered += 1;
  }

  async #stream(session: ClientHttp2Session): Promise<void> {
    const messages: FuzzMessage[] = [];
    let requests = 0;
    while (messages.length < MESSAGES_PER_STREAM) {
      const message = this.#next(true);
      messages.push(message);
      if (message.requests === undefined) break;
      requests += message.requests;
    }
    const malformed = messages.at(-1)?.requests === undefined;
    const bytes = messages.map((message) => message.bytes);
    const ended = await this.#ask(session, 'EnterOrders', bytes);
    const wrong =
      this.#wrongWith(ended, malformed) ?? this.#wrongAnswers(ended, malformed, requests);
    if (wrong !== undefined) this.#find(messages, ended, wrong);
    this.answered += messages.length;
  }

  /** A stream that is right to its end has an answer for each request. */
  #wrongAnswers({ answers }: Ended, malformed: boolean, requests: number): string | undefined {
    let given = 0;
    for (const bytes of answers) {
      for (const { answer } of EnterOrdersResponse.decode(bytes).answers) {
        given += 1;
        const problem = answer?.$case === 'problem' ? answer.value : undefined;
        const name = problem?.code ?? answer?.$case ?? 'nothing';
        this.#count(`answer ${name}`);
        if (name === 'INTERNAL' || name === 'nothing') return `an answer of ${name}`;
        if (INTERNALS.test(JSON.stringify(problem ?? ''))) return 'an answer with internals';
      }
    }
    if (!malformed && given !== requests) return `${given} answers to ${requests} requests`;
    return undefined;
  }

  #wrongWith({ status: told, code, text, answers }: Ended, malformed: boolean): string | undefined {
    this.#count(status[told] ?? String(told));
    if (!DECIDED.has(told)) return 'its status';
    if (told !== status.OK && code === undefined) return 'no code';
    if (INTERNALS.test(text)) return 'internals in its text';
    for (const bytes of answers) {
      if (INTERNALS.test(Buffer.from(bytes).toString('latin1'))) return 'internals in its answer';
    }
    if (malformed && code !== 'REQUEST_MALFORMED') return 'no message, and not refused as none';
    if (!malformed && code === 'REQUEST_MALFORMED') return 'a message, and refused as none';
    return undefined;
  }

  #count(name: string): void {
    this.statuses[name] = (this.statuses[name] ?? 0) + 1;
  }

  #find(messages: readonly FuzzMessage[], ended: Ended, what: string): void {
    const last = messages.at(-1) as FuzzMessage;
    const { status: told, code, text } = ended;
    this.findings.push(
      `${what}: ${last.method} ${Buffer.from(last.bytes).toString('hex')} (${messages.length}) -> ` +
        `${told} ${code} ${text}`,
    );
  }

  #ask(session: ClientHttp2Session, method: string, messages: Uint8Array[]): Promise<Ended> {
    return new Promise((resolve) => {
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: `/daybook.v1.OrderService/${method}`,
        [constants.HTTP2_HEADER_TE]: 'trailers',
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        [constants.HTTP2_HEADER_AUTHORIZATION]: `Bearer ${this.#api.keys.trader}`,
      });
      let last: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      const take = (headers: IncomingHttpHeaders): void => {
        last = { ...last, ...headers };
      };
      stream.on('response', take);
      stream.on('trailers', take);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      // A stream that is refused while it is sent is reset; what was said of it came before.
      stream.on('error', () => undefined);
      stream.on('close', () => {
        const details = String(last['grpc-message'] ?? '');
        const shown = Buffer.from(String(last['daybook-problem-bin'] ?? ''), 'base64');
        resolve({
          status: Number(last['grpc-status'] ?? -1),
          code: last['daybook-code'] as string | undefined,
          text: `${decodeURIComponent(details)} ${shown.toString('latin1')}`,
          answers: messagesOf(Buffer.concat(chunks)),
        });
      });
      stream.end(Buffer.concat(messages.map(framed)));
    });
  }
}

function framed(bytes: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + bytes.length);
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, FRAME_HEAD_BYTES);
  return frame;
}

function messagesOf(bytes: Buffer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    const end = at + FRAME_HEAD_BYTES + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + FRAME_HEAD_BYTES, end));
    at = end;
  }
  return messages;
}

export async function runGrpcFuzz(
  api: SecureApi,
  bodies: number,
  seed: number,
): Promise<GrpcFuzzResult> {
  const started = performance.now();
  const fuzz = new GrpcFuzz(api, bodies, seed);
  await Promise.all(Array.from({ length: CONNECTIONS }, () => fuzz.connection()));
  const { answered, statuses, findings } = fuzz;
  return { answered, statuses, findings, seconds: (performance.now() - started) / 1000 };
}
