import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RecordBuffer } from '../../domain/event-record.js';
import { nodeFileSystem } from '../file-system.js';
import { JournalWriter } from '../journal/journal-writer.js';
import { addSampleRecords } from '../journal/sample-records.js';
import { verifyJournal } from '../journal/verify-journal.js';
import { chainPoint, checkCheckpoint, generateKeys, signCheckpoint } from './checkpoint.js';

const keys = generateKeys();
const point = {
  shard: 0,
  sequence: 99,
  time: '2026-11-22T17:49:10.584911980Z',
  chain: 'ab'.repeat(32),
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'daybook-checkpoint-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('says what was signed, to whoever has the public key', () => {
  const checked = checkCheckpoint(signCheckpoint(point, keys.privateKey), keys.publicKey);
  expect(checked).toMatchObject({ ok: true, point });
});

it('is not what was signed when any character is another', () => {
  const text = signCheckpoint(point, keys.privateKey);
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === '1' ? '2' : '1';
    const changed = text.slice(0, at) + other + text.slice(at + 1);
    const checked = checkCheckpoint(changed, keys.publicKey);
    // The last characters of Base64 hold bits that mean nothing; Node reads them all the same.
    if (checked.ok) expect(checked.point).toEqual(point);
    if (at < text.indexOf('ed25519')) expect(checked.ok, `character ${at}`).toBe(false);
  }
  expect(checkCheckpoint(text.trimEnd(), keys.publicKey).ok).toBe(false);
});

it('names the key when it is of another', () => {
  const other = generateKeys();
  const checked = checkCheckpoint(signCheckpoint(point, other.privateKey), keys.publicKey);
  expect(JSON.stringify(checked)).toMatch(/signed with the key [0-9a-f]{16}, not [0-9a-f]{16}/);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

it.skipIf(!hasOpenssl)('can be checked with openssl alone', () => {
  const [lines, last] = signCheckpoint(point, keys.privateKey).split('\n\n') as [string, string];
  const at = (name: string) => join(root, name);
  writeFileSync(at('text'), `${lines}\n`);
  writeFileSync(at('signature'), Buffer.from(last.trim().split(' ')[2] as string, 'base64'));
  writeFileSync(at('key.pem'), keys.publicKey);
  const args = ['pkeyutl', '-verify', '-pubin', '-inkey', at('key.pem'), '-rawin'];
  const files = ['-in', at('text'), '-sigfile', at('signature')];
  expect(execFileSync('openssl', [...args, ...files], { encoding: 'utf8' })).toContain('Success');
});

it('takes the chain value of a journal at its end, and at any commit of any segment', async () => {
  const directory = join(root, 'journal');
  const writer = JournalWriter.open(directory, { shard: 3, catalogue: 1, segmentBytesMax: 8192 });
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  const chains: string[] = [];
  const batch = new RecordBuffer(10_000);
  for (let commit = 0; commit < 20; commit += 1) {
    batch.clear();
    addSampleRecords(batch, writer.nextSequence, 5);
    writer.append(batch);
    writer.durableEnd.read(position);
    chains.push(chainPoint(nodeFileSystem, directory, 3, position)?.chain as string);
  }
  writer.close();
  for (const [commit, chain] of chains.entries()) {
    const at = chainPoint(nodeFileSystem, directory, 3, position, commit * 5 + 4);
    expect(at).toMatchObject({ shard: 3, sequence: commit * 5 + 4, chain });
  }
  const verification = verifyJournal(directory);
  const end = await verification.next();
  expect(end).toMatchObject({ done: true, value: { chain: chains.at(-1) } });
  expect(chainPoint(nodeFileSystem, directory, 3, position, 3)).toBeUndefined();
  const ahead = () => chainPoint(nodeFileSystem, directory, 3, position, 100);
  expect(ahead).toThrow(expect.objectContaining({ code: 'JOURNAL_SEQUENCE_AHEAD' }));
});

it('signs a tree, too, where there is one', () => {
  const tree = { commits: 20, root: 'ab'.repeat(32) };
  const text = signCheckpoint({ ...point, tree }, keys.privateKey);
  expect(text.split('\n')[5]).toBe(`tree 20 ${tree.root}`);
  expect(checkCheckpoint(text, keys.publicKey)).toMatchObject({ ok: true, point: { tree } });
  expect(checkCheckpoint(text.replace('tree 20', 'tree 21'), keys.publicKey).ok).toBe(false);
  const without = text.replace(/tree .*\n/, '');
  expect(checkCheckpoint(without, keys.publicKey).ok).toBe(false);
});
