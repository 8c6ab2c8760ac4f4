/**
 * The native addon (`native/`), where it was built. Everything works without it: whoever asks here
 * has another way on Node's own modules.
 *
 * `DAYBOOK_NATIVE=off` does as if it were not there, `DAYBOOK_NATIVE=required` fails without it.
 * Nothing may be passed that is not a typed array over memory which stays where it is; all numbers
 * are checked, in JavaScript's name: a wrong one throws a TypeError.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

declare const handle: unique symbol;
/** A poller of TCP connections, or a UDP socket, on the native side. */
export interface TcpHandle {
  readonly [handle]: 'tcp';
}
export interface CommitHandle {
  readonly [handle]: 'commit';
}
export interface AheadHandle {
  readonly [handle]: 'ahead';
}
export interface UdpHandle {
  readonly [handle]: 'udp';
}

export interface NativeAddon {
  /** pwrite. @returns bytes written, possibly fewer than `length` */
  fileWrite(
    file: number,
    from: Uint8Array,
    start: number,
    length: number,
    position: number,
  ): number;
  fileSync(file: number): void;
  /** A thread that makes commits durable (native/src/commit-thread.h); ends when it is collected. */
  commitOpen(
    commit: Uint8Array,
    chain: Uint8Array,
    state: Int32Array,
    times: Float64Array,
    bell: Int32Array,
  ): CommitHandle;
  /** @returns byte of `commit` where one of `length` bytes at `position` of its file has to begin */
  commitPlace(thread: CommitHandle, length: number, position: number): number;
  /** The file stays open and the memory is left alone until `commitEnd`, which waits. */
  commitBegin(
    thread: CommitHandle,
    file: number,
    start: number,
    length: number,
    position: number,
    count: number,
    first: number,
  ): void;
  commitEnd(thread: CommitHandle): void;
  /**
   * Completes a commit of `length` bytes whose records stand behind its head, and moves the chain
   * value on to it. @returns false when these are not `count` records numbered from `first` on
   */
  sealCommit(
    commit: Uint8Array,
    length: number,
    count: number,
    first: number,
    chain: Uint8Array,
  ): boolean;
  /** Whether the bytes are exactly `count` records numbered from `first` on, each with its checksum. */
  checkRecords(
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
    first: number,
  ): boolean;
  /** A thread that reads a journal ahead (native/src/read-ahead.h); ends when it is collected. */
  aheadOpen(): AheadHandle;
  /** Begins to read a window that begins with the commit of that sequence; the file stays open. */
  aheadBegin(
    thread: AheadHandle,
    file: number,
    bytes: Uint8Array,
    length: number,
    position: number,
    sequence: number,
  ): void;
  /**
   * Waits for the window: its whole, right commits as bytes of the file, bytes of records, which then
   * stand at the beginning without their heads, and number of records; and the last chain value.
   */
  aheadEnd(thread: AheadHandle, result: Float64Array, chain: Uint8Array): void;
  /** SHA-256 of each leaf of 256 KiB of the memory (native/src/leaves.cc), 32 bytes each. */
  leafHashes(memory: Uint8Array, hashes: Uint8Array, threads: 1 | 2): void;
  /**
   * Fills each leaf of the memory from its position in the file, one below 0 with zeros, and hashes it.
   * @returns whether the file had all of them
   */
  readLeaves(
    file: number,
    positions: Float64Array,
    memory: Uint8Array,
    hashes: Uint8Array,
    threads: 1 | 2,
  ): boolean;
  /** Places the first `count` keys into a free index, as `KeyTable` does (native/src/key-index.cc). */
  indexKeys(
    index: Int32Array,
    keys: Int32Array,
    scopes: Int32Array,
    count: number,
    width: number,
    seed: number,
  ): void;
  /** Large pages under the memory, `populate` 1: all of them now. @returns whether it was granted */
  useHugePages(memory: ArrayBufferView, populate: 0 | 1): boolean;
  /** The calling thread runs on that processor only. */
  pinThread(cpu: number): void;
  /** Every thread of the process, and every one that they start, runs on any other, where there is one. */
  avoidCpu(cpu: number): void;
  /** That thread, 0 the calling one, runs when no other wants the processor. @returns whether granted */
  idleThread(id: number): boolean;
  /** The calling thread's name, as `top -H` and `perf` show it; 15 bytes at most. */
  nameThread(name: string): void;
  /** The calling thread asks for slices of so many us. @returns whether the kernel took it */
  promptThread(us: number): boolean;
  /** Two doubles, ms: of CLOCK_MONOTONIC, and the processor time of the calling thread. */
  readClocks(into: Float64Array): void;
  /** Of CLOCK_MONOTONIC, ms. */
  monotonicMs(): number;
  /** The same into `into[0]`. */
  readMonotonic(into: Float64Array): void;

