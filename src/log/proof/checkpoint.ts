/**
 * A signed statement of how far a log was, in text that can be published or printed:
 *
 * ```
 *   daybook-checkpoint-1
 *   shard 0
 *   sequence 97381
 *   time 2026-11-22T17:49:10.584911980Z
 *   chain c4d77b85bdb87899...
 *   tree 4711 20d5c2a14ab7f1e0...
 *
 *   ed25519 8f1c22ab90d1e3f4 mO7c...==
 * ```
 *
 * The chain value after an event stands for everything up to it; the tree for each of so many commits
 * (`chain-tree.ts`), so that a proof of one event is short. A log that has lost its first segments to a
 * trim has no line of it. Signed are the lines above the empty
 * one, each with its newline; the last line names the key by the first 8 bytes of the SHA-256 of its
 * DER form (RFC 8410), then the signature in Base64. Whoever kept a checkpoint can prove that history
 * before it was altered; whoever signs cannot later deny it.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { RecordBuffer } from '../../domain/event-record.js';
import { formatIsoNs } from '../../lib/time.js';
import type { FileSystem } from '../file-system.js';
import {
  COMMIT_HEAD_BYTES,
  commitChain,
  commitCount,
  commitFirstSequence,
  commitRecordBytes,
  commitTime,
  isCommitHead,
} from '../journal/commit.js';
import type { DurablePosition } from '../journal/durable-end.js';
import { damaged, JournalError } from '../journal/errors.js';
import { listSegments, SEGMENT_HEADER_BYTES, segmentName } from '../journal/segment.js';
import type { ChainTree } from './chain-tree.js';

const FORMAT = 'daybook-checkpoint-1';
const TEXT =
  /^(daybook-checkpoint-1\nshard (\d{1,10})\nsequence (\d{1,16})\ntime (\S{1,40})\nchain ([0-9a-f]{64})\n(?:tree (\d{1,10}) ([0-9a-f]{64})\n)?)\ned25519 ([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==)\n$/;
const KEY_ID_BYTES = 8;

/** How far a log is: its last event at a commit's end, and the chain value there. */
export interface ChainPoint {
  readonly shard: number;
  readonly sequence: number;
  /** Of that event, ns since 1970, in ISO 8601. */
  readonly time: string;
  readonly chain: string;
  /** Over all commits up to there; undefined where the log does not begin with event 0. */
  readonly tree?: ChainTree | undefined;
}

export type CheckedCheckpoint =
  | { readonly ok: true; readonly point: ChainPoint; readonly keyId: string }
  | { readonly ok: false; readonly reason: string };

/** A new key pair in PEM: PKCS #8 and SubjectPublicKeyInfo. */
export function generateKeys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** @throws Error when the text is no Ed25519 key */
function ed25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new Error(`a key of ${key.asymmetricKeyType}`);
}

const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 2 * KEY_ID_BYTES);

function linesOf({ shard, sequence, time, chain, tree }: ChainPoint): string {
  const last = tree === undefined ? '' : `tree ${tree.commits} ${tree.root}\n`;
  return `${FORMAT}\nshard ${shard}\nsequence ${sequence}\ntime ${time}\nchain ${chain}\n${last}`;
}

/** @param privateKey PEM. @throws Error when it is none of Ed25519 */
export function signCheckpoint(point: ChainPoint, privateKey: string): string {
  const key = ed25519(createPrivateKey(privateKey));
  const lines = linesOf(point);
  const signature = sign(null, Buffer.from(lines), key).toString('base64');
  return `${lines}\ned25519 ${keyIdOf(createPublicKey(key))} ${signature}\n`;
}

/** @param publicKey PEM. @throws Error when it is none of Ed25519 */
export function checkCheckpoint(text: string, publicKey: string): CheckedCheckpoint {
  const key = ed25519(createPublicKey(publicKey));
  const match = TEXT.exec(text);
  if (match === null) return { ok: false, reason: 'it is no checkpoint of this format' };
  const [, lines, shard, sequence, time, chain, commits, root, keyId, signature] = match;
  if (keyId !== keyIdOf(key)) {
    return { ok: false, reason: `it was signed with the key ${keyId}, not ${keyIdOf(key)}` };
  }
  const signed = Buffer.from(signature as string, 'base64');
  if (!verify(null, Buffer.from(lines as string), key, signed)) {
    return { ok: false, reason: 'the signature is not of this text' };
  }
  const point = { shard: Number(shard), sequence: Number(sequence), time: time as string };
  const tree =
    commits === undefined ? {} : { tree: { commits: Number(commits), root: root as string } };
  return { ok: true, point: { ...point, chain: chain as string, ...tree }, keyId };
}

/**
 * The newest point of a journal, or the one at the commit that ends with a sequence; undefined when
 * no commit does.
 *
 * @throws JournalError JOURNAL_DAMAGED, JOURNAL_SEQUENCE_GONE, JOURNAL_SEQUENCE_AHEAD
 */
export function chainPoint(
  files: FileSystem,
  directory: string,
  shard: number,
  durable: DurablePosition,
  sequence = durable.nextSequence - 1,
): ChainPoint | undefined {
  if (sequence >= durable.nextSequence || durable.nextSequence === 0) {
    const message = `sequence ${sequence} asked for, the next one is ${durable.nextSequence}`;
    throw new JournalError('JOURNAL_SEQUENCE_AHEAD', message);
  }
  const segments = listSegments(files, directory);
  const segment = segments.findLast((first) => first <= sequence);
  if (segment === undefined) {
    throw new JournalError('JOURNAL_SEQUENCE_GONE', `sequence ${sequence} is no longer kept`);
  }
  const path = `${directory}/${segmentName(segment)}`;
  const file = files.open(path, 'read');
  try {
    const limit = segment === durable.segment ? durable.offset : files.size(file);
    const head = new RecordBuffer(COMMIT_HEAD_BYTES);
    for (let at = SEGMENT_HEADER_BYTES; at < limit; ) {
      const filled = files.pread(file, head.bytes, 0, COMMIT_HEAD_BYTES, at);
      if (filled < COMMIT_HEAD_BYTES || !isCommitHead(head, 0)) {
        const place = { file: path, offset: at, sequence };
        throw damaged('COMMIT_HEADER', place, 'no commit begins here');
      }
      const last = commitFirstSequence(head, 0) + commitCount(head, 0) - 1;
      if (last === sequence) {
        const time = formatIsoNs(commitTime(head, 0));
        return { shard, sequence, time, chain: Buffer.from(commitChain(head, 0)).toString('hex') };
      }
      if (last > sequence) return undefined;
      at += COMMIT_HEAD_BYTES + commitRecordBytes(head, 0);
    }
    return undefined;
  } finally {
    files.close(file);
  }
}
