/** What a trim finds: a journal of several segments, all shipped, with two snapshots behind most of it. */
import { namingFiles } from '../../src/log/file-system.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { DirectoryStore } from '../../src/operations/backup/directory-store.js';
import { durablePosition } from '../../src/operations/backup/durable-position.js';
import type { RetentionOptions } from '../../src/operations/retention/retention.js';
import { recoverState, takeSnapshot } from '../../src/operations/snapshots.js';
import { BACKUP, JOURNAL, shipOnce } from './backup-story.js';
import { SEED } from './environment.js';
import { FaultyDisk } from './faulty-disk.js';
import { Random } from './random.js';
import { newState, recordFlow } from './recorded-flow.js';
import { ShardLives } from './shard-lives.js';

export const SNAPSHOTS = `${JOURNAL}.snapshots`;
export const NOW_MS = 4_000_000_000_000;
export const flow = recordFlow(7, 60);

/** A journal of several segments, all shipped, two snapshots of its end, and its next sequence. */
export async function prepared(): Promise<{
  disk: FaultyDisk;
  next: number;
  acknowledged: number;
}> {
  const disk = new FaultyDisk(new Random(SEED));
  const lives = new ShardLives(disk, new Random(3), flow, JOURNAL);
  const life = { catalogue: 1, segmentBytesMax: 4000, snapshotEvery: 0, abandoned: false };
  for (let count = 0; count < 4; count += 1) lives.live({ ...life, commits: 4 });
  snapshotNow(disk);
  lives.live({ ...life, commits: 1 });
  snapshotNow(disk);
  await shipOnce(disk, JOURNAL, BACKUP, NOW_MS);
  const { acknowledged } = lives;
  return { disk, next: flow.sequences[acknowledged] as number, acknowledged };
}

function snapshotNow(disk: FaultyDisk): void {
  const files = namingFiles(disk);
  const end = FixedDurableEnd.find(files, JOURNAL, 0);
  const { state, time, chain } = recoverState(JOURNAL, 0, end, newState, files);
  takeSnapshot(state, time, JOURNAL, files, chain);
}

export function optionsOf(disk: FaultyDisk): RetentionOptions {
  const files = namingFiles(disk);
  return {
    ...{ journal: JOURNAL, shard: 0, durable: durablePosition(files, JOURNAL, 0) },
    ...{ store: new DirectoryStore(BACKUP, files), fileSystem: files },
    ...{ keepMs: 86_400_000, now: () => NOW_MS },
  };
}
