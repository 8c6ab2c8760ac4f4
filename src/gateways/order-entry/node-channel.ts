/** A channel on node:net. */
import type { Socket } from 'node:net';
import { SoupDeframer } from '../soupbintcp/deframer.js';
import type { Channel, ChannelOwner } from './channel.js';
import type { GatewayLimits } from './config.js';
import { OutputBuffers } from './output-buffers.js';

export class NodeChannel implements Channel {
  readonly peer: string;
  readonly deframer: SoupDeframer;
  readonly output: OutputBuffers;
  held = false;
  readonly #socket: Socket;
  #owner: ChannelOwner | undefined;
  #ignoring = false;
  /** What the deframer had no room for; the socket is paused meanwhile. */
  #rest: Uint8Array | undefined;
  #restAt = 0;

  constructor(socket: Socket, limits: GatewayLimits) {
    this.#socket = socket;
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.deframer = new SoupDeframer(new ArrayBuffer(limits.inputBytes), limits.packetBytes);
    this.output = new OutputBuffers(socket, limits.outputBytes, () => this.#owner?.onTaken());
  }

  open(owner: ChannelOwner): void {
    this.#owner = owner;
    const socket = this.#socket;
    socket.on('data', (chunk: Uint8Array) => {
      if (this.#ignoring) return;
      this.#received(chunk);
      owner.onInput();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      owner.onEnd(error.code ?? 'SOCKET_ERROR');
    });
    socket.once('end', () => owner.onEnd('CLIENT_CLOSED'));
    socket.once('close', () => {
      owner.onEnd('CLIENT_CLOSED');
      owner.onClosed();
    });
  }

  get paused(): boolean {
    return this.#rest !== undefined;
  }

  refill(): void {
    const rest = this.#rest;
    if (rest === undefined || this.held) return;
    this.#restAt += this.deframer.append(rest, this.#restAt);
    if (this.#restAt < rest.length) return;
    this.#rest = undefined;
    this.#socket.resume();
  }

  ignore(): void {
    this.#ignoring = true;
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Moves received bytes into the deframer; what does not fit waits, and the socket with it. */
  #received(chunk: Uint8Array): void {
    const taken = this.held ? 0 : this.deframer.append(chunk);
    if (taken === chunk.length) return;
    this.#rest = chunk;
    this.#restAt = taken;
    this.#socket.pause();
  }
}
