/**
 * Trimming a journal: nothing that anybody needs is removed, and with any fault of any operation of it
 * what is promised is there: from the snapshots the same state, from the backup everything.
 */
import { describe, expect, it } from 'vitest';
import { stateHash } from '../../src/commands/state-hash.js';
import { namingFiles } from '../../src/log/file-system.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { listSegments, segmentName } from '../../src/log/journal/segment.js';
import { readTrimRecord, trimRecordPath } from '../../src/log/journal/trim.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { listSnapshots, snapshotName } from '../../src/log/snapshots/snapshot-file.js';
import { registerReader } from '../../src/operations/retention/reader-register.js';
import {
  planTrim,
  type RetentionOptions,
  trimToPlan,
} from '../../src/operations/retention/retention.js';
import { recoverState } from '../../src/operations/snapshots.js';
import { BACKUP, dropLocks, JOURNAL, STORY, shipOnce } from './backup-story.js';
import { SEED, timeout } from './environment.js';
import { failOne, faultsOf } from './fault-plan.js';
import type { FaultyDisk, OperationKind } from './faulty-disk.js';
import { Random } from './random.js';
import { newState } from './recorded-flow.js';
import { ShardLives } from './shard-lives.js';
import { flow, NOW_MS, optionsOf, prepared, SNAPSHOTS } from './trim-story.js';

const planOf = (disk: FaultyDisk, more: Partial<RetentionOptions> = {}) =>
  planTrim({ ...optionsOf(disk), ...more });

describe('a segment stays', () => {
  it('when the journal ends in it; all others may go when nothing holds them', async () => {
    const { disk } = await prepared();
    const segments = listSegments(disk, JOURNAL);
    const plan = await planOf(disk);
    // The older of two snapshots is of an event before the last segments.
    expect(plan.removable.length).toBeGreaterThan(1);
    expect(plan.removable).toEqual(segments.slice(0, plan.removable.length));
    expect(['HELD_LAST', 'HELD_SNAPSHOT']).toContain(plan.held.code);
    expect(plan.first).toBe(segments[plan.removable.length]);
  });

  it('while a reader on record wants an event of it, and to the event', async () => {
    const { disk } = await prepared();
    const [, second, third] = listSegments(disk, JOURNAL) as [number, number, number];
    const held = { code: 'HELD_READER', reason: `slow reads from event ${third - 1} on` };
    registerReader(disk, JOURNAL, 'slow', third - 1);
    expect(await planOf(disk)).toMatchObject({ first: second, held: { ...held, segment: second } });
    registerReader(disk, JOURNAL, 'slow', third);
    expect((await planOf(disk)).removable).toContain(second);
    registerReader(disk, JOURNAL, 'slower', 0);
    expect(await trimToPlan(optionsOf(disk))).toMatchObject({ removed: [], first: 0 });
    registerReader(disk, JOURNAL, 'slower', undefined);
    expect((await planOf(disk)).removable).toContain(second);
  });

  it('without two good snapshots behind it', async () => {
    for (const spoil of ['removed', 'damaged']) {
      const { disk } = await prepared();
      const [newest] = listSnapshots(disk, SNAPSHOTS) as [number];
      const directory = disk.directory(SNAPSHOTS);
      if (spoil === 'removed') directory.damage((names) => names.delete(snapshotName(newest)));
      else {
        directory.names.get(snapshotName(newest))?.damage((bytes) => {
          bytes[bytes.length - 1]! ^= 1;
          return bytes;
        });
      }
      expect(await planOf(disk)).toMatchObject({ removable: [], held: { code: 'HELD_SNAPSHOT' } });
    }
  });

  it('until its last event is old enough', async () => {
    const { disk } = await prepared();
    const held = { removable: [], held: { code: 'HELD_AGE' } };
    expect(await planOf(disk, { keepMs: NOW_MS })).toMatchObject(held);
    // A clock that was set back makes nothing older.
    expect(await planOf(disk, { now: () => 0 })).toMatchObject(held);
  });

  it('when the backup has not all of it, or a byte of it is another one', async () => {
    const { disk } = await prepared();
    const [first] = [...disk.directory(`${BACKUP}/journal`).names.entries()].sort();
    const [name, file] = first as [string, typeof first extends [string, infer F] ? F : never];
    (file as { damage(change: (bytes: Uint8Array) => Uint8Array): void }).damage((bytes) => {
      bytes[bytes.length - 1]! ^= 1;
      return bytes;
    });
    const damaged = await planOf(disk);
    expect(damaged).toMatchObject({ removable: [], held: { code: 'HELD_BACKUP' } });
    expect(damaged.held.reason).toContain(name);
    disk.directory(`${BACKUP}/journal`).damage((names) => names.delete(name));
    expect(await planOf(disk)).toMatchObject({ removable: [], held: { code: 'HELD_BACKUP' } });
    disk.removeTree(BACKUP);
    expect((await planOf(disk)).removable).toEqual([]);
  });
});

