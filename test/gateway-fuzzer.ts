import { ITCH } from '../src/gateways/itch/catalogue.js';
import * as itch from '../src/gateways/itch/read.js';
import * as mold from '../src/gateways/moldudp64/packets.js';
import { OUCH } from '../src/gateways/ouch/catalogue.js';
import { checkInbound, checkOutbound, findAppendage } from '../src/gateways/ouch/check.js';
import * as inbound from '../src/gateways/ouch/inbound.js';
import * as outbound from '../src/gateways/ouch/outbound.js';
import { OUCH_TYPE_IN, OUCH_TYPE_OUT } from '../src/gateways/ouch/types.js';
import { memorySource } from '../src/gateways/pcap/byte-window.js';
import { readCapture } from '../src/gateways/pcap/capture.js';
import { CaptureError } from '../src/gateways/pcap/capture-error.js';
import { decodeCapture } from '../src/gateways/pcap/decode-capture.js';
import { dissect } from '../src/gateways/pcap/dissect.js';
import { toJsonLine } from '../src/gateways/pcap/json-line.js';
import { SoupDeframer } from '../src/gateways/soupbintcp/deframer.js';
import { decodeSoupPacket, encodeSoupPacket } from '../src/gateways/soupbintcp/packets.js';
import { FAULT } from '../src/gateways/wire/fault.js';
import type { Direction } from '../src/gateways/wire/layout.js';
import { decodeMessage, encodeMessage, type Protocol } from '../src/gateways/wire/message-codec.js';
import { WireError } from '../src/gateways/wire/wire-error.js';
import type { Corpus } from './gateway-fuzz-corpus.js';

/** A small generator (mulberry32): the same seed and index give the same input everywhere. */
class Random {
  private state = 0;

  seed(seed: number, index: number): void {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
    this.next();
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }
}

const ARENA_BYTES = 4096;
const LINK_TYPES = [1, 1, 1, 1, 0, 101, 113, 276];
const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** What a run came across, to show that it reached every part. */
export interface FuzzCounts {
  inputs: number;
  accepted: number;
  refused: number;
}

/** A finding: the run stops, and `--seed`, `--from` repeat it. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
}

type Accessors = Readonly<Record<string, unknown>>;
type Accessor = (view: DataView, at: number) => number;

function callAll(accessors: Accessors, view: DataView, at: number): void {
  for (const key of Object.keys(accessors)) {
    if (key.endsWith('At')) (accessors[key] as (at: number) => number)(at);
    else (accessors[key] as Accessor)(view, at);
  }
}

const IN_PLACE: ReadonlyMap<number, Accessors> = new Map<number, Accessors>([
  [OUCH_TYPE_IN.enterOrder, inbound.enterOrder],
  [OUCH_TYPE_IN.replaceOrder, inbound.replaceOrder],
  [OUCH_TYPE_IN.cancelOrder, inbound.cancelOrder],
  [OUCH_TYPE_IN.modifyOrder, inbound.modifyOrder],
]);

const OUT_IN_PLACE: ReadonlyMap<number, Accessors> = new Map<number, Accessors>([
  [OUCH_TYPE_OUT.orderAccepted, outbound.orderAccepted],
  [OUCH_TYPE_OUT.orderReplaced, outbound.orderReplaced],
  [OUCH_TYPE_OUT.orderCanceled, outbound.orderCanceled],
  [OUCH_TYPE_OUT.orderExecuted, outbound.orderExecuted],
  [OUCH_TYPE_OUT.rejected, outbound.rejected],
]);

const ITCH_IN_PLACE: ReadonlyMap<number, Accessors> = new Map<number, Accessors>([
  [itch.ITCH_TYPE.addOrder, itch.addOrder],
  [itch.ITCH_TYPE.addOrderWithMPID, itch.addOrder],
  [itch.ITCH_TYPE.nonCrossTrade, { ...itch.addOrder, ...itch.nonCrossTrade }],
  [itch.ITCH_TYPE.orderExecutedWithPrice, itch.orderExecution],
  [itch.ITCH_TYPE.orderCancel, itch.orderCancel],
  [itch.ITCH_TYPE.orderReplace, itch.orderReplace],
  [itch.ITCH_TYPE.crossTrade, itch.crossTrade],
  [itch.ITCH_TYPE.stockTradingAction, itch.stockTradingAction],
  [itch.ITCH_TYPE.systemEvent, itch.systemEvent],
]);

/**
 * Feeds every decoder random bytes and mutated messages.
 *
 * Each input stands at the very end of its buffer, so a read past the end is a RangeError. What
 * must hold: only typed errors; what a check accepts, every accessor reads and the decoder takes;
 * what decodes, encodes to the same bytes.
 */
