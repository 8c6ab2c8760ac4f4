import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { RecordBuffer } from '../../src/domain/event-record.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FileDurableEnd } from '../../src/log/journal/durable-mark.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { addSampleRecords, sequencesOf } from '../../src/log/journal/sample-records.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';

const ROUNDS = Number(process.env.DAYBOOK_KILL_ROUNDS ?? 20);
const SEED = Number(process.env.DAYBOOK_SEED ?? Date.now() % 2 ** 31);
/** Longest life of a writer after its first append. */
const LIFE_MS_MAX = 120;

const WRITER = fileURLToPath(new URL('writing-process.mjs', import.meta.url));

/** Runs a writer until it is killed; resolves with the last sequence it said was durable. */
function writeUntilKilled(directory: string, seed: number, lifeMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRITER, directory, String(seed)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told: Buffer = Buffer.alloc(0);
    let durable = 0;
    let killing = false;
    child.stdout.on('data', (chunk: Buffer) => {
      told = Buffer.concat([told, chunk]);
      const whole = told.length - (told.length % 8);
      if (whole === 0) return;
      durable = told.readDoubleLE(whole - 8);
      told = told.subarray(whole);
      if (killing) return;
      killing = true;
      setTimeout(() => child.kill('SIGKILL'), lifeMs);
    });
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(durable);
      else reject(new Error(`the writer ended by itself: ${code}`));
    });
  });
}

/** Follows in this process, as another one than the writer's, what the writer publishes. */
async function followUntil(directory: string, from: number, signal: AbortSignal): Promise<number> {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const reader = new JournalReader(directory, { from, end });
  let next = from;
  for await (const batch of reader.follow(signal)) next = checkSamples(batch, next);
  reader.close();
  end.close();
  return next;
}

/** Every record is the sample of its sequence, byte by byte. @returns the sequence after the last */
function checkSamples(batch: RecordBuffer, first: number): number {
  const expected = new RecordBuffer(batch.count * 184);
  const next = addSampleRecords(expected, first, batch.count);
  expect(sequencesOf(batch)).toEqual(sequencesOf(expected));
  for (let at = 0; at < batch.length; at += batch.u16[(at + 4) / 2]!) {
    expected.u32[at / 4] = batch.u32[at / 4]!;
  }
  const own = batch.bytes.subarray(0, batch.length);
  expect(Buffer.compare(own, expected.bytes.subarray(0, expected.length))).toBe(0);
  return next;
}

describe('kill -9 of the writer', () => {
  it(`loses nothing that was durable, ${ROUNDS} times over (seed ${SEED})`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kill-'));
    let random = SEED;
    let next = 0;
    for (let round = 0; round < ROUNDS; round++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      const over = new AbortController();
      const following = followUntil(directory, next, over.signal);
      const durable = await writeUntilKilled(directory, random, random % LIFE_MS_MAX);
      over.abort();
      const followed = await following;
      const context = `seed ${SEED}, round ${round}`;
      expect(durable, context).toBeGreaterThan(next);

      const writer = JournalWriter.open(directory, { shard: 0, catalogue: 1 });
      expect(writer.nextSequence, context).toBeGreaterThanOrEqual(Math.max(durable, followed));
      const reader = new JournalReader(directory, { from: next, end: writer.durableEnd });
      for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
        next = checkSamples(batch, next);
      }
      reader.close();
      expect(next, context).toBe(writer.nextSequence);
      writer.close();
      for await (const finding of verifyJournal(directory))
        expect(finding, context).toBeUndefined();
    }
    rmSync(directory, { recursive: true });
  }, 300_000);
});
