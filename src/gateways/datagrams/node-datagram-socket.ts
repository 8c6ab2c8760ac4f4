/** A datagram socket on node:dgram: an event for each datagram, gathered into batches. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  addressText,
  addressWord,
  DATAGRAMS_MAX,
  type DatagramSocket,
  type DatagramSocketOptions,
  Datagrams,
  SOCKET_BUFFER_BYTES,
} from './datagram-socket.js';

/** Datagrams that wait to be received, and sends under way; more are dropped, or not taken. */
const QUEUE_DATAGRAMS_MAX = 16 * DATAGRAMS_MAX;
const SENDS_MAX = 1024;

export class NodeDatagramSocket implements DatagramSocket {
  readonly port: number;
  readonly incoming = new Datagrams();
  readonly outgoing = new Datagrams();
  dropped = 0;
  readonly #socket: Socket;
  readonly #sendTo: DatagramSocketOptions['sendTo'];
  #queue: { readonly bytes: Uint8Array; readonly from: RemoteInfo }[] = [];
  #taken = 0;
  #sending = 0;
  #wake: (() => void) | undefined;

  /** @throws Error with `code`, as of bind */
  static async open(options: DatagramSocketOptions): Promise<NodeDatagramSocket> {
    const { host, port, group, sendTo, interfaceAddress, ttl = 1 } = options;
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(port, host);
    await once(socket, 'listening');
    // The kernel may grant less; where it grants none of it, its own size stays.
    try {
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_BUFFER_SIZE') throw error;
    }
    if (group !== undefined) socket.addMembership(group, interfaceAddress);
    if (sendTo !== undefined && Number.parseInt(sendTo.host, 10) >= 224) {
      if (interfaceAddress !== undefined) socket.setMulticastInterface(interfaceAddress);
      socket.setMulticastTTL(ttl);
      socket.setMulticastLoopback(true);
    }
    return new NodeDatagramSocket(socket, sendTo);
  }

  private constructor(socket: Socket, sendTo: DatagramSocketOptions['sendTo']) {
    this.#socket = socket;
    this.#sendTo = sendTo;
    this.port = socket.address().port;
    socket.on('message', (bytes, from) => this.#received(bytes, from));
    // Nobody listens at an address that was answered: not our failure.
    socket.on('error', () => undefined);
  }

  receive(timeoutMs: number): Promise<number> | number {
    if (this.#waiting > 0 || timeoutMs <= 0) return this.#take();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(this.#take());
      };
    });
  }

  send(from: number, count: number): number {
    const { outgoing } = this;
    let sent = 0;
    for (; sent < count && this.#sending < SENDS_MAX; sent += 1) {
      const index = from + sent;
      const at = outgoing.at(index);
      const bytes = Buffer.from(outgoing.bytes.subarray(at, at + outgoing.length(index)));
      const address = outgoing.address(index);
      const host = address === 0 ? this.#sendTo?.host : addressText(address);
      const port = address === 0 ? this.#sendTo?.port : outgoing.port(index);
      this.#sending += 1;
      this.#socket.send(bytes, port, host, () => {
        this.#sending -= 1;
      });
    }
    return sent;
  }

  async close(): Promise<void> {
    this.#wake?.();
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  get #waiting(): number {
    return this.#queue.length - this.#taken;
  }

  #received(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#waiting >= QUEUE_DATAGRAMS_MAX) {
      this.dropped += 1;
      return;
    }
    this.#queue.push({ bytes, from });
    this.#wake?.();
  }

  #take(): number {
    const count = Math.min(this.#waiting, DATAGRAMS_MAX);
    const { incoming } = this;
    for (let i = 0; i < count; i += 1) {
      const { bytes, from } = this.#queue[this.#taken + i]!;
      const cut = bytes.length > incoming.slotBytes;
      if (!cut) incoming.bytes.set(bytes, incoming.at(i));
      incoming.set(i, cut ? -1 : bytes.length, addressWord(from.address), from.port);
      incoming.times[i] = 0;
    }
    this.#taken += count;
    if (this.#taken === this.#queue.length) {
      this.#queue = [];
      this.#taken = 0;
    }
    return count;
  }
}
