/**
 * UDP in batches, on the addon (`recvmmsg`, `sendmmsg`) or on node:dgram. What was received, or is to
 * be sent, stands in one memory each:
 *
 * ```
 *   bytes  | slot 0: datagram | slot 1: datagram | ...      slotBytes each
 *   rows   | length address port at | ...                   i32 each; address of IPv4, network order
 *   times  | when the kernel had it, ms since 1970 | ...    0 where that is not known
 * ```
 *
 * `at` is the offset in `bytes`. What the addon received stands where the kernel put it (the areas of
 * native/src/udp.h), so it need not be at the beginning of a slot.
 * A length of -1 says that the datagram was longer than a slot; nobody may take a part for it.
 */
import { assert } from '../../lib/assert.js';

const ROW_WORDS = 4;
const ROW = { length: 0, address: 1, port: 2, at: 3 } as const;

/** Longest datagram that is taken; an Ethernet frame of 1,500 bytes holds 1,472. */
export const DATAGRAM_BYTES_MAX = 2048;
/** Datagrams of one receive or send; what came beyond them waits for the next receive. */
export const DATAGRAMS_MAX = 256;
/** Asked of the kernel for what waits in a socket; it may grant less. */
export const SOCKET_BUFFER_BYTES = 16 * 1024 * 1024;

export interface DatagramSocketOptions {
  /** Local address and port; 0 takes any free one. */
  readonly host: string;
  readonly port: number;
  /** A multicast group to receive. */
  readonly group?: string | undefined;
  /** Where rows without an address are sent to: one receiver, or a multicast group. */
  readonly sendTo?: { readonly host: string; readonly port: number } | undefined;
  /** Address of the interface that multicast goes through. */
  readonly interfaceAddress?: string | undefined;
  /** Routers that multicast passes; default 1, this network only. */
  readonly ttl?: number | undefined;
  /** SO_BUSY_POLL, us; addon only. */
  readonly busyPollUs?: number | undefined;
}

export class Datagrams {
  readonly slots = DATAGRAMS_MAX;
  readonly slotBytes = DATAGRAM_BYTES_MAX;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly rows: Int32Array;
  readonly times: Float64Array;

  /** `bytes`: how many the memory has, where it is not slots one after another. */
  constructor(bytes = DATAGRAMS_MAX * DATAGRAM_BYTES_MAX) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(bytes));
    this.view = new DataView(this.bytes.buffer);
    this.rows = new Int32Array(new SharedArrayBuffer(this.slots * ROW_WORDS * 4));
    this.times = new Float64Array(new SharedArrayBuffer(this.slots * 8));
    for (let i = 0; i < this.slots; i += 1) this.rows[i * ROW_WORDS + ROW.at] = i * this.slotBytes;
  }

  /** Offset of a datagram in `bytes` and `view`. */
  at(index: number): number {
    return this.rows[index * ROW_WORDS + ROW.at]!;
  }

  length(index: number): number {
    return this.rows[index * ROW_WORDS + ROW.length]!;
  }

  address(index: number): number {
    return this.rows[index * ROW_WORDS + ROW.address]!;
  }

  port(index: number): number {
    return this.rows[index * ROW_WORDS + ROW.port]!;
  }

  /** Says how long a datagram is and where it came from or goes: address 0 is the usual place. */
  set(index: number, length: number, address = 0, port = 0): void {
    assert(index < this.slots && length <= this.slotBytes, 'a datagram fits its slot');
    const row = index * ROW_WORDS;
    this.rows[row + ROW.length] = length;
    this.rows[row + ROW.address] = address;
    this.rows[row + ROW.port] = port;
  }
}

export interface DatagramSocket {
  readonly port: number;
  /** What the last `receive` brought; valid until the next. */
  readonly incoming: Datagrams;
  /** What `send` sends. */
  readonly outgoing: Datagrams;
  /** Datagrams that arrived and found no room, before anybody could receive them. */
  readonly dropped: number;
  /**
   * Takes what has come, at most DATAGRAMS_MAX; waits at most `timeoutMs` when nothing has. On the addon
   * it blocks the thread meanwhile. @returns how many
   */
  receive(timeoutMs: number): Promise<number> | number;
  /** Sends rows [from, from + count). @returns how many were taken; the others found no room now */
  send(from: number, count: number): number;
  close(): Promise<void>;
}

/** `127.0.0.1` as a row has it. */
export function addressWord(host: string): number {
  const parts = host.split('.').map(Number);
  assert(parts.length === 4, 'an IPv4 address');
  const [a, b, c, d] = parts as [number, number, number, number];
  return a | (b << 8) | (c << 16) | (d << 24);
}

export function addressText(word: number): string {
  return [word & 255, (word >> 8) & 255, (word >> 16) & 255, (word >>> 24) & 255].join('.');
}
