/** A log of one large commit has as many points of a what-if as one of many small ones. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { partsOf } from '../../src/cli/replay/batch-parts.js';
import { OWN, runWhatIf } from '../../src/cli/replay/what-if-run.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import { groupsOf, sequenceAt } from '../../src/commands/replay/event-groups.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { catalogueFingerprint } from '../../src/domain/catalogue-fingerprint.js';
import { RecordBuffer } from '../../src/domain/event-record.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { ANY_CAPACITY, AnyFlow } from './any-flow.js';

function flowOf(steps: number): RecordBuffer {
  const flow = new AnyFlow(71).begin();
  for (let i = 0; i < steps; i += 1) flow.step();
  const whole = new RecordBuffer(flow.batches.reduce((sum, { length }) => sum + length, 0));
  for (const { bytes, length, count } of flow.batches) {
    whole.bytes.set(bytes.subarray(0, length), whole.length);
    whole.length += length;
    whole.count += count;
  }
  return whole;
}

it('parts are whole commands, all of them, and lead to the same state', () => {
  const batch = flowOf(300);
  const ends = new Set([...groupsOf(batch)].map(({ to }) => to));
  for (const size of [1, 2, 7, 100, batch.count, batch.count + 1]) {
    const state = new ShardState(ANY_CAPACITY, 1);
    let at = 0;
    let due = size;
    for (const part of partsOf(batch, () => due)) {
      expect(sequenceAt(part, 0)).toBe(state.nextSequence);
      at += part.length;
      expect(ends.has(at)).toBe(true);
      evolveBatch(state, part);
      due = state.nextSequence + size;
    }
    expect([at, state.nextSequence]).toEqual([batch.length, batch.count]);
    const whole = new ShardState(ANY_CAPACITY, 1);
    evolveBatch(whole, batch);
    expect(stateHash(state)).toBe(stateHash(whole));
  }
  expect([...partsOf(batch, () => batch.count)]).toEqual([batch]);
});

it('one commit has as many points as one commit a command, and the same', () => {
  const batch = flowOf(700);
  const root = mkdtempSync(join(tmpdir(), 'daybook-parts-'));
  const points = (name: string, parts: Iterable<RecordBuffer>) => {
    const directory = join(root, name);
    const writer = JournalWriter.open(directory, { shard: 0, catalogue: catalogueFingerprint() });
    for (const part of parts) {
      const copy = new RecordBuffer(part.length);
      copy.bytes.set(part.bytes.subarray(0, part.length));
      copy.length = part.length;
      copy.count = part.count;
      writer.append(copy);
    }
    writer.close();
    const limits = [{ limit: 'MaxOrderQuantity', scope: 'Firm', value: 3 }] as const;
    return runWhatIf(OWN, directory, limits).points;
  };
  try {
    const one = points('one', [batch]);
    // At most 200 moments, and one more for the last event; a command has several events.
    const moments = new Set(one.map(({ sequence }) => sequence)).size;
    expect(moments).toBeGreaterThan(100);
    expect(moments).toBeLessThanOrEqual(201);
    expect(
      points(
        'many',
        partsOf(batch, () => 0),
      ),
    ).toEqual(one);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}, 120_000);
