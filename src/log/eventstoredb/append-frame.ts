import type { RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type EventIds, ID_BYTES } from './event-id.js';
import { EVENT_JSON_CHARS, EventJsonWriter } from './event-json.js';
import { blobLength, uintLength, WIRE_LENGTH_DELIMITED, WireWriter } from './wire.js';

/**
 * One append on its way into a `BatchAppendReq`, written straight into its wire form.
 *
 *     BatchAppendReq    1 correlation_id{2 text}  2 options  3 event …  4 is_final
 *     options           1 stream{3 name}  2 revision | 3 no_stream{}
 *     event             1 id{2 text}  2 metadata {1 key, 2 value}…  3 custom metadata  4 data
 *
 * No deadline is sent: it would be a time of day by our clock, judged by the server's. The server's
 * own write timeout bounds the write, and the channel's timer bounds our wait.
 */
const JSON_TYPE = 'application/json';
const CONTENT_TYPE_ENTRY = entryLength('content-type', JSON_TYPE.length);
const TYPE_KEY = entryText(1, 'type');
const CONTENT_TYPE = Buffer.concat([
  Buffer.from([(2 << 3) | WIRE_LENGTH_DELIMITED, CONTENT_TYPE_ENTRY]),
  entryText(1, 'content-type'),
  entryText(2, JSON_TYPE),
]);

/** Room for what stands before the events, at the begin of the buffer, and before an event's JSON. */
const HEAD_ROOM = 512;
const EVENT_HEAD_ROOM = 256;
/** Of `is_final`. */
const TAIL_BYTES = 2;
const FIRST_BYTES = 64 * 1024;

function entryLength(key: string, valueBytes: number): number {
  return blobLength(key.length) + blobLength(valueBytes);
}

function entryText(field: number, value: string): Buffer {
  const out = new WireWriter(blobLength(value.length));
  out.text(field, value, value.length);
  return out.bytes;
}

/** Bounds of one append. Both stay below the server's limit of 1 MiB. */
export interface FrameLimits {
  readonly events: number;
  /** Bytes as the server counts them: data, metadata, and two for each character of the type. */
  readonly bytes: number;
}

/**
 * The request is built in one buffer and handed out as it stands there. An event's JSON is written
 * first, with room before it, and moved down behind its head once its length is known:
 *
 *     | room, head | event … | head of event -> <- room | metadata | data |
 */
export class AppendFrame {
  readonly #limits: FrameLimits;
  readonly #json = new EventJsonWriter();
  readonly #out = new WireWriter(0);
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = HEAD_ROOM;
  #count = 0;
  #bytes = 0;

  constructor(limits: FrameLimits) {
    assert(limits.events > 0 && limits.bytes > 0, 'an append has room for one event');
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes so far, as the server counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#count >= this.#limits.events;
  }

  /**
   * Adds the event of the record at `at`.
   *
   * @returns false, and leaves the frame as it is, when the event has no room in it
   * @throws RecordError when it is no event of this catalogue
   */
  add(records: RecordBuffer, at: number, ids: EventIds): boolean {
    if (this.isFull) return false;
    this.#reserve();
    const json = this.#json;
    const from = this.#end + EVENT_HEAD_ROOM;
    json.write(records, at, this.#buffer, from);
    const { type, metadataBytes, dataBytes } = json;
    const size = dataBytes + metadataBytes + 2 * type.length;
    if (this.#count > 0 && this.#bytes + size > this.#limits.bytes) return false;
    const length =
      blobLength(blobLength(ID_BYTES)) +
      blobLength(entryLength('type', type.length)) +
      blobLength(CONTENT_TYPE_ENTRY) +
      blobLength(metadataBytes) +
      blobLength(dataBytes);
    const out = this.#out.over(this.#buffer, this.#end);
    out.open(3, length);
    out.open(1, blobLength(ID_BYTES));
    out.open(2, ID_BYTES);
    ids.write(records, at, this.#buffer, out.length);
    out.skip(ID_BYTES);
    out.open(2, entryLength('type', type.length));
    out.raw(TYPE_KEY);
    out.open(2, type.length);
    out.ascii(type);
    out.raw(CONTENT_TYPE);
    out.open(3, metadataBytes);
    assert(out.length <= from, 'the head of an event has room');
    this.#buffer.copyWithin(out.length, from, from + metadataBytes);
    out.skip(metadataBytes);
    out.open(4, dataBytes);
    const data = from + metadataBytes;
    this.#buffer.copyWithin(out.length, data, data + dataBytes);
    this.#end = out.length + dataBytes;
    this.#count += 1;
    this.#bytes += size;
    return true;
  }

  /**
   * Bytes of the request that appends these events behind `expected` (-1: no stream). They are the
   * frame's own: neither add to it nor clear it before the request is answered.
   */
  request(correlationId: string, stream: string, expected: number): Buffer {
    const streamBytes = Buffer.byteLength(stream, 'utf8');
    const options =
      blobLength(blobLength(streamBytes)) + (expected < 0 ? blobLength(0) : uintLength(expected));
    const head = blobLength(blobLength(ID_BYTES)) + blobLength(options);
    assert(head <= HEAD_ROOM, 'the name of the stream has room');
    const start = HEAD_ROOM - head;
    const out = this.#out.over(this.#buffer, start);
    out.open(1, blobLength(ID_BYTES));
    out.text(2, correlationId, ID_BYTES);
    out.open(2, options);
    out.open(1, blobLength(streamBytes));
    out.text(3, stream, streamBytes);
    if (expected < 0) out.open(3, 0);
    else out.uint(2, expected);
    assert(out.length === HEAD_ROOM, 'the events follow the head');
    out.over(this.#buffer, this.#end).uint(4, 1);
    return this.#buffer.subarray(start, out.length);
  }

  clear(): void {
    this.#end = HEAD_ROOM;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** Room for any event, and the end. */
  #reserve(): void {
    const needed = this.#end + EVENT_HEAD_ROOM + EVENT_JSON_CHARS + TAIL_BYTES;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, needed));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
