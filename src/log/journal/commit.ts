import {
  HEADER,
  RECORD_BYTES_MAX,
  RECORD_HEADER_BYTES,
  type RecordBuffer,
} from '../../domain/event-record.js';
import { crc32cWords } from '../../lib/crc32c.js';
import { PieceChecksums } from '../../lib/crc32c-wasm.js';
import type { DamageCode } from './errors.js';
import { HASH_BYTES, type HashTree, hashPrefixed, PREFIX } from './hash-tree.js';
import { COMMIT_RECORD_BYTES_MAX, LEAF_RECORDS } from './limits.js';

/**
 * A commit: the records of one write and one sync, after the record that describes them.
 *
 * ```
 *   byte 0       4       6     7     8         16       24      28      32      64      96
 *        +-------+-------+-----+-----+---------+--------+-------+-------+-------+-------+---------+
 *        | crc32c| length| no. | ver | first   | time   | count | bytes | root  | chain | records |
 *        | u32   | 96 u16| 0 u8| 1 u8| seq. i53| i64 ns | u32   | u32   | 32 B  | 32 B  | bytes   |
 *        +-------+-------+-----+-----+---------+--------+-------+-------+-------+-------+---------+
 * ```
 *
 * It begins like any record; number 0 is no event. `time` is that of its last record, so that the
 * same records in the same commits give the same bytes. `bytes` counts the records without this
 * head; `root` and `chain` are those of hash-tree.ts. The checksum covers bytes 4 to 96.
 */
export const COMMIT_HEAD_BYTES = 96;

const COMMIT_NUMBER = 0;
const COMMIT_VERSION = 1;
/** `length`, `number` and `version` as one little-endian word. */
const SHAPE = COMMIT_HEAD_BYTES | (COMMIT_NUMBER << 16) | (COMMIT_VERSION << 24);

const AT = { shape: 4, first: 8, time: 16, count: 24, bytes: 28, root: 32, chain: 64 } as const;
/** Where a head has its chain value. */
export const COMMIT_CHAIN_AT = AT.chain;
/** The part of the head that the chain covers. */
const CHAINED_START = AT.first;
const CHAINED_END = AT.chain;

export const commitFirstSequence = (view: RecordBuffer, at: number): number =>
  view.f64[(at + AT.first) / 8]!;
export const commitCount = (view: RecordBuffer, at: number): number =>
  view.u32[(at + AT.count) / 4]!;
/** Bytes of the records, without the head. */
export const commitRecordBytes = (view: RecordBuffer, at: number): number =>
  view.u32[(at + AT.bytes) / 4]!;

