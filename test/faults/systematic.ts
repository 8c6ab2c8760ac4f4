/**
 * One story, told again for every operation and everything that may happen to it: a life that
 * begins a journal, rolls segments and takes snapshots; a loss of power; a life that recovers.
 */

import { failOne, faultsOf } from './fault-plan.js';
import { type Fault, FaultyDisk, type OperationKind } from './faulty-disk.js';
import { Random } from './random.js';
import type { RecordedFlow } from './recorded-flow.js';
import { RoundLog } from './round-log.js';
import { type LifeOptions, ShardLives } from './shard-lives.js';

const DIRECTORY = '/data/journal/shard-0';
const FIRST: LifeOptions = {
  catalogue: 1,
  segmentBytesMax: 4000,
  commits: 5,
  snapshotEvery: 4,
  abandoned: true,
};
const SECOND: LifeOptions = { ...FIRST, catalogue: 2, abandoned: false };
/** Finds what there is, tells it, and loses power before anything else is written. */
const ONLY_OPENS: LifeOptions = { ...SECOND, commits: 0, snapshotEvery: 0, abandoned: true };

export interface SystematicResult {
  readonly rounds: number;
  /** Operations of the story, per life. */
  readonly operations: readonly [number, number];
}

/** @throws Violation in the first round that goes wrong */
export async function everyFaultOfEveryOperation(
  seed: number,
  flow: RecordedFlow,
): Promise<SystematicResult> {
  const kinds = operationsOf(seed, flow);
  let rounds = 0;
  for (const life of [0, 1] as const) {
    for (const [at, { kind, repeats }] of kinds[life].entries()) {
      const faults = faultsOf(kind);
      for (const [index, fault] of faults.entries()) {
        // The many writes of one snapshot are alike: they take turns.
        if (repeats && at % faults.length !== index) continue;
        rounds += 1;
        await round(seed, flow, { life, at, kind, fault });
      }
    }
  }
  return { rounds, operations: [kinds[0].length, kinds[1].length] };
}

interface Recorded {
  readonly kind: OperationKind;
  /** The same on the same file as the operation before. */
  readonly repeats: boolean;
}

/** The operations of both lives when nothing goes wrong. */
export function operationsOf(seed: number, flow: RecordedFlow): [Recorded[], Recorded[]] {
  const kinds: [Recorded[], Recorded[]] = [[], []];
  const { disk, lives } = begin(seed, flow);
  for (const life of [0, 1] as const) {
    let last = '';
    disk.watch(({ kind, path }) => {
      const repeats = last === `${kind} ${path}`;
      last = `${kind} ${path}`;
      kinds[life].push({ kind, repeats });
      return undefined;
    });
    lives.live(life === 0 ? FIRST : SECOND);
    if (life === 0) disk.down = 'power';
    disk.restart('sector');
  }
  return kinds;
}

function begin(seed: number, flow: RecordedFlow) {
  const random = new Random(seed);
  const disk = new FaultyDisk(random);
  // Draws of its own, so that what the disk draws does not change the story.
  return { disk, lives: new ShardLives(disk, new Random(seed), flow, DIRECTORY) };
}

interface Chosen {
  readonly life: 0 | 1;
  readonly at: number;
  readonly kind: OperationKind;
  readonly fault: Fault;
}

async function round(seed: number, flow: RecordedFlow, chosen: Chosen): Promise<void> {
  const { disk, lives } = begin(seed, flow);
  const log = new RoundLog(disk, lives, DIRECTORY);
  // What failed may look well as long as the page cache is there: then power fails in the second life.
  const inCache = chosen.life === 0 && chosen.fault.kind !== 'power';
  const second = inCache ? ONLY_OPENS : SECOND;
  await log.tell(`systematic, ${JSON.stringify(chosen)}`, async () => {
    for (const life of [0, 1] as const) {
      const plan = failOne(disk, life === chosen.life ? chosen.at : -1, (kind) =>
        kind === chosen.kind ? chosen.fault : undefined,
      );
      log.attempt(life === 0 ? FIRST : second, plan);
      if (life === 0 && !inCache) disk.down ??= 'power';
      if (life === 1 && inCache) disk.down = 'power';
      log.restart('sector');
    }
    await log.finish({ ...SECOND, commits: 2 });
  });
}
