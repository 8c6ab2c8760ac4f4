/**
 * One story of backups, in steps that each can be told again from the disk that the step before left:
 * shipments of a shard that goes on trading, the clock going on or back, restores, a drill, and a
 * start from what was restored.
 */
import { stateHash } from '../../src/commands/state-hash.js';
import { namingFiles } from '../../src/log/file-system.js';
import { LOCK_NAME } from '../../src/log/journal/directory-lock.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { findJournalEnd } from '../../src/log/journal/recovery.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { Backup } from '../../src/operations/backup/backup.js';
import { DirectoryStore } from '../../src/operations/backup/directory-store.js';
import { drillIn } from '../../src/operations/backup/drill.js';
import { durablePosition } from '../../src/operations/backup/durable-position.js';
import { restoreBackup } from '../../src/operations/backup/restore.js';
import { recoverState } from '../../src/operations/snapshots.js';
import type { FaultyDisk } from './faulty-disk.js';
import { Random } from './random.js';
import { CAPACITY, newState, type RecordedFlow } from './recorded-flow.js';
import { type LifeOptions, ShardLives, Violation } from './shard-lives.js';

export const JOURNAL = '/data/journal/shard-0';
export const BACKUP = '/backup';
/** Another shard with a backup of its own, so that its files can be mistaken for ours. */
export const FOREIGN = '/foreign/journal/shard-1';
export const FOREIGN_BACKUP = '/foreign-backup';
export const RESTORED = '/restored';
const SCRATCH = '/scratch';
const BEGIN_MS = 1_790_000_000_000;
const HOUR_MS = 3_600_000;

const LIFE: LifeOptions = {
  ...{ catalogue: 1, segmentBytesMax: 4000, commits: 4, snapshotEvery: 2, abandoned: false },
};

/** How far a step had come when it began. */
export interface Standing {
  /** Batches of the flow that are acknowledged in the journal. */
  readonly acknowledged: number;
  /** Events that the backup says it has. */
  readonly shipped: number;
  readonly nowMs: number;
}

export interface Step {
  readonly name: string;
  /** What it does; a second time it does what the first has left to do. */
  readonly run: (disk: FaultyDisk, standing: Standing, flow: RecordedFlow) => Promise<void>;
  /** Events that are in the backup when it is through. */
  readonly ships: boolean;
}

const ship: Step['run'] = async (disk, { acknowledged, nowMs }, flow) => {
  const next = await shipOnce(disk, JOURNAL, BACKUP, nowMs);
  const there = flow.sequences[acknowledged] as number;
  if (next !== there) throw new Violation(`shipped ${next} of ${there} events`);
};

/** @returns the events that are in the backup now */
export async function shipOnce(disk: FaultyDisk, journal: string, to: string, nowMs: number) {
  const files = namingFiles(disk);
  const shard = Number(journal.at(-1));
  // Each look at the clock finds it a minute earlier: nothing may depend on which came first.
  let at = nowMs;
  const backup = await Backup.open({
    ...{ journal, shard, fileSystem: files, store: new DirectoryStore(to, files) },
    durable: () => durablePosition(files, journal, shard),
    now: () => {
      at -= 60_000;
      return at;
    },
  });
  return (await backup.ship()).next;
}

/** Restores and checks what came of it; what an earlier try has left done is checked alike. */
const restoreTo =
  (at?: number): Step['run'] =>
  async (disk, { shipped }, flow) => {
    const files = namingFiles(disk);
    const moment = at === undefined ? undefined : { sequence: Math.floor(shipped * at) };
    let next: number;
    let passedOver: readonly string[] = [];
    try {
      const store = new DirectoryStore(BACKUP, files);
      ({ next, passedOver } = await restoreBackup({
        ...{ store, target: RESTORED, at: moment, fileSystem: files },
      }));
    } catch (error) {
      const found = installed(disk, error);
      if (found === undefined) throw error;
      next = found;
    }
    // Whoever was told that it is there finds it there after the power has failed.
    disk.watch(() => undefined);
    disk.down = 'power';
    disk.restart('sector');
    if (moment === undefined && next !== shipped) {
      throw new Violation(`restored ${next} of ${shipped} events`);
    }
    if (moment !== undefined && next > moment.sequence + 1) {
      throw new Violation(`restored to ${next}, beyond ${moment.sequence}`);
    }
    await checkRestored(disk, next, flow);
    if (passedOver.length > 0) throw coded('SNAPSHOT_PASSED_OVER', passedOver.join('; '));
  };

const coded = (code: string, text: string): Error => Object.assign(new Error(text), { code });

/** How much a restore has installed that was killed after its last effect, and refuses now. */
function installed(disk: FaultyDisk, error: unknown): number | undefined {
  if ((error as { code?: string }).code !== 'RESTORE_TARGET_NOT_EMPTY') return undefined;
  if (disk.directory(RESTORED).names.has('restoring')) return undefined;
  const end = findJournalEnd(namingFiles(disk), `${RESTORED}/journal/shard-0`, 0);
  return end?.position.nextSequence ?? 0;
}

