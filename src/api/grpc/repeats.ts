/**
 * `idempotency-key` in the metadata of a call: one that is sent again with the same key has the
 * answer of the first, as over REST (`../rest/idempotency.ts`). What is remembered, and over a crash, is
 * the business of `../idempotency/keyed-requests.ts`.
 *
 *     kept of an answer   status   code of gRPC
 *                         headers  details and code of a refusal
 *                         body     base64 of the response, or of the refusal's Problem
 */
import { Metadata, type MethodDefinition, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { Caller } from '../application/application.js';
import { ApplicationError } from '../application/errors.js';
import type { ProblemKind } from '../application/problems.js';
import {
  IDEMPOTENCY_ANSWER_CHARS_MAX,
  IDEMPOTENCY_KEY,
  IDEMPOTENCY_REPLAYED,
  idempotencyKeyOf,
} from '../idempotency/key.js';
import type { KeyedRequests } from '../idempotency/keyed-requests.js';
import type { RequestAnswer } from '../idempotency/request-file.js';
import { CODE_TRAILER, PROBLEM_TRAILER, RefusedBefore, serviceError } from './status.js';

type UseCase<Q, A> = (caller: Caller, request: Q, call: ServerUnaryCall<Q, A>) => Promise<A> | A;

/** Not taken, or not for good: what asks again is done again. */
const PASSING: ReadonlySet<ProblemKind> = new Set<ProblemKind>([
  ...(['overloaded', 'unavailable', 'timeout', 'internal', 'rate-limited'] as const),
]);

/** The method for clients that may send it with a key. */
export function repeatable<Q, A>(
  requests: KeyedRequests,
  method: MethodDefinition<Q, A>,
  perform: (caller: Caller, request: Q) => Promise<A>,
): UseCase<Q, A> {
  const run = async (key: string, caller: Caller, request: Q, call: ServerUnaryCall<Q, A>) => {
    const whose = { name: caller.identity.name, actor: caller.actor };
    const text = `${method.path}\n${method.requestSerialize(request).toString('base64')}`;
    const begun = await requests.begin(whose, key, text);
    if (begun.kind === 'answered') {
      const replayed = new Metadata();
      replayed.set(IDEMPOTENCY_REPLAYED, 'true');
      call.sendMetadata(replayed);
      return answeredBefore(method, begun.answer);
    }
    try {
      const answer = await perform({ ...caller, repeatable: begun.request }, request);
      await requests.settle(begun.request, kept(status.OK, {}, method.responseSerialize(answer)));
      return answer;
    } catch (error) {
      await requests.settle(begun.request, refusalOf(error));
      throw error;
    }
  };
  return (caller, request, call) => {
    const sent = call.metadata.get(IDEMPOTENCY_KEY);
    if (sent.length === 0) return perform(caller, request);
    return run(idempotencyKeyOf(sent.length === 1 ? sent[0] : undefined), caller, request, call);
  };
}

function refusalOf(error: unknown): RequestAnswer | undefined {
  if (!(error instanceof ApplicationError) || PASSING.has(error.kind)) return undefined;
  const { code, details, metadata } = serviceError(error);
  const [problem] = metadata.get(PROBLEM_TRAILER);
  return kept(code, { details, code: error.code }, problem as Buffer);
}

function kept(
  code: status,
  headers: RequestAnswer['headers'],
  bytes: Buffer,
): RequestAnswer | undefined {
  const body = bytes.toString('base64');
  return body.length > IDEMPOTENCY_ANSWER_CHARS_MAX ? undefined : { status: code, headers, body };
}

/** @throws RefusedBefore */
function answeredBefore<A>(
  { responseDeserialize }: Pick<MethodDefinition<unknown, A>, 'responseDeserialize'>,
  { status: code, headers, body }: RequestAnswer,
): A {
  const bytes = Buffer.from(body, 'base64');
  if (code === status.OK) return responseDeserialize(bytes);
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, headers.code ?? '');
  metadata.set(PROBLEM_TRAILER, bytes);
  throw new RefusedBefore({ code, details: headers.details ?? '', metadata });
}
