import { type ByteWindow, CAPTURE_RECORD_BYTES_MAX } from './byte-window.js';
import type { CapturedPacket } from './capture.js';

/**
 * The classic format, in the byte order of its magic number:
 *
 * ```
 *   file    | magic 4 | major 2 | minor 2 | zone 4 | accuracy 4 | snap length 4 | link type 4 |
 *   record  | seconds 4 | fraction 4 | captured 4 | original 4 | frame ... |
 * ```
 */
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

interface Flavour {
  readonly little: boolean;
  readonly nanosPerFraction: bigint;
}

/** Keyed by the first four bytes read big-endian. */
const FLAVOURS: ReadonlyMap<number, Flavour> = new Map([
  [0xa1b2c3d4, { little: false, nanosPerFraction: 1000n }],
  [0xd4c3b2a1, { little: true, nanosPerFraction: 1000n }],
  [0xa1b23c4d, { little: false, nanosPerFraction: 1n }],
  [0x4d3cb2a1, { little: true, nanosPerFraction: 1n }],
]);

export function isPcapMagic(magic: number): boolean {
  return FLAVOURS.has(magic);
}

export function* readPcap(window: ByteWindow, magic: number): Generator<CapturedPacket> {
  const { little, nanosPerFraction } = FLAVOURS.get(magic)!;
  window.require(FILE_HEADER_BYTES, 'the file header');
  const major = window.view.getUint16(window.at + 4, little);
  if (major !== 2) throw window.malformed(`pcap version ${major}, known is 2`);
  // The upper half says whether frames end in a check sequence; IP lengths leave that out anyway.
  const linkType = window.view.getUint32(window.at + 20, little) & 0xffff;
  window.at += FILE_HEADER_BYTES;
  for (let number = 1; !window.atEnd(); number++) {
    window.require(RECORD_HEADER_BYTES, 'a record header');
    const seconds = window.view.getUint32(window.at, little);
    const fraction = window.view.getUint32(window.at + 4, little);
    const length = window.view.getUint32(window.at + 8, little);
    const originalLength = window.view.getUint32(window.at + 12, little);
    if (length > CAPTURE_RECORD_BYTES_MAX - RECORD_HEADER_BYTES) {
      throw window.malformed(`a frame of ${length} bytes`);
    }
    window.require(RECORD_HEADER_BYTES + length, 'a record');
    yield {
      number,
      offset: window.position,
      time: BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * nanosPerFraction,
      linkType,
      view: window.view,
      bytes: window.bytes,
      at: window.at + RECORD_HEADER_BYTES,
      length,
      originalLength,
    };
    window.at += RECORD_HEADER_BYTES + length;
  }
}
