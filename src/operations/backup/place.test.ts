import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openStore, readKey } from './place.js';

const root = mkdtempSync(join(tmpdir(), 'daybook-place-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const WRONG = { code: 'BACKUP_PLACE' };
const bytes = new Uint8Array(32).map((_, index) => index * 7);

it('a place is a directory or a bucket, with its prefix', async () => {
  expect((await openStore('some/where')).description).toBe(resolve('some/where'));
  const names: Record<string, string> = {
    's3://bucket': 's3://bucket',
    's3://bucket/': 's3://bucket',
    's3://bucket/a/b/': 's3://bucket/a/b',
    's3://bucket/a%20b?endpoint=http://127.0.0.1:9000&region=eu-central-1': 's3://bucket/a b',
  };
  for (const [place, description] of Object.entries(names)) {
    const store = await openStore(place);
    expect(store.description).toBe(description);
    store.close();
  }
});

it('anything else is refused', async () => {
  for (const place of ['s3:', 's3://', 's3:///x', 's3://b?key=1', 's3://user:secret@b/x']) {
    await expect(openStore(place), place).rejects.toMatchObject(WRONG);
  }
});

it('a key is 32 bytes, as text or in a file; none is none', () => {
  const hex = Buffer.from(bytes).toString('hex');
  const base64 = Buffer.from(bytes).toString('base64');
  const file = join(root, 'key');
  writeFileSync(file, `${hex}\n`);
  for (const key of [
    readKey(undefined, hex),
    readKey(undefined, hex.toUpperCase()),
    readKey(undefined, base64),
    readKey(file, 'not looked at'),
  ]) {
    expect(key).toEqual(bytes);
  }
  expect(readKey(undefined, undefined)).toBeUndefined();
  expect(readKey(undefined, '')).toBeUndefined();
});

it('a key that is none is refused, and not repeated', () => {
  const hex = Buffer.from(bytes).toString('hex');
  for (const text of [hex.slice(2), `${hex}00`, 'a secret that is no key']) {
    expect(() => readKey(undefined, text)).toThrow(expect.objectContaining(WRONG));
    expect(() => readKey(undefined, text)).not.toThrow(text);
  }
  expect(() => readKey(join(root, 'none'), undefined)).toThrow(expect.objectContaining(WRONG));
});
