import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { DirectoryStore } from '../../src/operations/backup/directory-store.js';
import { storeConformance } from './store-conformance.js';

const roots: string[] = [];
const root = () => {
  const made = mkdtempSync(join(tmpdir(), 'daybook-store-'));
  roots.push(made);
  return made;
};
afterEach(() => {
  for (const each of roots.splice(0)) rmSync(each, { recursive: true, force: true });
});

storeConformance(async () => {
  const directory = join(root(), 'not', 'there', 'yet');
  return [new DirectoryStore(directory), new DirectoryStore(directory)];
});

it('says that it failed, with the reason of the operating system', async () => {
  const directory = root();
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'journal'), 'a file where a folder should be');
  const store = new DirectoryStore(directory);
  const failed = { code: 'BACKUP_STORE_FAILED', object: 'journal/a' };
  await expect(store.put('journal/a', new Uint8Array(1))).rejects.toMatchObject(failed);
});
