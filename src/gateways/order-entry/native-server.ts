/**
 * Channels on the addon: all sockets of a thread in one poll. A turn is one call, which sends what
 * waits, waits, and reads into the deframers' own memory.
 *
 * ```
 *   a connection's slot   control: input end | output start | output end | hold    (native/src/tcp.h)
 *                         input    the deframer's memory: the addon adds behind its end
 *                         output   packets: [ sent | with the socket, or waiting | free ]
 * ```
 */
import { getSystemErrorName } from 'node:util';
import { assert } from '../../lib/assert.js';
import type { NativeAddon, TcpHandle } from '../../lib/native-addon.js';
import { SoupDeframer } from '../soupbintcp/deframer.js';
import type { Channel, ChannelOwner, Output } from './channel.js';
import type { GatewayLimits } from './config.js';

const CONTROL_WORDS = 16;
const CONTROL = { inputEnd: 0, outputStart: 1, outputEnd: 2, hold: 3 } as const;
const EVENT_WORDS = 4;
/** Rows beyond one a slot: refused connections and wake-ups. */
const EVENTS_SPARE = 8;
const FLAG = { accepted: 1, input: 2, sent: 4, end: 8, error: 16, refused: 32 } as const;

const shared = (words: number): Int32Array => new Int32Array(new SharedArrayBuffer(words * 4));

/** What all channels of a server share. */
interface Shared {
  readonly addon: NativeAddon;
  readonly tcp: TcpHandle;
  readonly control: Int32Array;
  readonly sends: Int32Array;
}

class NativeOutput implements Output {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  at = 0;
  givenAt = 0;
  readonly #shared: Shared;
  readonly #slot: number;
  readonly #start: number;
  readonly #end: number;
  #planned = false;

