import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { restoreBackup } from '../../src/operations/backup/restore.js';
import { S3Store } from '../../src/operations/backup/s3-store.js';
import { S3_KEY, type S3Server, startS3Server } from './s3-server.js';
import { SampleJournal } from './sample-journal.js';
import { storeConformance } from './store-conformance.js';

let server: S3Server;
const stores: S3Store[] = [];
let places = 0;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', S3_KEY.id);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', S3_KEY.secret);
  places += 1;
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const store of stores.splice(0)) store.close();
  expect(server.refused.splice(0)).toEqual([]);
});

function open(bucket = server.bucket): S3Store {
  const store = new S3Store({
    ...{ bucket, prefix: `place-${places}/shard 0`, endpoint: server.url },
    ...{ region: 'eu-central-1', pageNames: 10 },
  });
  stores.push(store);
  return store;
}

storeConformance(async () => [open(), open()]);

it('tries again when the store asks to slow down', async () => {
  const store = open();
  await store.put('journal/a', new Uint8Array([1, 2, 3]));
  server.slowDowns = 3;
  expect(await store.get('journal/a')).toEqual(new Uint8Array([1, 2, 3]));
  expect(server.refused.splice(0)).toHaveLength(3);
});

it('knows its own object when the answer was lost', async () => {
  const store = open();
  server.lostAnswers = 1;
  expect(await store.create('manifest/1', new Uint8Array([1, 2, 3]))).toBe(true);
  expect(server.lostAnswers).toBe(0);
  expect(await open().create('manifest/1', new Uint8Array([1, 2, 4]))).toBe(false);
});

it('says why it failed: a bucket that is not there, a key that is refused', async () => {
  const failed = { code: 'BACKUP_STORE_FAILED' };
  await expect(open('other').put('journal/a', new Uint8Array(1))).rejects.toMatchObject(failed);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another');
  await expect(open().get('journal/a')).rejects.toMatchObject(failed);
  expect(server.refused.splice(0)).toMatchObject([expect.stringContaining('403')]);
});

it('a journal goes there, sealed, and comes back', async () => {
  const journal = new SampleJournal();
  try {
    const key = new Uint8Array(32).fill(9);
    const store = open();
    const backup = await journal.backup({ store, key });
    for (let round = 0; round < 4; round += 1) {
      journal.append(60);
      expect(await backup.ship()).toMatchObject({ behind: 0 });
    }
    const target = join(journal.root, 'restored');
    const restored = await restoreBackup({ store: open(), key, target });
    expect(restored).toMatchObject({ next: 2400, generation: 4 });
  } finally {
    journal.close();
  }
});
