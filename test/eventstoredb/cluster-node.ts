/**
 * A node of a cluster, as real ones answer that lead, follow, or do neither just now. What it does with
 * what it takes is our server's; the rest is from the protocol's reference and the server's source.
 */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusMessages from '@eventstore/db-client/generated/status_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import { decodeBatchAppendRequest } from '../../src/log/eventstoredb/server/batch-append-request.js';
import { answered, refused } from '../../src/log/eventstoredb/server/batch-append-response.js';
import { RpcError } from '../../src/log/eventstoredb/server/rpc-error.js';
import {
  StreamsService,
  streamsDefinition,
} from '../../src/log/eventstoredb/server/streams-service.js';
import type { StreamStore } from '../../src/log/eventstoredb/stream-store.js';

type BatchCall = ServerDuplexStream<Buffer, streams.BatchAppendResp>;
type ReadCall = ServerWritableStream<streams.ReadReq, Buffer>;

/** What an append is answered with in place of being written. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  /** Full name of the message in `details`, and its bytes. */
  readonly type: string;
  readonly bytes?: Uint8Array;
}

/** As a node answers that is not ready, too busy, or sees no leader: code 0, and no type of its own. */
export const notHandled = (message: string): Refusal => ({
  code: 0,
  message,
  type: 'google.protobuf.Empty',
});

export function tooBigFor(appendBytesMax: number): Refusal {
  const details = new shared.MaximumAppendSizeExceeded();
  details.setMaxappendsize(appendBytesMax);
  const type = 'event_store.client.MaximumAppendSizeExceeded';
  const message = 'MaximumAppendSizeExceeded';
  return { code: 3, message, type, bytes: details.serializeBinary() };
}

export interface NodeBehaviour {
  /** Port of the leader; a node without one leads. */
  leaderPort?: number;
  /** Asked for each append, before anything is written. */
  refuse?: (requestBytes: number) => Refusal | undefined;
  /** Asked for each call before it is looked at. */
  fail?: () => RpcError | undefined;
}

export interface ClusterNode {
  readonly port: number;
  readonly behaviour: NodeBehaviour;
  /** Calls that were sent on to the leader. */
  readonly referred: () => number;
  /** Ends the reads that are open, as a node does that is shut down. */
  readonly dropReads: () => void;
  readonly stop: () => void;
}

/** @param store what it has: a follower's may be behind */
export async function startNode(
  store: StreamStore,
  behaviour: NodeBehaviour = {},
): Promise<ClusterNode> {
  const served = new StreamsService({ source: store, store, authenticate: undefined });
  const implementation = served.implementation();
  let referred = 0;
  const reads = new Set<ReadCall>();
  const failure = (metadata: Metadata): RpcError | undefined => {
    const failed = behaviour.fail?.();
    if (failed !== undefined || behaviour.leaderPort === undefined) return failed;
    if (String(metadata.get('requires-leader')[0]) !== 'true') return undefined;
    referred += 1;
    return notLeader(behaviour.leaderPort);
  };
  const server = new Server();
  server.addService(streamsDefinition, {
    ...implementation,
    read: (call: ReadCall) => {
      const failed = failure(call.metadata);
      if (failed !== undefined) {
        call.emit('error', failed);
        return;
      }
      reads.add(call);
      call.once('close', () => reads.delete(call));
      (implementation.read as (call: ReadCall) => void)(call);
    },
    batchAppend: (call: BatchCall) => {
      const failed = failure(call.metadata);
      if (failed !== undefined) call.emit('error', failed);
      else takeAppends(call, store, behaviour);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const dropReads = (): void => {
    for (const call of reads) call.emit('error', new RpcError(status.UNAVAILABLE, 'shutting down'));
    reads.clear();
  };
  return {
    ...{ port, behaviour, dropReads },
    referred: () => referred,
    stop: () => server.forceShutdown(),
  };
}

function notLeader(port: number): RpcError {
  return new RpcError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': String(port),
  });
}

/** Appends of one chunk each, as ours are. */
function takeAppends(call: BatchCall, store: StreamStore, behaviour: NodeBehaviour): void {
  call.on('data', (bytes: Buffer) => {
    const { correlationId, options, events } = decodeBatchAppendRequest(bytes);
    const { stream, expected } = options!;
    const key = { correlationId, stream };
    const refusal = behaviour.refuse?.(bytes.length);
    if (refusal === undefined) {
      call.write(answered(key, expected, store.append(stream, expected, events)));
      return;
    }
    const answer = refused(key, new RpcError(refusal.code, refusal.message));
    answer.setError(errorOf(refusal));
    call.write(answer);
  });
  call.once('end', () => call.end());
}

function errorOf({ code, message, type, bytes }: Refusal): statusMessages.Status {
  const details = new any.Any();
  details.setTypeUrl(`type.googleapis.com/${type}`);
  details.setValue(bytes ?? new Uint8Array());
  const error = new statusMessages.Status();
  error.setCode(code);
  error.setMessage(message);
  error.setDetails(details);
  return error;
}
