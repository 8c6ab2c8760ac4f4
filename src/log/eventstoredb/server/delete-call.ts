import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StreamStore, WriteResult } from '../stream-store.js';
import { expectedOf, streamNameOf } from './append-call.js';
import { streamDeleted, wrongExpectedVersion } from './rpc-error.js';

/** @throws RpcError: of these two calls a wrong version is an error, not a result */
function written(
  options: Parameters<typeof expectedOf>[0] | undefined,
  write: (stream: string, expected: ReturnType<typeof expectedOf>) => WriteResult,
): number {
  const stream = streamNameOf(options);
  const expected = expectedOf(options!);
  const result = write(stream, expected);
  if (result.kind === 'stream-deleted') throw streamDeleted(stream);
  if (result.kind === 'wrong-expected-version') {
    throw wrongExpectedVersion(stream, expected, result.current);
  }
  return result.position;
}

export function deleteStream(store: StreamStore, request: streams.DeleteReq): streams.DeleteResp {
  const position = written(request.getOptions(), (stream, expected) =>
    store.delete(stream, expected),
  );
  const at = new streams.DeleteResp.Position();
  at.setCommitPosition(String(position));
  at.setPreparePosition(String(position));
  const response = new streams.DeleteResp();
  response.setPosition(at);
  return response;
}

export function tombstoneStream(
  store: StreamStore,
  request: streams.TombstoneReq,
): streams.TombstoneResp {
  const position = written(request.getOptions(), (stream, expected) =>
    store.tombstone(stream, expected),
  );
  const at = new streams.TombstoneResp.Position();
  at.setCommitPosition(String(position));
  at.setPreparePosition(String(position));
  const response = new streams.TombstoneResp();
  response.setPosition(at);
  return response;
}
