import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type ProposedEvent, sizeInLog } from '../stored-event.js';
import type { StreamStore } from '../stream-store.js';
import {
  type BatchAppendOptions,
  type BatchAppendRequest,
  decodeBatchAppendRequest,
} from './batch-append-request.js';
import { type AppendKey, answered, refused, timedOut, tooBig } from './batch-append-response.js';
import {
  MAX_APPEND_BYTES,
  MAX_OPEN_APPEND_BYTES_PER_CALL,
  MAX_OPEN_APPENDS_PER_CALL,
  WRITE_TIMEOUT_MS,
} from './limits.js';
import {
  accessDenied,
  asRpcError,
  invalidArgument,
  type RpcError,
  resourceExhausted,
} from './rpc-error.js';

/** An append whose last chunk has not come yet. */
interface OpenAppend {
  readonly key: AppendKey;
  readonly options: BatchAppendOptions;
  readonly events: ProposedEvent[];
  bytes: number;
  error: RpcError | undefined;
  /** Set once it was answered, by its deadline: later chunks are taken in and forgotten. */
  answered: boolean;
  timer: NodeJS.Timeout | undefined;
}

type Call = ServerDuplexStream<Buffer, streams.BatchAppendResp>;

/**
 * Many appends over one call. Every correlation id is answered exactly once, because the Node client
 * throws out of its event handler at a second answer, and waits for ever for a missing one.
 */
export class BatchAppendCall {
  readonly #call: Call;
  readonly #store: StreamStore | undefined;
  readonly #open = new Map<string, OpenAppend>();
  #openBytes = 0;

  /** @param store undefined for a read-only log: every append is answered with "access denied" */
  constructor(call: Call, store: StreamStore | undefined) {
    this.#call = call;
    this.#store = store;
    call.on('data', (bytes: Buffer) => this.#receive(bytes));
    call.once('end', () => this.#end());
    call.once('cancelled', () => this.#forget());
    call.once('close', () => this.#forget());
  }

  #receive(bytes: Buffer): void {
    let request: BatchAppendRequest;
    try {
      request = decodeBatchAppendRequest(bytes);
    } catch (error) {
      // Without a correlation id there is nothing to answer to; the call is broken as a whole.
      this.#call.emit('error', asRpcError(error));
      this.#forget();
      return;
    }
    const append = this.#open.get(request.correlationId) ?? this.#begin(request);
    if (append === undefined) return;
    this.#collect(append, request);
    if (request.isFinal) {
      if (this.#open.delete(append.key.correlationId)) this.#openBytes -= append.bytes;
      if (!append.answered) this.#finish(append);
    } else if (
      this.#open.size > MAX_OPEN_APPENDS_PER_CALL ||
      this.#openBytes > MAX_OPEN_APPEND_BYTES_PER_CALL
    ) {
      this.#call.emit('error', resourceExhausted('Too much is begun and not finished.'));
      this.#forget();
    }
  }

  #begin(request: BatchAppendRequest): OpenAppend | undefined {
    const { correlationId, options } = request;
    const key = { correlationId, stream: options?.stream ?? '' };
    if (options === undefined) {
      // A late chunk of an append nobody knows. Its last chunk alone is answered, so: once.
      if (request.isFinal) {
        this.#send(refused(key, invalidArgument('The first chunk of an append has its options.')));
      }
      return undefined;
    }
    const append: OpenAppend = {
      key,
      options,
      events: [],
      bytes: 0,
      error: options.stream === '' ? invalidArgument('An append names a stream.') : undefined,
      answered: false,
      timer: undefined,
    };
    if (!request.isFinal) this.#keepOpen(append);
    return append;
  }

  #keepOpen(append: OpenAppend): void {
    this.#open.set(append.key.correlationId, append);
    const left = (append.options.deadline ?? Number.POSITIVE_INFINITY) - Date.now();
    append.timer = setTimeout(
      () => this.#expire(append),
      Math.max(0, Math.min(left, WRITE_TIMEOUT_MS)),
    );
  }

  #expire(append: OpenAppend): void {
    append.answered = true;
    append.events.length = 0;
    this.#send(timedOut(append.key));
  }

  #collect(append: OpenAppend, request: BatchAppendRequest): void {
    append.error ??= request.error;
    if (append.answered || append.error !== undefined) return;
    const before = append.bytes;
    for (const event of request.events) {
      append.bytes += sizeInLog(event);
      if (append.bytes > MAX_APPEND_BYTES) append.events.length = 0;
      else append.events.push(event);
    }
    if (this.#open.has(append.key.correlationId)) this.#openBytes += append.bytes - before;
  }

  #finish(append: OpenAppend): void {
    clearTimeout(append.timer);
    append.answered = true;
    this.#send(this.#outcome(append));
  }

  #outcome(append: OpenAppend): streams.BatchAppendResp {
    const { key, options } = append;
    if (this.#store === undefined) return refused(key, accessDenied('This log is read-only.'));
    if (append.error !== undefined) return refused(key, append.error);
    if (append.bytes > MAX_APPEND_BYTES) return tooBig(key);
    if (options.deadline !== undefined && options.deadline <= Date.now()) return timedOut(key);
    try {
      const result = this.#store.append(options.stream, options.expected, append.events);
      return answered(key, options.expected, result);
    } catch (error) {
      // The write was refused (a full disk): this append fails, with its reason, and no other.
      return refused(key, asRpcError(error));
    }
  }

  #send(message: streams.BatchAppendResp): void {
    if (this.#call.cancelled || this.#call.write(message)) return;
    // The client does not take its answers: take no more requests until it does.
    this.#call.pause();
    this.#call.once('drain', () => this.#call.resume());
  }

  /** Half-closed by the client: every append is either answered or was never finished. */
  #end(): void {
    this.#forget();
    this.#call.end();
  }

  #forget(): void {
    for (const append of this.#open.values()) clearTimeout(append.timer);
    this.#open.clear();
    this.#openBytes = 0;
  }
}
