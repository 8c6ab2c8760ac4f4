import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueFingerprint } from '../../domain/catalogue-fingerprint.js';
import { sampleRecords } from '../eventstoredb/sample-events.js';
import { nodeFileSystem } from '../file-system.js';
import { JournalWriter } from '../journal/journal-writer.js';
import { verifyJournal } from '../journal/verify-journal.js';
import { checkProof, type Proof, proveEvent } from './proof.js';

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
