import { assert } from '../../lib/assert.js';
import type { Direction } from '../wire/layout.js';
import { decodeMessage, encodeMessage, type WireMessage } from '../wire/message-codec.js';
import { WireError } from '../wire/wire-error.js';
import { SOUP, SOUP_HEADER_BYTES, SOUP_TYPE } from './catalogue.js';

/**
 * Decodes one packet whose length field stands at `at` (`bytes` with it). Logins and the like; the
 * data of an order session is read in place.
 *
 * @throws WireError as `decodeMessage`; PACKET_MALFORMED when `bytes` is not the packet's length
 */
export function decodeSoupPacket(
  direction: Direction,
  view: DataView,
  at: number,
  bytes: number,
): WireMessage {
  if (bytes < SOUP_HEADER_BYTES || view.getUint16(at) !== bytes - 2) {
    throw new WireError('PACKET_MALFORMED', 'length field and packet differ', at);
  }
  return decodeMessage(SOUP, direction, view, at + 2, bytes - 2);
}

/**
 * Encodes one packet with its length field. A login's `requestedSequenceNumber` 0 asks for the
 * next message to come, 1 for the whole session.
 *
 * @throws WireError as `encodeMessage`; PACKET_OVERSIZE past 65,535 bytes
 */
export function encodeSoupPacket(
  direction: Direction,
  packet: Omit<WireMessage, 'name'>,
): Uint8Array {
  const body = encodeMessage(SOUP, direction, packet);
  if (body.length > 0xffff) throw new WireError('PACKET_OVERSIZE', 'a packet past 65,535 bytes');
  const bytes = new Uint8Array(2 + body.length);
  new DataView(bytes.buffer).setUint16(0, body.length);
  bytes.set(body, 2);
  return bytes;
}

/**
 * Writes length and type for a payload of `payloadLength` bytes; returns where it goes. Write the
 * payload first at `at + SOUP_HEADER_BYTES` when its length is not known before.
 */
function putHeader(view: DataView, at: number, type: number, payloadLength: number): number {
  assert(payloadLength >= 0 && payloadLength < 0xffff, 'payload does not fit a packet');
  view.setUint16(at, 1 + payloadLength);
  view.setUint8(at + 2, type);
  return at + SOUP_HEADER_BYTES;
}

/** Header of a sequenced data packet (server to client). */
export function putSequencedHeader(view: DataView, at: number, payloadLength: number): number {
  return putHeader(view, at, SOUP_TYPE.sequencedData, payloadLength);
}

/** Header of an unsequenced data packet (client to server). */
export function putUnsequencedHeader(view: DataView, at: number, payloadLength: number): number {
  return putHeader(view, at, SOUP_TYPE.unsequencedData, payloadLength);
}

/** Writes a server heartbeat; returns the offset after it. */
export function putServerHeartbeat(view: DataView, at: number): number {
  return putHeader(view, at, SOUP_TYPE.serverHeartbeat, 0);
}

/** Writes a client heartbeat; returns the offset after it. */
export function putClientHeartbeat(view: DataView, at: number): number {
  return putHeader(view, at, SOUP_TYPE.clientHeartbeat, 0);
}

/** Writes an end of session; returns the offset after it. */
export function putEndOfSession(view: DataView, at: number): number {
  return putHeader(view, at, SOUP_TYPE.endOfSession, 0);
}
