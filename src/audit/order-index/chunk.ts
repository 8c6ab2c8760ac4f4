/**
 * A chunk of the index in memory, and its file:
 *
 * ```
 *   byte 0         8        12      16       20  24      32     40       48        56       64      96
 *        +---------+--------+-------+--------+---+-------+------+--------+---------+--------+-------+---
 *        | DBORDX01| crc32c | head  | blocks | 0 | first | next | commit | segment | offset | chain | ...
 *        | 8 B     | u32    | bytes | u32    |u32| i53   | i53  | i53    | i53     | i53    | 32 B  |
 *        +---------+--------+-------+--------+---+-------+------+--------+---------+--------+-------+---
 *        blocks:  sequence i53, segment i53, offset i53, time i64 ns, each 32 B, ascending
 *        buckets: first entry u32 of each of 1024, and the count of all; then crc32c u32 of each
 *        entries: hash u32, block u32, ascending; bucket = the hash's upper ten bits
 * ```
 *
 * Commit (its first sequence), segment, offset and chain are those of the chunk's last commit: an index belongs to one history.
 * The checksum in front covers the head from byte 12 on, those of the buckets their entries, so that
 * a look-up checks what it reads and no more.
 */
import { crc32c } from '../../lib/crc32c.js';
import { INDEX_BLOCKS_MAX } from './limits.js';

const MAGIC = Buffer.from('DBORDX01', 'latin1');
const FIXED_BYTES = 96;
const BLOCK_BYTES = 32;
const BUCKETS = 1024;
const BUCKET_SHIFT = 22;
const TABLE_BYTES = (BUCKETS + 1) * 4 + BUCKETS * 4;

/** What some commands left, one after another: where the first record begins, its sequence and time. */
export interface Block {
  readonly sequence: number;
  readonly segment: number;
  readonly offset: number;
  /** Of its first event, ns since 1970. */
  readonly time: bigint;
}

export interface ChunkHead {
  readonly first: number;
  readonly next: number;
  readonly lastCommit: {
    readonly sequence: number;
    readonly segment: number;
    readonly offset: number;
  };
  readonly chain: Uint8Array;
  readonly blocks: readonly Block[];
  readonly bytes: number;
  /** Tables of the buckets. */
  readonly starts: Uint32Array;
  readonly sums: Uint32Array;
}

/** Hash and block in one exact number, so that sorting is that of numbers. */
export const entryOf = (hash: number, block: number): number => hash * INDEX_BLOCKS_MAX + block;

/** @param entries sorted, each once */
export function encodeChunk(
  head: Pick<ChunkHead, 'first' | 'next' | 'lastCommit' | 'chain' | 'blocks'>,
  entries: Float64Array,
): Uint8Array {
  const headBytes = FIXED_BYTES + head.blocks.length * BLOCK_BYTES + TABLE_BYTES;
  const bytes = Buffer.alloc(headBytes + entries.length * 8);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(headBytes, 12);
  bytes.writeUInt32LE(head.blocks.length, 16);
  const { sequence, segment, offset } = head.lastCommit;
  [head.first, head.next, sequence, segment, offset].forEach((value, i) => {
    bytes.writeDoubleLE(value, 24 + 8 * i);
  });
  bytes.set(head.chain, 64);
  head.blocks.forEach((block, i) => {
    const at = FIXED_BYTES + i * BLOCK_BYTES;
    bytes.writeDoubleLE(block.sequence, at);
    bytes.writeDoubleLE(block.segment, at + 8);
    bytes.writeDoubleLE(block.offset, at + 16);
    bytes.writeBigInt64LE(block.time, at + 24);
  });
  const starts = FIXED_BYTES + head.blocks.length * BLOCK_BYTES;
  let bucket = 0;
  entries.forEach((entry, i) => {
    const hash = Math.floor(entry / INDEX_BLOCKS_MAX);
    for (; bucket <= hash >>> BUCKET_SHIFT; bucket += 1)
      bytes.writeUInt32LE(i, starts + 4 * bucket);
    bytes.writeUInt32LE(hash, headBytes + 8 * i);
    bytes.writeUInt32LE(entry % INDEX_BLOCKS_MAX, headBytes + 8 * i + 4);
  });
  for (; bucket <= BUCKETS; bucket += 1) bytes.writeUInt32LE(entries.length, starts + 4 * bucket);
  for (let i = 0; i < BUCKETS; i += 1) {
    const from = headBytes + 8 * bytes.readUInt32LE(starts + 4 * i);
    const to = headBytes + 8 * bytes.readUInt32LE(starts + 4 * (i + 1));
    bytes.writeUInt32LE(crc32c(bytes, from, to, 0), starts + (BUCKETS + 1 + i) * 4);
  }
  bytes.writeUInt32LE(crc32c(bytes, 12, headBytes, 0), 8);
  return bytes;
}

