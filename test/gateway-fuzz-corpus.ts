import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ITCH } from '../src/gateways/itch/catalogue.js';
import { OUCH } from '../src/gateways/ouch/catalogue.js';
import { memorySource } from '../src/gateways/pcap/byte-window.js';
import { decodeCapture } from '../src/gateways/pcap/decode-capture.js';
import type { MessageLayout } from '../src/gateways/wire/layout.js';
import {
  concat,
  ethernet,
  ipv4,
  ipv6,
  latin1,
  pcap,
  pcapng,
  tcp,
  tcpFrame,
  udp,
} from './capture-builder.js';

/** What the fuzzer starts from: real messages where the captures are at hand, and built ones. */
export interface Corpus {
  readonly ouch: readonly Uint8Array[];
  readonly itch: readonly Uint8Array[];
  readonly mold: readonly Uint8Array[];
  /** Streams of SoupBinTCP packets. */
  readonly soup: readonly Uint8Array[];
  readonly captures: readonly Uint8Array[];
  /** Ethernet frames. */
  readonly frames: readonly Uint8Array[];
}

const FOLDER = process.env.DAYBOOK_CAPTURES ?? '/work/shared/data/nasdaq-pcap';

function realCaptures(): Uint8Array[] {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.pcap'));
  return files.map((file) => new Uint8Array(readFileSync(path.join(FOLDER, file))));
}

/** A message of zeros, with an empty appendage and one that has a known and an unknown tag. */
function built(layout: MessageLayout): Uint8Array[] {
  const fixed = new Uint8Array(layout.length);
  fixed[0] = layout.typeByte;
  if (layout.appendage === 'none') return [fixed];
  const items = Uint8Array.of(0, 9, 5, 2, 0x4c, 0x49, 0x4d, 0x45, 2, 99, 7);
  return [fixed, concat(fixed, Uint8Array.of(0, 0)), concat(fixed, items)];
}

function soupPacket(type: string, payload: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0, payload.length + 1), latin1(type), payload);
}

function moldPacket(messages: readonly Uint8Array[]): Uint8Array {
  const header = concat(latin1('000010059B'), Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 0));
  const blocks = messages.map((bytes) => concat(Uint8Array.of(0, bytes.length), bytes));
  return concat(header, Uint8Array.of(messages.length), ...blocks);
}

/** Segments of a stream cut at odd places, some twice, some out of turn. */
function tcpFrames(stream: Uint8Array, syn: boolean): Uint8Array[] {
  const frames = syn ? [tcpFrame({ sequence: 99, flags: 2 })] : [];
  const order = [0, 2, 1, 1, 3];
  const size = Math.ceil(stream.length / 4);
  for (const part of order) {
    const payload = stream.subarray(part * size, (part + 1) * size);
    frames.push(tcpFrame({ sequence: 100 + part * size, payload }));
  }
  return frames;
}

export function buildCorpus(): Corpus {
  const captures = realCaptures();
  const ouch = OUCH.layouts.flatMap(built);
  const itch = ITCH.layouts.flatMap(built);
  for (const capture of captures) {
    for (const item of decodeCapture(memorySource(capture))) {
      if (item.kind !== 'message') continue;
      if (item.protocol === 'ouch') ouch.push(item.raw);
      if (item.protocol === 'itch') itch.push(item.raw);
    }
  }
  const mold = [moldPacket([]), moldPacket(itch.slice(0, 5)), moldPacket(itch.slice(-3))];
  const login = soupPacket('L', latin1('trader secret    '.padEnd(26) + '1'.padStart(20)));
  const accepted = soupPacket('A', latin1('S'.padStart(10) + '1'.padStart(20)));
  const soup = [
    concat(
      login,
      ...ouch.slice(0, 6).map((bytes) => soupPacket('U', bytes)),
      soupPacket('R', latin1('')),
    ),
    concat(
      accepted,
      ...ouch.slice(-6).map((bytes) => soupPacket('S', bytes)),
      soupPacket('+', latin1('hi')),
    ),
  ];
  const frames = [
    ...mold.map((bytes) => ethernet(ipv4(17, udp(bytes)), [0x88a8, 0x8100])),
    ethernet(ipv6(17, udp(mold[1]!), 2)),
    ethernet(ipv6(6, tcp({ sequence: 5, payload: soup[1]! }))),
  ];
  captures.push(
    pcap([...frames, ...tcpFrames(soup[0]!, true)]),
    pcap(tcpFrames(soup[1]!, false), { little: false, snapLength: 90 }),
    pcapng(frames, { resolution: 9 }),
    pcapng(tcpFrames(soup[0]!, false), { little: false, block: 3 }),
    pcapng([frames[0]!], { resolution: 9 }),
    pcapng([frames[0]!], { little: false, block: 2 }),
  );
  const all = [...frames, ...tcpFrames(soup[0]!, true)];
  return { ouch, itch, mold, soup, captures, frames: all };
}
