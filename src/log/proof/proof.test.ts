import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueFingerprint } from '../../domain/catalogue-fingerprint.js';
import { sampleRecords } from '../eventstoredb/sample-events.js';
import { nodeFileSystem } from '../file-system.js';
import { auditPath, rootFromPath } from '../journal/hash-tree.js';
import { JournalWriter } from '../journal/journal-writer.js';
import { verifyJournal } from '../journal/verify-journal.js';
import { ChainTreeBuilder, chainTreeAt } from './chain-tree.js';
import { sha } from './leaf.js';
import { checkProof, type Proof, proveEvent } from './proof.js';
import { checkTreeProof, proveByTree, type TreeProof } from './tree-proof.js';

const root = mkdtempSync(join(tmpdir(), 'daybook-proof-'));
const directory = join(root, 'journal');
let writer: JournalWriter;
let chain = '';

beforeAll(async () => {
  const segmentBytesMax = 64 * 1024;
  const catalogue = catalogueFingerprint();
  writer = JournalWriter.open(directory, { shard: 0, catalogue, segmentBytesMax });
  let next = 0;
  for (const count of [1, 31, 32, 33, 65, 100, 7, 200, 1, 150]) {
    writer.append(sampleRecords(next, count));
    next += count;
  }
  const verification = verifyJournal(directory);
  let step = await verification.next();
  while (step.done !== true) step = await verification.next();
  expect(step.value.segments).toBeGreaterThan(1);
  chain = step.value.chain;
});
afterAll(() => {
  writer.close();
  rmSync(root, { recursive: true, force: true });
});

const prove = (sequence: number) =>
  proveEvent(nodeFileSystem, directory, writer.durableEnd, sequence);

describe('a proof of one event', () => {
  it('leads from every event to the newest chain value', () => {
    for (let sequence = 0; sequence < 620; sequence += 1) {
      const proof = JSON.parse(JSON.stringify(prove(sequence))) as Proof;
      expect(checkProof(proof)).toMatchObject({ ok: true, chain, event: { sequence } });
    }
    expect(() => prove(620)).toThrow('next one is 620');
  });

  it('fails when any part of it is changed', () => {
    const proof = prove(130);
    const flip = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
    const changed: Proof[] = [
      { ...proof, records: flip(proof.records, 300) },
      { ...proof, chainBefore: flip(proof.chainBefore, 3) },
      { ...proof, chain: flip(proof.chain, 3) },
      { ...proof, leafIndex: proof.leafIndex + 1 },
      { ...proof, leafCount: proof.leafCount + 3 },
      { ...proof, sequence: 5 },
      { ...proof, links: proof.links.slice(1) },
      { ...proof, links: proof.links.slice(0, -1) },
      ...proof.path.map((each, i) => ({ ...proof, path: proof.path.with(i, flip(each, 9)) })),
      ...proof.links.map((each, i) => ({ ...proof, links: proof.links.with(i, flip(each, 60)) })),
    ];
    for (const each of changed) expect(checkProof(each).ok).toBe(false);
    for (const none of [null, {}, [], 'x', { ...proof, more: 1 }]) {
      expect(checkProof(none).ok).toBe(false);
    }
  });
});

/** Last sequences of the commits above. */
const ENDS = [0, 31, 63, 96, 161, 261, 268, 468, 469, 619];

describe('the tree over the commits', () => {
  it('has the shape of RFC 6962, and the path of each leaf', () => {
    const chains = Array.from({ length: 70 }, (_, i) => sha(9, Buffer.of(i)));
    for (let count = 1; count <= chains.length; count += 1) {
      const leaves = chains.slice(0, count).map((each) => new Uint8Array(sha(4, each)));
      for (let marked = 0; marked < count; marked += 1) {
        const tree = new ChainTreeBuilder();
        for (const [i, each] of chains.slice(0, count).entries()) tree.add(each, i === marked);
        const root = tree.end()?.root;
        const path = auditPath(leaves, marked);
        expect(tree.path.map((each) => Buffer.from(each))).toEqual(path.map((p) => Buffer.from(p)));
        const leaf = leaves[marked] as Uint8Array;
        const known = rootFromPath(leaf, marked, count, path);
        expect(root).toBe(Buffer.from(known).toString('hex'));
      }
    }
    expect(new ChainTreeBuilder().end()).toBeUndefined();
  });

  it('is that of the commits up to one of them, and of none in between', () => {
    const roots = ENDS.map((end, index) => {
      const tree = chainTreeAt(nodeFileSystem, directory, end);
      expect(tree?.commits).toBe(index + 1);
      return tree?.root;
    });
    expect(new Set(roots).size).toBe(ENDS.length);
    for (const within of [1, 30, 32, 260, 618, 620]) {
      expect(chainTreeAt(nodeFileSystem, directory, within)).toBeUndefined();
    }
  });
});

