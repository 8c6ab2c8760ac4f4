import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ExpectedRevision } from '../append-decision.js';
import { type ProposedEvent, safeNumber } from '../stored-event.js';
import { WIRE_LENGTH_DELIMITED, WIRE_VARINT, WireReader } from '../wire.js';
import { decodeProposedEvent, decodeUuid } from './proposed-event.js';
import { asRpcError, type RpcError } from './rpc-error.js';

/** One chunk of one logical append. Only the first of a correlation id has options. */
export interface BatchAppendRequest {
  readonly correlationId: string;
  readonly options: BatchAppendOptions | undefined;
  readonly events: readonly ProposedEvent[];
  readonly isFinal: boolean;
  /** What is wrong with the events; the append as a whole is answered with it. */
  readonly error: RpcError | undefined;
}

export interface BatchAppendOptions {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** Milliseconds since the epoch, or undefined for none. */
  readonly deadline: number | undefined;
}

/**
 * Decodes a chunk off the wire by hand: the events are the bulk of all bytes this server takes in.
 *
 *     BatchAppendReq  1 correlation_id   2 options   3 proposed_messages…   4 is_final
 *
 * Events that are malformed are reported in `error`, because their append must still be answered.
 *
 * @throws RpcError or WireError when not even the correlation id can be read
 */
export function decodeBatchAppendRequest(bytes: Buffer): BatchAppendRequest {
  const reader = new WireReader(bytes);
  let correlationId = '';
  let options: BatchAppendOptions | undefined;
  let isFinal = false;
  let error: RpcError | undefined;
  const events: ProposedEvent[] = [];
  while (!reader.done) {
    const key = reader.varint();
    const field = key >>> 3;
    if (field === 1) correlationId = decodeUuid(reader.message());
    else if (field === 2) options = decodeOptions(reader.blob());
    else if (field === 3 && (key & 7) === WIRE_LENGTH_DELIMITED) {
      const message = reader.message();
      if (error !== undefined) continue;
      try {
        events.push(decodeProposedEvent(message));
      } catch (caught) {
        error = asRpcError(caught);
      }
    } else if (field === 4 && (key & 7) === WIRE_VARINT) isFinal = reader.varint() !== 0;
    else reader.skip(key & 7);
  }
  return { correlationId, options, events, isFinal, error };
}

function decodeOptions(bytes: Buffer): BatchAppendOptions {
  const options = streams.BatchAppendReq.Options.deserializeBinary(bytes);
  const name = options.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array();
  const deadline = options.getDeadline()?.toDate().getTime() ?? deadlineAfter(bytes);
  return {
    stream: Buffer.from(name).toString('utf8'),
    expected: expectedOf(options),
    deadline,
  };
}

/**
 * Newer clients send how long they wait, in a field that the generated class does not know:
 *
 *     Options  7 deadline{1 seconds, 2 nanos}
 */
function deadlineAfter(bytes: Buffer): number | undefined {
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const key = reader.varint();
    if (key !== ((7 << 3) | WIRE_LENGTH_DELIMITED)) {
      reader.skip(key & 7);
      continue;
    }
    const duration = reader.message();
    let milliseconds = 0;
    while (!duration.done) {
      const part = duration.varint();
      if (part === 1 << 3) milliseconds += Number(duration.long()) * 1_000;
      else if (part === 2 << 3) milliseconds += Number(duration.long()) / 1_000_000;
      else duration.skip(part & 7);
    }
    return Date.now() + milliseconds;
  }
  return undefined;
}

function expectedOf(options: streams.BatchAppendReq.Options): ExpectedRevision {
  if (options.hasStreamPosition()) return safeNumber(options.getStreamPosition());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}
