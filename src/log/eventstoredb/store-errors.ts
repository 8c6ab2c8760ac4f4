/** Why work with an EventStoreDB stops. `retry` errors pass by themselves; the others never do. */
export type StoreErrorCode =
  /** No connection, a lost one, no leader, or no answer in time: tried again, with a bound on the pace. */
  | 'EVENTSTOREDB_UNAVAILABLE'
  /** The store holds other events at our revisions: another writer owns the stream. */
  | 'EVENTSTOREDB_DIFFERENT_EVENTS'
  /** The store holds more than the journal: the journal lost events, or a newer writer is at work. */
  | 'EVENTSTOREDB_AHEAD'
  /** Revisions of the stream are not our sequences: it was deleted, truncated or recreated. */
  | 'EVENTSTOREDB_REVISIONS'
  /** Appended at another place than expected; nothing was written. */
  | 'EVENTSTOREDB_WRONG_REVISION'
  /** The stream was tombstoned. */
  | 'EVENTSTOREDB_STREAM_DELETED'
  /** Credentials missing or wrong, or the log is read-only. */
  | 'EVENTSTOREDB_ACCESS_DENIED'
  /** The store refused the append for what it is. */
  | 'EVENTSTOREDB_REFUSED';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** Whether trying again can help. */
  get retry(): boolean {
    return this.code === 'EVENTSTOREDB_UNAVAILABLE' || this.code === 'EVENTSTOREDB_WRONG_REVISION';
  }
}

/** Errors of the client and of gRPC, by the words the client types them with. */
const PERMANENT: Readonly<Record<string, StoreErrorCode>> = {
  'access-denied': 'EVENTSTOREDB_ACCESS_DENIED',
  'stream-deleted': 'EVENTSTOREDB_STREAM_DELETED',
  'maximum-append-size-exceeded': 'EVENTSTOREDB_REFUSED',
  'missing-required-metadata-property': 'EVENTSTOREDB_REFUSED',
  'invalid-argument': 'EVENTSTOREDB_REFUSED',
};

/** Codes of gRPC that no second try will change. */
const GRPC_PERMANENT: ReadonlyMap<unknown, StoreErrorCode> = new Map<unknown, StoreErrorCode>([
  [3, 'EVENTSTOREDB_REFUSED'],
  [7, 'EVENTSTOREDB_ACCESS_DENIED'],
  [12, 'EVENTSTOREDB_REFUSED'],
  [16, 'EVENTSTOREDB_ACCESS_DENIED'],
]);

/** What an error of the client means to us. Whatever is not known to be permanent may pass. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { type, code, metadata, message } = (error ?? {}) as {
    type?: unknown;
    code?: unknown;
    metadata?: { get?: (key: string) => unknown[] };
    message?: unknown;
  };
  const exception = metadata?.get?.('exception')?.[0];
  const found = PERMANENT[String(type)] ?? PERMANENT[String(exception)] ?? GRPC_PERMANENT.get(code);
  return new StoreError(found ?? 'EVENTSTOREDB_UNAVAILABLE', String(message ?? error), error);
}
