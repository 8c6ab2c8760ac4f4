import { decodeMoldHeader } from '../moldudp64/catalogue.js';
import {
  checkMoldPacket,
  checkMoldRequest,
  MOLD_END_OF_SESSION,
  MOLD_HEADER_BYTES,
  moldMessage,
  moldPacket,
} from '../moldudp64/packets.js';
import { FAULT, faultCode } from '../wire/fault.js';
import { toHex } from '../wire/hex.js';
import { WireError } from '../wire/wire-error.js';
import type { DecodedQueue } from './decoded.js';
import { decodePayload, MULTICAST } from './payload.js';

/**
 * Decodes one UDP payload as MoldUDP64. A packet is recognised by its form, as ports differ by
 * feed: its message blocks fill it exactly, or it is a header alone.
 */
export function decodeDatagram(
  queue: DecodedQueue,
  view: DataView,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const fault = checkMoldPacket(view, at, length);
  if (fault !== FAULT.none && checkMoldRequest(view, at, length) !== FAULT.none) {
    queue.finding(`${length} bytes of UDP are not MoldUDP64: ${faultCode(fault)}`);
    return;
  }
  const count = moldPacket.messageCount(view, at);
  if (length === MOLD_HEADER_BYTES || count === 0 || count === MOLD_END_OF_SESSION) {
    const message = decodeMoldHeader(view, at);
    const direction = message.type === 'Q' ? 'in' : 'out';
    queue.message('moldudp64', direction, message, bytes.subarray(at, at + length));
    return;
  }
  const end = at + length;
  for (let block = moldPacket.firstMessageAt(at); block < end; ) {
    decodeBlock(queue, view, bytes, moldMessage.bodyAt(block), moldMessage.length(view, block));
    block = moldMessage.next(view, block);
  }
}

function decodeBlock(
  queue: DecodedQueue,
  view: DataView,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const payload = decodePayload(MULTICAST, 'out', view, at, length);
  const raw = bytes.subarray(at, at + length);
  if (!(payload instanceof WireError)) {
    queue.message(payload.protocol, payload.direction, payload.message, raw);
    return;
  }
  queue.finding(payload.message);
  const type = length === 0 ? '' : String.fromCharCode(view.getUint8(at));
  const fields = { message: toHex(view, at, length) };
  queue.message('moldudp64', undefined, { type, name: 'MessageBlock', fields }, raw);
}
