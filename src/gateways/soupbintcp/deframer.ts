import { assert } from '../../lib/assert.js';
import { WireError } from '../wire/wire-error.js';
import { SOUP_HEADER_BYTES } from './catalogue.js';

/** Longest packet a session takes unless told otherwise, length field included. */
export const SOUP_PACKET_BYTES_DEFAULT = 4096;

/**
 * Bytes of the packet at `at` with its length field, or 0 when less than all of it stands before
 * `end`. For callers that own the buffer, such as a ring filled by the addon.
 *
 * @throws WireError PACKET_EMPTY, PACKET_OVERSIZE as soon as the length field can be read
 */
export function soupPacketBytes(
  view: DataView,
  at: number,
  end: number,
  packetBytesMax: number,
): number {
  if (end - at < 2) return 0;
  const length = view.getUint16(at);
  if (length === 0) throw new WireError('PACKET_EMPTY', 'a packet without a type', at);
  const bytes = 2 + length;
  if (bytes > packetBytesMax) {
    throw new WireError(
      'PACKET_OVERSIZE',
      `a packet of ${bytes} bytes, allowed are ${packetBytesMax}`,
      at,
    );
  }
  return end - at < bytes ? 0 : bytes;
}

/**
 * Cuts a stream of bytes into SoupBinTCP packets, in place.
 *
 * ```
 *   0        readAt            end            capacity
 *   | done   | packets waiting | free         |
 * ```
 *
 * Pull, not push: `next()` moves to the next whole packet and allocates nothing; a session that may
 * not take more simply stops calling it. `append` takes what fits and says how much, so a full
 * buffer is the caller's sign to stop reading its socket. After an error the stream is unusable:
 * a wrong length leaves no way to tell where the next packet begins.
 */
export class SoupDeframer {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** The current packet: valid after `next()` returned true, until `append` or `space`. */
  type = 0;
  payloadAt = 0;
  payloadLength = 0;
  private readonly packetBytesMax: number;
  private readAt = 0;
  private end = 0;

  /** `buffer` bounds the memory; it must hold at least one packet of the greatest length. */
  constructor(
    buffer: ArrayBufferLike = new ArrayBuffer(65_536),
    packetBytesMax = SOUP_PACKET_BYTES_DEFAULT,
  ) {
    assert(
      packetBytesMax >= SOUP_HEADER_BYTES && packetBytesMax <= buffer.byteLength,
      'the buffer must hold the longest packet',
    );
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
    this.packetBytesMax = packetBytesMax;
  }

  /** Bytes received and not yet taken by `next()`. */
  get pending(): number {
    return this.end - this.readAt;
  }

  /** Where to write received bytes next, after making room; follow with `received(count)`. */
  space(): { readonly at: number; readonly length: number } {
    this.compact();
    return { at: this.end, length: this.bytes.length - this.end };
  }

  /** Whether there is no room behind the packets that wait. */
  get full(): boolean {
    return this.end === this.bytes.length;
  }

  /** Makes room like `space`. @returns where to write received bytes next */
  makeRoom(): number {
    this.compact();
    return this.end;
  }

  /** Says that bytes were written from there up to `end`. */
  receivedTo(end: number): void {
    assert(end >= this.end && end <= this.bytes.length, 'more received than fits');
    this.end = end;
  }

  /** Says that `count` bytes were written at `space().at`. */
  received(count: number): void {
    assert(count >= 0 && this.end + count <= this.bytes.length, 'more received than fits');
    this.end += count;
  }

  /** Copies from `chunk[from..]` what fits; returns how many bytes that was. */
  append(chunk: Uint8Array, from = 0): number {
    this.compact();
    const count = Math.min(chunk.length - from, this.bytes.length - this.end);
    if (count <= 0) return 0;
    const part = from === 0 && count === chunk.length ? chunk : chunk.subarray(from, from + count);
    this.bytes.set(part, this.end);
    this.end += count;
    return count;
  }

  /**
   * Moves to the next whole packet; false when none has arrived yet.
   *
   * @throws WireError PACKET_EMPTY, PACKET_OVERSIZE
   */
  next(): boolean {
    const at = this.readAt;
    const bytes = soupPacketBytes(this.view, at, this.end, this.packetBytesMax);
    if (bytes === 0) return false;
    this.type = this.view.getUint8(at + 2);
    this.payloadAt = at + SOUP_HEADER_BYTES;
    this.payloadLength = bytes - SOUP_HEADER_BYTES;
    this.readAt = at + bytes;
    return true;
  }

  private compact(): void {
    if (this.readAt === 0) return;
    if (this.readAt < this.end) this.bytes.copyWithin(0, this.readAt, this.end);
    this.end -= this.readAt;
    this.readAt = 0;
  }
}
