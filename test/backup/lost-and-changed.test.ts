/** What other people and programs may do to a backup, or to what is being shipped. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Moment } from '../../src/operations/backup/commit-run.js';
import { restoreBackup } from '../../src/operations/backup/restore.js';
import { SampleJournal } from './sample-journal.js';

let journal: SampleJournal;
let restores = 0;
beforeEach(() => {
  journal = new SampleJournal();
});
afterEach(() => journal.close());

function restore({ at }: { at?: Moment } = {}) {
  restores += 1;
  return restoreBackup({ store: journal.store, target: join(journal.root, `r${restores}`), at });
}

describe('a backup', () => {
  it('newest manifest lost: it is not taken for an older backup, whose moments are given back', async () => {
    for (let generation = 1; generation <= 4; generation += 1) {
      journal.append(1);
      journal.time += 1000;
      await journal.ship();
    }
    rmSync(join(journal.storeDirectory, 'manifest', '0000000000000004'));
    await expect(restore()).rejects.toMatchObject({
      code: 'BACKUP_OBJECT_MISSING',
      message: expect.stringContaining('manifest/0000000000000004'),
    });
    await expect(restore({ at: { sequence: 30 } })).rejects.toMatchObject({
      code: 'RESTORE_POINT_OUTSIDE',
    });
    await expect(restore({ at: { sequence: 29 } })).resolves.toMatchObject({ next: 30 });
    // The journal is there: the next shipment makes the backup whole.
    expect(await journal.ship()).toMatchObject({ next: 40 });
    await expect(restore()).resolves.toMatchObject({ next: 40 });
  });

  it('of a file while it is shipped: it is not in the backup, and told', async () => {
    journal.append(2);
    const dump = join(journal.root, 'dump');
    writeFileSync(dump, 'one');
    const backup = await journal.backup({
      now: () => {
        writeFileSync(dump, 'two');
        return journal.time;
      },
    });
    await backup.ship();
    writeFileSync(dump, 'one');
    await expect(backup.shipFile('dump', 'dump-1', dump, 1)).rejects.toMatchObject({
      code: 'BACKUP_FILE_CHANGED',
      message: expect.stringContaining(dump),
    });
    expect(backup.manifest.files).toEqual([]);
  });
});
