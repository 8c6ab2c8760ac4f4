/** The records of an event's leaf, and their way up to the root of their commit. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent } from '../../domain/events.js';
import type { FileSystem } from '../file-system.js';
import { auditPath, HashTree, rootFromPath } from '../journal/hash-tree.js';
import { COMMIT_RECORD_BYTES_MAX, LEAF_RECORDS } from '../journal/limits.js';

/** Bytes 8 to 64 of a commit's head: first sequence, time, count, bytes, root. */
export const LINK_START = 8;
export const LINK_END = 64;
export const LINK_BYTES = LINK_END - LINK_START;
const ROOT_AT = 32 - LINK_START;

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
export const hash32 = z.string().regex(/^[0-9a-f]{64}$/);
export const leafFields = {
  sequence: z.int().nonnegative(),
  /** Records of the leaf as stored, and which of them it is about. */
  records: z.string().regex(/^([0-9a-f]{2})+$/),
  leafIndex: z.int().nonnegative(),
  leafCount: z.int().positive().max(10_000_000),
  path: z.array(hash32).max(64),
};

export interface Leaf {
  readonly records: string;
  readonly leafIndex: number;
  readonly leafCount: number;
  readonly path: string[];
}

/**
 * @param at where the records of the commit begin in the file, and how many bytes they are
 * @param index of the event in its commit
 */
export function leafOf(
  files: FileSystem,
  file: number,
  at: number,
  bytes: number,
  index: number,
): Leaf {
  // One byte in front is lent to the prefix of the hash, see `hashPrefixed`; eight keep alignment.
  const view = new RecordBuffer(Math.min(bytes, COMMIT_RECORD_BYTES_MAX) + 8);
  files.pread(file, view.bytes, 8, bytes, at);
  const tree = new HashTree();
  const leafIndex = Math.floor(index / LEAF_RECORDS);
  let records = '';
  let from = 8;
  for (let to = 8, record = 1; to < 8 + bytes; record += 1) {
    to += view.u16[(to + HEADER.length) >> 1] as number;
    if (record % LEAF_RECORDS !== 0 && to < 8 + bytes) continue;
    if (tree.leafCount === leafIndex) records = hex(view.bytes.subarray(from, to));
    tree.addLeaf(view.bytes, from, to);
    from = to;
  }
  const { leafCount } = tree;
  const leaves = Array.from({ length: leafCount }, (_, each) => tree.leaf(each));
  return { records, leafIndex, leafCount, path: auditPath(leaves, leafIndex).map(hex) };
}

/** @returns what is wrong with the way from the records to the root in the link of their commit */
export function whyNotInCommit(
  { records, leafIndex, leafCount, path }: Leaf,
  link: Uint8Array,
): string | undefined {
  if (link.length !== LINK_BYTES) return 'the first link is no commit';
  if (leafIndex >= leafCount) return 'the leaf is not one of the commit';
  const leaf = sha(0, Buffer.from(records, 'hex'));
  let root: Uint8Array;
  try {
    const siblings = path.map((each) => new Uint8Array(Buffer.from(each, 'hex')));
    root = rootFromPath(leaf, leafIndex, leafCount, siblings);
  } catch {
    return 'the path does not fit the commit';
  }
  const told = Buffer.from(link.subarray(ROOT_AT));
  return told.equals(root) ? undefined : 'the records do not lead to the root';
}

/** The event among the records, or why it is not there. */
export function eventIn(records: string, sequence: number): DaybookEvent | string {
  const bytes = Buffer.from(records, 'hex');
  try {
    for (let at = 0; at + HEADER.sequence + 8 <= bytes.length; ) {
      if (bytes.readDoubleLE(at + HEADER.sequence) === sequence) return decodeEvent(bytes, at);
      const length = bytes.readUInt16LE(at + HEADER.length);
      if (length === 0) break;
      at += length;
    }
  } catch (error) {
    return (error as Error).message;
  }
  return 'the leaf does not hold the sequence';
}

/** SHA-256 of a prefix and what follows it. */
export function sha(prefix: number, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Uint8Array.of(prefix));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