/** Nanoseconds since 1970, of the last record of the commit. */
export function commitTime(view: RecordBuffer, at: number): bigint {
  const low = view.u32[(at + AT.time) / 4]!;
  const high = view.i32[(at + AT.time) / 4 + 1]!;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** A copy of the chain value of a commit. */
export const commitChain = (view: RecordBuffer, at: number): Uint8Array =>
  view.bytes.slice(at + AT.chain, at + AT.chain + HASH_BYTES);

/** Something wrong in a commit: at byte `at` of the view, or of the whole commit. */
export interface Problem {
  readonly damage: DamageCode;
  readonly at: number;
  readonly sequence: number;
  readonly reason: string;
}

/** Whether the head at `at` is one: its checksum, and bounds that make it safe to use. */
export function isCommitHead(view: RecordBuffer, at: number): boolean {
  if (view.i32[(at + AT.shape) / 4] !== SHAPE) return false;
  const crc = crc32cWords(view.i32, (at + 4) / 4, (at + COMMIT_HEAD_BYTES) / 4, 0);
  if (view.u32[at / 4] !== crc) return false;
  const count = commitCount(view, at);
  const bytes = commitRecordBytes(view, at);
  return (
    Number.isSafeInteger(commitFirstSequence(view, at)) &&
    count > 0 &&
    bytes % 8 === 0 &&
    bytes >= count * RECORD_HEADER_BYTES &&
    bytes <= COMMIT_RECORD_BYTES_MAX
  );
}

/**
 * Completes the head of a commit whose records stand behind it, and moves `chain` on to it.
 *
 * @param chain the value of the commit before; replaced by the one of this commit
 * @param tree holds the leaves of the records; empty afterwards
 */
export function sealCommit(
  view: RecordBuffer,
  at: number,
  commit: { first: number; count: number; bytes: number; lastRecordAt: number },
  tree: Pick<HashTree, 'root'>,
  chain: Uint8Array,
): void {
  view.i32[(at + AT.shape) / 4] = SHAPE;
  view.f64[(at + AT.first) / 8] = commit.first;
  const time = (commit.lastRecordAt + HEADER.time) / 4;
  view.i32[(at + AT.time) / 4] = view.i32[time]!;
  view.i32[(at + AT.time) / 4 + 1] = view.i32[time + 1]!;
  view.u32[(at + AT.count) / 4] = commit.count;
  view.u32[(at + AT.bytes) / 4] = commit.bytes;
  tree.root(view.bytes, at + AT.root);
  nextChain(chain, view, at);
  view.bytes.set(chain, at + AT.chain);
  view.u32[at / 4] = crc32cWords(view.i32, (at + 4) / 4, (at + COMMIT_HEAD_BYTES) / 4, 0);
}

const chainInput = new Uint8Array(1 + HASH_BYTES + CHAINED_END - CHAINED_START);

/** Replaces `chain` by the value that the commit at `at` continues it with. */
export function nextChain(chain: Uint8Array, view: RecordBuffer, at: number): void {
  chainInput.set(chain, 1);
  chainInput.set(view.bytes.subarray(at + CHAINED_START, at + CHAINED_END), 1 + HASH_BYTES);
  hashPrefixed(PREFIX.chain, chainInput, 1, chainInput.length, chain, 0);
}

/** Whether 32 bytes of `view` at `at` are those of `hash`. */
function sameHash(hash: Uint8Array, view: RecordBuffer, at: number): boolean {
  for (let index = 0; index < HASH_BYTES; index++) {
    if (hash[index] !== view.bytes[at + index]) return false;
  }
  return true;
}

const rootScratch = new Uint8Array(HASH_BYTES);

/**
 * Compares root, chain and time of a whole commit with its records; moves `chain` on to what the
 * commit itself says.
 *
 * @param lastRecordAt, tree as `checkRecords` left them
 */
export function checkHashes(
  view: RecordBuffer,
  at: number,
  lastRecordAt: number,
  tree: HashTree,
  chain: Uint8Array,
): Problem | undefined {
  const sequence = commitFirstSequence(view, at);
  tree.root(rootScratch, 0);
  nextChain(chain, view, at);
  const chainFits = sameHash(chain, view, at + AT.chain);
  chain.set(view.bytes.subarray(at + AT.chain, at + AT.chain + HASH_BYTES));
  if (!sameHash(rootScratch, view, at + AT.root)) {
    const reason = 'the records do not have the root that the commit says';
    return { damage: 'COMMIT_ROOT', at, sequence, reason };
  }
  if (!chainFits) {
    const reason = 'the commit does not continue the chain of the one before';
    return { damage: 'COMMIT_CHAIN', at, sequence, reason };
  }
  const time = (at + AT.time) / 4;
  const lastTime = (lastRecordAt + HEADER.time) / 4;
  if (view.i32[time] !== view.i32[lastTime] || view.i32[time + 1] !== view.i32[lastTime + 1]) {
    return { damage: 'COMMIT_TIME', at, sequence, reason: 'not the time of the last record' };
  }
  return undefined;
}

/** Whether `length` can be the length of a record that ends at or before `room` bytes on. */
export function isRecordLength(length: number, room: number): boolean {
  return (
    length >= RECORD_HEADER_BYTES &&
    length <= RECORD_BYTES_MAX &&
    length % 8 === 0 &&
    length <= room
  );
}

/** What `checkRecords` does beyond lengths and sequences, which it always checks. */
export interface RecordChecks {
  readonly crc: boolean;
  /** Receives the leaves. */
  readonly tree?: HashTree;
  /** Called once per record that is otherwise right; a text is what is wrong with it. */
  readonly content?: ((view: RecordBuffer, at: number) => string | undefined) | undefined;
}

/**
 * Walks the records of the commit at `at`, whose head is right and whose bytes are all there.
 *
 * @param onProblem called for each wrong record; the walk ends where lengths stop making sense
 * @returns where the last record is, or undefined if the walk did not come to the end
 */
export function checkRecords(
  view: RecordBuffer,
  at: number,
  checks: RecordChecks,
  onProblem: (problem: Problem) => void,
): number | undefined {
  const count = commitCount(view, at);
  const end = at + COMMIT_HEAD_BYTES + commitRecordBytes(view, at);
  let sequence = commitFirstSequence(view, at);
  let record = at + COMMIT_HEAD_BYTES;
  let last = record;
  let leafAt = record;
  checks.tree?.clear();
  checksums.begin(view.bytes, end);
  for (let index = 0; index < count; index++, sequence++) {
    const length = record < end ? view.u16[(record + HEADER.length) / 2]! : 0;
    if (!isRecordLength(length, end - record)) {
      const reason = `record length ${length} where ${end - record} bytes are left`;
      onProblem({ damage: 'RECORD_LENGTH', at: record, sequence, reason });
      return undefined;
    }
    const problem = checkRecord(view, record, length, sequence, checks);
    if (problem !== undefined) onProblem(problem);
    last = record;
    record += length;
    if (checks.tree !== undefined && ((index + 1) % LEAF_RECORDS === 0 || index + 1 === count)) {
      checks.tree.addLeaf(view.bytes, leafAt, record);
      leafAt = record;
    }
  }
  if (record === end) return last;
  const reason = `${end - record} bytes after the last record of the commit`;
  onProblem({ damage: 'RECORD_LENGTH', at: record, sequence, reason });
  return undefined;
}

const checksums = new PieceChecksums();

function checkRecord(
  view: RecordBuffer,
  at: number,
  length: number,
  sequence: number,
  checks: RecordChecks,
): Problem | undefined {
  if (checks.crc && view.u32[at / 4] !== checksums.of(at + 4, at + length)) {
    const reason = 'checksum of the record does not match';
    return { damage: 'RECORD_CRC', at, sequence, reason };
  }
  const own = view.f64[(at + HEADER.sequence) / 8]!;
  if (own !== sequence) {
    const reason = `the record says sequence ${own}`;
    return { damage: 'RECORD_SEQUENCE', at, sequence, reason };
  }
  if (view.bytes[at + HEADER.number] === COMMIT_NUMBER) {
    return { damage: 'RECORD_NUMBER', at, sequence, reason: 'number 0 is no event' };
  }
  const reason = checks.content?.(view, at);
  return reason === undefined ? undefined : { damage: 'RECORD_CONTENT', at, sequence, reason };
}
