/**
 * `Idempotency-Key`: a request that is sent again with the same key has the answer of the first, as
 * draft-ietf-httpapi-idempotency-key-header describes it. What is remembered, and over a crash, is
 * the business of `../idempotency/keyed-requests.ts`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  IDEMPOTENCY_ANSWER_CHARS_MAX,
  IDEMPOTENCY_KEY,
  IDEMPOTENCY_REPLAYED,
  idempotencyKeyOf,
} from '../idempotency/key.js';
import type { KeyedRequest, KeyedRequests } from '../idempotency/keyed-requests.js';
import type { RequestAnswer } from '../idempotency/request-file.js';
import type { RestServer } from './routes/route-types.js';
import { SEQUENCE_HEADER } from './sequence-header.js';

/** Of an answer, what is kept beside its body. */
const HEADERS_KEPT = ['content-type', 'location', SEQUENCE_HEADER, 'retry-after'] as const;

/** Call before the routes are made. */
export function answerRepeats(server: RestServer, requests: KeyedRequests): void {
  const mine = new WeakMap<FastifyRequest, KeyedRequest>();

  server.addHook('preValidation', (request, reply, done) => {
    const header = request.headers[IDEMPOTENCY_KEY];
    if (header === undefined || request.method === 'GET' || request.method === 'HEAD') {
      return done();
    }
    let key: string;
    try {
      key = idempotencyKeyOf(header);
    } catch (error) {
      return done(error as Error);
    }
    const { caller } = request;
    const whose = { name: caller.identity.name, actor: caller.actor };
    requests.begin(whose, key, textOf(request)).then((begun) => {
      if (begun.kind === 'answered') return sendAgain(reply, begun.answer);
      mine.set(request, begun.request);
      request.caller = { ...caller, repeatable: begun.request };
      done();
    }, done);
  });

  server.addHook('onSend', (request, reply, payload, done) => {
    const keyed = mine.get(request);
    if (keyed === undefined) return done(null, payload);
    requests.settle(keyed, answerOf(reply, payload)).then(() => done(null, payload), done);
  });
}

function textOf({ method, url, body }: FastifyRequest): string {
  return `${method} ${url}\n${body === undefined ? '' : JSON.stringify(body)}`;
}

/** What was not taken, or not for good, may be tried again: only other answers are kept. */
function answerOf(reply: FastifyReply, payload: unknown): RequestAnswer | undefined {
  const status = reply.statusCode;
  const text = typeof payload === 'string' && payload.length <= IDEMPOTENCY_ANSWER_CHARS_MAX;
  if (!text || status >= 500 || status === 429) return undefined;
  const headers: Record<string, string> = {};
  for (const name of HEADERS_KEPT) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  return { status, headers, body: payload };
}

function sendAgain(reply: FastifyReply, { status, headers, body }: RequestAnswer): void {
  reply.code(status).headers(headers).header(IDEMPOTENCY_REPLAYED, 'true');
  reply.serializer((text: string) => text).send(body);
}
