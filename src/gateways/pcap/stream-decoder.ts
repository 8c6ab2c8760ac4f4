import { SOUP, SOUP_HEADER_BYTES, SOUP_TYPE } from '../soupbintcp/catalogue.js';
import type { Direction } from '../wire/layout.js';
import { decodeMessage } from '../wire/message-codec.js';
import { WireError } from '../wire/wire-error.js';
import type { DecodedQueue } from './decoded.js';
import { decodePayload, type Payload, SEQUENCED, UNSEQUENCED } from './payload.js';

/** A packet within a segment is looked for from this size on: shorter ones are found by chance. */
const WITHIN_BYTES_MIN = 12;

/**
 * Decodes the bytes of one direction of a TCP connection as SoupBinTCP.
 *
 * A stream is recognised by its form, as ports differ by venue: known packet types, the lengths
 * they have, one direction throughout. Where that breaks (another protocol, a gap, a capture that
 * starts within a packet) bytes are skipped until a segment begins with a packet that is complete and
 * whose payload decodes, or has one within that is followed by what can be another: the segments of
 * a busy session begin anywhere. Skipped bytes are one finding each time.
 */
export class StreamDecoder {
  private readonly queue: DecodedQueue;
  private carry = new Uint8Array(0);
  private direction: Direction | undefined;
  private skipped = 0;
  private inStep = true;
  private decodedAny = false;

  constructor(queue: DecodedQueue) {
    this.queue = queue;
  }

  data(segment: Uint8Array): void {
    if (this.inStep) {
      this.decode(this.carry.length === 0 ? segment : concatenate(this.carry, segment));
      return;
    }
    const from = this.beginsWithPacket(segment) ? 0 : this.packetWithin(segment);
    this.skipped += from < 0 ? segment.length : from;
    if (from < 0) return;
    this.reportSkipped();
    this.inStep = true;
    this.decode(segment.subarray(from));
  }

  /** `count` bytes are missing: a packet under way is lost, the next one has to be found. */
  gap(count: number): void {
    const cut = this.carry.length === 0 ? '' : ` (${this.carry.length} of a packet before them)`;
    this.queue.finding(`${count} bytes of TCP were not captured${cut}`);
    this.carry = new Uint8Array(0);
    this.reportSkipped();
    this.inStep = false;
  }

  end(): void {
    if (this.carry.length > 0) {
      this.queue.finding(`the stream ends ${this.carry.length} bytes into a packet`);
    }
    this.reportSkipped();
  }

  private decode(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= 2) {
      if (!this.plausible(view, at)) {
        const found = this.packetWithin(bytes.subarray(at));
        if (found < 0) {
          this.loseStep(view, at);
          return;
        }
        this.skipped += found;
        this.reportSkipped();
        at += found;
        continue;
      }
      const packetBytes = 2 + view.getUint16(at);
      if (bytes.length - at < packetBytes) break;
      this.packet(view, bytes, at, packetBytes);
      at += packetBytes;
    }
    this.carry = bytes.slice(at);
  }

  private loseStep(view: DataView, at: number): void {
    this.inStep = false;
    this.carry = new Uint8Array(0);
    this.skipped = view.byteLength - at;
  }

  private reportSkipped(): void {
    if (this.skipped === 0) return;
    const what = this.decodedAny || this.inStep ? 'bytes' : 'bytes of TCP';
    this.queue.finding(`${this.skipped} ${what} are not SoupBinTCP`);
    this.skipped = 0;
  }

  private directionsOf(type: number): Direction | 'both' | undefined {
    const isIn = SOUP.index.in[type] !== undefined;
    const isOut = SOUP.index.out[type] !== undefined;
    if (isIn && isOut) return 'both';
    if (isIn) return 'in';
    return isOut ? 'out' : undefined;
  }

  /** Whether a packet can stand at `at`, as far as its length and type are there to be seen. */
  private plausible(view: DataView, at: number): boolean {
    const length = view.getUint16(at);
    if (length === 0) return false;
    if (view.byteLength - at < SOUP_HEADER_BYTES) return true;
    const type = view.getUint8(at + 2);
    const direction = this.directionsOf(type);
    if (direction === undefined) return false;
    if (direction === 'both') return true;
    if (this.direction !== undefined && direction !== this.direction) return false;
    const layout = SOUP.index[direction][type]!;
    return layout.tail === undefined ? length === layout.length : length >= layout.length;
  }

  /** The stricter test for getting back into step. */
  private beginsWithPacket(segment: Uint8Array): boolean {
    if (segment.length < SOUP_HEADER_BYTES) return false;
    const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
    if (!this.plausible(view, 0)) return false;
    const packetBytes = 2 + view.getUint16(0);
    if (packetBytes > segment.length) return false;
    const type = view.getUint8(2);
    if (!isData(type)) return type !== SOUP_TYPE.debug;
    return !(this.payload(view, 0, packetBytes) instanceof WireError);
  }

  /** Where a data packet stands within a segment, behind the end of another one; -1 nowhere. */
  private packetWithin(segment: Uint8Array): number {
    const { length } = segment;
    const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
    for (let at = 1; at + WITHIN_BYTES_MIN <= length; at += 1) {
      const next = at + 2 + view.getUint16(at);
      if (next > length || next - at < WITHIN_BYTES_MIN) continue;
      if (!isData(view.getUint8(at + 2)) || !this.plausible(view, at)) continue;
      if (length - next >= 2 && !this.plausible(view, next)) continue;
      if (!(this.payload(view, at, next - at) instanceof WireError)) return at;
    }
    return -1;
  }

  private payload(view: DataView, at: number, packetBytes: number): Payload | WireError {
    const sequenced = view.getUint8(at + 2) === SOUP_TYPE.sequencedData;
    return decodePayload(
      sequenced ? SEQUENCED : UNSEQUENCED,
      sequenced ? 'out' : 'in',
      view,
      at + SOUP_HEADER_BYTES,
      packetBytes - SOUP_HEADER_BYTES,
    );
  }

  private packet(view: DataView, bytes: Uint8Array, at: number, packetBytes: number): void {
    const type = view.getUint8(at + 2);
    const direction = this.directionsOf(type);
    if (direction !== 'both') this.direction = direction;
    this.decodedAny = true;
    if (isData(type)) {
      const payload = this.payload(view, at, packetBytes);
      if (!(payload instanceof WireError)) {
        const raw = bytes.subarray(at + SOUP_HEADER_BYTES, at + packetBytes);
        this.queue.message(payload.protocol, payload.direction, payload.message, raw);
        return;
      }
      if (packetBytes > SOUP_HEADER_BYTES) this.queue.finding(payload.message);
    }
    const readAs = this.direction ?? 'out';
    const packet = decodeMessage(SOUP, readAs, view, at + 2, packetBytes - 2);
    const raw = bytes.subarray(at + 2, at + packetBytes);
    this.queue.message('soupbintcp', this.direction, packet, raw);
  }
}

const isData = (type: number): boolean =>
  type === SOUP_TYPE.sequencedData || type === SOUP_TYPE.unsequencedData;

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