async function checkRestored(disk: FaultyDisk, next: number, flow: RecordedFlow): Promise<void> {
  const files = namingFiles(disk);
  const journal = `${RESTORED}/journal/shard-0`;
  for await (const finding of verifyJournal(journal, { shard: 0, fileSystem: files })) {
    throw coded(finding.code, `${finding.file}: ${finding.reason}`);
  }
  const end = FixedDurableEnd.find(files, journal, 0);
  const { state } = recoverState(journal, 0, end, newState, files);
  const expected = flow.hashes[flow.sequences.indexOf(next)];
  if (state.nextSequence !== next || stateHash(state) !== expected) {
    throw new Violation(`restored to a wrong state at ${state.nextSequence}, said ${next}`);
  }
}

const runDrill: Step['run'] = async (disk, { shipped, nowMs }, flow) => {
  disk.removeTree(SCRATCH);
  const files = namingFiles(disk);
  const report = await drillIn(
    {
      ...{ store: new DirectoryStore(BACKUP, files), fileSystem: files, capacity: CAPACITY },
      ...{ readModels: false, now: () => nowMs },
    },
    SCRATCH,
  );
  if (!report.ok) {
    const text = report.findings.map(({ file, reason }) => `${file}: ${reason}`).join('; ');
    throw coded('DRILL_FOUND', text);
  }
  const right = flow.hashes[flow.sequences.indexOf(shipped)];
  if (report.events !== shipped || report.stateHash !== right) {
    throw new Violation(`the drill is content with ${report.events} of ${shipped} events`);
  }
};

/** A shard that begins with what was restored trades on. */
const start: Step['run'] = async (disk, { shipped }, flow) => {
  const lives = new ShardLives(disk, new Random(1), flow, `${RESTORED}/journal/shard-0`);
  const found = findJournalEnd(namingFiles(disk), lives.directory, 0);
  const next = found?.position.nextSequence ?? 0;
  if (next < shipped) throw new Violation(`${next} of ${shipped} events are there`);
  lives.acknowledged = flow.sequences.indexOf(next);
  lives.live({ ...LIFE, commits: 1, snapshotEvery: 1 });
};

/** What the steps come after, and how much later by the clock. */
export const STORY: readonly (Step & { readonly trades: number; readonly laterMs: number })[] = [
  { name: 'first shipment', run: ship, ships: true, trades: 1, laterMs: 0 },
  { name: 'shipment', run: ship, ships: true, trades: 1, laterMs: 2 * HOUR_MS },
  { name: 'shipment, the clock back', run: ship, ships: true, trades: 1, laterMs: -24 * HOUR_MS },
  { name: 'shipment, cleaning up', run: ship, ships: true, trades: 1, laterMs: 48 * HOUR_MS },
  { name: 'restore', run: restoreTo(), ships: false, trades: 0, laterMs: 0 },
  { name: 'restore to a moment', run: restoreTo(0.6), ships: false, trades: 0, laterMs: 0 },
  { name: 'drill', run: runDrill, ships: false, trades: 0, laterMs: 0 },
  { name: 'start', run: start, ships: false, trades: 0, laterMs: 0 },
];

export interface Chapter {
  readonly step: Step;
  readonly before: Standing;
  /** As it is when the step begins; copied for each round. */
  readonly disk: FaultyDisk;
}

/** Tells the story once without faults. @param empty a disk without anything */
export async function tellStory(
  empty: FaultyDisk,
  flow: RecordedFlow,
  foreign: RecordedFlow,
): Promise<Chapter[]> {
  const disk = empty;
  const lives = new ShardLives(disk, new Random(3), flow, JOURNAL);
  const others = new ShardLives(disk, new Random(3), foreign, FOREIGN);
  const chapters: Chapter[] = [];
  let nowMs = BEGIN_MS;
  let shipped = 0;
  for (const { trades, laterMs, ...step } of STORY) {
    for (let life = 0; life < trades; life += 1) {
      lives.live(LIFE);
      others.live(LIFE);
      await shipOnce(disk, FOREIGN, FOREIGN_BACKUP, nowMs);
    }
    nowMs += laterMs;
    if (step.run !== start) disk.removeTree(RESTORED);
    else await restoreTo()(disk, { acknowledged: lives.acknowledged, shipped, nowMs }, flow);
    const before = { acknowledged: lives.acknowledged, shipped, nowMs };
    chapters.push({ step, before, disk: disk.copy(new Random(1)) });
    await step.run(disk, before, flow);
    if (step.ships) shipped = flow.sequences[lives.acknowledged] as number;
  }
  return chapters;
}

/** What a process that is dead now held: here it is this one, which goes on living. */
export function dropLocks(disk: FaultyDisk): void {
  for (const path of [JOURNAL, BACKUP, `${RESTORED}/journal/shard-0`]) {
    if (!disk.has(path)) continue;
    disk.directory(path).damage((names) => names.delete(LOCK_NAME));
  }
}
