/**
 * A datagram socket on the addon: a system call for a batch, and with UDP_GRO (Linux 5.0) one buffer
 * of the kernel for many datagrams of one sender.
 */
import type { NativeAddon, UdpHandle } from '../../lib/native-addon.js';
import {
  type DatagramSocket,
  type DatagramSocketOptions,
  Datagrams,
  SOCKET_BUFFER_BYTES,
} from './datagram-socket.js';

const ANY_INTERFACE = '0.0.0.0';
/** What the kernel hands over at once: up to 64 KiB of datagrams of one sender, or one datagram. */
export const RECEIVE_AREAS = 32;
/** A line of a cache more than 64 KiB, so that the areas do not all begin in the same ones. */
const AREA_BYTES = 65_536 + 64;

export class NativeDatagramSocket implements DatagramSocket {
  readonly port: number;
  readonly incoming: Datagrams;
  readonly outgoing: Datagrams;
  readonly #addon: NativeAddon;
  readonly #udp: UdpHandle;

  /** @throws Error with `code`, as of bind and setsockopt */
  constructor(addon: NativeAddon, options: DatagramSocketOptions) {
    const { host, port, group, sendTo, busyPollUs = 0, ttl = 1 } = options;
    const local = options.interfaceAddress ?? ANY_INTERFACE;
    this.incoming = new Datagrams(RECEIVE_AREAS * AREA_BYTES);
    this.outgoing = new Datagrams();
    this.#addon = addon;
    const { incoming, outgoing } = this;
    this.#udp = addon.udpOpen(
      ...([host, port, SOCKET_BUFFER_BYTES, busyPollUs] as const),
      ...([outgoing.slotBytes, outgoing.bytes, outgoing.rows] as const),
      ...([AREA_BYTES, incoming.bytes, incoming.rows, incoming.times] as const),
    );
    if (group !== undefined) addon.udpJoin(this.#udp, group, local);
    if (sendTo !== undefined) addon.udpSendTo(this.#udp, sendTo.host, sendTo.port, local, ttl);
    this.port = addon.udpPort(this.#udp);
  }

  get dropped(): number {
    return this.#addon.udpDropped(this.#udp);
  }

  receive(timeoutMs: number): number {
    return this.#addon.udpReceive(this.#udp, Math.max(0, Math.floor(timeoutMs)));
  }

  send(from: number, count: number): number {
    return this.#addon.udpSend(this.#udp, from, count);
  }

  async close(): Promise<void> {
    this.#addon.udpClose(this.#udp);
  }
}
