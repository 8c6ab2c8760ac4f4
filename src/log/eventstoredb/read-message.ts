import { type StoredEvent, TOMBSTONE_REVISION } from './stored-event.js';
import { halvesOf } from './uuid-halves.js';
import { blobLength, uintLength, varintLength, WireWriter } from './wire.js';

/**
 * `ReadResp` with an event, written by hand: a read is nothing but millions of these, and the
 * generated classes cost several times as much. The tests hold it against the generated decoder.
 *
 *     ReadResp       1 event: ReadEvent
 *     ReadEvent      1 event, 2 link: RecordedEvent    3 commit_position
 *     RecordedEvent  1 id{2 text | 1 halves}  2 stream{3 name}  3 revision  4 prepare  5 commit
 *                    6 metadata map {1 key, 2 value}…  7 custom metadata  8 data
 */
const STREAM_NAME_FIELD = 3;
const ID_BYTES = 36;
const TOMBSTONE_WIRE = Buffer.from('ffffffffffffffff7f', 'hex');

/** How a reader wants its ids: as text, or as two whole numbers (`uuid-halves.ts`). */
export type IdForm = 'text' | 'halves';

interface Sizes {
  /** In halves, when they are wanted so. */
  readonly id: Buffer | undefined;
  readonly recorded: number;
  readonly stream: number;
  readonly type: number;
  readonly created: string;
}

function mapEntryLength(key: string, valueBytes: number): number {
  return blobLength(key.length) + blobLength(valueBytes);
}

function revisionLength(revision: number): number {
  return 1 + (revision === TOMBSTONE_REVISION ? TOMBSTONE_WIRE.length : varintLength(revision));
}

function sizesOf(event: StoredEvent, ids: IdForm): Sizes {
  const id = ids === 'text' ? undefined : halvesOf(event.id);
  const stream = Buffer.byteLength(event.stream, 'utf8');
  const type = Buffer.byteLength(event.type, 'utf8');
  const created = event.createdTicks.toString();
  const contentType = Buffer.byteLength(event.contentType, 'utf8');
  const recorded =
    blobLength(blobLength(id?.length ?? ID_BYTES)) +
    blobLength(blobLength(stream)) +
    revisionLength(event.revision) +
    2 * uintLength(event.position) +
    blobLength(mapEntryLength('type', type)) +
    blobLength(mapEntryLength('content-type', contentType)) +
    blobLength(mapEntryLength('created', created.length)) +
    (event.customMetadata.length > 0 ? blobLength(event.customMetadata.length) : 0) +
    (event.data.length > 0 ? blobLength(event.data.length) : 0);
  return { id, recorded, stream, type, created };
}

function writeMapEntry(out: WireWriter, key: string, value: string, valueBytes: number): void {
  out.open(6, mapEntryLength(key, valueBytes));
  out.text(1, key, key.length);
  out.text(2, value, valueBytes);
}

function writeRecorded(out: WireWriter, event: StoredEvent, sizes: Sizes): void {
  out.open(1, blobLength(sizes.id?.length ?? ID_BYTES));
  if (sizes.id === undefined) out.text(2, event.id, ID_BYTES);
  else out.blob(1, sizes.id);
  out.open(2, blobLength(sizes.stream));
  out.text(STREAM_NAME_FIELD, event.stream, sizes.stream);
  if (event.revision === TOMBSTONE_REVISION) {
    out.varint(3 << 3);
    out.raw(TOMBSTONE_WIRE);
  } else {
    out.uint(3, event.revision);
  }
  out.uint(4, event.position);
  out.uint(5, event.position);
  writeMapEntry(out, 'type', event.type, sizes.type);
  writeMapEntry(
    out,
    'content-type',
    event.contentType,
    Buffer.byteLength(event.contentType, 'utf8'),
  );
  writeMapEntry(out, 'created', sizes.created, sizes.created.length);
  if (event.customMetadata.length > 0) out.blob(7, event.customMetadata);
  if (event.data.length > 0) out.blob(8, event.data);
}

/** An event as read; with links resolved, `link` is the event that pointed to it. */
export interface ResolvedEvent {
  readonly event?: StoredEvent;
  readonly link?: StoredEvent;
}

/** @returns the bytes of a `ReadResp` message. At least one of `event` and `link` must be there. */
export function encodeReadEvent(resolved: ResolvedEvent, ids: IdForm = 'text'): Buffer {
  const { event, link } = resolved;
  const original = link ?? event;
  const eventSizes = event === undefined ? undefined : sizesOf(event, ids);
  const linkSizes = link === undefined ? undefined : sizesOf(link, ids);
  const position = original?.position ?? 0;
  const length =
    (eventSizes === undefined ? 0 : blobLength(eventSizes.recorded)) +
    (linkSizes === undefined ? 0 : blobLength(linkSizes.recorded)) +
    uintLength(position);
  const out = new WireWriter(blobLength(length));
  out.open(1, length);
  if (event !== undefined && eventSizes !== undefined) {
    out.open(1, eventSizes.recorded);
    writeRecorded(out, event, eventSizes);
  }
  if (link !== undefined && linkSizes !== undefined) {
    out.open(2, linkSizes.recorded);
    writeRecorded(out, link, linkSizes);
  }
  out.uint(3, position);
  return out.bytes;
}
