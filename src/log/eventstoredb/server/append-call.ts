import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import type { ExpectedRevision } from '../append-decision.js';
import { type ProposedEvent, safeNumber, sizeInLog } from '../stored-event.js';
import type { StreamStore, WriteResult } from '../stream-store.js';
import { MAX_APPEND_BYTES } from './limits.js';
import { proposedEvent } from './proposed-event.js';
import { appendTooBig, asRpcError, invalidArgument, streamDeleted } from './rpc-error.js';

/** What `Append`, `Delete` and `Tombstone` all say about the stream they mean. */
interface StreamOptions {
  getStreamIdentifier(): shared.StreamIdentifier | undefined;
  hasRevision(): boolean;
  getRevision(): string;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

/** @throws RpcError INVALID_ARGUMENT without a stream name */
export function streamNameOf(options: StreamOptions | undefined): string {
  const name = options?.getStreamIdentifier()?.getStreamName_asU8();
  if (name === undefined || name.length === 0) throw invalidArgument('A write names a stream.');
  return Buffer.from(name).toString('utf8');
}

export function expectedOf(options: StreamOptions): ExpectedRevision {
  if (options.hasRevision()) return safeNumber(options.getRevision());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}

/** One append per call: options first, then its events, all of which are written or none. */
export function handleAppend(
  store: StreamStore,
  call: ServerReadableStream<streams.AppendReq, streams.AppendResp>,
  callback: sendUnaryData<streams.AppendResp>,
): void {
  let options: streams.AppendReq.Options | undefined;
  const events: ProposedEvent[] = [];
  let bytes = 0;
  let answered = false;
  const fail = (error: unknown): void => {
    answered = true;
    events.length = 0;
    callback(asRpcError(error));
  };
  call.on('data', (request: streams.AppendReq) => {
    if (answered) return;
    try {
      options ??= request.getOptions();
      const message = request.getProposedMessage();
      if (message === undefined) return;
      const event = proposedEvent(message);
      bytes += sizeInLog(event);
      if (bytes > MAX_APPEND_BYTES) throw appendTooBig();
      events.push(event);
    } catch (error) {
      fail(error);
    }
  });
  call.once('end', () => {
    if (answered || call.cancelled) return;
    try {
      const stream = streamNameOf(options);
      const expected = expectedOf(options!);
      callback(null, appendResponse(stream, expected, store.append(stream, expected, events)));
    } catch (error) {
      fail(error);
    }
  });
}

function appendResponse(
  stream: string,
  expected: ExpectedRevision,
  result: WriteResult,
): streams.AppendResp {
  if (result.kind === 'stream-deleted') throw streamDeleted(stream);
  const response = new streams.AppendResp();
  if (result.kind === 'success') response.setSuccess(success(result.revision, result.position));
  else response.setWrongExpectedVersion(wrongVersion(expected, result.current));
  return response;
}

function success(revision: number, at: number): streams.AppendResp.Success {
  const message = new streams.AppendResp.Success();
  if (revision < 0) message.setNoStream(new shared.Empty());
  else message.setCurrentRevision(String(revision));
  if (at < 0) {
    message.setNoPosition(new shared.Empty());
  } else {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(at));
    position.setPreparePosition(String(at));
    message.setPosition(position);
  }
  return message;
}

/** A wrong version is a result of this call, not an error; old clients read the `2060` fields. */
function wrongVersion(
  expected: ExpectedRevision,
  current: number,
): streams.AppendResp.WrongExpectedVersion {
  const message = new streams.AppendResp.WrongExpectedVersion();
  const empty = new shared.Empty();
  if (current < 0) {
    message.setCurrentNoStream(empty);
    message.setNoStream2060(empty);
  } else {
    message.setCurrentRevision(String(current));
    message.setCurrentRevision2060(current);
  }
  if (expected === 'any') {
    message.setExpectedAny(empty);
    message.setAny2060(empty);
  } else if (expected === 'stream_exists') {
    message.setExpectedStreamExists(empty);
    message.setStreamExists2060(empty);
  } else if (expected === 'no_stream') {
    message.setExpectedNoStream(empty);
  } else {
    message.setExpectedRevision(String(expected));
    message.setExpectedRevision2060(expected);
  }
  return message;
}
