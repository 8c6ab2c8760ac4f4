/**
 * The sending end of a MoldUDP64 stream: packs messages into packets, straight into the socket's slots,
 * and sends a batch at once. Also the retransmission server's answers, to whoever asked.
 */
import { assert } from '../../lib/assert.js';
import type { DatagramSocket, Datagrams } from '../datagrams/datagram-socket.js';
import {
  MOLD_END_OF_SESSION,
  MOLD_HEADER_BYTES,
  MOLD_PACKET_BYTES_DEFAULT,
  putMoldHeader,
} from './packets.js';

export class MoldSender {
  readonly #socket: DatagramSocket;
  readonly #datagrams: Datagrams;
  readonly #packetBytes: number;
  readonly #sessionBytes = new DataView(new ArrayBuffer(10));
  /** Packets in the slots: whole ones, and the one being filled when `#length` is not 0. */
  #packets = 0;
  #length = 0;
  #count = 0;
  #address = 0;
  #port = 0;
  /** Packets that the network had no room for: receivers ask for them again. */
  unsent = 0;
  sent = 0;

  constructor(socket: DatagramSocket, session: string, packetBytes = MOLD_PACKET_BYTES_DEFAULT) {
    assert(packetBytes <= socket.outgoing.slotBytes, 'a packet fits a slot');
    this.#socket = socket;
    this.#datagrams = socket.outgoing;
    this.#packetBytes = packetBytes;
    this.session = session;
  }

  /** 10 printable characters; packets from now on are of it. */
  set session(session: string) {
    assert(/^[\x20-\x7e]{10}$/.test(session), 'a MoldUDP64 session is 10 printable characters');
    this.flush();
    for (let i = 0; i < 10; i += 1) this.#sessionBytes.setUint8(i, session.charCodeAt(i));
  }

  /** Where packets go from now on; without an address to the socket's usual place. */
  to(address = 0, port = 0): void {
    this.flush();
    this.#address = address;
    this.#port = port;
  }

  /** Adds message number `sequence`, one after the one before or the first after `flush`. */
  append(from: DataView, fromAt: number, length: number, sequence: number): void {
    assert(MOLD_HEADER_BYTES + 2 + length <= this.#packetBytes, 'a message fits a packet');
    const full = this.#length + 2 + length > this.#packetBytes;
    if (full || this.#count === MOLD_END_OF_SESSION - 1) this.#close();
    if (this.#length === 0) this.#open(sequence);
    const { bytes, view } = this.#datagrams;
    const at = this.#datagrams.at(this.#packets) + this.#length;
    view.setUint16(at, length);
    bytes.set(new Uint8Array(from.buffer, from.byteOffset + fromAt, length), at + 2);
    this.#length += 2 + length;
    this.#count += 1;
  }

  /** Tells that `next` is the next message to come. */
  heartbeat(next: number): void {
    this.#bare(next, 0);
  }

  endOfSession(next: number): void {
    this.#bare(next, MOLD_END_OF_SESSION);
  }

  /** Sends what was packed. */
  flush(): void {
    this.#close();
    const count = this.#packets;
    this.#packets = 0;
    if (count === 0) return;
    let done = 0;
    while (done < count) {
      const sent = this.#socket.send(done, count - done);
      if (sent === 0) break;
      done += sent;
    }
    this.sent += done;
    this.unsent += count - done;
  }

  #bare(next: number, count: number): void {
    this.flush();
    const { view } = this.#datagrams;
    const end = putMoldHeader(view, 0, this.#sessionBytes, 0, next, count);
    this.#datagrams.set(0, end, this.#address, this.#port);
    this.#packets = 1;
    this.flush();
  }

  #open(sequence: number): void {
    if (this.#packets === this.#datagrams.slots) this.flush();
    const at = this.#datagrams.at(this.#packets);
    putMoldHeader(this.#datagrams.view, at, this.#sessionBytes, 0, sequence, 0);
    this.#length = MOLD_HEADER_BYTES;
    this.#count = 0;
  }

  #close(): void {
    if (this.#length === 0) return;
    const at = this.#datagrams.at(this.#packets);
    this.#datagrams.view.setUint16(at + 18, this.#count);
    this.#datagrams.set(this.#packets, this.#length, this.#address, this.#port);
    this.#packets += 1;
    this.#length = 0;
    this.#count = 0;
  }
}