export class GatewayFuzzer {
  readonly counts: FuzzCounts = { inputs: 0, accepted: 0, refused: 0 };
  private readonly random = new Random();
  private readonly corpus: Corpus;
  private readonly seed: number;
  private readonly arena = new Uint8Array(ARENA_BYTES);
  private readonly view = new DataView(this.arena.buffer);
  private at = 0;
  private length = 0;

  constructor(corpus: Corpus, seed: number) {
    this.corpus = corpus;
    this.seed = seed;
  }

  /** @throws FuzzFailure */
  input(index: number): void {
    this.random.seed(this.seed, index);
    this.counts.inputs++;
    const kind = this.random.below(16);
    try {
      if (kind < 4) this.message(OUCH, 'in', this.corpus.ouch);
      else if (kind < 7) this.message(OUCH, 'out', this.corpus.ouch);
      else if (kind < 10) this.message(ITCH, 'out', this.corpus.itch);
      else if (kind < 12) this.moldPacket();
      else if (kind < 14) this.soupStream();
      else if (kind < 15) this.frame();
      else this.capture();
    } catch (error) {
      const hex = Buffer.from(this.arena.subarray(this.at)).toString('hex');
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new FuzzFailure(`seed ${this.seed}, input ${index}, bytes ${hex}: ${reason}`);
    }
  }

  private place(bytes: Uint8Array, length: number): void {
    this.length = Math.min(length, ARENA_BYTES);
    this.at = ARENA_BYTES - this.length;
    for (let i = 0; i < this.length; i++) {
      this.arena[this.at + i] = i < bytes.length ? bytes[i]! : this.random.below(256);
    }
  }

  /** Random bytes (often with a right first one), or a message of the corpus, bent. */
  private generate(corpus: readonly Uint8Array[]): void {
    const { random } = this;
    const from = random.pick(corpus);
    if (random.below(5) === 0) {
      this.place(from.subarray(0, random.below(2)), random.below(80));
      return;
    }
    let { length } = from;
    if (random.below(4) === 0) length = Math.max(0, length + random.below(24) - 12);
    this.place(from, length);
    if (this.length === 0) return;
    for (let flips = random.below(5); flips > 0; flips--) {
      const where = this.at + random.below(this.length);
      this.arena[where] =
        random.below(2) === 0
          ? random.pick(INTERESTING)
          : this.arena[where]! ^ (1 << random.below(8));
    }
  }

  private message(of: Protocol, direction: Direction, corpus: readonly Uint8Array[]): void {
    this.generate(corpus);
    const { view, at, length } = this;
    const accepted = this.inPlace(of, direction);
    let message: ReturnType<typeof decodeMessage>;
    try {
      message = decodeMessage(of, direction, view, at, length);
    } catch (error) {
      if (!(error instanceof WireError) || accepted) throw error;
      this.counts.refused++;
      return;
    }
    this.counts.accepted++;
    const again = encodeMessage(of, direction, message);
    if (again.length !== length || again.some((byte, i) => byte !== this.arena[at + i])) {
      throw new FuzzFailure('encoding gives other bytes');
    }
  }

  /** The hot path: a check that never throws, then every accessor. */
  private inPlace(of: Protocol, direction: Direction): boolean {
    const { view, at, length } = this;
    if (of === ITCH) {
      if (itch.checkItch(view, at, length) !== FAULT.none) return false;
      const accessors = ITCH_IN_PLACE.get(view.getUint8(at));
      callAll(itch.itchHeader, view, at);
      if (accessors !== undefined) this.typedOnly(() => callAll(accessors, view, at));
      return true;
    }
    const check = direction === 'in' ? checkInbound : checkOutbound;
    if (check(view, at, length) !== FAULT.none) return false;
    const type = view.getUint8(at);
    const accessors = (direction === 'in' ? IN_PLACE : OUT_IN_PLACE).get(type);
    const layout = of.index[direction][type]!;
    if (direction === 'in' && accessors !== undefined) callAll(accessors, view, at);
    if (direction === 'out' && accessors !== undefined) {
      this.typedOnly(() => callAll(accessors, view, at));
    }
    if (length > layout.length) {
      this.appendage(at + layout.length);
    }
    return true;
  }

