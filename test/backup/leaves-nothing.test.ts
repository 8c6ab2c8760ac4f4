/** What fails, or is through, leaves nothing behind that was not there before. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_CAPACITY } from '../../src/commands/state/capacity.js';
import { drill } from '../../src/operations/backup/drill.js';
import { restoreBackup } from '../../src/operations/backup/restore.js';
import { SampleJournal } from './sample-journal.js';

let journal: SampleJournal;
beforeEach(() => {
  journal = new SampleJournal();
});
afterEach(() => journal.close());

const at = [
  ['a sequence within the first commit', { sequence: 8 }],
  ['a time before the first event', { time: -1n }],
  ['a time within the first commit', { time: 8n }],
] as const;

it.each(at)('a restore as of %s makes no directory', async (_, moment) => {
  journal.append(3);
  await journal.ship();
  const target = join(journal.root, 'new', 'target');
  const restore = (to: typeof moment | { sequence: number }) =>
    restoreBackup({ store: journal.store, target, at: to });
  await expect(restore(moment)).rejects.toMatchObject({ code: 'RESTORE_POINT_OUTSIDE' });
  expect(existsSync(join(journal.root, 'new'))).toBe(false);
  expect(await restore({ sequence: 9 })).toMatchObject({ next: 10 });
});

it('a drill removes the directories that it made for its scratch, and no others', async () => {
  const run = (scratch: string, onStep?: () => void) =>
    drill({
      ...{ store: journal.store, capacity: DEFAULT_CAPACITY, readModels: false, scratch },
      ...(onStep === undefined ? {} : { onStep }),
    });
  const empty = { code: 'BACKUP_EMPTY' };
  const there = join(journal.root, 'there');
  mkdirSync(there);
  await expect(run(join(there, 'a', 'b'))).rejects.toMatchObject(empty);
  expect(readdirSync(there)).toEqual([]);
  const file = join(there, 'a', 'of somebody else');
  const meanwhile = () => writeFileSync(file, '');
  await expect(run(join(there, 'a', 'b'), meanwhile)).rejects.toMatchObject(empty);
  expect(readdirSync(join(there, 'a'))).toEqual(['of somebody else']);
});
