import { type ServiceError, status } from '@grpc/grpc-js';
import { Problem } from './generated/daybook/v1/order.gen.js';

/** Daybook refused a request; `code` is stable, see docs/error-codes.md. */
export class DaybookError extends Error {
  override readonly name = 'DaybookError';
  readonly code: string;
  /** All that was said; undefined when the refusal came from something in between. */
  readonly problem: Problem | undefined;
  /** Whether the same request may pass later. With the same client order id that is always safe. */
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    problem: Problem | undefined,
    retryable: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.problem = problem;
    this.retryable = retryable;
  }
}

const RETRYABLE: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.CANCELLED,
  status.UNKNOWN,
  status.INTERNAL,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
]);

/** What a failed call says. */
export function errorOf(error: ServiceError): DaybookError {
  const [code] = error.metadata?.get('daybook-code') ?? [];
  const [bytes] = error.metadata?.get('daybook-problem-bin') ?? [];
  const problem = bytes instanceof Buffer ? Problem.decode(bytes) : undefined;
  const name = code === undefined ? status[error.code] : String(code);
  return new DaybookError(
    name ?? 'UNKNOWN',
    error.details || error.message,
    problem,
    RETRYABLE.has(error.code) && !DEFINITE.has(name ?? ''),
    error,
  );
}

/** Asking again brings the same answer. */
const DEFINITE: ReadonlySet<string> = new Set(['REQUEST_TOO_LARGE', 'INTERNAL']);

/** A request whose answer was lost: it is on record, or it never came. Ask by client order id. */
export function unanswered(cause?: unknown): DaybookError {
  const message = 'The connection ended before the answer. Ask for the order, or send it again.';
  return new DaybookError('UNANSWERED', message, undefined, true, cause);
}
