import type { RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { crc32cWords } from '../../lib/crc32c.js';
import { type FileSystem, systemErrorCode } from '../file-system.js';
import { damaged, JournalError } from './errors.js';
import { HASH_BYTES, hashPrefixed, PREFIX } from './hash-tree.js';

/**
 * The first block of a segment file.
 *
 * ```
 *   byte 0       4      8          16       20      24         32          36     40      72    4096
 *        +-------+------+----------+--------+-------+----------+-----------+------+-------+------+
 *        | crc32c| bytes| magic    | format | shard | sequence | catalogue | zero | chain | zero |
 *        | u32   | u32  | DAYBOOKJ | u32    | u32   | i53      | u32       | u32  | 32 B  |      |
 *        +-------+------+----------+--------+-------+----------+-----------+------+-------+------+
 * ```
 *
 * `sequence` is the first of the segment, also in its name; `chain` the one of the last commit
 * before it, all zero in the first segment of a journal; `catalogue` the fingerprint of the event
 * catalogue that its records were encoded with. The checksum covers bytes 4 to 4096.
 */
export interface SegmentHeader {
  readonly shard: number;
  readonly firstSequence: number;
  readonly catalogue: number;
  /** Chain value of the last commit before this segment. */
  readonly chainBefore: Uint8Array;
}

/** A page, so that the commits start on one. */
export const SEGMENT_HEADER_BYTES = 4096;

const FORMAT_VERSION = 1;
/** "DAYBOOKJ" as two little-endian words. */
const MAGIC_LOW = 0x42594144;
const MAGIC_HIGH = 0x4a4b4f4f;

const WORD = { crc: 0, bytes: 1, magicLow: 2, magicHigh: 3, format: 4, shard: 5, catalogue: 8 };
const SEQUENCE_F64 = 24 / 8;
const CHAIN_AT = 40;

const SEQUENCE_DIGITS = 16;
const NAME = /^(\d{16})\.segment$/;

/** `0000000000000042.segment`: sorts by sequence. */
export function segmentName(firstSequence: number): string {
  return `${String(firstSequence).padStart(SEQUENCE_DIGITS, '0')}.segment`;
}

/** The first sequence that a segment's name says, or undefined for any other name. */
export function segmentSequence(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const sequence = Number(digits);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}

/** First sequences of the segments in `directory`, ascending; empty if there is no directory. */
export function listSegments(files: FileSystem, directory: string): number[] {
  let names: string[];
  try {
    names = files.readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  const sequences = names.map(segmentSequence).filter((sequence) => sequence !== undefined);
  return sequences.sort((a, b) => a - b);
}

/** Writes the header block to the start of `block`, which is all zero. */
export function encodeSegmentHeader(header: SegmentHeader, block: RecordBuffer): void {
  assert(header.chainBefore.length === HASH_BYTES, 'a chain value is a SHA-256');
  block.bytes.fill(0, 0, SEGMENT_HEADER_BYTES);
  block.u32[WORD.bytes] = SEGMENT_HEADER_BYTES;
  block.u32[WORD.magicLow] = MAGIC_LOW;
  block.u32[WORD.magicHigh] = MAGIC_HIGH;
  block.u32[WORD.format] = FORMAT_VERSION;
  block.u32[WORD.shard] = header.shard;
  block.f64[SEQUENCE_F64] = header.firstSequence;
  block.u32[WORD.catalogue] = header.catalogue;
  block.bytes.set(header.chainBefore, CHAIN_AT);
  block.u32[WORD.crc] = crc32cWords(block.i32, 1, SEGMENT_HEADER_BYTES / 4, 0);
}

/**
 * @param path only for the error
 * @param filled bytes that could be read
 * @throws JournalError JOURNAL_DAMAGED, JOURNAL_FORMAT_UNKNOWN
 */
export function decodeSegmentHeader(
  block: RecordBuffer,
  filled: number,
  path: string,
  nameSequence: number,
): SegmentHeader {
  const place = { file: path, offset: 0, sequence: nameSequence };
  if (filled < SEGMENT_HEADER_BYTES) {
    throw damaged('SEGMENT_HEADER', place, `header of ${filled} bytes is cut short`);
  }
  if (block.u32[WORD.magicLow] !== MAGIC_LOW || block.u32[WORD.magicHigh] !== MAGIC_HIGH) {
    throw damaged('SEGMENT_HEADER', place, 'not a journal segment: wrong magic');
  }
  if (block.u32[WORD.crc] !== crc32cWords(block.i32, 1, SEGMENT_HEADER_BYTES / 4, 0)) {
    throw damaged('SEGMENT_HEADER', place, 'checksum of the header does not match');
  }
  const format = block.u32[WORD.format]!;
  if (format !== FORMAT_VERSION || block.u32[WORD.bytes] !== SEGMENT_HEADER_BYTES) {
    const reason = `${path}: journal format ${format}, this version reads ${FORMAT_VERSION}`;
    throw new JournalError('JOURNAL_FORMAT_UNKNOWN', reason, { place });
  }
  const firstSequence = block.f64[SEQUENCE_F64]!;
  if (firstSequence !== nameSequence) {
    throw damaged('SEGMENT_NAME', place, `the header says first sequence ${firstSequence}`);
  }
  return {
    shard: block.u32[WORD.shard]!,
    firstSequence,
    catalogue: block.u32[WORD.catalogue]!,
    chainBefore: block.bytes.slice(CHAIN_AT, CHAIN_AT + HASH_BYTES),
  };
}

/**
 * The chain value that the first commit of a segment continues: over its header, and so over the
 * chain before it, the shard and the catalogue.
 */
export function segmentSeed(block: RecordBuffer): Uint8Array {
  const input = new Uint8Array(1 + SEGMENT_HEADER_BYTES);
  input.set(block.bytes.subarray(0, SEGMENT_HEADER_BYTES), 1);
  const seed = new Uint8Array(HASH_BYTES);
  hashPrefixed(PREFIX.segment, input, 1, input.length, seed, 0);
  return seed;
}
