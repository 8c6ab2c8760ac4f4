import type shared from '@eventstore/db-client/generated/shared_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ProposedEvent } from '../stored-event.js';
import { readHalves, textOfHalves } from '../uuid-halves.js';
import { WIRE_LENGTH_DELIMITED, type WireReader } from '../wire.js';
import { invalidArgument, missingMetadata } from './rpc-error.js';

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const JSON_TYPE = 'application/json';
const NO_BYTES = new Uint8Array();

/** @throws RpcError INVALID_ARGUMENT for text that is no UUID. */
export function uuidText(text: string): string {
  const lower = text.toLowerCase();
  if (!UUID_TEXT.test(lower)) throw invalidArgument(`'${text.slice(0, 64)}' is no UUID.`);
  return lower;
}

/** Clients may send an id as text or as two 64-bit halves. */
export function uuidOf(uuid: shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (structured !== undefined) {
    return textOfHalves(
      BigInt(structured.getMostSignificantBits()),
      BigInt(structured.getLeastSignificantBits()),
    );
  }
  return uuidText(uuid?.getString() ?? '');
}

function proposed(
  id: string,
  type: string | undefined,
  contentType: string | undefined,
  customMetadata: Uint8Array,
  data: Uint8Array,
): ProposedEvent {
  if (type === undefined || type.length === 0) throw missingMetadata('type');
  if (contentType === undefined || contentType.length === 0) throw missingMetadata('content-type');
  return { id, type, contentType: keptContentType(contentType), customMetadata, data };
}

/** The real server keeps whether it is JSON, and nothing else of a content type. */
function keptContentType(contentType: string): string {
  return contentType === JSON_TYPE ? JSON_TYPE : 'application/octet-stream';
}

/** An event of the `Append` call. @throws RpcError when it lacks an id, a type or a content type. */
export function proposedEvent(message: streams.AppendReq.ProposedMessage): ProposedEvent {
  const metadata = message.getMetadataMap();
  return proposed(
    uuidOf(message.getId()),
    metadata.get('type'),
    metadata.get('content-type'),
    message.getCustomMetadata_asU8(),
    message.getData_asU8(),
  );
}

/**
 * An event of the `BatchAppend` call, straight off the wire.
 *
 *     ProposedMessage  1 id   2 metadata map {1 key, 2 value}…   3 custom metadata   4 data
 *
 * @throws RpcError as {@link proposedEvent}; WireError for malformed bytes
 */
export function decodeProposedEvent(reader: WireReader): ProposedEvent {
  let id: string | undefined;
  let type: string | undefined;
  let contentType: string | undefined;
  let customMetadata: Uint8Array = NO_BYTES;
  let data: Uint8Array = NO_BYTES;
  while (!reader.done) {
    const key = reader.varint();
    const field = key >>> 3;
    if ((key & 7) !== WIRE_LENGTH_DELIMITED) reader.skip(key & 7);
    else if (field === 1) id = decodeUuid(reader.message());
    else if (field === 2) {
      const [name, value] = decodeMapEntry(reader.message());
      if (name === 'type') type = value;
      else if (name === 'content-type') contentType = value;
    } else if (field === 3) customMetadata = reader.blob();
    else if (field === 4) data = reader.blob();
    else reader.skip(key & 7);
  }
  if (id === undefined) throw invalidArgument('An event has an id.');
  return proposed(id, type, contentType, customMetadata, data);
}

/** `UUID: 1 structured {1 most, 2 least significant bits}, 2 string`. */
export function decodeUuid(reader: WireReader): string {
  let text: string | undefined;
  while (!reader.done) {
    const key = reader.varint();
    if (key >>> 3 === 2 && (key & 7) === WIRE_LENGTH_DELIMITED) text = uuidText(reader.text());
    else if (key >>> 3 === 1) text = readHalves(reader.message());
    else reader.skip(key & 7);
  }
  if (text === undefined) throw invalidArgument('An id is empty.');
  return text;
}

function decodeMapEntry(reader: WireReader): [string, string] {
  let name = '';
  let value = '';
  while (!reader.done) {
    const key = reader.varint();
    if (key >>> 3 === 1) name = reader.text();
    else if (key >>> 3 === 2) value = reader.text();
    else reader.skip(key & 7);
  }
  return [name, value];
}