  /** What is found of a known tag can be read in full before the message ends. */
  private appendage(at: number): void {
    const end = this.at + this.length;
    const tag = this.random.below(30);
    const found = findAppendage(this.view, at, end, tag);
    const bytes = OUCH.tags[tag]?.length ?? 0;
    if (found !== -1 && (found + bytes > end || this.view.getUint8(found - 2) < 1 + bytes)) {
      throw new FuzzFailure(`the value of tag ${tag} is cut short`);
    }
  }

  /** 64-bit reference numbers may be past 2^53 - 1, which is told, not shown wrongly. */
  private typedOnly(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof WireError) || error.code !== 'VALUE_UNSAFE') throw error;
    }
  }

  private moldPacket(): void {
    this.generate(this.corpus.mold);
    const { view, at, length } = this;
    mold.checkMoldRequest(view, at, length);
    if (mold.checkMoldPacket(view, at, length) !== FAULT.none) {
      this.counts.refused++;
      return;
    }
    this.counts.accepted++;
    mold.moldPacket.sequenceNumber(view, at);
    const end = at + length;
    let next = mold.moldPacket.firstMessageAt(at);
    while (next < end) {
      const bytes = mold.moldMessage.length(view, next);
      itch.checkItch(view, mold.moldMessage.bodyAt(next), bytes);
      next = mold.moldMessage.next(view, next);
    }
    if (next !== end) throw new FuzzFailure('the walk leaves the packet');
  }

  private soupStream(): void {
    this.generate(this.corpus.soup);
    const deframer = new SoupDeframer(new ArrayBuffer(512), 512);
    const stream = this.arena.subarray(this.at);
    let from = 0;
    try {
      while (from < stream.length) {
        const to = Math.min(stream.length, from + 1 + this.random.below(200));
        const chunk = stream.subarray(0, to);
        from += deframer.append(chunk, from);
        while (deframer.next()) this.soupPacket(deframer);
      }
      this.counts.accepted++;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.counts.refused++;
    }
  }

  private soupPacket({ view, payloadAt, payloadLength }: SoupDeframer): void {
    // A view that ends with the packet, so that reading on is seen.
    const own = new DataView(view.buffer, payloadAt - 3, payloadLength + 3);
    for (const direction of ['in', 'out'] as const) {
      let packet: ReturnType<typeof decodeSoupPacket>;
      try {
        packet = decodeSoupPacket(direction, own, 0, own.byteLength);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        continue;
      }
      const again = encodeSoupPacket(direction, packet);
      const same = again.every((byte, i) => byte === own.getUint8(i));
      if (again.length !== own.byteLength || !same) {
        throw new FuzzFailure('encoding gives other bytes');
      }
    }
  }

  private frame(): void {
    this.generate(this.corpus.frames);
    const { view, at, length } = this;
    const found = dissect(this.random.pick(LINK_TYPES), view, at, length);
    if (found.kind === 'udp' || found.kind === 'tcp') {
      this.counts.accepted++;
      const { payloadAt, payloadLength, missing } = found;
      if (payloadLength < 0 || missing < 0 || payloadAt + payloadLength > at + length) {
        throw new FuzzFailure('the payload leaves the frame');
      }
    } else {
      this.counts.refused++;
    }
  }

  private capture(): void {
    this.generate(this.corpus.captures);
    const file = this.arena.slice(this.at);
    try {
      let before = 0;
      for (const packet of readCapture(memorySource(file))) {
        // The window holds the whole file, so an index into it is an offset in the file.
        if (packet.offset < before) throw new FuzzFailure('a frame runs into the next record');
        before = packet.at + packet.length;
        if (before > file.length) throw new FuzzFailure('a frame leaves the file');
      }
      for (const item of decodeCapture(memorySource(file))) {
        if (item.kind === 'message') toJsonLine(item, true);
      }
      this.counts.accepted++;
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.counts.refused++;
    }
  }
}
