/** A person on record: told while there is a key, then by nobody; and no byte of the log changes. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { recoverState, restoreSnapshot, takeSnapshot } from '../../src/operations/snapshots.js';
import { parseMasterKey } from '../../src/privacy/master-key.js';
import { newSubject, SubjectKeys } from '../../src/privacy/subject-keys.js';
import { ANY_CAPACITY, AnyFlow } from '../replay/any-flow.js';
import { type TestJournal, testJournal } from './journal-of.js';

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
const MASTER = '5a'.repeat(32);
const PERSON = { name: 'Ottoline Quillfeather', email: 'ottoline@quillfeather.example' };
const TIMEOUT_MS = 240_000;

let log: TestJournal;
let flow: AnyFlow;
let keys: SubjectKeys;
const [subject, other] = [newSubject(), newSubject()];

async function daybook(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = {
    env: { ...process.env, DAYBOOK_MASTER_KEY: MASTER },
    maxBuffer: 64 * 1024 * 1024,
  };
  return promisify(execFile)(
    process.execPath,
    [MAIN, ...args, '--data-dir', log.data],
    options,
  ).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Every file under a directory. */
function* filesOf(directory: string): Generator<string> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) yield* filesOf(path);
    else yield path;
  }
}

function filesWith(text: string): string[] {
  const found = [];
  for (const path of filesOf(log.data)) if (readFileSync(path).includes(text)) found.push(path);
  return found;
}

beforeAll(() => {
  log = testJournal();
  keys = new SubjectKeys(join(log.data, 'keys'), parseMasterKey(MASTER));
  flow = new AnyFlow(3).begin();
  flow.send('RegisterActor', { subject, kind: 'User', sealed: keys.seal(subject, PERSON) });
  flow.send('RegisterActor', {
    ...{ subject: other, kind: 'User' },
    sealed: keys.seal(other, { name: 'Somebody Else' }),
  });
  for (let i = 0; i < 300; i += 1) {
    const order = { account: 1 + (i % 3), instrument: 1, quantity: 5, price: 990 + (i % 20) };
    flow.send('NewOrder', { ...order, clOrdId: `P${i}`, side: 'Buy', ordType: 'Limit' });
  }
  log.append(flow.batches);
  takeSnapshot(flow.state, 1n, log.journal);
});
afterAll(() => log.remove());

describe('a person on record', { timeout: TIMEOUT_MS }, () => {
  it('is told by the keys, and stands in no file in the clear', async () => {
    const told = lines((await daybook('privacy', 'list', '--json')).stdout);
    expect(told.find((each) => each.subject === subject)).toMatchObject({
      kind: 'User',
      person: PERSON,
    });
    for (const text of [PERSON.name, PERSON.email, 'Quillfeather']) {
      expect(filesWith(text)).toEqual([]);
    }
    // The search itself finds what is there.
    expect(filesWith('DBKEY001').length).toBe(2);
  });

  it('is erased with its key, and nothing else changes', async () => {
    const journal = () =>
      [...filesOf(log.journal)].map((path) => [path, readFileSync(path).toString('base64')]);
    const before = journal();
    expect((await daybook('privacy', 'erase', subject)).code).toBe(0);
    const told = lines((await daybook('privacy', 'list', '--json')).stdout);
    expect(told.find((each) => each.subject === subject)).toMatchObject({ person: 'erased' });
    expect(told.find((each) => each.subject === other)).toMatchObject({
      person: { name: 'Somebody Else' },
    });
    expect(journal()).toEqual(before);
    expect(await daybook('verify')).toMatchObject({ code: 0, stderr: '' });
    const decided = await daybook('replay', '--decide', '--json');
    expect([decided.code, JSON.parse(decided.stdout).findings]).toEqual([0, []]);
    for (const text of [PERSON.name, PERSON.email, 'Quillfeather']) {
      expect(filesWith(text)).toEqual([]);
    }
    const wrongKey = await promisify(execFile)(
      process.execPath,
      [MAIN, 'privacy', 'list', '--json', '--data-dir', log.data],
      { env: { ...process.env, DAYBOOK_MASTER_KEY: '00'.repeat(32) } },
    );
    expect(lines(wrongKey.stdout).find((each) => each.subject === other)).toMatchObject({
      person: 'sealed',
    });
    const missing = await daybook('privacy', 'erase', newSubject());
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('SUBJECT_UNKNOWN')]);
    expect((await daybook('privacy', 'erase', 'Ottoline')).code).toBe(1);
    expect((await daybook('privacy')).code).toBe(2);
  });

  it('leaves snapshot and replay equal', () => {
    const fresh = () => new ShardState(ANY_CAPACITY, 5);
    const restored = restoreSnapshot(log.journal, 0, flow.state.nextSequence, fresh);
    expect(restored.passedOver).toEqual([]);
    expect(restored.anchor).toBe(flow.state.nextSequence - 1);
    expect(stateHash(restored.state)).toBe(stateHash(flow.state));
    expect(stateHash(recoverState(log.journal, 0, log.end, fresh).state)).toBe(
      stateHash(flow.state),
    );
    expect(stateHash(flow.stateBefore(flow.state.nextSequence))).toBe(stateHash(flow.state));
    expect(restored.state.actors.list().some((actor) => actor.subject === subject)).toBe(true);
  });
});
