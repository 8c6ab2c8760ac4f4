import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { ExpectedRevision } from '../append-decision.js';
import { MAX_APPEND_BYTES } from './limits.js';

/**
 * Errors as the protocol shows them: a gRPC status, and in the trailing metadata the key
 * `exception`, on which clients switch first, with further keys that fill in the client's error.
 */
export class RpcError extends Error implements ServiceError {
  override readonly name = 'RpcError';
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = new Metadata();
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, value);
  }
}

/** Trailers are ASCII on the wire; a name in any other alphabet is shown escaped. */
function trailerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

export function accessDenied(details = 'Access is denied.'): RpcError {
  return new RpcError(status.PERMISSION_DENIED, details, { exception: 'access-denied' });
}

export function unauthenticated(): RpcError {
  return new RpcError(status.UNAUTHENTICATED, 'The credentials are missing or wrong.');
}

export function invalidArgument(details: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, details);
}

export function resourceExhausted(details: string): RpcError {
  return new RpcError(status.RESOURCE_EXHAUSTED, details);
}

export function streamDeleted(stream: string): RpcError {
  return new RpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': trailerText(stream),
  });
}

/** The three words as the protocol numbers them in trailers. */
const EXPECTED_NUMBERS = { any: '-2', no_stream: '-1', stream_exists: '-4' } as const;

/** Only delete and tombstone fail this way; an append answers a wrong version as a result. */
export function wrongExpectedVersion(
  stream: string,
  expected: ExpectedRevision,
  current: number,
): RpcError {
  const details = `Wrong expected version of '${stream}': expected ${expected}, is ${current}.`;
  return new RpcError(status.FAILED_PRECONDITION, details, {
    exception: 'wrong-expected-version',
    'stream-name': trailerText(stream),
    'expected-version':
      typeof expected === 'number' ? String(expected) : EXPECTED_NUMBERS[expected],
    'actual-version': current < 0 ? '' : String(current),
  });
}

export function appendTooBig(): RpcError {
  return new RpcError(
    status.INVALID_ARGUMENT,
    `The append is larger than ${MAX_APPEND_BYTES} bytes.`,
    {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(MAX_APPEND_BYTES),
    },
  );
}

export function missingMetadata(property: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, `The event lacks the metadata '${property}'.`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
}

/** What a handler reports when something of ours threw that is no protocol error. */
export function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RpcError(status.UNKNOWN, message);
}
