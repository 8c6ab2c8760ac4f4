/**
 * `Idempotency-Key`: a request that is sent again with the same key has the answer of the first, as
 * draft-ietf-httpapi-idempotency-key-header describes it.
 *
 * The answers are kept in memory, and a restart forgets them. What must not happen twice does not
 * depend on it: an order has its client order id, which is on the log; sent again after a restart
 * it is refused with ORDER_DUPLICATE_CLIENT_ID and shown the first order.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidField, problem } from '../application/errors.js';
import type { RestServer } from './routes/route-types.js';
import { SEQUENCE_HEADER } from './sequence-header.js';

/** Requests that are remembered, of all identities; beyond, the oldest is forgotten. */
export const IDEMPOTENCY_KEYS_MAX = 32_768;
/** How long one is remembered, in ms. */
export const IDEMPOTENCY_MS_MAX = 24 * 3_600_000;
/** An answer that is longer is not kept; only a mass cancel of very many orders has one. */
export const IDEMPOTENCY_ANSWER_CHARS_MAX = 65_536;
const HEADER = 'idempotency-key';
const REPLAYED_HEADER = 'idempotency-replayed';
/** A word, or a string of RFC 9651 in its quotes. */
const FORM = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,64})"|([\x21\x23-\x7e]{1,64}))$/;
/** Of an answer, what is kept beside its body. */
const HEADERS_KEPT = ['content-type', 'location', SEQUENCE_HEADER, 'retry-after'] as const;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Entry {
  readonly fingerprint: string;
  readonly untilMs: number;
  /** Undefined while the first request is under way. */
  answer: Answer | undefined;
}

/** Call before the routes are made. */
export function answerRepeats(server: RestServer): void {
  const entries = new Map<string, Entry>();
  const mine = new WeakMap<FastifyRequest, string>();

  server.addHook('preValidation', (request, reply, done) => {
    const header = request.headers[HEADER];
    if (header === undefined || request.method === 'GET' || request.method === 'HEAD')
      return done();
    const key = keyOf(request, header);
    if (key === undefined) return done(invalidField(HEADER, 'not 1 to 64 printable characters'));
    const fingerprint = fingerprintOf(request);
    const known = entries.get(key);
    if (known === undefined || known.untilMs <= performance.now()) {
      forgetOldest(entries);
      entries.delete(key);
      const untilMs = performance.now() + IDEMPOTENCY_MS_MAX;
      entries.set(key, { fingerprint, untilMs, answer: undefined });
      mine.set(request, key);
      return done();
    }
    if (known.fingerprint !== fingerprint) return done(problem('IDEMPOTENCY_KEY_REUSED'));
    if (known.answer === undefined) return done(problem('IDEMPOTENCY_IN_PROGRESS'));
    sendAgain(reply, known.answer);
  });

  server.addHook('onSend', (request, reply, payload, done) => {
    const key = mine.get(request);
    if (key !== undefined) keep(entries, key, reply, payload);
    done(null, payload);
  });
}

function keyOf({ caller }: FastifyRequest, header: string | string[]): string | undefined {
  const [, quoted, plain] = (typeof header === 'string' && FORM.exec(header)) || [];
  const key = quoted ?? plain;
  // What one identity has sent is nobody else's answer.
  return key === undefined ? undefined : `${caller.identity.name}\n${key}`;
}

function fingerprintOf({ method, url, body }: FastifyRequest): string {
  const text = `${method} ${url}\n${body === undefined ? '' : JSON.stringify(body)}`;
  return createHash('sha256').update(text).digest('base64');
}

/** What was not taken, or not for good, may be tried again: only other answers are kept. */
function keep(
  entries: Map<string, Entry>,
  key: string,
  reply: FastifyReply,
  payload: unknown,
): void {
  const status = reply.statusCode;
  const entry = entries.get(key);
  if (entry === undefined) return;
  const text = typeof payload === 'string' && payload.length <= IDEMPOTENCY_ANSWER_CHARS_MAX;
  if (!text || status >= 500 || status === 429) {
    entries.delete(key);
    return;
  }
  const headers: Record<string, string> = {};
  for (const name of HEADERS_KEPT) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  entry.answer = { status, headers, body: payload };
}

function sendAgain(reply: FastifyReply, { status, headers, body }: Answer): void {
  reply.code(status).headers(headers).header(REPLAYED_HEADER, 'true');
  reply.serializer((text: string) => text).send(body);
}

function forgetOldest(entries: Map<string, Entry>): void {
  if (entries.size < IDEMPOTENCY_KEYS_MAX) return;
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    return;
  }
}
