import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';

/** The protocol by hand, for what the client never sends. */
export function rawClient(port: number): InstanceType<typeof streamsGrpc.StreamsClient> {
  return new streamsGrpc.StreamsClient(`127.0.0.1:${port}`, credentials.createInsecure());
}

export function identifier(stream: string): shared.StreamIdentifier {
  const message = new shared.StreamIdentifier();
  message.setStreamName(Buffer.from(stream, 'utf8'));
  return message;
}

export function uuid(text: string): shared.UUID {
  const message = new shared.UUID();
  message.setString(text);
  return message;
}

export function batchEvent(
  metadata: Readonly<Record<string, string>> = { type: 'E', 'content-type': 'application/json' },
  bytes = 2,
): streams.BatchAppendReq.ProposedMessage {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setId(uuid(crypto.randomUUID()));
  for (const [key, value] of Object.entries(metadata)) message.getMetadataMap().set(key, value);
  message.setData(new Uint8Array(bytes));
  return message;
}

/** One chunk of a batch append; with `stream` it is a first chunk and expects anything. */
export function chunk(
  correlationId: string,
  parts: {
    readonly stream?: string;
    readonly deadline?: Date;
    readonly events?: streams.BatchAppendReq.ProposedMessage[];
    readonly isFinal: boolean;
  },
): streams.BatchAppendReq {
  const request = new streams.BatchAppendReq();
  request.setCorrelationId(uuid(correlationId));
  request.setIsFinal(parts.isFinal);
  request.setProposedMessagesList(parts.events ?? [batchEvent()]);
  if (parts.stream !== undefined) {
    const options = new streams.BatchAppendReq.Options();
    options.setStreamIdentifier(identifier(parts.stream));
    options.setAny(new empty.Empty());
    const deadline = parts.deadline ?? new Date(Date.now() + 10_000);
    options.setDeadline(timestamp.Timestamp.fromDate(deadline));
    request.setOptions(options);
  }
  return request;
}

/** A read of `$all` from the start that lacks nothing. */
export function allRequest(): streams.ReadReq.Options {
  const all = new streams.ReadReq.Options.AllOptions();
  all.setStart(new shared.Empty());
  const ids = new streams.ReadReq.Options.UUIDOption();
  ids.setString(new shared.Empty());
  const options = new streams.ReadReq.Options();
  options.setAll(all);
  options.setUuidOption(ids);
  options.setCount('100');
  options.setNoFilter(new shared.Empty());
  return options;
}

export function request(options: streams.ReadReq.Options): streams.ReadReq {
  const message = new streams.ReadReq();
  message.setOptions(options);
  return message;
}
