import type { ByteWindow } from './byte-window.js';
import type { CapturedPacket } from './capture.js';

/**
 * pcapng: blocks of a common shape, in the byte order of their section.
 *
 * ```
 *   | type 4 | total length 4 | body ... padded to 4 | total length 4 |
 * ```
 *
 * Read are section headers, interface descriptions and the three kinds of packet block; others
 * are skipped by their length.
 */
export const PCAPNG_SECTION = 0x0a0d0d0a;

const BLOCK_BYTES_MIN = 12;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Interfaces of one section; a file with more is refused. */
export const PCAPNG_INTERFACES_MAX = 65_536;

const BLOCK = { interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const;
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Time units per second. */
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** The section being read and its block at `window.at`. */
interface Block {
  readonly window: ByteWindow;
  readonly little: boolean;
  readonly type: number;
  readonly at: number;
  readonly length: number;
}

function byteOrderOf(window: ByteWindow): boolean {
  window.require(BLOCK_BYTES_MIN, 'a section header');
  const magic = window.view.getUint32(window.at + 8);
  if (magic === BYTE_ORDER_MAGIC) return false;
  if (window.view.getUint32(window.at + 8, true) === BYTE_ORDER_MAGIC) return true;
  throw window.malformed('a section header without byte order');
}

function nextBlock(window: ByteWindow, littleBefore: boolean): Block {
  window.require(8, 'a block header');
  const section = window.view.getUint32(window.at) === PCAPNG_SECTION;
  const little = section ? byteOrderOf(window) : littleBefore;
  const type = window.view.getUint32(window.at, little);
  const length = window.view.getUint32(window.at + 4, little);
  if (length < BLOCK_BYTES_MIN || length % 4 !== 0) {
    throw window.malformed(`a block of ${length} bytes`);
  }
  window.require(length, 'a block');
  if (window.view.getUint32(window.at + length - 4, little) !== length) {
    throw window.malformed('the two lengths of a block differ');
  }
  return { window, little, type, at: window.at, length };
}

function requireBody(block: Block, bytes: number): void {
  if (block.length - BLOCK_BYTES_MIN < bytes) {
    throw block.window.malformed(`a block of type ${block.type} is too short`);
  }
}

function unitsPerSecond(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return resolution >= 0x80 ? 1n << exponent : 10n ** exponent;
}

function readInterface(block: Block): Interface {
  requireBody(block, 8);
  const { window, little, at } = block;
  const { view } = window;
  const end = at + block.length - 4;
  let units = 1_000_000n;
  let offsetSeconds = 0n;
  let option = at + 16;
  while (end - option >= 4) {
    const code = view.getUint16(option, little);
    const length = view.getUint16(option + 2, little);
    if (code === OPTION.end) break;
    if (option + 4 + length > end) throw window.malformed('an interface option overruns its block');
    if (code === OPTION.timeResolution && length >= 1) {
      units = unitsPerSecond(view.getUint8(option + 4));
    } else if (code === OPTION.timeOffset && length >= 8) {
      offsetSeconds = view.getBigInt64(option + 4, little);
    }
    option += 4 + length + ((4 - (length % 4)) % 4);
  }
  return {
    linkType: view.getUint16(at + 8, little),
    snapLength: view.getUint32(at + 12, little),
    unitsPerSecond: units,
    offsetSeconds,
  };
}

function interfaceOf(block: Block, interfaces: readonly Interface[], index: number): Interface {
  const found = interfaces[index];
  if (found === undefined) throw block.window.malformed(`a packet of unknown interface ${index}`);
  return found;
}

function timeOf(of: Interface, high: number, low: number): bigint {
  const units = (BigInt(high) << 32n) | BigInt(low);
  return (units * 1_000_000_000n) / of.unitsPerSecond + of.offsetSeconds * 1_000_000_000n;
}

function packetAt(
  block: Block,
  number: number,
  of: Interface,
  time: bigint,
  bodyBytes: number,
  length: number,
  originalLength: number,
): CapturedPacket {
  requireBody(block, bodyBytes + length);
  const { window } = block;
  return {
    number,
    offset: window.position,
    time,
    linkType: of.linkType,
    view: window.view,
    bytes: window.bytes,
    at: block.at + 8 + bodyBytes,
    length,
    originalLength,
  };
}

/** An enhanced packet block, or the obsolete packet block, which differs in its first four bytes. */
function readTimedPacket(
  block: Block,
  number: number,
  interfaces: readonly Interface[],
): CapturedPacket {
  requireBody(block, 20);
  const { window, little, at } = block;
  const { view } = window;
  const index =
    block.type === BLOCK.enhancedPacket
      ? view.getUint32(at + 8, little)
      : view.getUint16(at + 8, little);
  const of = interfaceOf(block, interfaces, index);
  const time = timeOf(of, view.getUint32(at + 12, little), view.getUint32(at + 16, little));
  const length = view.getUint32(at + 20, little);
  return packetAt(block, number, of, time, 20, length, view.getUint32(at + 24, little));
}

function readSimplePacket(
  block: Block,
  number: number,
  interfaces: readonly Interface[],
): CapturedPacket {
  requireBody(block, 4);
  const of = interfaceOf(block, interfaces, 0);
  const originalLength = block.window.view.getUint32(block.at + 8, block.little);
  const length = of.snapLength === 0 ? originalLength : Math.min(originalLength, of.snapLength);
  return packetAt(block, number, of, 0n, 4, length, originalLength);
}

export function* readPcapng(window: ByteWindow): Generator<CapturedPacket> {
  let little = false;
  let interfaces: Interface[] = [];
  let number = 0;
  while (!window.atEnd()) {
    const block = nextBlock(window, little);
    little = block.little;
    if (block.type === PCAPNG_SECTION) {
      interfaces = [];
    } else if (block.type === BLOCK.interface) {
      if (interfaces.length === PCAPNG_INTERFACES_MAX)
        throw window.malformed('too many interfaces');
      interfaces.push(readInterface(block));
    } else if (block.type === BLOCK.simplePacket) {
      number++;
      yield readSimplePacket(block, number, interfaces);
    } else if (block.type === BLOCK.enhancedPacket || block.type === BLOCK.packet) {
      number++;
      yield readTimedPacket(block, number, interfaces);
    }
    window.at += block.length;
  }
}
