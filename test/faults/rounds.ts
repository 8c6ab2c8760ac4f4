/**
 * Random rounds. A round is a disk and a few lives of a shard on it, each with at most one fault; at
 * the end everything that was acknowledged is there, and nothing else.
 */
import { drawFault, failOne, failSync, fillFrom, tearCommit } from './fault-plan.js';
import { FaultyDisk } from './faulty-disk.js';
import { Random } from './random.js';
import type { RecordedFlow } from './recorded-flow.js';
import { RoundLog } from './round-log.js';
import { type LifeOptions, ShardLives } from './shard-lives.js';

const DIRECTORY = '/data/journal/shard-0';

/** Operations of a life, and syncs and commits among them, about: where a fault is drawn. */
const OPERATIONS = 120;
const SYNCS = 20;
const COMMITS = 8;
const LIVES_MAX = 3;

/** What the test itself breaks: a stand-in for the disk that leaves something out. */
export type Breakage = (disk: FaultyDisk) => void;

/**
 * @returns what happened, life by life
 * @throws Violation with the seed and the story
 */
export async function randomRound(
  seed: number,
  flow: RecordedFlow,
  breakage: Breakage = () => undefined,
): Promise<readonly string[]> {
  const random = new Random(seed);
  const disk = new FaultyDisk(random);
  breakage(disk);
  const lives = new ShardLives(disk, random, flow, DIRECTORY);
  const log = new RoundLog(disk, lives, DIRECTORY);
  await log.tell(`round ${seed}`, async () => {
    const segmentBytesMax = 2000 + random.below(10_000);
    const tear = random.once(4) ? 'byte' : 'sector';
    const count = 1 + random.below(LIVES_MAX);
    for (let life = 0; life < count; life += 1) {
      const options = drawLife(random, segmentBytesMax);
      const at = random.below(OPERATIONS);
      const kind = random.below(8);
      const draw = drawFault(random);
      if (kind === 0) log.attempt(options, fillFrom(disk, at));
      else if (kind < 3) log.attempt(options, tearCommit(disk, random.below(COMMITS)));
      else if (kind < 4) log.attempt(options, failSync(disk, random.below(SYNCS), draw));
      else log.attempt(options, failOne(disk, at, draw));
      log.restart(tear);
    }
    await log.finish(drawLife(random, segmentBytesMax));
  });
  return log.entries;
}

function drawLife(random: Random, segmentBytesMax: number): LifeOptions {
  return {
    catalogue: random.once(6) ? 2 : 1,
    segmentBytesMax,
    commits: random.once(4) ? 0 : random.below(14),
    snapshotEvery: random.pick([0, 2, 5]),
    abandoned: random.once(3),
  };
}
