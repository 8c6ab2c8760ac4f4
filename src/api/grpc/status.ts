/** Errors of the use cases as gRPC statuses, with the whole of the problem in the trailers. */
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ApplicationError, type FieldError, problem } from '../application/errors.js';
import type { ProblemKind } from '../application/problems.js';
import type { OrderState } from '../application/views.js';
import { Problem } from './generated/daybook/v1/order.gen.js';
import { orderStateMessage } from './order-messages.js';

export const CODE_TRAILER = 'daybook-code';
export const PROBLEM_TRAILER = 'daybook-problem-bin';

const statusOfKind: { readonly [K in ProblemKind]: status } = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'not-found': status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  refused: status.FAILED_PRECONDITION,
  'too-large': status.RESOURCE_EXHAUSTED,
  'media-type': status.INVALID_ARGUMENT,
  method: status.UNIMPLEMENTED,
  'rate-limited': status.RESOURCE_EXHAUSTED,
  overloaded: status.UNAVAILABLE,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  internal: status.INTERNAL,
};

/** The same question as `applicationErrorOf` of REST: what is not known becomes INTERNAL. */
export function knownError(error: unknown, logger: Logger): ApplicationError {
  if (error instanceof ApplicationError) return error;
  logger.error({ err: error }, 'a call failed');
  return problem('INTERNAL');
}

export function statusOf(error: ApplicationError): StatusObject {
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, error.code);
  metadata.set(PROBLEM_TRAILER, Buffer.from(Problem.encode(problemMessage(error)).finish()));
  return { code: codeOf(error), details: error.message, metadata };
}

/** The status as what handlers give back or emit. */
export function serviceError(error: ApplicationError): ServiceError {
  return Object.assign(new Error(error.message), statusOf(error), { name: 'ServiceError' });
}

/** A refusal that was given before, to the same request with the same key. */
export class RefusedBefore extends Error {
  override readonly name = 'RefusedBefore';
  readonly status: StatusObject;
  constructor(status: StatusObject) {
    super(status.details);
    this.status = status;
  }
}

/** What a call that failed is answered. */
export function failureOf(error: unknown, logger: Logger): ServiceError {
  if (!(error instanceof RefusedBefore)) return serviceError(knownError(error, logger));
  const { status: told, message } = error;
  return Object.assign(new Error(message), told, { name: 'ServiceError' });
}

function codeOf(error: ApplicationError): status {
  if (error.code === 'ORDER_DUPLICATE_CLIENT_ID') return status.ALREADY_EXISTS;
  return statusOfKind[error.kind];
}

export function problemMessage({ code, message, extras }: ApplicationError): Problem {
  const { sequence, check, limit, value, unit, errors, firstOrder } = extras;
  const order = (extras.order ?? firstOrder) as OrderState | null | undefined;
  return {
    code,
    detail: message,
    sequence: sequence as number | undefined,
    check: textOf(check),
    limit: textOf(limit),
    value: textOf(value),
    unit: textOf(unit),
    order: order ? orderStateMessage(order) : undefined,
    fields: (errors as FieldError[] | undefined) ?? [],
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
