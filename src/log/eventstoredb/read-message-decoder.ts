import type { StoredEvent } from './stored-event.js';
import { WIRE_LENGTH_DELIMITED, WIRE_VARINT, WireReader } from './wire.js';

/** What one `ReadResp` says. Of an event only the original is taken: links are not resolved here. */
export type ReadMessage =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'other' };

const NO_BYTES = new Uint8Array();
const OTHER: ReadMessage = { kind: 'other' };
const STREAM_NOT_FOUND_FIELD = 4;
const CAUGHT_UP_FIELD = 8;

/**
 * Decodes a `ReadResp` off the wire (layout: read-message.ts). The client's own classes cost several
 * times as much for each of the millions of events of a rebuild.
 *
 * @throws WireError for malformed bytes
 */
export function decodeReadMessage(bytes: Buffer): ReadMessage {
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const key = reader.varint();
    const field = key >>> 3;
    if (field === 1) {
      const event = decodeReadEvent(reader.message());
      return event === undefined ? OTHER : { kind: 'event', event };
    }
    if (field === STREAM_NOT_FOUND_FIELD) return { kind: 'not-found' };
    if (field === CAUGHT_UP_FIELD) return { kind: 'caught-up' };
    reader.skip(key & 7);
  }
  return OTHER;
}

function decodeReadEvent(reader: WireReader): StoredEvent | undefined {
  let event: StoredEvent | undefined;
  while (!reader.done) {
    const key = reader.varint();
    if (key >>> 3 === 1) event = decodeRecorded(reader.message());
    else reader.skip(key & 7);
  }
  return event;
}

interface Recorded {
  stream: string;
  revision: number;
  position: number;
  id: string;
  type: string;
  contentType: string;
  created: string;
  customMetadata: Uint8Array;
  data: Uint8Array;
}

function decodeRecorded(reader: WireReader): StoredEvent {
  const recorded: Recorded = {
    stream: '',
    revision: 0,
    position: 0,
    id: '',
    type: '',
    contentType: '',
    created: '0',
    customMetadata: NO_BYTES,
    data: NO_BYTES,
  };
  while (!reader.done) {
    const key = reader.varint();
    const wireType = key & 7;
    if (wireType === WIRE_LENGTH_DELIMITED) decodeText(reader, key >>> 3, recorded);
    else if (wireType === WIRE_VARINT && key >>> 3 === 3) recorded.revision = reader.varint();
    else if (wireType === WIRE_VARINT && key >>> 3 === 5) recorded.position = reader.varint();
    else reader.skip(wireType);
  }
  const { created, ...rest } = recorded;
  return { ...rest, createdTicks: BigInt(created) };
}

function decodeText(reader: WireReader, field: number, recorded: Recorded): void {
  switch (field) {
    case 1:
      recorded.id = embeddedText(reader.message(), 2);
      return;
    case 2:
      recorded.stream = embeddedText(reader.message(), 3);
      return;
    case 6:
      decodeEntry(reader.message(), recorded);
      return;
    case 7:
      recorded.customMetadata = reader.blob();
      return;
    case 8:
      recorded.data = reader.blob();
      return;
    default:
      reader.blob();
  }
}

function embeddedText(reader: WireReader, wanted: number): string {
  let text = '';
  while (!reader.done) {
    const key = reader.varint();
    if (key >>> 3 === wanted && (key & 7) === WIRE_LENGTH_DELIMITED) text = reader.text();
    else reader.skip(key & 7);
  }
  return text;
}

function decodeEntry(reader: WireReader, recorded: Recorded): void {
  let name = '';
  let value = '';
  while (!reader.done) {
    const key = reader.varint();
    if (key >>> 3 === 1) name = reader.text();
    else if (key >>> 3 === 2) value = reader.text();
    else reader.skip(key & 7);
  }
  if (name === 'type') recorded.type = value;
  else if (name === 'content-type') recorded.contentType = value;
  else if (name === 'created' && /^\d{1,19}$/.test(value)) recorded.created = value;
}
