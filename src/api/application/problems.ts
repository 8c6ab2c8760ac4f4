/**
 * The codes of errors that are not a refusal by the writer (those are `domain/reject-reasons.ts`):
 * a request that cannot be understood, something unknown, an answer that cannot be given now.
 *
 * Stable once published; `docs/error-codes.md` is generated from here. `kind` is what a transport
 * turns into its own status (REST: `rest/problem.ts`).
 */

/** What is wrong, in the terms of no transport. */
export type ProblemKind =
  /** The request cannot be understood; sending it again will not help. */
  | 'invalid'
  /** Who asks has not proved who it is. */
  | 'unauthenticated'
  /** Who asks may not. */
  | 'forbidden'
  | 'not-found'
  /** Against the state of what it names: a repeated id, an order that is done. */
  | 'conflict'
  /** Understood and refused, on record. */
  | 'refused'
  | 'too-large'
  | 'media-type'
  | 'method'
  /** Too many requests of one identity; the same request may pass later. */
  | 'rate-limited'
  /** Nothing was taken; the same request may pass later. */
  | 'overloaded'
  | 'unavailable'
  /** Taken, but the outcome was not seen in time. */
  | 'timeout'
  | 'internal';

interface Problem {
  readonly kind: ProblemKind;
  readonly title: string;
  readonly meaning: string;
}

