/**
 * A proof that one event belongs to a log: the records of its leaf, the siblings up to the root of
 * its commit, and what the chain covers of every commit from there to the newest. Whoever knows the
 * newest chain value (`daybook verify` prints it) checks it with SHA-256 alone:
 *
 * ```
 *   leaf  = SHA-256(00 records)         node = SHA-256(01 left right)
 *   chain = SHA-256(02 chain links[i])  for each link of 56 bytes; bytes 24..56 of the first: the root
 *   chain = SHA-256(03 header)          for each link of 72 bytes, zeros behind up to 4096; it holds
 *                                       the chain before at byte 40
 * ```
 */
import { z } from 'zod';
import { RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent } from '../../domain/events.js';
import type { FileSystem } from '../file-system.js';
import {
  COMMIT_HEAD_BYTES,
  commitChain,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  isCommitHead,
} from '../journal/commit.js';
import type { DurableEnd } from '../journal/durable-end.js';
import { damaged, JournalError } from '../journal/errors.js';
import {
  listSegments,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentSeed,
} from '../journal/segment.js';
import {
  eventIn,
  hash32,
  hex,
  type Leaf,
  LINK_BYTES,
  LINK_END,
  LINK_START,
  leafFields,
  leafOf,
  sha,
  whyNotInCommit,
} from './leaf.js';

/** The part of a segment's header that is not zero; the chain before stands at `SEED_AT`. */
const SEED_BYTES = 72;
const SEED_AT = 40;

const schema = z.strictObject({
  format: z.literal('daybook-proof-1'),
  ...leafFields,
  chainBefore: hash32,
  links: z.array(z.string().regex(/^([0-9a-f]{112}|[0-9a-f]{144})$/)).min(1),
  chain: hash32,
});

export type Proof = z.infer<typeof schema>;

/** @throws JournalError when the sequence is not there or the journal is damaged on the way */
export function proveEvent(
  files: FileSystem,
  directory: string,
  end: DurableEnd,
  sequence: number,
): Proof {
  const durable = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(durable);
  if (sequence >= durable.nextSequence) {
    const message = `sequence ${sequence} asked for, the next one is ${durable.nextSequence}`;
    throw new JournalError('JOURNAL_SEQUENCE_AHEAD', message);
  }
  const segments = listSegments(files, directory).filter((first) => first <= durable.segment);
  const start = segments.findLast((first) => first <= sequence);
  if (start === undefined) {
    throw new JournalError('JOURNAL_SEQUENCE_GONE', `sequence ${sequence} is no longer kept`);
  }
  let leaf: Leaf | undefined;
  let chainBefore = '';
  let chain: Uint8Array = new Uint8Array();
  const links: string[] = [];
  for (const first of segments.filter((each) => each >= start)) {
    const path = `${directory}/${segmentName(first)}`;
    const file = files.open(path, 'read');
    try {
      const limit = first === durable.segment ? durable.offset : files.size(file);
      const block = new RecordBuffer(SEGMENT_HEADER_BYTES);
      files.pread(file, block.bytes, 0, SEGMENT_HEADER_BYTES, 0);
      if (leaf !== undefined) links.push(hex(block.bytes.subarray(0, SEED_BYTES)));
      chain = segmentSeed(block);
      const head = new RecordBuffer(COMMIT_HEAD_BYTES);
      for (let at = SEGMENT_HEADER_BYTES; at < limit; ) {
        files.pread(file, head.bytes, 0, COMMIT_HEAD_BYTES, at);
        if (!isCommitHead(head, 0)) {
          throw damaged(
            'COMMIT_HEADER',
            { file: path, offset: at, sequence },
            'no commit begins here',
          );
        }
        const bytes = commitRecordBytes(head, 0);
        if (leaf === undefined && sequence < commitFirstSequence(head, 0) + commitCount(head, 0)) {
          leaf = leafOf(
            files,
            file,
            at + COMMIT_HEAD_BYTES,
            bytes,
            sequence - commitFirstSequence(head, 0),
          );
          chainBefore = hex(chain);
        }
        if (leaf !== undefined) links.push(hex(head.bytes.subarray(LINK_START, LINK_END)));
        chain = commitChain(head, 0);
        at += COMMIT_HEAD_BYTES + bytes;
      }
    } finally {
      files.close(file);
    }
  }
  if (leaf === undefined)
    throw new JournalError('JOURNAL_SEQUENCE_GONE', `no commit holds ${sequence}`);
  return { format: 'daybook-proof-1', sequence, ...leaf, chainBefore, links, chain: hex(chain) };
}

export type Checked =
  | {
      readonly ok: true;
      readonly event: DaybookEvent;
      readonly chain: string;
      /** Whether the chain value asked for is on the way from the event to the newest. */
      readonly through: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a proof with nothing but itself; compare `chain` with one that you trust.
 * @param through a chain value that is trusted, such as that of a signed checkpoint
 */
export function checkProof(input: unknown, through?: string): Checked {
  const parsed = schema.safeParse(input);
  if (!parsed.success) return { ok: false, reason: 'it is no proof of this format' };
  const proof = parsed.data;
  const wrong = (reason: string): Checked => ({ ok: false, reason });
  const notIn = whyNotInCommit(proof, Buffer.from(proof.links[0] as string, 'hex'));
  if (notIn !== undefined) return wrong(notIn);
  let chain: Buffer = Buffer.from(proof.chainBefore, 'hex');
  let passed = false;
  for (const text of proof.links) {
    const link = Buffer.from(text, 'hex');
    if (link.length === LINK_BYTES) {
      chain = sha(2, chain, link);
      if (through !== undefined && chain.toString('hex') === through) passed = true;
      continue;
    }
    if (!link.subarray(SEED_AT).equals(chain))
      return wrong('a segment does not continue the chain');
    chain = sha(3, link, Buffer.alloc(SEGMENT_HEADER_BYTES - SEED_BYTES));
  }
  if (chain.toString('hex') !== proof.chain)
    return wrong('the links do not lead to the chain value');
  const event = eventIn(proof.records, proof.sequence);
  if (typeof event === 'string') return wrong(event);
  return { ok: true, event, chain: proof.chain, through: passed };
}
