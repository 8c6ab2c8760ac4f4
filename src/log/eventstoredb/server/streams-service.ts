import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { StreamSource } from '../stream-source.js';
import type { StreamStore } from '../stream-store.js';
import { handleAppend } from './append-call.js';
import { BatchAppendCall } from './batch-append-call.js';
import { CallWriter } from './call-writer.js';
import { type Authenticate, checkCredentials } from './credentials.js';
import { deleteStream, tombstoneStream } from './delete-call.js';
import { MAX_OPEN_READS } from './limits.js';
import { readAll, readStream } from './read-call.js';
import { readPlan } from './read-plan.js';
import { accessDenied, asRpcError, resourceExhausted } from './rpc-error.js';
import { subscribe } from './subscription.js';

export interface StreamsServiceOptions {
  readonly source: StreamSource;
  /** Where appends go; undefined makes the log read-only for clients. */
  readonly store: StreamStore | undefined;
  readonly authenticate: Authenticate | undefined;
}

/**
 * The service definition the client package ships, except that the two hot messages pass through as
 * bytes: `ReadResp` is encoded, and `BatchAppendReq` decoded, by hand.
 */
export const streamsDefinition = {
  ...streamsGrpc.StreamsService,
  read: {
    ...streamsGrpc.StreamsService.read,
    responseSerialize: (message: Buffer) => message,
  },
  batchAppend: {
    ...streamsGrpc.StreamsService.batchAppend,
    requestDeserialize: (bytes: Buffer) => bytes,
  },
};

/** The five methods of `event_store.client.streams.Streams`. */
export class StreamsService {
  readonly #options: StreamsServiceOptions;
  #openReads = 0;

  constructor(options: StreamsServiceOptions) {
    this.#options = options;
  }

  get openReads(): number {
    return this.#openReads;
  }

  implementation(): UntypedServiceImplementation {
    return {
      read: (call: ServerWritableStream<streams.ReadReq, Buffer>) => void this.#read(call),
      append: (
        call: ServerReadableStream<streams.AppendReq, streams.AppendResp>,
        callback: sendUnaryData<streams.AppendResp>,
      ) => this.#unary(call, callback, (store) => handleAppend(store, call, callback)),
      batchAppend: (call: ServerDuplexStream<Buffer, streams.BatchAppendResp>) =>
        this.#batchAppend(call),
      delete: (
        call: ServerUnaryCall<streams.DeleteReq, streams.DeleteResp>,
        callback: sendUnaryData<streams.DeleteResp>,
      ) =>
        this.#unary(call, callback, (store) => callback(null, deleteStream(store, call.request))),
      tombstone: (
        call: ServerUnaryCall<streams.TombstoneReq, streams.TombstoneResp>,
        callback: sendUnaryData<streams.TombstoneResp>,
      ) =>
        this.#unary(call, callback, (store) =>
          callback(null, tombstoneStream(store, call.request)),
        ),
    };
  }

  async #read(call: ServerWritableStream<streams.ReadReq, Buffer>): Promise<void> {
    const { source, authenticate } = this.#options;
    this.#openReads += 1;
    try {
      checkCredentials(call.metadata, authenticate);
      if (this.#openReads > MAX_OPEN_READS) {
        throw resourceExhausted(`More than ${MAX_OPEN_READS} reads are open.`);
      }
      const plan = readPlan(call.request);
      const out = new CallWriter(call);
      const { stream, count } = plan;
      if (count === undefined) await subscribe(source, plan, out);
      else if (stream === undefined) await readAll(source, { ...plan, count }, out);
      else await readStream(source, { ...plan, stream, count }, out);
      call.end();
    } catch (error) {
      call.emit('error', asRpcError(error));
    } finally {
      this.#openReads -= 1;
    }
  }

  #batchAppend(call: ServerDuplexStream<Buffer, streams.BatchAppendResp>): void {
    try {
      checkCredentials(call.metadata, this.#options.authenticate);
    } catch (error) {
      call.emit('error', asRpcError(error));
      return;
    }
    new BatchAppendCall(call, this.#options.store);
  }

  #unary<Response>(
    call: Pick<ServerUnaryCall<unknown, Response>, 'metadata'>,
    callback: sendUnaryData<Response>,
    write: (store: StreamStore) => void,
  ): void {
    const { store, authenticate } = this.#options;
    try {
      checkCredentials(call.metadata, authenticate);
      if (store === undefined) throw accessDenied('This log is read-only.');
      write(store);
    } catch (error) {
      callback(asRpcError(error));
    }
  }
}
