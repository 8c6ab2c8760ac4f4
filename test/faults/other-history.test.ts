import { describe, expect, it } from 'vitest';
import { evolveBatch, lastTime } from '../../src/commands/recovery.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { recoverState, takeSnapshot } from '../../src/operations/snapshots.js';
import { FaultyDisk } from './faulty-disk.js';
import { Random } from './random.js';
import { newState, type RecordedFlow, recordFlow } from './recorded-flow.js';

const DIRECTORY = '/data/journal/shard-0';

function write(disk: FaultyDisk, flow: RecordedFlow, segmentBytesMax: number): JournalWriter {
  const options = { shard: 0, catalogue: 1, segmentBytesMax, fileSystem: disk, takeOver: true };
  const writer = JournalWriter.open(DIRECTORY, options);
  for (const batch of flow.batches) writer.append(batch);
  return writer;
}

/** A snapshot of the first events of what the journal holds. */
function snapshotOf(disk: FaultyDisk, writer: JournalWriter, batches: number): number {
  const end = writer.durableEnd;
  const reader = new JournalReader(DIRECTORY, { from: 0, end, fileSystem: disk, readBytes: 1024 });
  const state = newState();
  let time = 0n;
  for (let count = 0; count < batches; count += 1) {
    const batch = reader.read();
    if (batch === undefined) break;
    evolveBatch(state, batch);
    time = lastTime(batch);
  }
  const { anchor } = takeSnapshot(state, time, DIRECTORY, disk, reader.chain);
  reader.close();
  return anchor;
}

describe('a snapshot of another history', () => {
  it.each([3000, 100_000])(
    'of the same shard is passed over, segments of %i',
    (segmentBytesMax) => {
      const [own, other] = [recordFlow(7, 60), recordFlow(8, 60)];
      for (const batches of [1, 2, 5, 1000]) {
        const disk = new FaultyDisk(new Random(1));
        const first = write(disk, other, segmentBytesMax);
        const anchor = snapshotOf(disk, first, batches);
        first.close();
        // It is good for its own journal ...
        const before = recoverState(DIRECTORY, 0, first.durableEnd, newState, disk);
        expect([before.anchor, before.passedOver]).toEqual([anchor, []]);
        // ... which somebody replaces: restored from elsewhere, say.
        disk.removeTree(DIRECTORY);
        const writer = write(disk, own, segmentBytesMax);
        const { state, passedOver, ...found } = recoverState(
          ...([DIRECTORY, 0, writer.durableEnd, newState, disk] as const),
        );
        expect(found.anchor).toBe(-1);
        expect(passedOver.length).toBe(1);
        expect(stateHash(state)).toBe(own.hashes.at(-1));
        writer.close();
      }
    },
  );
});
