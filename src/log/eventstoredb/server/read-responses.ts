import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';

/** The messages of a read that are no events, ready for the wire. */
function bytesOf(fill: (response: streams.ReadResp) => void): Buffer {
  const response = new streams.ReadResp();
  fill(response);
  return Buffer.from(response.serializeBinary());
}

export function streamIdentifier(name: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(name, 'utf8'));
  return identifier;
}

/** Not an error in this protocol: a normal message, then the end of the read. */
export function streamNotFoundMessage(name: string): Buffer {
  return bytesOf((response) => {
    const notFound = new streams.ReadResp.StreamNotFound();
    notFound.setStreamIdentifier(streamIdentifier(name));
    response.setStreamNotFound(notFound);
  });
}

export function confirmationMessage(subscriptionId: string): Buffer {
  return bytesOf((response) => {
    const confirmation = new streams.ReadResp.SubscriptionConfirmation();
    confirmation.setSubscriptionId(subscriptionId);
    response.setConfirmation(confirmation);
  });
}

export function caughtUpMessage(): Buffer {
  return bytesOf((response) => {
    response.setCaughtUp(new streams.ReadResp.CaughtUp());
  });
}

export function checkpointMessage(position: number): Buffer {
  return bytesOf((response) => {
    const checkpoint = new streams.ReadResp.Checkpoint();
    checkpoint.setCommitPosition(String(position));
    checkpoint.setPreparePosition(String(position));
    response.setCheckpoint(checkpoint);
  });
}
