import { assert } from '../../lib/assert.js';
import { blobLength, uintLength, WireWriter } from './wire.js';

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
const ID_BYTES = 36;
const JSON_TYPE = 'application/json';
const CONTENT_TYPE_ENTRY = entryLength('content-type', JSON_TYPE.length);

function entryLength(key: string, valueBytes: number): number {
  return blobLength(key.length) + blobLength(valueBytes);
}

/** Bounds of one append. Both stay below the server's limit of 1 MiB. */
export interface FrameLimits {
  readonly events: number;
  /** Bytes as the server counts them: data, metadata, and two for each character of the type. */
  readonly bytes: number;
}

export interface FrameEvent {
  readonly id: string;
  /** ASCII, as are data and metadata. */
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

export class AppendFrame {
  readonly #limits: FrameLimits;
  #buffer: Buffer;
  #length = 0;
  #count = 0;
  #bytes = 0;

  constructor(limits: FrameLimits) {
    assert(limits.events > 0 && limits.bytes > 0, 'an append has room for one event');
    this.#limits = limits;
    this.#buffer = Buffer.allocUnsafe(64 * 1024);
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

  /** @returns false, and leaves the frame as it is, when the event has no room in it */
  add(event: FrameEvent): boolean {
    const { type, data, metadata } = event;
    const size = data.length + metadata.length + 2 * type.length;
    if (this.isFull || (this.#count > 0 && this.#bytes + size > this.#limits.bytes)) return false;
    const length =
      blobLength(blobLength(ID_BYTES)) +
      blobLength(entryLength('type', type.length)) +
      blobLength(CONTENT_TYPE_ENTRY) +
      blobLength(metadata.length) +
      blobLength(data.length);
    const out = new WireWriter(blobLength(length), this.#room(blobLength(length)));
    out.open(3, length);
    out.open(1, blobLength(ID_BYTES));
    out.text(2, event.id, ID_BYTES);
    out.open(2, entryLength('type', type.length));
    out.text(1, 'type', 4);
    out.text(2, type, type.length);
    out.open(2, CONTENT_TYPE_ENTRY);
    out.text(1, 'content-type', 12);
    out.text(2, JSON_TYPE, JSON_TYPE.length);
    out.text(3, metadata, metadata.length);
    out.text(4, data, data.length);
    this.#length += out.length;
    this.#count += 1;
    this.#bytes += size;
    return true;
  }

  /** Bytes of the request that appends these events behind `expected` (-1: no stream). */
  request(correlationId: string, stream: string, expected: number): Buffer {
    const streamBytes = Buffer.byteLength(stream, 'utf8');
    const options =
      blobLength(blobLength(streamBytes)) + (expected < 0 ? blobLength(0) : uintLength(expected));
    const head = blobLength(blobLength(ID_BYTES)) + blobLength(options) + uintLength(1);
    const out = new WireWriter(head + this.#length);
    out.open(1, blobLength(ID_BYTES));
    out.text(2, correlationId, ID_BYTES);
    out.open(2, options);
    out.open(1, blobLength(streamBytes));
    out.text(3, stream, streamBytes);
    if (expected < 0) out.open(3, 0);
    else out.uint(2, expected);
    out.raw(this.#buffer.subarray(0, this.#length));
    out.uint(4, 1);
    return out.bytes;
  }

  clear(): void {
    this.#length = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#buffer.length) {
      const size = Math.max(2 * this.#buffer.length, this.#length + bytes);
      const larger = Buffer.allocUnsafe(size);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    return this.#buffer.subarray(this.#length, this.#length + bytes);
  }
}
