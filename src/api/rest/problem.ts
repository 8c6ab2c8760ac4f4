/** Errors as RFC 9457 problem documents. Internals never leave: what is not known becomes 500. */
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ApplicationError, type FieldError, problem } from '../application/errors.js';
import type { ProblemKind } from '../application/problems.js';
import { SEQUENCE_HEADER } from './sequence-header.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** Seconds after which a client may try again what was refused for overload. */
const RETRY_AFTER_SECONDS = 1;

export const statusOfKind: { readonly [K in ProblemKind]: number } = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  method: 405,
  conflict: 409,
  'too-large': 413,
  'media-type': 415,
  refused: 422,
  'rate-limited': 429,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
  timeout: 504,
};

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly [extra: string]: unknown;
}

export function problemDocument(error: ApplicationError, requestId: string): ProblemDocument {
  return {
    type: `/problems/${error.code}`,
    title: error.title,
    status: statusOf(error),
    detail: error.message,
    instance: `urn:daybook:request:${requestId}`,
    code: error.code,
    ...error.extras,
  };
}

function statusOf(error: ApplicationError): number {
  return error.code === 'REQUEST_TIMEOUT' ? 408 : statusOfKind[error.kind];
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: ApplicationError,
): FastifyReply {
  const document = problemDocument(error, request.id);
  if (document.status === 401) reply.header('www-authenticate', 'Bearer realm="daybook"');
  if (document.status === 429) reply.header('retry-after', secondsUntil(error));
  if (document.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  const { sequence } = error.extras;
  if (typeof sequence === 'number') reply.header(SEQUENCE_HEADER, sequence);
  // Serialised here: the route's own serialisers are for its answers.
  return reply
    .code(document.status)
    .header('content-type', PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(document);
}

/** The application's error for whatever was thrown while a request was handled. */
export function applicationErrorOf(error: unknown, logger: FastifyBaseLogger): ApplicationError {
  if (error instanceof ApplicationError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationError(error);
  const byFramework = frameworkError(error as FastifyError);
  if (byFramework !== undefined) return byFramework;
  logger.error({ err: error }, 'a request failed');
  return problem('INTERNAL');
}

interface ValidationIssue {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: unknown;
}

/** Fields named in one answer, at most. */
const FIELD_ERRORS_MAX = 20;

function validationError(error: { validation: readonly ValidationIssue[] }): ApplicationError {
  const all = error.validation.slice(0, FIELD_ERRORS_MAX).flatMap(fieldErrors);
  // One reason a field is enough, and the first is the plainest.
  const errors = all.filter(({ field }, at) => all.findIndex((e) => e.field === field) === at);
  const [first] = errors;
  const detail = first === undefined ? undefined : `${first.field}: ${first.detail}`;
  return problem('REQUEST_INVALID', detail, { errors });
}

function fieldErrors(issue: ValidationIssue): FieldError[] {
  const path = issue.instancePath.split('/').slice(1).join('.');
  // An unknown field is reported at the object that holds it; name the field itself.
  const { keys } = (issue.params ?? {}) as { keys?: readonly string[] };
  if (keys !== undefined) {
    return keys.slice(0, FIELD_ERRORS_MAX).map((key) => ({
      field: (path === '' ? key : `${path}.${key}`).slice(0, 64),
      detail: 'no such field',
    }));
  }
  return [{ field: path === '' ? 'body' : path, detail: issue.message ?? 'not valid' }];
}

/** Fastify's own errors about a request. */
function frameworkError(error: FastifyError): ApplicationError | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem('REQUEST_TOO_LARGE');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('REQUEST_MEDIA_TYPE');
    case 'FST_ERR_BAD_URL':
      return problem('REQUEST_MALFORMED', 'The path of the URL cannot be decoded.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return problem('REQUEST_TOO_LARGE', 'A segment of the path is too long.');
    default:
      break;
  }
  const { statusCode } = error;
  if (error instanceof SyntaxError || (statusCode !== undefined && statusCode === 400)) {
    return problem('REQUEST_MALFORMED', 'The body is not valid JSON.');
  }
  if (statusCode !== undefined && statusCode > 400 && statusCode < 500) {
    return problem('REQUEST_MALFORMED', 'The request cannot be read.');
  }
  return undefined;
}

function secondsUntil({ extras }: ApplicationError): number {
  const { retryAfterMs } = extras;
  if (typeof retryAfterMs !== 'number') return RETRY_AFTER_SECONDS;
  return Math.max(RETRY_AFTER_SECONDS, Math.ceil(retryAfterMs / 1000));
}