  constructor(of: Shared, slot: number, capacity: number) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(capacity));
    this.view = new DataView(this.bytes.buffer);
    this.#shared = of;
    this.#slot = slot;
    this.#start = slot * CONTROL_WORDS + CONTROL.outputStart;
    this.#end = slot * CONTROL_WORDS + CONTROL.outputEnd;
  }

  get inFlight(): boolean {
    const { control } = this.#shared;
    return control[this.#start]! < control[this.#end]!;
  }

  room(bytes: number): boolean {
    if (this.at + bytes <= this.bytes.length) return true;
    this.#give();
    const { addon, tcp } = this.#shared;
    addon.tcpSend(tcp, this.#slot);
    this.reuse();
    return this.at + bytes <= this.bytes.length;
  }

  /** Given to the socket by the next turn, with all others. */
  flush(): void {
    if (this.at === this.#shared.control[this.#end]!) return;
    this.#give();
    if (this.#planned) return;
    this.#planned = true;
    const { sends } = this.#shared;
    const count = sends[0]! + 1;
    sends[count] = this.#slot;
    sends[0] = count;
  }

  finish(): void {
    this.#give();
    const { addon, tcp } = this.#shared;
    addon.tcpShut(tcp, this.#slot);
  }

  /** A turn is over: what was planned has been tried. */
  turned(): void {
    this.#planned = false;
  }

  /** From the start again, when the socket has taken all; moves the rest up when there is some. */
  reuse(): void {
    const { control } = this.#shared;
    const start = control[this.#start]!;
    if (start === 0) return;
    if (start < this.at) this.bytes.copyWithin(0, start, this.at);
    control[this.#end] = control[this.#end]! - start;
    control[this.#start] = 0;
    this.at -= start;
  }

  #give(): void {
    if (!this.inFlight) this.givenAt = performance.now();
    this.#shared.control[this.#end] = this.at;
  }
}

class NativeChannel implements Channel {
  readonly peer: string;
  readonly deframer: SoupDeframer;
  readonly output: NativeOutput;
  held = false;
  /** The addon says nothing of it any more. */
  gone = false;
  owner: ChannelOwner | undefined;
  readonly #shared: Shared;
  readonly #slot: number;
  readonly #inputEnd: number;
  readonly #onClosed: (slot: number) => void;
  #ignoring = false;
  #ended = false;

  constructor(of: Shared, slot: number, limits: GatewayLimits, onClosed: (slot: number) => void) {
    this.#shared = of;
    this.#slot = slot;
    this.#inputEnd = slot * CONTROL_WORDS + CONTROL.inputEnd;
    this.#onClosed = onClosed;
    this.peer = of.addon.tcpPeer(of.tcp, slot);
    const input = new SharedArrayBuffer(limits.inputBytes);
    this.deframer = new SoupDeframer(input, limits.packetBytes);
    this.output = new NativeOutput(of, slot, limits.outputBytes);
    of.addon.tcpAttach(of.tcp, slot, new Uint8Array(input), this.output.bytes);
  }

  open(owner: ChannelOwner): void {
    this.owner = owner;
  }

  /** The socket is not read while its memory is full; what it holds waits there, not with us. */
  get paused(): boolean {
    return this.deframer.full;
  }

  /** Before the next turn the addon is told where to go on. */
  refill(): void {
    if (this.held) return;
    this.#shared.control[this.#inputEnd] = this.#ignoring ? 0 : this.deframer.makeRoom();
  }

  ignore(): void {
    this.#ignoring = true;
    this.#shared.control[this.#inputEnd] = 0;
    if (this.#ended && !this.output.inFlight) this.destroy();
  }

  destroy(): void {
    if (this.gone) return;
    this.gone = true;
    const { addon, tcp } = this.#shared;
    addon.tcpClose(tcp, this.#slot);
    this.#onClosed(this.#slot);
    this.owner?.onEnd('CLIENT_CLOSED');
    this.owner?.onClosed();
  }

  /** What a turn brought. */
  took(flags: number, error: number): void {
    if ((flags & FLAG.sent) !== 0) this.#sent();
    if ((flags & FLAG.input) !== 0) this.#input();
    if ((flags & (FLAG.end | FLAG.error)) !== 0) this.#end(flags, error);
  }

  #input(): void {
    if (this.#ignoring) {
      this.#shared.control[this.#inputEnd] = 0;
      return;
    }
    this.deframer.receivedTo(this.#shared.control[this.#inputEnd]!);
    this.owner?.onInput();
  }

  #sent(): void {
    this.output.reuse();
    if (this.output.inFlight) this.output.givenAt = performance.now();
    this.owner?.onTaken();
    if (this.#ignoring && this.#ended && !this.output.inFlight) this.destroy();
  }

  #end(flags: number, error: number): void {
    this.#ended = true;
    const failed = (flags & FLAG.error) !== 0;
    this.owner?.onEnd(failed ? getSystemErrorName(-error) : 'CLIENT_CLOSED');
    // Nothing more can be sent on a socket that failed; one at its end may still take something.
    if (failed || !this.output.inFlight) this.destroy();
  }
}

export interface NativeServerOptions {
  readonly limits: GatewayLimits;
  /** SO_BUSY_POLL of the sockets, us; 0 leaves it to the machine. */
  readonly busyPollUs: number;
  readonly onChannel: (channel: Channel) => void;
  readonly onRefused: () => void;
}

export class NativeServer {
  readonly #shared: Shared;
  readonly #options: NativeServerOptions;
  readonly #events: Int32Array;
  readonly #clock = new Float64Array(new SharedArrayBuffer(8));
  readonly #channels: (NativeChannel | undefined)[];
  readonly #clockOffsetMs: number;
  /**
   * When the wait of the last turn ended, ms of performance.now(). In memory: who spins takes a million
   * turns a second, and a number that is handed on is allocated (16 MB a second of garbage).
   */
  readonly turned = new Float64Array(1);
  /** An eventfd: 8 bytes written there end the wait of a turn. */
  readonly wakeFd: number;

  constructor(addon: NativeAddon, options: NativeServerOptions) {
    const slots = options.limits.connections;
    const control = shared(slots * CONTROL_WORDS);
    const sends = shared(slots + 1);
    this.#events = shared((slots + EVENTS_SPARE) * EVENT_WORDS);
    const { busyPollUs } = options;
    const tcp = addon.tcpOpen(slots, busyPollUs, control, this.#events, sends, this.#clock);
    this.#shared = { addon, tcp, control, sends };
    this.#options = options;
    this.#channels = Array.from({ length: slots }, () => undefined);
    this.wakeFd = addon.tcpWakeFd(tcp);
    this.#clockOffsetMs = addon.monotonicMs() - performance.now();
    this.turned[0] = performance.now();
  }

  /** @returns the port @throws Error with `code`, as of bind and listen */
  listen(host: string, port: number): number {
    const { addon, tcp } = this.#shared;
    return addon.tcpListen(tcp, host, port, Math.max(1, this.#options.limits.connections));
  }

  /** Sends what was flushed, waits for bytes at most `timeoutMs`, hands them to their owners. */
  turn(timeoutMs: number): number {
    const { addon, tcp, sends } = this.#shared;
    for (let i = 1; i <= sends[0]!; i += 1) this.#channels[sends[i]!]?.output.turned();
    const count = addon.tcpTurn(tcp, timeoutMs);
    this.turned[0] = this.#clock[0]! - this.#clockOffsetMs;
    for (let i = 0; i < count; i += 1) {
      const slot = this.#events[i * EVENT_WORDS]!;
      const flags = this.#events[i * EVENT_WORDS + 1]!;
      if ((flags & FLAG.accepted) !== 0) this.#accept(slot);
      else if ((flags & FLAG.refused) !== 0) this.#options.onRefused();
      else if (slot >= 0) this.#channels[slot]?.took(flags, this.#events[i * EVENT_WORDS + 2]!);
    }
    return count;
  }

  /** Sends what was flushed now, in the middle of a turn. */
  sendNow(): void {
    const { addon, tcp, sends } = this.#shared;
    for (let i = 1; i <= sends[0]!; i += 1) {
      const slot = sends[i]!;
      this.#channels[slot]?.output.turned();
      addon.tcpSend(tcp, slot);
    }
    sends[0] = 0;
  }

  stopListening(): void {
    this.#shared.addon.tcpStopListening(this.#shared.tcp);
  }

  close(): void {
    for (const channel of this.#channels) channel?.destroy();
    this.#shared.addon.tcpShutDown(this.#shared.tcp);
  }

  #accept(slot: number): void {
    assert(this.#channels[slot] === undefined, 'a slot has one connection');
    const channel = new NativeChannel(this.#shared, slot, this.#options.limits, (closed) => {
      this.#channels[closed] = undefined;
    });
    this.#channels[slot] = channel;
    this.#options.onChannel(channel);
  }
}
