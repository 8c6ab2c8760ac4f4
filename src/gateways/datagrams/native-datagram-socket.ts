/** A datagram socket on the addon: a system call for a batch. */
import type { NativeAddon, UdpHandle } from '../../lib/native-addon.js';
import {
  type DatagramSocket,
  type DatagramSocketOptions,
  Datagrams,
  SOCKET_BUFFER_BYTES,
} from './datagram-socket.js';

const ANY_INTERFACE = '0.0.0.0';

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
    // One memory for both ways: what was received is handled before anything is sent.
    this.incoming = new Datagrams();
    this.outgoing = this.incoming;
    this.#addon = addon;
    const { slotBytes, bytes, rows, times } = this.incoming;
    this.#udp = addon.udpOpen(
      ...([host, port, SOCKET_BUFFER_BYTES, busyPollUs] as const),
      ...([slotBytes, bytes, rows, times] as const),
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
