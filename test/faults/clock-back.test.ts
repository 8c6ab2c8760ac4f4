/**
 * A clock that was ten years ahead, and is right again: what the writer puts on record goes on from the
 * last time there is, whether that comes from the log or from a snapshot, and no id comes twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { evolveBatch, lastTime } from '../../src/commands/recovery.js';
import { catalogueFingerprint } from '../../src/domain/catalogue-fingerprint.js';
import { HEADER } from '../../src/domain/event-record.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { startShard } from '../../src/operations/shard.js';
import { takeSnapshot } from '../../src/operations/snapshots.js';
import { CAPACITY, newState, recordFlow } from './recorded-flow.js';

const TEN_YEARS_NS = 10n * 365n * 86_400_000_000_000n;

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'daybook-clock-'));
  directory = join(root, 'journal');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A journal of the flow, ten years from now. @returns the time of its last event */
function fromTheFuture(snapshot: boolean): bigint {
  const flow = recordFlow(7, 60);
  const writer = JournalWriter.open(directory, { shard: 0, catalogue: catalogueFingerprint() });
  const state = newState();
  let last = 0n;
  const now = BigInt(Date.now()) * 1_000_000n + TEN_YEARS_NS;
  for (const [index, batch] of flow.batches.entries()) {
    const view = new DataView(batch.bytes.buffer);
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
      view.setBigInt64(at + HEADER.time, now + BigInt(index), true);
    }
    writer.append(batch);
    evolveBatch(state, batch);
    last = lastTime(batch);
  }
  writer.close();
  if (snapshot) takeSnapshot(state, last, directory);
  return last;
}

interface Seen {
  readonly time: bigint;
  readonly command: number;
}

function eventsOf(): Seen[] {
  const end = FixedDurableEnd.find(nodeFileSystem, directory, 0);
  const reader = new JournalReader(directory, { from: 0, end });
  const seen: Seen[] = [];
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    const view = new DataView(batch.bytes.buffer);
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
      const command = batch.f64[(at + HEADER.command) / 8] as number;
      seen.push({ time: view.getBigInt64(at + HEADER.time, true), command });
    }
  }
  reader.close();
  return seen;
}

it.each([false, true])(
  'time on record does not go back, and ids do not come again; from a snapshot: %s',
  async (snapshot) => {
    const last = fromTheFuture(snapshot);
    const before = eventsOf().length;
    const epochs: number[] = [];
    for (let start = 0; start < 3; start += 1) {
      const shard = await startShard({ directory, producers: ['client'], capacity: CAPACITY });
      epochs.push(shard.epoch);
      expect(shard.snapshotsPassedOver).toEqual([]);
      expect(shard.snapshotAnchor >= 0).toBe(snapshot);
      const header = { received: 0n, actor: 0, session: 0 };
      for (let submitted = 0; submitted < 3; submitted += 1) {
        shard.port('client').submit('BeginReconciliation', header, { venue: 1 });
      }
      await shard.stop();
    }
    const events = eventsOf();
    const added = events.slice(before);
    expect(added.length).toBeGreaterThanOrEqual(3);
    expect(added[0]?.time).toBeGreaterThanOrEqual(last);
    const times = events.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    expect(new Set(epochs).size).toBe(epochs.length);
    const commands = added.map(({ command }) => command).filter((command) => command > 0);
    expect(new Set(commands).size).toBe(commands.length);
    for await (const finding of verifyJournal(directory)) expect(finding).toBeUndefined();
  },
  120_000,
);
