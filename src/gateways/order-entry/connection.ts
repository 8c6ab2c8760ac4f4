/** One TCP connection: the bytes that came, the bytes to send, and how far its login is. */
import type { Socket } from 'node:net';
import { SoupDeframer } from '../soupbintcp/deframer.js';
import type { GatewayLimits } from './config.js';
import type { LogCursor } from './log-cursor.js';
import { OutputBuffers } from './output-buffers.js';
import type { Session } from './session.js';

/** `checking` while the password is hashed; `ended` for good. */
export type ConnectionState = 'login' | 'checking' | 'open' | 'ended';

export class Connection {
  readonly socket: Socket;
  readonly peer: string;
  readonly deframer: SoupDeframer;
  readonly output: OutputBuffers;
  state: ConnectionState = 'login';
  session: Session | undefined;
  /** The packet that the deframer stands at could not be taken yet: the ring was full. */
  held = false;
  /** In the queue of connections with input. */
  queued = false;
  /** Sequence number of the next message for this client. */
  next = 0;
  /** Where it is sent from the log; undefined when it is up to date. */
  cursor: LogCursor | undefined;
  /** Needs the log, which is read from as soon as there is room. */
  behind = false;
  readonly openedAt: number;
  heardAt: number;
  sentAt: number;
  /** What the deframer had no room for; the socket is paused meanwhile. */
  #rest: Uint8Array | undefined;
  #restAt = 0;

  constructor(socket: Socket, limits: GatewayLimits, now: number, onTaken: () => void) {
    this.socket = socket;
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.deframer = new SoupDeframer(new ArrayBuffer(limits.inputBytes), limits.packetBytes);
    this.output = new OutputBuffers(socket, limits.outputBytes, onTaken);
    this.openedAt = now;
    this.heardAt = now;
    this.sentAt = now;
  }

  /** Moves received bytes into the deframer; what does not fit waits, and the socket with it. */
  received(chunk: Uint8Array): void {
    const taken = this.held ? 0 : this.deframer.append(chunk);
    if (taken === chunk.length) return;
    this.#rest = chunk;
    this.#restAt = taken;
    this.socket.pause();
  }

  /** Whether bytes wait outside the deframer. */
  get paused(): boolean {
    return this.#rest !== undefined;
  }

  /** Takes up what waited, now that packets have been taken out of the deframer. */
  refill(): void {
    const rest = this.#rest;
    if (rest === undefined || this.held) return;
    this.#restAt += this.deframer.append(rest, this.#restAt);
    if (this.#restAt < rest.length) return;
    this.#rest = undefined;
    this.socket.resume();
  }
}
