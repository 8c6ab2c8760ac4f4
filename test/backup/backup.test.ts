import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { listSegments, segmentName } from '../../src/log/journal/segment.js';
import type { BackupStore } from '../../src/operations/backup/backup-store.js';
import { BackupError } from '../../src/operations/backup/errors.js';
import { MANIFESTS_KEPT, RETIRED_KEPT_MS } from '../../src/operations/backup/limits.js';
import { restoreBackup } from '../../src/operations/backup/restore.js';
import { SampleJournal } from './sample-journal.js';
import { snapshotFile } from './sample-snapshot.js';

let journal: SampleJournal;
beforeEach(() => {
  journal = new SampleJournal();
});
afterEach(() => journal.close());

const key = new Uint8Array(32).fill(7);
let restores = 0;
const newTarget = () => {
  restores += 1;
  return join(journal.root, `restored-${restores}`);
};
const restore = (more = {}) =>
  restoreBackup({ store: journal.store, target: newTarget(), ...more });

/** The bytes of each segment up to the zeros that are written ahead. */
function segments(directory: string, offset = Infinity): Buffer[] {
  return listSegments(nodeFileSystem, directory).map((first, index, all) => {
    const bytes = readFileSync(join(directory, segmentName(first)));
    return index === all.length - 1 ? bytes.subarray(0, offset) : bytes;
  });
}

/** Does so many operations, and fails from then on, each half done or not at all. */
class BreakingStore implements BackupStore {
  readonly description = 'a store that breaks';
  readonly #inner: BackupStore;
  #left: number;

  constructor(inner: BackupStore, operations: number) {
    this.#inner = inner;
    this.#left = operations;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#operation(() => this.#inner.put(name, bytes), this.#left % 2 === 0);
  }

  create = (name: string, bytes: Uint8Array) =>
    this.#operation(() => this.#inner.create(name, bytes), false);
  get = (name: string) => this.#operation(() => this.#inner.get(name), false);
  list = (folder: string) => this.#operation(() => this.#inner.list(folder), false);
  remove = (name: string) => this.#operation(() => this.#inner.remove(name), false);
  close(): void {}

  /** @param done whether the one that fails is done all the same: only its answer is lost */
  async #operation<T>(operation: () => Promise<T>, done: boolean): Promise<T> {
    this.#left -= 1;
    if (this.#left >= 0) return operation();
    if (done) await operation();
    throw new BackupError('BACKUP_STORE_FAILED', 'it breaks here');
  }
}

