/**
 * One browser, or program, on a WebSocket: it subscribes to topics in JSON and gets their messages.
 *
 * ```
 *   > {"subscribe":"executions","after":41,"accounts":["alpha"]}     accounts, instruments, after optional
 *   < {"type":"events","topic":"executions","after":41,"to":57,"events":[...]}
 *   > {"unsubscribe":"executions"}
 *   < {"type":"problem","topic":"executions","code":"REQUEST_INVALID","detail":"..."}
 * ```
 */

import type { WebSocket } from '@fastify/websocket';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Caller } from '../application/application.js';
import { ApplicationError, problem } from '../application/errors.js';
import { jsonFormat } from './json-format.js';
import type { StreamHub } from './stream-hub.js';
import type { Sink } from './subscriber.js';
import { TOPICS, type TopicName } from './topics.js';

/** Longest message that a client may send, in bytes. */
export const REQUEST_BYTES_MAX = 32 * 1024;
/** A client is asked whether it lives this often, and is cut off when it did not answer, in ms. */
export const PING_MS = 15_000;
/** How long a client may take to answer that the connection ends, in milliseconds. */
const CLOSE_MS = 2000;
/** Why the connection was closed [RFC 6455, 7.4.1]: going away; policy. */
const GOING_AWAY = 1001;
const POLICY = 1008;

const names = z.array(z.string().min(1).max(64)).max(256).optional();
const request = z.union([
  z.strictObject({
    subscribe: z.enum(TOPICS),
    after: z.number().int().optional(),
    accounts: names,
    instruments: names,
  }),
  z.strictObject({ unsubscribe: z.enum(TOPICS) }),
]);

export interface WebSocketClientOptions {
  readonly hub: StreamHub;
  readonly socket: WebSocket;
  readonly caller: Caller;
  readonly logger: Logger;
  /** Asked before each request. @throws ApplicationError RATE_LIMITED */
  readonly throttle: () => void;
  /** Told of each refusal, for the record. */
  readonly refused: (error: ApplicationError) => void;
}

export class WebSocketClient {
  readonly #options: WebSocketClientOptions;
  readonly #sink: SocketSink;
  /** What ends each subscription. */
  readonly #ends = new Map<TopicName, () => void>();
  readonly #ping: NodeJS.Timeout;
  #alive = true;

  constructor(options: WebSocketClientOptions) {
    this.#options = options;
    const { socket } = options;
    this.#sink = new SocketSink(socket);
    this.#ping = setInterval(() => this.#askAlive(), PING_MS);
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('message', (data, isBinary) => this.#take(String(data), isBinary));
    socket.on('close', () => this.#leave());
    // What is wrong with the connection, or its frames; 'close' follows.
    socket.on('error', () => this.#leave());
  }

  /** @param error why: the client may no longer be here, or the server stops */
  close(error: ApplicationError): void {
    this.#tell(error, undefined);
    const { socket } = this.#options;
    socket.close(error.kind === 'unavailable' ? GOING_AWAY : POLICY, error.code);
    setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    this.#leave();
  }

  #take(text: string, isBinary: boolean): void {
    let topic: TopicName | undefined;
    try {
      this.#options.throttle();
      const asked = requestOf(text, isBinary);
      if ('unsubscribe' in asked) {
        this.#ends.get(asked.unsubscribe)?.();
        this.#ends.delete(asked.unsubscribe);
        return;
      }
      topic = asked.subscribe;
      this.#subscribe(topic, asked);
    } catch (error) {
      this.#fail(error, topic);
    }
  }

  #subscribe(topic: TopicName, asked: Omit<z.output<typeof request>, 'subscribe'>): void {
    // A second subscription to a topic takes the place of the first.
    this.#ends.get(topic)?.();
    this.#ends.delete(topic);
    const { hub, caller } = this.#options;
    const fail = (error: unknown): void => {
      this.#ends.delete(topic);
      this.#fail(error, topic);
    };
    const to = { format: jsonFormat, sink: this.#sink, fail };
    this.#ends.set(topic, hub.subscribe(caller.identity, { ...asked, topic }, to));
  }

  #fail(error: unknown, topic: TopicName | undefined): void {
    const { logger, refused } = this.#options;
    if (!(error instanceof ApplicationError)) {
      logger.error({ err: error }, 'a stream failed');
      this.#tell(problem('INTERNAL'), topic);
      return;
    }
    refused(error);
    this.#tell(error, topic);
  }

  #tell({ code, message: detail }: ApplicationError, topic: TopicName | undefined): void {
    this.#sink.send(Buffer.from(JSON.stringify({ type: 'problem', topic, code, detail })));
  }

  #askAlive(): void {
    const { socket } = this.#options;
    if (!this.#alive) return socket.terminate();
    this.#alive = false;
    socket.ping();
  }

  #leave(): void {
    clearInterval(this.#ping);
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }
}

/** @throws ApplicationError REQUEST_MALFORMED, REQUEST_INVALID */
function requestOf(text: string, isBinary: boolean): z.output<typeof request> {
  let json: unknown;
  try {
    json = isBinary ? undefined : JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (json === undefined) throw problem('REQUEST_MALFORMED', 'A message is JSON, in text.');
  const parsed = request.safeParse(json);
  if (parsed.success) return parsed.data;
  const topics = TOPICS.join(', ');
  throw problem('REQUEST_INVALID', `Subscribe to, or unsubscribe from, one of ${topics}.`);
}

/** Bytes wait in the socket; all subscriptions of a client share it. */
class SocketSink implements Sink {
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];
  readonly #written = (): void => this.#drained();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(message, TEXT, this.#written);
  }

  onceDrained(callback: () => void): void {
    if (this.backlog === 0) setImmediate(callback);
    else this.#waiting.push(callback);
  }

  #drained(): void {
    if (this.#waiting.length === 0 || this.backlog > 0) return;
    for (const callback of this.#waiting.splice(0)) callback();
  }
}

const TEXT = { binary: false };