describe('a proof of one event against a tree', () => {
  const short = (sequence: number, until = 619) =>
    proveByTree(nodeFileSystem, directory, until, sequence);

  it('leads from every event to the tree of any later commit', () => {
    for (const until of [0, 96, 468, 619]) {
      const tree = chainTreeAt(nodeFileSystem, directory, until);
      for (let sequence = 0; sequence <= until; sequence += 1) {
        const proof = JSON.parse(JSON.stringify(short(sequence, until)));
        expect(checkTreeProof(proof)).toMatchObject({ ok: true, tree, event: { sequence } });
      }
      const ahead = expect.objectContaining({ code: 'JOURNAL_SEQUENCE_AHEAD' });
      expect(() => short(until + 1, until)).toThrow(ahead);
    }
    expect(
      checkTreeProof(short(619)).ok && (checkTreeProof(short(619)) as { chain: string }).chain,
    ).toBe(chain);
  });

  it('fails when any part of it is changed', () => {
    const proof = short(130);
    const flip = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
    const changed: TreeProof[] = [
      { ...proof, records: flip(proof.records, 300) },
      { ...proof, chainBefore: flip(proof.chainBefore, 3) },
      { ...proof, link: flip(proof.link, 60) },
      { ...proof, link: flip(proof.link, 2) },
      { ...proof, tree: flip(proof.tree, 3) },
      { ...proof, leafIndex: proof.leafIndex + 1 },
      { ...proof, commit: proof.commit + 1 },
      { ...proof, commit: proof.commits },
      { ...proof, commits: proof.commits * 4 },
      { ...proof, sequence: 5 },
      { ...proof, treePath: proof.treePath.slice(1) },
      { ...proof, treePath: [...proof.treePath, proof.tree] },
      ...proof.path.map((each, i) => ({ ...proof, path: proof.path.with(i, flip(each, 9)) })),
      ...proof.treePath.map((each, i) => ({
        ...{ ...proof, treePath: proof.treePath.with(i, flip(each, 9)) },
      })),
    ];
    for (const each of changed) expect(checkTreeProof(each).ok).toBe(false);
    for (const none of [null, {}, prove(130), { ...proof, more: 1 }]) {
      expect(checkTreeProof(none).ok).toBe(false);
    }
  });

  it('does not grow with the commits behind its event, as the other does', () => {
    const size = (proof: object) => JSON.stringify(proof).length;
    const { treePath } = short(0);
    expect(treePath).toHaveLength(Math.ceil(Math.log2(ENDS.length)));
    expect(size(prove(0)) - size(short(0))).toBeGreaterThan(4 * 112);
  });
});

describe('docs/check-proof.mjs, which knows nothing of Daybook', () => {
  const script = new URL('../../../docs/check-proof.mjs', import.meta.url).pathname;
  const run = (proof: object) => {
    const file = join(root, 'proof.json');
    writeFileSync(file, JSON.stringify(proof));
    return spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
  };

  it('comes to the same', () => {
    const tree = chainTreeAt(nodeFileSystem, directory, 619);
    for (const sequence of [0, 64, 130, 619]) {
      const head = new RegExp(`^event ${sequence}: [0-9a-f]{96,}\n`);
      const long = run(prove(sequence));
      expect([long.status, long.stdout]).toEqual([0, expect.stringMatching(head)]);
      expect(long.stdout.endsWith(`chain ${chain}\n`)).toBe(true);
      const brief = run(proveByTree(nodeFileSystem, directory, 619, sequence));
      expect([brief.status, brief.stdout]).toEqual([0, expect.stringMatching(head)]);
      expect(brief.stdout.endsWith(`tree ${tree?.commits} ${tree?.root}\n`)).toBe(true);
    }
  }, 60_000);

  it('fails when a part of it is changed', () => {
    const proof = proveByTree(nodeFileSystem, directory, 619, 130);
    const changed = (text: string) => `${text.startsWith('0') ? '1' : '0'}${text.slice(1)}`;
    for (const name of ['records', 'chainBefore', 'link', 'tree'] as const) {
      expect(run({ ...proof, [name]: changed(proof[name]) }).status).toBe(1);
    }
    const long = prove(130);
    expect(run({ ...long, chain: changed(long.chain) }).status).toBe(1);
    expect(run({ ...long, links: long.links.slice(1) }).status).toBe(1);
  }, 60_000);
});
