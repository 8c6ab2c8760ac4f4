import code from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status as rpcStatus } from '@grpc/grpc-js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { assertNever } from '../../../lib/assert.js';
import type { ExpectedRevision } from '../append-decision.js';
import type { WriteResult } from '../stream-store.js';
import { MAX_APPEND_BYTES } from './limits.js';
import { streamIdentifier } from './read-responses.js';
import type { RpcError } from './rpc-error.js';

/** Which logical append is answered. An error must name the stream: clients read it unasked. */
export interface AppendKey {
  readonly correlationId: string;
  readonly stream: string;
}

interface Detail {
  serializeBinary(): Uint8Array;
}

const PACKAGE = 'event_store.client';

function response(key: AppendKey): streams.BatchAppendResp {
  const message = new streams.BatchAppendResp();
  const id = new shared.UUID();
  id.setString(key.correlationId);
  message.setCorrelationId(id);
  message.setStreamIdentifier(streamIdentifier(key.stream));
  return message;
}

function failed(
  key: AppendKey,
  rpcCode: code.Code,
  text: string,
  typeName: string,
  detail: Detail,
): streams.BatchAppendResp {
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), `${PACKAGE}.${typeName}`);
  const error = new status.Status();
  error.setCode(rpcCode);
  error.setMessage(text);
  error.setDetails(packed);
  const message = response(key);
  message.setError(error);
  return message;
}

/** The answer to an append the log has decided on. */
export function answered(
  key: AppendKey,
  expected: ExpectedRevision,
  result: WriteResult,
): streams.BatchAppendResp {
  if (result.kind === 'success') return succeeded(key, result.revision, result.position);
  if (result.kind === 'wrong-expected-version') return wrongVersion(key, expected, result.current);
  if (result.kind === 'stream-deleted') {
    const detail = new shared.StreamDeleted();
    detail.setStreamIdentifier(streamIdentifier(key.stream));
    return failed(key, code.Code.NOT_FOUND, 'Stream is deleted.', 'StreamDeleted', detail);
  }
  return assertNever(result, 'result of an append');
}

function succeeded(key: AppendKey, revision: number, position: number): streams.BatchAppendResp {
  const success = new streams.BatchAppendResp.Success();
  if (revision < 0) success.setNoStream(new empty.Empty());
  else success.setCurrentRevision(String(revision));
  if (position < 0) {
    success.setNoPosition(new empty.Empty());
  } else {
    const at = new shared.AllStreamPosition();
    at.setCommitPosition(String(position));
    at.setPreparePosition(String(position));
    success.setPosition(at);
  }
  const message = response(key);
  message.setSuccess(success);
  return message;
}

function wrongVersion(
  key: AppendKey,
  expected: ExpectedRevision,
  current: number,
): streams.BatchAppendResp {
  const detail = new shared.WrongExpectedVersion();
  if (current < 0) detail.setCurrentNoStream(new empty.Empty());
  else detail.setCurrentStreamRevision(String(current));
  if (expected === 'any') detail.setExpectedAny(new empty.Empty());
  else if (expected === 'no_stream') detail.setExpectedNoStream(new empty.Empty());
  else if (expected === 'stream_exists') detail.setExpectedStreamExists(new empty.Empty());
  else detail.setExpectedStreamPosition(String(expected));
  const text = `Wrong expected version: expected ${expected}, is ${current}.`;
  return failed(key, code.Code.ALREADY_EXISTS, text, 'WrongExpectedVersion', detail);
}

export function timedOut(key: AppendKey): streams.BatchAppendResp {
  const detail = new shared.Timeout();
  return failed(key, code.Code.DEADLINE_EXCEEDED, 'Timeout.', 'Timeout', detail);
}

export function tooBig(key: AppendKey): streams.BatchAppendResp {
  const detail = new shared.MaximumAppendSizeExceeded();
  detail.setMaxappendsize(MAX_APPEND_BYTES);
  const text = `The append is larger than ${MAX_APPEND_BYTES} bytes.`;
  return failed(key, code.Code.INVALID_ARGUMENT, text, 'MaximumAppendSizeExceeded', detail);
}

/** Whatever else went wrong with one append; the call and its other appends go on. */
export function refused(key: AppendKey, error: RpcError): streams.BatchAppendResp {
  if (error.code === rpcStatus.PERMISSION_DENIED) {
    const detail = new shared.AccessDenied();
    return failed(key, code.Code.PERMISSION_DENIED, error.details, 'AccessDenied', detail);
  }
  if (error.code === rpcStatus.INVALID_ARGUMENT) {
    const detail = new shared.BadRequest();
    detail.setMessage(error.details);
    return failed(key, code.Code.INVALID_ARGUMENT, error.details, 'BadRequest', detail);
  }
  return failed(key, code.Code.UNKNOWN, error.details, 'Unknown', new shared.Unknown());
}
