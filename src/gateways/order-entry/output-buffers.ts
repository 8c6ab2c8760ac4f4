/**
 * What a connection on node:net has to send, in two buffers: one is filled while the socket has the other.
 *
 * ```
 *   fill:   | packets ........ | free      |   --flush-->  socket has it  --done-->  free again
 *   other:  | (with the socket, or free)   |
 * ```
 *
 * When both are in use and the one being filled has no room, the connection is behind: it gets no
 * more until the socket has taken something, and then what it missed from the log.
 */
import type { Socket } from 'node:net';
import type { Output } from './channel.js';

interface OutputBuffer {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function bufferOf(capacity: number): OutputBuffer {
  const bytes = Buffer.alloc(capacity);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, capacity) };
}

export class OutputBuffers implements Output {
  readonly #socket: Socket;
  readonly #onTaken: () => void;
  #fill: OutputBuffer;
  #other: OutputBuffer;
  #inFlight = false;
  /** When the socket was given what it has now, ms of performance.now(). */
  givenAt = 0;
  /** End of what waits in the buffer being filled. */
  at = 0;

  /** @param onTaken the socket has taken a buffer: there is room again */
  constructor(socket: Socket, capacity: number, onTaken: () => void) {
    this.#socket = socket;
    this.#onTaken = onTaken;
    this.#fill = bufferOf(capacity);
    this.#other = bufferOf(capacity);
  }

  get view(): DataView {
    return this.#fill.view;
  }

  /** Whether the socket has bytes that it has not taken. */
  get inFlight(): boolean {
    return this.#inFlight;
  }

  /** Whether `bytes` more fit now; hands the full buffer to the socket to make room. */
  room(bytes: number): boolean {
    if (this.at + bytes <= this.#fill.bytes.length) return true;
    this.flush();
    return this.at + bytes <= this.#fill.bytes.length;
  }

  /** Gives the socket all that waits and nothing after it: its end. */
  finish(): void {
    const { bytes } = this.#fill;
    if (this.#socket.destroyed) return;
    if (this.at > 0) this.#socket.end(bytes.subarray(0, this.at));
    else this.#socket.end();
    this.at = 0;
    this.#inFlight = true;
  }

  /** Gives the socket what waits, in one write, unless it still has the last. */
  flush(): void {
    if (this.#inFlight || this.at === 0 || this.#socket.destroyed) return;
    const full = this.#fill;
    const length = this.at;
    this.#fill = this.#other;
    this.#other = full;
    this.at = 0;
    this.#inFlight = true;
    this.givenAt = performance.now();
    this.#socket.write(full.bytes.subarray(0, length), (error) => {
      this.#inFlight = false;
      if (error === undefined || error === null) this.#onTaken();
    });
  }
}
