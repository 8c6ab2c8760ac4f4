import { assert } from '../../lib/assert.js';
import { FAULT, type Fault } from '../wire/fault.js';
import { bytesEqual, copyBytes, isSafeU64, readU64, writeU64 } from '../wire/integer.js';

/**
 * MoldUDP64 1.00, big-endian. A downstream packet:
 *
 * ```
 *   0            10               18           20
 *   | session 10 | sequence u64   | count u16  | length u16 | message | length u16 | message | ...
 * ```
 *
 * `sequence` numbers the first message. Count 0 is a heartbeat (sequence = the next expected),
 * 0xFFFF the end of the session. A request to a retransmission server is a header alone whose
 * count is how many messages it wants.
 */
export const MOLD_HEADER_BYTES = 20;
export const MOLD_SESSION_BYTES = 10;
export const MOLD_END_OF_SESSION = 0xffff;

/** A packet that leaves room for IPv4 and UDP headers in an Ethernet frame of 1,500 bytes. */
export const MOLD_PACKET_BYTES_DEFAULT = 1472;

export const moldPacket = {
  sequenceNumber: (view: DataView, at: number): number => readU64(view, at + 10),
  messageCount: (view: DataView, at: number): number => view.getUint16(at + 18),
  firstMessageAt: (at: number): number => at + MOLD_HEADER_BYTES,
} as const;

/** A message block within a packet that was checked: `at` is the offset of its length field. */
export const moldMessage = {
  length: (view: DataView, at: number): number => view.getUint16(at),
  bodyAt: (at: number): number => at + 2,
  next: (view: DataView, at: number): number => at + 2 + view.getUint16(at),
} as const;

/** Whether the packet is of the session whose 10 bytes stand at `sessionAt` of `session`. */
export function moldSessionIs(
  view: DataView,
  at: number,
  session: DataView,
  sessionAt: number,
): boolean {
  return bytesEqual(view, at, session, sessionAt, MOLD_SESSION_BYTES);
}

/**
 * Whether the `length` bytes at `at` are one downstream packet: its blocks fill it exactly, and
 * its sequence numbers, that of the message behind it included, stay within 2^53 - 1. After `FAULT.none` walking the blocks is safe.
 */
export function checkMoldPacket(view: DataView, at: number, length: number): Fault {
  if (length < MOLD_HEADER_BYTES) return FAULT.lengthWrong;
  if (!isSafeU64(view, at + 10)) return FAULT.valueUnsafe;
  const count = view.getUint16(at + 18);
  if (readU64(view, at + 10) > Number.MAX_SAFE_INTEGER - MOLD_END_OF_SESSION) {
    return FAULT.valueUnsafe;
  }
  const end = at + length;
  let next = at + MOLD_HEADER_BYTES;
  if (count !== MOLD_END_OF_SESSION) {
    for (let i = 0; i < count; i++) {
      if (end - next < 2) return FAULT.packetMalformed;
      next += 2 + view.getUint16(next);
    }
  }
  return next === end ? FAULT.none : FAULT.packetMalformed;
}

/** Whether the bytes are a retransmission request: a header and nothing behind it. */
export function checkMoldRequest(view: DataView, at: number, length: number): Fault {
  if (length !== MOLD_HEADER_BYTES) return FAULT.lengthWrong;
  return isSafeU64(view, at + 10) ? FAULT.none : FAULT.valueUnsafe;
}

/** Writes a header: a heartbeat (count 0), an end of session, or a request. */
export function putMoldHeader(
  view: DataView,
  at: number,
  session: DataView,
  sessionAt: number,
  sequenceNumber: number,
  count: number,
): number {
  copyBytes(session, sessionAt, view, at, MOLD_SESSION_BYTES);
  writeU64(view, at + 10, sequenceNumber);
  view.setUint16(at + 18, count);
  return at + MOLD_HEADER_BYTES;
}

/**
 * Packs messages into one packet after another in a buffer of its own: `begin`, then `append`
 * until it returns false (the packet is full: send `view[0, length)`, `begin` again).
 */
export class MoldPacketWriter {
  readonly view: DataView;
  length = 0;
  count = 0;
  private readonly session: DataView;

  /** `session` is exactly 10 bytes of ASCII, padded as the peer expects. */
  constructor(session: string, packetBytes = MOLD_PACKET_BYTES_DEFAULT) {
    assert(/^[\x20-\x7e]{10}$/.test(session), 'a MoldUDP64 session is 10 printable characters');
    assert(packetBytes > MOLD_HEADER_BYTES + 2, 'a packet must hold a message');
    this.view = new DataView(new ArrayBuffer(packetBytes));
    this.session = new DataView(Uint8Array.from(session, (c) => c.charCodeAt(0)).buffer);
  }

  begin(sequenceNumber: number): void {
    this.count = 0;
    this.length = putMoldHeader(this.view, 0, this.session, 0, sequenceNumber, 0);
  }

  /** Copies a message in, false when it does not fit behind those already there. */
  append(from: DataView, fromAt: number, length: number): boolean {
    assert(this.length >= MOLD_HEADER_BYTES, 'begin() comes first');
    const end = this.length + 2 + length;
    if (end > this.view.byteLength || this.count === MOLD_END_OF_SESSION - 1) {
      assert(this.count > 0, 'a message is longer than a packet');
      return false;
    }
    this.view.setUint16(this.length, length);
    copyBytes(from, fromAt, this.view, this.length + 2, length);
    this.length = end;
    this.count++;
    this.view.setUint16(18, this.count);
    return true;
  }

  /** Makes the packet an end of session whose sequence is the next one that would have come. */
  endOfSession(sequenceNumber: number): void {
    this.count = 0;
    this.length = putMoldHeader(this.view, 0, this.session, 0, sequenceNumber, MOLD_END_OF_SESSION);
  }
}