describe('shipping', () => {
  it('brings back every byte, the open segment up to its last durable commit', async () => {
    journal.append(200);
    const shipped = await journal.ship();
    expect(shipped).toMatchObject({ next: 2000, behind: 0, passedOver: [] });
    expect(listSegments(nodeFileSystem, journal.directory).length).toBeGreaterThan(3);
    const restored = await restore();
    expect(restored).toMatchObject({ next: 2000, shard: 0, generation: 1, durableThen: 2000 });
    const { offset } = journal.durable();
    const expected = segments(journal.directory, offset);
    expect(segments(restored.journal).map((each, at) => each.equals(expected[at]!))).toEqual(
      expected.map(() => true),
    );
    expect(readdirSync(join(restored.journal, '..', '..'))).toEqual(['journal']);
  });

  it('sends only what is new, and few small objects for the open end', async () => {
    const backup = await journal.backup();
    const each: number[] = [];
    for (let round = 0; round < 100; round += 1) {
      journal.append(1);
      each.push((await backup.ship()).rawBytes);
      expect((await backup.ship()).rawBytes).toBe(0);
    }
    const { journal: pieces } = backup.manifest;
    const all = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    // Binary merging: a byte is sent once per doubling of its piece.
    expect(each.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(all * 12);
    for (const first of new Set(pieces.map(({ segment }) => segment))) {
      const ofSegment = pieces.filter(({ segment }) => segment === first);
      expect(ofSegment.length).toBeLessThan(first === pieces.at(-1)?.segment ? 12 : 2);
    }
    expect((await restore()).next).toBe(1000);
  });

  it('goes on from its manifest after a new start, whatever was under way', async () => {
    journal.append(50);
    await journal.ship();
    journal.append(50);
    await journal.store.put('journal/0000000000000000-0000000000-deadbeef', new Uint8Array(9));
    const shipped = await journal.ship();
    expect(shipped.next).toBe(1000);
    const names = await journal.store.list('journal');
    expect(names.filter((name) => name.endsWith('deadbeef'))).toEqual([]);
    expect((await restore()).next).toBe(1000);
  });

  it('may break off at any operation of the store: what was there stays, the next goes on', async () => {
    journal.append(40);
    await journal.ship();
    for (let most = 0, broke = true; broke; most += 1) {
      journal.append(25);
      const before = (await restore()).next;
      broke = await journal.ship({ store: new BreakingStore(journal.store, most) }).then(
        () => false,
        (error: { code: string }) => {
          expect(error.code).toBe('BACKUP_STORE_FAILED');
          return true;
        },
      );
      expect((await restore()).next).toBeGreaterThanOrEqual(before);
      expect(await journal.ship()).toMatchObject({ next: journal.next, behind: 0 });
      const named = new Set((await journal.backup()).manifest.journal.map(({ object }) => object));
      const stored = await journal.store.list('journal');
      const retired = (await journal.backup()).manifest.retired.map(({ object }) => object);
      expect(stored.filter((name) => !named.has(name) && !retired.includes(name))).toEqual([]);
      expect(most).toBeLessThan(60);
    }
  });

  it('keeps what a reader of an older manifest needs for its time, and no longer', async () => {
    const backup = await journal.backup();
    journal.append(3);
    await backup.ship();
    const first = backup.manifest.journal.map(({ object }) => object);
    journal.append(3);
    await backup.ship();
    expect(backup.manifest.journal.map(({ object }) => object)).not.toEqual(first);
    journal.time += RETIRED_KEPT_MS;
    journal.append(30);
    await backup.ship();
    expect(await journal.store.list('journal')).toEqual(expect.arrayContaining(first));
    journal.time += 1;
    journal.append(30);
    await backup.ship();
    const left = await journal.store.list('journal');
    expect(first.filter((object) => left.includes(object))).toEqual([]);
    expect((await journal.store.list('manifest')).length).toBe(MANIFESTS_KEPT);
  });

  it('refuses to ship beside another process, which loses nothing', async () => {
    journal.append(5);
    const one = await journal.backup();
    const two = await journal.backup();
    await one.ship();
    journal.append(5);
    await expect(two.ship()).rejects.toMatchObject({ code: 'BACKUP_CONFLICT' });
    await one.ship();
    expect((await restore()).next).toBe(100);
  });

  it('does not go on over a place that has lost what was there', async () => {
    journal.append(5);
    const backup = await journal.backup();
    await backup.ship();
    journal.append(5);
    rmSync(journal.storeDirectory, { recursive: true });
    await expect(backup.ship()).rejects.toMatchObject({ code: 'BACKUP_CONFLICT' });
    // Begun anew it ships everything.
    expect(await journal.ship()).toMatchObject({ next: 100 });
    expect((await restore()).next).toBe(100);
  });

  it('refuses to put another history behind what is there', async () => {
    journal.append(5);
    await journal.ship();
    const other = new SampleJournal();
    try {
      other.append(2);
      const shorter = other.ship({ store: journal.store });
      await expect(shorter).rejects.toMatchObject({ code: 'BACKUP_OTHER_JOURNAL' });
      other.append(9, 7);
      const longer = other.ship({ store: journal.store });
      await expect(longer).rejects.toMatchObject({ code: expect.stringMatching(/OTHER|DAMAGED/) });
    } finally {
      other.close();
    }
  });

  it('ships nothing damaged: the file, the byte and the sequence are named', async () => {
    journal.append(200);
    const path = join(journal.directory, segmentName(0));
    const bytes = readFileSync(path);
    bytes[30_000]! ^= 4;
    writeFileSync(path, bytes);
    await expect(journal.ship()).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      place: { file: path },
    });
    unlinkSync(path);
    await expect(journal.ship()).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  });

  it('any course of writing, shipping, starting anew and restoring gives what was durable', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), commits: fc.integer({ min: 1, max: 40 }) }),
      fc.constant({ kind: 'ship' as const }),
      fc.constant({ kind: 'restart' as const }),
      fc.constant({ kind: 'reopen' as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const own = new SampleJournal(48 * 1024);
        try {
          let backup = await own.backup();
          for (const each of steps) {
            if (each.kind === 'append') own.append(each.commits, 1 + (own.next % 9));
            else if (each.kind === 'ship') await backup.ship();
            else if (each.kind === 'reopen') own.reopen();
            else backup = await own.backup();
          }
          own.append(1);
          expect(await backup.ship()).toMatchObject({ next: own.next, behind: 0 });
          const target = join(own.root, 'restored');
          const restored = await restoreBackup({ store: own.store, target });
          expect(restored.next).toBe(own.next);
          const expected = segments(own.directory, own.durable().offset);
          expect(Buffer.concat(segments(restored.journal)).equals(Buffer.concat(expected))).toBe(
            true,
          );
        } finally {
          own.close();
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});

describe('restoring', () => {
  it('stops behind the last whole commit at or before a sequence, at every sequence', async () => {
    journal.append(30, 4);
    const backup = await journal.backup();
    await backup.ship();
    journal.append(1, 4);
    await backup.ship();
    for (const sequence of [3, 4, 6, 7, 8, 119, 120, 123]) {
      const { next, time } = await restore({ at: { sequence } });
      expect(next).toBe(Math.floor((sequence + 1) / 4) * 4);
      // A sample record's time is its sequence + 1.
      expect(time).toBe(BigInt(next));
    }
    const outside = { code: 'RESTORE_POINT_OUTSIDE' };
    await expect(restore({ at: { sequence: 2 } })).rejects.toMatchObject(outside);
    await expect(restore({ at: { sequence: 124 } })).rejects.toMatchObject(outside);
  });

  it('stops behind the last whole commit at or before a time', async () => {
    journal.append(200, 4);
    await journal.ship();
    for (const [time, next] of [
      [4n, 4],
      [7n, 4],
      [8n, 8],
      [799n, 796],
      [800n, 800],
      [10_000n, 800],
    ] as const) {
      expect((await restore({ at: { time } })).next).toBe(next);
    }
    const outside = { code: 'RESTORE_POINT_OUTSIDE' };
    await expect(restore({ at: { time: 3n } })).rejects.toMatchObject(outside);
  });

  it('refuses a directory that holds anything', async () => {
    journal.append(1);
    await journal.ship();
    const target = newTarget();
    mkdirSync(target);
    writeFileSync(join(target, 'notes'), 'mine');
    const refused = { code: 'RESTORE_TARGET_NOT_EMPTY' };
    await expect(restore({ target })).rejects.toMatchObject(refused);
    expect(readdirSync(target)).toEqual(['notes']);
    unlinkSync(join(target, 'notes'));
    await restore({ target });
    await expect(restore({ target })).rejects.toMatchObject(refused);
  });

  it('begins anew where an earlier one was killed, before or after its rename', async () => {
    journal.append(100);
    await journal.ship();
    const target = newTarget();
    mkdirSync(join(target, 'journal.restoring', 'shard-0'), { recursive: true });
    writeFileSync(join(target, 'restoring'), 'backup\n');
    writeFileSync(join(target, 'journal.restoring', 'shard-0', segmentName(0)), 'half');
    expect((await restore({ target })).next).toBe(1000);
    // As if it had been killed between the rename and its last word.
    writeFileSync(join(target, 'restoring'), 'backup\n');
    expect((await restore({ target })).next).toBe(1000);
    expect(readdirSync(target)).toEqual(['journal']);
    // The marker of a restore from EventStoreDB is not its own.
    writeFileSync(join(target, 'restoring'), '');
    const refused = { code: 'RESTORE_TARGET_NOT_EMPTY' };
    await expect(restore({ target })).rejects.toMatchObject(refused);
  });

  it('brings back who may do what, as it was last; the keys of persons are in no backup', async () => {
    journal.append(5);
    const dataDirectory = join(journal.root, 'data');
    const put = (folder: string, name: string, text: string) => {
      mkdirSync(join(dataDirectory, folder), { recursive: true });
      writeFileSync(join(dataDirectory, folder, name), text);
    };
    put('identity', 'access.jsonl', 'one\n');
    put('identity', 'refused.jsonl', 'noise\n');
    put('keys', 'a-person', 'secret');
    const backup = await journal.backup({ dataDirectory });
    await backup.ship();
    expect((await backup.ship()).rawBytes).toBe(0);
    put('identity', 'access.jsonl', 'one\ntwo\n');
    expect((await backup.ship()).rawBytes).toBe(8);
    const target = newTarget();
    await restore({ target });
    expect(readdirSync(target).sort()).toEqual(['identity', 'journal']);
    expect(readdirSync(join(target, 'identity'))).toEqual(['access.jsonl']);
    expect(readFileSync(join(target, 'identity', 'access.jsonl'), 'utf8')).toBe('one\ntwo\n');
    const pieces = backup.manifest.files.flatMap((file) => file.pieces);
    expect(await journal.store.list('files')).toHaveLength(2);
    expect(pieces).toHaveLength(1);
  });

  it('says that there is no backup', async () => {
    await expect(restore()).rejects.toMatchObject({ code: 'BACKUP_EMPTY' });
  });
});

describe('with a key', () => {
  it('comes back with that key only, and never holds the text in the clear', async () => {
    journal.append(60);
    await journal.ship({ key });
    expect((await restore({ key })).next).toBe(600);
    const wrong = { code: 'BACKUP_KEY_WRONG' };
    await expect(restore()).rejects.toMatchObject(wrong);
    await expect(restore({ key: key.map((byte) => byte + 1) })).rejects.toMatchObject(wrong);
    await expect(journal.ship()).rejects.toMatchObject(wrong);
    await expect(restore({ key })).resolves.toBeDefined();
  });

  it('uses a fresh nonce for each object', async () => {
    journal.append(100);
    const backup = await journal.backup({ key });
    await backup.ship();
    const names = [
      ...(await journal.store.list('journal')),
      ...(await journal.store.list('manifest')),
    ];
    const nonces = names.map((name) =>
      readFileSync(join(journal.storeDirectory, name)).toString('hex', 48, 60),
    );
    expect(names.length).toBeGreaterThan(3);
    expect(new Set(nonces).size).toBe(names.length);
  });

  it('does not take one object for another, nor one in the clear', async () => {
    journal.append(200);
    const backup = await journal.backup({ key });
    await backup.ship();
    const [one, two] = backup.manifest.journal.map(({ object }) =>
      join(journal.storeDirectory, object),
    );
    renameSync(one!, `${one}.aside`);
    writeFileSync(one!, readFileSync(two!));
    const refused = { code: expect.stringMatching(/^BACKUP_(KEY_WRONG|OBJECT_DAMAGED)$/) };
    await expect(restore({ key })).rejects.toMatchObject(refused);
    rmSync(one!);
    await expect(restore({ key })).rejects.toMatchObject({ code: 'BACKUP_OBJECT_MISSING' });
    renameSync(`${one}.aside`, one!);
    await expect(restore({ key })).resolves.toMatchObject({ next: 2000 });
    const plain = new SampleJournal();
    try {
      plain.append(1);
      await plain.ship();
      await expect(restore({ store: plain.store, key })).rejects.toMatchObject({
        code: 'BACKUP_KEY_WRONG',
      });
    } finally {
      plain.close();
    }
  });
});

describe('one byte changed', () => {
  it.each([undefined, key])(
    'anywhere in any object is found: a snapshot is left out, else nothing is installed',
    async (k) => {
      journal.append(12);
      const snapshots = `${journal.directory}.snapshots`;
      mkdirSync(snapshots);
      snapshotFile(snapshots, 60);
      const backup = await journal.backup({ key: k });
      expect(await backup.ship()).toMatchObject({ passedOver: [] });
      expect(backup.manifest.files).toMatchObject([{ kind: 'snapshot', sequence: 60 }]);
      expect(await restore({ key: k })).toMatchObject({ snapshots: [60] });
      for (const { object } of [
        ...backup.manifest.journal,
        ...backup.manifest.files.flatMap(({ pieces }) => pieces),
        { object: 'manifest/0000000000000001' },
      ]) {
        const path = join(journal.storeDirectory, object);
        const bytes = readFileSync(path);
        const places = [0, 7, 8, 9, 10, 12, 16, 47, 48, 59, 60, bytes.length - 1];
        for (const at of [...places, Math.floor(bytes.length / 2)]) {
          const changed = Buffer.from(bytes);
          changed[at]! ^= 1 << (at % 8);
          writeFileSync(path, changed);
          const target = newTarget();
          const restoring = restore({ target, key: k });
          const place = `byte ${at} of ${object}`;
          if (object.startsWith('files/')) {
            // The journal gives its state, too: a restore at night must not fail for it.
            const without = {
              next: 120,
              snapshots: [],
              passedOver: [expect.stringContaining(object)],
            };
            await expect(restoring, place).resolves.toMatchObject(without);
            expect(readdirSync(join(target, 'journal', 'shard-0.snapshots'))).toEqual([]);
          } else {
            const named = { code: expect.stringMatching(/^BACKUP_/), object };
            await expect(restoring, place).rejects.toMatchObject(named);
            expect(existsSync(join(target, 'journal'))).toBe(false);
          }
        }
        writeFileSync(path, bytes.subarray(0, bytes.length - 1));
        const cut = restore({ key: k });
        if (object.startsWith('files/'))
          await expect(cut).resolves.toMatchObject({ snapshots: [] });
        else await expect(cut).rejects.toMatchObject({ object });
        writeFileSync(path, bytes);
      }
      await expect(restore({ key: k })).resolves.toMatchObject({ next: 120 });
    },
  );

  it('in a snapshot of the box: it is left out and named, an older one goes', async () => {
    journal.append(12);
    const snapshots = `${journal.directory}.snapshots`;
    mkdirSync(snapshots);
    snapshotFile(snapshots, 50);
    const path = snapshotFile(snapshots, 60);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    const backup = await journal.backup();
    expect((await backup.ship()).passedOver).toEqual([path]);
    expect(backup.manifest.files).toMatchObject([{ sequence: 50 }]);
  });
});
