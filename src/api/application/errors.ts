/** The one error type that use cases throw; every transport renders it in its own way. */
import { type RejectCode, rejectReasons } from '../../domain/reject-reasons.js';
import { type ProblemCode, type ProblemKind, problems } from './problems.js';

export type ErrorCode = ProblemCode | RejectCode;

/** A field of the request that is wrong; `field` is a path such as "price" or "legs.0.side". */
export interface FieldError {
  readonly field: string;
  readonly detail: string;
}

/** What an error says beside its code: plain JSON values, part of the published interface. */
export type ErrorExtras = Readonly<Record<string, unknown>>;

export class ApplicationError extends Error {
  override readonly name = 'ApplicationError';
  readonly code: ErrorCode;
  readonly kind: ProblemKind;
  /** Short, the same for every occurrence of the code. */
  readonly title: string;
  readonly extras: ErrorExtras;

  /** @param detail about this occurrence, for the client: never internals */
  constructor(code: ErrorCode, kind: ProblemKind, detail: string, extras: ErrorExtras = {}) {
    super(detail);
    this.code = code;
    this.kind = kind;
    this.title = code in problems ? problems[code as ProblemCode].title : titleOf(code);
    this.extras = extras;
  }
}

function titleOf(code: ErrorCode): string {
  return rejectReasons[code as RejectCode].meaning.replace(/\.$/, '');
}

/** An error of the catalogue in `problems.ts`. */
export function problem(
  code: ProblemCode,
  detail?: string,
  extras?: ErrorExtras,
): ApplicationError {
  const { kind, meaning } = problems[code];
  return new ApplicationError(code, kind, detail ?? meaning, extras);
}

/** A value that the named field cannot have. */
export function invalidField(field: string, detail: string): ApplicationError {
  return problem('REQUEST_INVALID', `${field}: ${detail}`, { errors: [{ field, detail }] });
}

/** A refusal that is on record; `extras` holds its sequence. */
export function refused(code: RejectCode, extras: ErrorExtras): ApplicationError {
  return new ApplicationError(code, kindOf(code), rejectReasons[code].meaning, extras);
}

/** Nothing was taken: the ring or the table of waiting requests is full. */
export function overloaded(): ApplicationError {
  const code = 'CAPACITY_OVERLOAD';
  return new ApplicationError(code, 'overloaded', rejectReasons[code].meaning);
}

function kindOf(code: RejectCode): ProblemKind {
  switch (code) {
    case 'ORDER_UNKNOWN':
      return 'not-found';
    case 'ORDER_DUPLICATE_CLIENT_ID':
      return 'conflict';
    case 'CAPACITY_OVERLOAD':
      return 'overloaded';
    default:
      return 'refused';
  }
}