/** What must be true after a trim, however it ended. */
async function check(disk: FaultyDisk, next: number, acknowledged: number): Promise<void> {
  const files = namingFiles(disk);
  for await (const finding of verifyJournal(JOURNAL, { shard: 0, fileSystem: files })) {
    throw new Error(`verify finds ${JSON.stringify(finding)}`);
  }
  const end = FixedDurableEnd.find(files, JOURNAL, 0);
  const { state, anchor } = recoverState(JOURNAL, 0, end, newState, files);
  expect(state.nextSequence).toBe(next);
  expect(stateHash(state)).toBe(flow.hashes[acknowledged]);
  expect(anchor).toBeGreaterThan(0);
  const first = readTrimRecord(files, JOURNAL)?.first ?? 0;
  const [held = 0] = listSegments(files, JOURNAL);
  expect(held).toBeLessThanOrEqual(first);
  const reader = new JournalReader(JOURNAL, {
    from: first,
    end,
    fileSystem: files,
    readBytes: 4096,
  });
  let read = first;
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) read += batch.count;
  reader.close();
  expect(read).toBe(next);
  const restore = STORY.find(({ name }) => name === 'restore');
  await restore?.run(disk, { acknowledged, shipped: next, nowMs: NOW_MS }, flow);
}

const isTrimRecordNamed = (error: unknown) =>
  String(error).includes(`${trimRecordPath(JOURNAL)} at byte 0, sequence 0: is not the record`);

describe('a trim', () => {
  it('removes what was planned, and readers are told what is held', async () => {
    const { disk, next, acknowledged } = await prepared();
    const { removable, first, removed } = await trimToPlan(optionsOf(disk));
    expect(removed).toEqual(removable);
    expect(listSegments(disk, JOURNAL)[0]).toBe(first);
    const end = FixedDurableEnd.find(disk, JOURNAL, 0);
    const early = new JournalReader(JOURNAL, { from: first - 1, end, fileSystem: disk });
    const gone = { code: 'JOURNAL_SEQUENCE_GONE', message: expect.stringContaining(`is ${first}`) };
    expect(() => early.read()).toThrow(expect.objectContaining(gone));
    early.close();
    await check(disk, next, acknowledged);
    // The shard trades on, and the backup goes on from where it was.
    const lives = new ShardLives(disk, new Random(5), flow, JOURNAL);
    lives.acknowledged = acknowledged;
    lives.live({
      ...{ catalogue: 1, segmentBytesMax: 4000, commits: 2, snapshotEvery: 0, abandoned: false },
    });
    const later = flow.sequences[lives.acknowledged] as number;
    expect(await shipOnce(disk, JOURNAL, BACKUP, NOW_MS)).toBe(later);
    expect(disk.openFiles).toEqual([]);
  });

  it(
    `with any fault of any operation keeps what is promised, seed ${SEED}`,
    async () => {
      const { disk: clean, next, acknowledged } = await prepared();
      const kinds: { kind: OperationKind; path: string }[] = [];
      const dry = clean.copy(new Random(1));
      dry.watch((operation) => {
        kinds.push(operation);
        return undefined;
      });
      await trimToPlan(optionsOf(dry));
      expect(kinds.some(({ kind }) => kind === 'unlink')).toBe(true);
      for (const [at, { kind, path }] of kinds.entries()) {
        const faults = faultsOf(kind);
        for (const [index, fault] of faults.entries()) {
          // Reads take turns; whatever changes something meets every fault.
          const reads = kind === 'pread' || kind === 'open' || kind === 'size' || kind === 'close';
          if (reads && at % faults.length !== index) continue;
          const disk = clean.copy(new Random(SEED + at));
          failOne(disk, at, () => fault);
          const attempt = async () => trimToPlan(optionsOf(disk));
          const told = await attempt().then(
            () => 'done',
            (error: { code?: string }) => error.code ?? String(error),
          );
          disk.restart('sector');
          dropLocks(disk);
          disk.watch(() => undefined);
          const where = `${JSON.stringify(fault)} of ${at}: ${kind} ${path}, then ${told}`;
          const named = await check(disk, next, acknowledged).then(
            () => false,
            (error: unknown) => {
              // A disk that lied about its sync may tear the record of the trim: then it is named.
              if (fault.kind === 'lost-sync' && isTrimRecordNamed(error)) return true;
              throw new Error(`${where}: ${String(error)}`, { cause: error });
            },
          );
          if (named) continue;
          disk.removeTree('/restored');
          await trimToPlan(optionsOf(disk));
          expect(listSegments(disk, JOURNAL)[0], where).toBeGreaterThan(0);
        }
      }
    },
    timeout(1000),
  );

  it('does not begin where no segment does', async () => {
    const { disk } = await prepared();
    const [, second] = listSegments(disk, JOURNAL) as [number, number];
    disk.directory(JOURNAL).damage((names) => names.delete(segmentName(second)));
    await expect(planOf(disk)).resolves.toMatchObject({ removable: [] });
  });
});
