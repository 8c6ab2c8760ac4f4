/**
 * A proof that one event belongs to a log, against a checkpoint that signs a tree over all commits: it
 * grows with the logarithm of the log.
 *
 * ```
 *   root of the commit:  leaf = SHA-256(00 records), node = SHA-256(01 left right)      path
 *   chain of the commit: SHA-256(02 chainBefore link), bytes 24..56 of the link: the root
 *   tree:                leaf = SHA-256(04 chain), node = SHA-256(01 left right)        treePath
 * ```
 */
import { z } from 'zod';
import type { DaybookEvent } from '../../domain/events.js';
import type { FileSystem } from '../file-system.js';
import { JournalError } from '../journal/errors.js';
import { PREFIX, rootFromPath } from '../journal/hash-tree.js';
import { listSegments } from '../journal/segment.js';
import { type ChainTree, ChainTreeBuilder, commitsUntil } from './chain-tree.js';
import {
  eventIn,
  hash32,
  hex,
  type Leaf,
  LINK_END,
  LINK_START,
  leafFields,
  leafOf,
  sha,
  whyNotInCommit,
} from './leaf.js';

const schema = z.strictObject({
  format: z.literal('daybook-proof-2'),
  ...leafFields,
  chainBefore: hash32,
  link: z.string().regex(/^[0-9a-f]{112}$/),
  /** Which commit of how many. */
  commit: z.int().nonnegative(),
  commits: z
    .int()
    .positive()
    .max(2 ** 31 - 1),
  treePath: z.array(hash32).max(64),
  tree: hash32,
});

export type TreeProof = z.infer<typeof schema>;

/**
 * @param until the last event of the checkpoint against which it is proven
 * @throws JournalError JOURNAL_SEQUENCE_AHEAD behind `until`, JOURNAL_SEQUENCE_GONE where the log does
 *   not begin with event 0, JOURNAL_DAMAGED
 */
export function proveByTree(
  files: FileSystem,
  directory: string,
  until: number,
  sequence: number,
): TreeProof {
  if (sequence > until) {
    const message = `sequence ${sequence} asked for, the checkpoint ends with ${until}`;
    throw new JournalError('JOURNAL_SEQUENCE_AHEAD', message);
  }
  const gone = () =>
    new JournalError('JOURNAL_SEQUENCE_GONE', 'the tree is over all commits from event 0 on');
  if (listSegments(files, directory)[0] !== 0) throw gone();
  const builder = new ChainTreeBuilder();
  let found: (Leaf & Pick<TreeProof, 'chainBefore' | 'link' | 'commit'>) | undefined;
  for (const each of commitsUntil(files, directory, until)) {
    const { first, last, head, file, recordsAt, recordBytes } = each;
    const marked = first <= sequence && sequence <= last;
    if (marked) {
      found = {
        ...leafOf(files, file, recordsAt, recordBytes, sequence - first),
        chainBefore: hex(each.chainBefore),
        link: hex(head.bytes.subarray(LINK_START, LINK_END)),
        commit: builder.commits,
      };
    }
    builder.add(each.chain, marked);
  }
  const tree = builder.end();
  if (found === undefined || tree === undefined) throw gone();
  return {
    ...{ format: 'daybook-proof-2', sequence, ...found, commits: tree.commits },
    ...{ treePath: builder.path.map(hex), tree: tree.root },
  };
}

export type CheckedTree =
  | {
      readonly ok: true;
      readonly event: DaybookEvent;
      readonly chain: string;
      readonly tree: ChainTree;
    }
  | { readonly ok: false; readonly reason: string };

export const isTreeProof = (input: unknown): boolean =>
  (input as { format?: unknown } | null)?.format === 'daybook-proof-2';

/** Checks a proof with nothing but itself; compare `tree` with the one that a checkpoint signs. */
export function checkTreeProof(input: unknown): CheckedTree {
  const parsed = schema.safeParse(input);
  if (!parsed.success) return { ok: false, reason: 'it is no proof of this format' };
  const { link, chainBefore, commit, commits, treePath, tree, ...leaf } = parsed.data;
  const wrong = (reason: string): CheckedTree => ({ ok: false, reason });
  const linkBytes = Buffer.from(link, 'hex');
  const notIn = whyNotInCommit(leaf, linkBytes);
  if (notIn !== undefined) return wrong(notIn);
  const chain = sha(PREFIX.chain, Buffer.from(chainBefore, 'hex'), linkBytes);
  if (commit >= commits) return wrong('the commit is not one of the tree');
  let root: Uint8Array;
  try {
    const path = treePath.map((each) => new Uint8Array(Buffer.from(each, 'hex')));
    root = rootFromPath(sha(PREFIX.commit, chain), commit, commits, path);
  } catch {
    return wrong('the path does not fit the tree');
  }
  if (hex(root) !== tree) return wrong('the commit does not lead to the tree');
  const event = eventIn(leaf.records, leaf.sequence);
  if (typeof event === 'string') return wrong(event);
  return { ok: true, event, chain: hex(chain), tree: { commits, root: tree } };
}