  /** The layouts of the memory are drawn in native/src/tcp.h. */
  tcpOpen(
    slots: number,
    busyPollUs: number,
    control: Int32Array,
    events: Int32Array,
    sends: Int32Array,
    clock: Float64Array,
  ): TcpHandle;
  /** @returns the port */
  tcpListen(tcp: TcpHandle, host: string, port: number, backlog: number): number;
  tcpStopListening(tcp: TcpHandle): void;
  tcpAttach(tcp: TcpHandle, slot: number, input: Uint8Array, output: Uint8Array): void;
  /** Sends what waits, waits at most that long, reads. @returns how many events there are */
  tcpTurn(tcp: TcpHandle, timeoutMs: number): number;
  tcpSend(tcp: TcpHandle, slot: number): void;
  tcpShut(tcp: TcpHandle, slot: number): void;
  tcpClose(tcp: TcpHandle, slot: number): void;
  tcpPeer(tcp: TcpHandle, slot: number): string;
  /** An eventfd: 8 bytes written there by any thread end the wait. */
  tcpWakeFd(tcp: TcpHandle): number;
  tcpShutDown(tcp: TcpHandle): void;

  /** The layouts of the memory are drawn in native/src/udp.h. */
  udpOpen(
    host: string,
    port: number,
    bufferBytes: number,
    busyPollUs: number,
    slotBytes: number,
    outgoing: Uint8Array,
    outgoingRows: Int32Array,
    areaBytes: number,
    incoming: Uint8Array,
    incomingRows: Int32Array,
    times: Float64Array,
  ): UdpHandle;
  udpJoin(udp: UdpHandle, group: string, localAddress: string): void;
  udpSendTo(udp: UdpHandle, host: string, port: number, localAddress: string, ttl: number): void;
  /** @returns how many datagrams came; with a timeout of 0 it does not wait */
  udpReceive(udp: UdpHandle, timeoutMs: number): number;
  /** @returns how many of the rows were sent */
  udpSend(udp: UdpHandle, from: number, count: number): number;
  udpPort(udp: UdpHandle): number;
  udpDropped(udp: UdpHandle): number;
  udpClose(udp: UdpHandle): void;
}

const FILE = 'native/build/release/daybook.node';

/** The addon, or why there is none, in words. */
export type FoundAddon =
  | { readonly addon: NativeAddon; readonly reason: undefined }
  | { readonly addon: undefined; readonly reason: string };

let found: FoundAddon | undefined;

/** @throws Error when the environment requires the addon and it cannot be had */
export function findNativeAddon(): FoundAddon {
  found ??= load();
  return found;
}

/** The addon, or undefined. */
export function nativeAddon(): NativeAddon | undefined {
  return findNativeAddon().addon;
}

function load(): FoundAddon {
  const wish = process.env.DAYBOOK_NATIVE;
  if (wish === 'off') return { addon: undefined, reason: 'DAYBOOK_NATIVE is off' };
  const outcome = loadFile(process.env.DAYBOOK_NATIVE_FILE);
  if (wish === 'required' && outcome.addon === undefined) throw new Error(outcome.reason);
  return outcome;
}

/** @param named another build of it: that with sanitizers, in their test */
function loadFile(named: string | undefined): FoundAddon {
  // Two folders up from the source, three from what is compiled of it.
  const places = ['../../', '../../../'].map((up) =>
    fileURLToPath(new URL(`${up}${FILE}`, import.meta.url)),
  );
  const path = named ?? places.find((place) => existsSync(place));
  if (path === undefined) return { addon: undefined, reason: 'the native addon is not built' };
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    return { addon, reason: undefined };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { addon: undefined, reason: `the native addon cannot be loaded: ${why}` };
  }
}
