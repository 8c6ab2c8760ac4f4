import { alpha, type Direction, type FieldSpec, message, u16, u64 } from '../wire/layout.js';
import { decodeMessage, encodeMessage, protocol, type WireMessage } from '../wire/message-codec.js';
import { MOLD_END_OF_SESSION, MOLD_HEADER_BYTES } from './packets.js';

const HEADER: readonly FieldSpec[] = [
  alpha('session', 10),
  u64('sequenceNumber'),
  u16('messageCount'),
];

/**
 * The packets that are a header alone. MoldUDP64 has no type byte; the ones here are Daybook's, so
 * that these packets can be shown as messages: H heartbeat, Z end of session, Q request.
 */
export const MOLD = protocol('moldudp64', [
  message('Heartbeat', 'H', ['out'], HEADER),
  message('EndOfSession', 'Z', ['out'], HEADER),
  message('RequestPacket', 'Q', ['in'], HEADER),
]);

function typeOf(count: number): 'H' | 'Z' | 'Q' {
  if (count === 0) return 'H';
  return count === MOLD_END_OF_SESSION ? 'Z' : 'Q';
}

function directionOf(type: string): Direction {
  return type === 'Q' ? 'in' : 'out';
}

/** Reads the 20 bytes at `at` as heartbeat, end of session or request, by their count. */
export function decodeMoldHeader(view: DataView, at: number): WireMessage {
  const typed = new DataView(new ArrayBuffer(1 + MOLD_HEADER_BYTES));
  for (let i = 0; i < MOLD_HEADER_BYTES; i++) typed.setUint8(1 + i, view.getUint8(at + i));
  const type = typeOf(view.getUint16(at + 18));
  typed.setUint8(0, type.charCodeAt(0));
  return decodeMessage(MOLD, directionOf(type), typed, 0, typed.byteLength);
}

/** The 20 bytes of a packet that is a header alone. */
export function encodeMoldHeader(packet: Omit<WireMessage, 'name'>): Uint8Array {
  return encodeMessage(MOLD, directionOf(packet.type), packet).subarray(1);
}
