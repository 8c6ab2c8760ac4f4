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
  /** There is nothing to rebuild from: no such stream, or it was deleted. */
  | 'EVENTSTOREDB_EMPTY'
  /** Appended at another place than expected; nothing was written. */
  | 'EVENTSTOREDB_WRONG_REVISION'
  /** The stream was tombstoned. */
  | 'EVENTSTOREDB_STREAM_DELETED'
  /** Credentials missing or wrong, or the log is read-only. Final unless the store took events before. */
  | 'EVENTSTOREDB_ACCESS_DENIED'
  /** The store refused the request for what it is. Final unless the store took events before. */
  | 'EVENTSTOREDB_REFUSED';

/** A node of a cluster, by the name it tells others. */
export interface StoreNode {
  readonly host: string;
  readonly port: number;
}

/** What a store says besides the error itself. */
export interface StoreErrorHints {
  readonly cause?: unknown;
  /** Who leads, from a node that does not. */
  readonly leader?: StoreNode | undefined;
  /** Bytes that this store takes in one append, from one that was given more. */
  readonly appendBytesMax?: number | undefined;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly leader: StoreNode | undefined;
  readonly appendBytesMax: number | undefined;

  constructor(code: StoreErrorCode, message: string, hints: StoreErrorHints = {}) {
    super(message, { cause: hints.cause });
    this.code = code;
    this.leader = hints.leader;
    this.appendBytesMax = hints.appendBytesMax;
  }

  /** Whether trying again can help. */
  get retry(): boolean {
    return this.code === 'EVENTSTOREDB_UNAVAILABLE' || this.code === 'EVENTSTOREDB_WRONG_REVISION';
  }

  /**
   * Whether it can help with a store that has taken our events before: passwords are rotated on two
   * sides, one of them first, and a gateway refuses what it does not know yet.
   */
  get retryOnceLetIn(): boolean {
    return (
      this.retry ||
      this.code === 'EVENTSTOREDB_ACCESS_DENIED' ||
      this.code === 'EVENTSTOREDB_REFUSED'
    );
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

interface Trailers {
  get?: (key: string) => unknown[];
}

/** What an error of the client means to us. Whatever is not known to be permanent may pass. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { type, code, metadata, message } = (error ?? {}) as {
    type?: unknown;
    code?: unknown;
    metadata?: Trailers;
    message?: unknown;
  };
  const exception = metadata?.get?.('exception')?.[0];
  const found = PERMANENT[String(type)] ?? PERMANENT[String(exception)] ?? GRPC_PERMANENT.get(code);
  const text = String(message ?? error);
  const leader = exception === 'not-leader' ? leaderOf(metadata) : undefined;
  return new StoreError(found ?? 'EVENTSTOREDB_UNAVAILABLE', text, { cause: error, leader });
}

function leaderOf(metadata: Trailers | undefined): StoreNode | undefined {
  const host = metadata?.get?.('leader-endpoint-host')?.[0];
  const port = Number(metadata?.get?.('leader-endpoint-port')?.[0]);
  const isNode = typeof host === 'string' && host !== '' && Number.isInteger(port);
  return isNode ? { host, port } : undefined;
}