export const problems = {
  REQUEST_INVALID: {
    kind: 'invalid',
    title: 'The request is not valid',
    meaning: 'A field is missing, unknown or has a value it cannot have; `errors` names each one.',
  },
  REQUEST_MALFORMED: {
    kind: 'invalid',
    title: 'The request cannot be read',
    meaning: 'Not HTTP, not a URL, or a body that is not JSON.',
  },
  REQUEST_TOO_LARGE: {
    kind: 'too-large',
    title: 'The request is too large',
    meaning: 'The body, the headers or the URL exceed their limit.',
  },
  REQUEST_MEDIA_TYPE: {
    kind: 'media-type',
    title: 'The media type is not supported',
    meaning: 'Bodies are application/json, and not compressed.',
  },
  REQUEST_TIMEOUT: {
    kind: 'timeout',
    title: 'The request did not arrive in time',
    meaning: 'The client took too long to send its request; nothing was taken.',
  },
  CREDENTIALS_MISSING: {
    kind: 'unauthenticated',
    title: 'The request says not who sends it',
    meaning: 'Send an API key or a token as `Authorization: Bearer`, or a client certificate.',
  },
  CREDENTIALS_INVALID: {
    kind: 'unauthenticated',
    title: 'The credentials are not valid',
    meaning:
      'The key, token or certificate is unknown, wrong, revoked, or of a user who is disabled; which of these is in the record of refused access.',
  },
  CREDENTIALS_EXPIRED: {
    kind: 'unauthenticated',
    title: 'The credentials have expired',
    meaning: 'The key or the token was valid until some time ago.',
  },
  PERMISSION_DENIED: {
    kind: 'forbidden',
    title: 'Not permitted',
    meaning: 'The identity lacks the permission for this action, or for this account.',
  },
  RATE_LIMITED: {
    kind: 'rate-limited',
    title: 'Too many requests',
    meaning: 'The identity has used up its requests; nothing was taken. Retry-After says when.',
  },
  LOGIN_ATTEMPTS_EXCEEDED: {
    kind: 'rate-limited',
    title: 'Too many failed logins',
    meaning:
      'Of this address, or of who is claimed: nobody is let in until Retry-After, right or wrong.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'refused',
    title: 'The idempotency key is that of another request',
    meaning: 'The same Idempotency-Key came before with another method, path or body.',
  },
  IDEMPOTENCY_IN_PROGRESS: {
    kind: 'conflict',
    title: 'The first request with this idempotency key is under way',
    meaning: 'Send it again later: it will have the answer of the first.',
  },
  APPROVAL_UNKNOWN: {
    kind: 'not-found',
    title: 'No such approval',
    meaning: 'Nothing with this id waits, or ever waited, for a second identity.',
  },
  APPROVAL_OWN: {
    kind: 'forbidden',
    title: 'The second identity must be another',
    meaning: 'Whoever asked for a change cannot approve it; withdraw it instead.',
  },
  APPROVAL_DECIDED: {
    kind: 'conflict',
    title: 'The approval was decided',
    meaning: 'It was approved, refused or withdrawn before, or it has expired.',
  },
  APPROVALS_FULL: {
    kind: 'overloaded',
    title: 'Too many changes wait for a second identity',
    meaning: 'Nothing was taken. Decide or withdraw some of those that wait.',
  },
  ROUTE_UNKNOWN: {
    kind: 'not-found',
    title: 'No such route',
    meaning: 'No resource has this path; see /docs.',
  },
  METHOD_NOT_ALLOWED: {
    kind: 'method',
    title: 'The resource does not have this method',
    meaning: 'The header Allow lists those that it has.',
  },
  GROUP_UNKNOWN: {
    kind: 'not-found',
    title: 'No such group of accounts',
    meaning: 'No account belongs to a group of this name.',
  },
  TRADING_DAY_NONE: {
    kind: 'not-found',
    title: 'No trading day yet',
    meaning: 'No trading day was opened so far.',
  },
  MARK_UNKNOWN: {
    kind: 'not-found',
    title: 'The instrument has no mark',
    meaning: 'No price was marked for it yet.',
  },
  OUTCOME_PENDING: {
    kind: 'timeout',
    title: 'The outcome is not known yet',
    meaning:
      'The request was taken, but its outcome was not durable in time. It is, or will be, on record: ask for the order by its client order id, or send the request again with the same id.',
  },
  VIEW_BEHIND: {
    kind: 'unavailable',
    title: 'The read model is behind',
    meaning: 'The read model did not reach the sequence asked for (`minSequence`) in time.',
  },
  VIEW_UNAVAILABLE: {
    kind: 'unavailable',
    title: 'The read model is not available',
    meaning: 'The database does not answer. Orders are taken all the same.',
  },
  MOMENT_INVALID: {
    kind: 'invalid',
    title: 'No moment',
    meaning: 'A moment is a sequence, or a time in ISO 8601 with a zone.',
  },
  MOMENT_AHEAD: {
    kind: 'not-found',
    title: 'The log does not reach the moment',
    meaning: 'The sequence is not there yet, or the log begins after the time.',
  },
  ORDER_AMBIGUOUS: {
    kind: 'conflict',
    title: 'The order is not told by its client order id alone',
    meaning: 'Several accounts used the same client order id: name the account, too.',
  },
  AUDIT_BUSY: {
    kind: 'overloaded',
    title: 'Too many questions about the past',
    meaning: 'As many questions as are taken wait for their answers; ask again later.',
  },
  AUDIT_TIMEOUT: {
    kind: 'timeout',
    title: 'The answer about the past takes too long',
    meaning: 'The state so far back takes longer to replay than a request may; use daybook replay.',
  },
  AUDIT_UNAVAILABLE: {
    kind: 'unavailable',
    title: 'The past cannot be asked here',
    meaning: 'This process has no auditor, or it has stopped. Orders are taken all the same.',
  },
  MARKET_DATA_INVALID: {
    kind: 'invalid',
    title: 'The market data cannot be taken',
    meaning:
      'Ticks, a source, a range of bars or a corporate action that cannot be; nothing was taken.',
  },
  INSTRUMENT_TERMS_CHANGED: {
    kind: 'conflict',
    title: 'The stored prices count in other sizes',
    meaning:
      "The instrument's tick or lot size is not the one that its stored market data was taken in.",
  },
  SERVICE_UNAVAILABLE: {
    kind: 'unavailable',
    title: 'The service is not available',
    meaning: 'Daybook is starting or stopping, or its writer or journal has failed.',
  },
  INTERNAL: {
    kind: 'internal',
    title: 'Internal error',
    meaning: 'A defect of Daybook. The log of the process has the details, under the request id.',
  },
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof problems;