/**
 * @param read bytes of the file
 * @returns undefined when they are no whole head
 */
export function decodeHead(
  read: (at: number, length: number) => Buffer,
  size: number,
): ChunkHead | undefined {
  const fixed = read(0, FIXED_BYTES);
  if (fixed.length < FIXED_BYTES || !fixed.subarray(0, 8).equals(MAGIC)) return undefined;
  const headBytes = fixed.readUInt32LE(12);
  const count = fixed.readUInt32LE(16);
  if (headBytes !== FIXED_BYTES + count * BLOCK_BYTES + TABLE_BYTES || headBytes > size) {
    return undefined;
  }
  const head = read(0, headBytes);
  if (head.length < headBytes || crc32c(head, 12, headBytes, 0) !== head.readUInt32LE(8)) {
    return undefined;
  }
  const blocks = Array.from({ length: count }, (_, i) => {
    const at = FIXED_BYTES + i * BLOCK_BYTES;
    return {
      sequence: head.readDoubleLE(at),
      segment: head.readDoubleLE(at + 8),
      offset: head.readDoubleLE(at + 16),
      time: head.readBigInt64LE(at + 24),
    };
  });
  const table = FIXED_BYTES + count * BLOCK_BYTES;
  const wordsAt = (at: number, length: number) =>
    Uint32Array.from({ length }, (_, i) => head.readUInt32LE(at + 4 * i));
  const starts = wordsAt(table, BUCKETS + 1);
  if (size !== headBytes + 8 * (starts[BUCKETS] as number)) return undefined;
  return {
    first: head.readDoubleLE(24),
    next: head.readDoubleLE(32),
    lastCommit: {
      sequence: head.readDoubleLE(40),
      segment: head.readDoubleLE(48),
      offset: head.readDoubleLE(56),
    },
    chain: head.subarray(64, FIXED_BYTES),
    blocks,
    bytes: headBytes,
    starts,
    sums: wordsAt(table + 4 * (BUCKETS + 1), BUCKETS),
  };
}

/**
 * The blocks that hold something with this hash, ascending.
 * @returns undefined when the bucket is damaged
 */
export function findBlocks(
  head: ChunkHead,
  hash: number,
  read: (at: number, length: number) => Buffer,
): Block[] | undefined {
  const bucket = hash >>> BUCKET_SHIFT;
  const from = head.starts[bucket] as number;
  const length = 8 * ((head.starts[bucket + 1] as number) - from);
  if (length === 0) return [];
  const bytes = read(head.bytes + 8 * from, length);
  if (bytes.length < length || crc32c(bytes, 0, length, 0) !== head.sums[bucket]) return undefined;
  const found: Block[] = [];
  for (let at = 0; at < length; at += 8) {
    if (bytes.readUInt32LE(at) !== hash) continue;
    const block = head.blocks[bytes.readUInt32LE(at + 4)];
    if (block === undefined) return undefined;
    found.push(block);
  }
  return found;
}
