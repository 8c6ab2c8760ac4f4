/**
 * A tree over the chain values of all commits of a log: a chain has no short way from one commit to a
 * later one, a tree has. It is no part of the journal, it follows from it; a checkpoint signs its root.
 *
 * ```
 *   leaf of commit i = SHA-256(04 chain value of commit i)     node = SHA-256(01 left right)
 *   shape: RFC 6962, 2.1; an odd last node moves up unchanged
 * ```
 */
import { RecordBuffer } from '../../domain/event-record.js';
import type { FileSystem } from '../file-system.js';
import {
  COMMIT_HEAD_BYTES,
  commitChain,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  isCommitHead,
} from '../journal/commit.js';
import { damaged } from '../journal/errors.js';
import { hashNode, PREFIX } from '../journal/hash-tree.js';
import {
  listSegments,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentSeed,
} from '../journal/segment.js';
import { hex, sha } from './leaf.js';

/** How many commits, and the root over their chain values. */
export interface ChainTree {
  readonly commits: number;
  readonly root: string;
}

interface Node {
  readonly hash: Uint8Array;
  readonly height: number;
  /** The leaf that is to be proven is below it. */
  readonly marked: boolean;
}

/** Takes chain values in their order; its memory is the height of the tree. */
export class ChainTreeBuilder {
  /** Siblings of the marked leaf and its ancestors, nearest first; whole after `end`. */
  readonly path: Uint8Array[] = [];
  #commits = 0;
  readonly #stack: Node[] = [];

  /** How many were added. */
  get commits(): number {
    return this.#commits;
  }

  /** @param marked at most once: the one whose path is wanted */
  add(chain: Uint8Array, marked = false): void {
    let node: Node = { hash: sha(PREFIX.commit, chain), height: 0, marked };
    for (let left = this.#stack.at(-1); left?.height === node.height; left = this.#stack.at(-1)) {
      this.#stack.pop();
      node = this.#join(left, node);
    }
    this.#stack.push(node);
    this.#commits += 1;
  }

  /** @returns undefined when nothing was added */
  end(): ChainTree | undefined {
    let node = this.#stack.pop();
    if (node === undefined) return undefined;
    for (let left = this.#stack.pop(); left !== undefined; left = this.#stack.pop()) {
      node = this.#join(left, node);
    }
    return { commits: this.#commits, root: hex(node.hash) };
  }

  #join(left: Node, right: Node): Node {
    if (left.marked) this.path.push(right.hash);
    if (right.marked) this.path.push(left.hash);
    const marked = left.marked || right.marked;
    return { hash: hashNode(left.hash, right.hash), height: right.height + 1, marked };
  }
}

/** A commit and where it stands. */
export interface CommitAt {
  readonly head: RecordBuffer;
  readonly first: number;
  readonly last: number;
  /** Chain value that it continues. */
  readonly chainBefore: Uint8Array;
  readonly chain: Uint8Array;
  readonly file: number;
  /** Where its records begin in the file, and how many bytes they are. */
  readonly recordsAt: number;
  readonly recordBytes: number;
}

/**
 * The commits up to the one with `until`, from the first on. What is given is good until the next one.
 * @throws JournalError JOURNAL_DAMAGED
 */
export function* commitsUntil(
  files: FileSystem,
  directory: string,
  until: number,
): Generator<CommitAt> {
  for (const segment of listSegments(files, directory)) {
    if (segment > until) return;
    const path = `${directory}/${segmentName(segment)}`;
    const file = files.open(path, 'read');
    try {
      const size = files.size(file);
      const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
      files.pread(file, block.bytes, 0, SEGMENT_HEADER_BYTES, 0);
      let chainBefore = segmentSeed(block);
      const head = new RecordBuffer(COMMIT_HEAD_BYTES);
      for (let at = SEGMENT_HEADER_BYTES, last = segment - 1; at < size && last < until; ) {
        const filled = files.pread(file, head.bytes, 0, COMMIT_HEAD_BYTES, at);
        // Behind the last commit of a segment there are zeros, or nothing.
        if (filled < COMMIT_HEAD_BYTES || !isCommitHead(head, 0)) {
          if (filled === 0 || head.bytes.subarray(0, filled).every((byte) => byte === 0)) break;
          const place = { file: path, offset: at, sequence: last + 1 };
          throw damaged('COMMIT_HEADER', place, 'no commit begins here');
        }
        const first = commitFirstSequence(head, 0);
        last = first + commitCount(head, 0) - 1;
        const recordBytes = commitRecordBytes(head, 0);
        const chain = commitChain(head, 0).slice();
        const recordsAt = at + COMMIT_HEAD_BYTES;
        yield { head, first, last, chainBefore, chain, file, recordsAt, recordBytes };
        chainBefore = chain;
        at = recordsAt + recordBytes;
      }
    } finally {
      files.close(file);
    }
  }
}

/**
 * The tree over the commits up to the one that ends with `sequence`; undefined when none does, or when
 * the log does not have its first commits any more.
 * @throws JournalError JOURNAL_DAMAGED
 */
export function chainTreeAt(
  files: FileSystem,
  directory: string,
  sequence: number,
): ChainTree | undefined {
  if (listSegments(files, directory)[0] !== 0) return undefined;
  const tree = new ChainTreeBuilder();
  let end = -1;
  for (const { chain, last } of commitsUntil(files, directory, sequence)) {
    tree.add(chain);
    end = last;
  }
  return end === sequence ? tree.end() : undefined;
}
