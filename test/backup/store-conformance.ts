/** What any place of backups must do. */
import { expect, it } from 'vitest';
import type { BackupStore } from '../../src/operations/backup/backup-store.js';

const text = (value: string) => new Uint8Array(Buffer.from(value));

/** @param open gives an empty store, and a second one at the same place */
export function storeConformance(open: () => Promise<readonly [BackupStore, BackupStore]>): void {
  it('gives back what was stored, of any size and content', async () => {
    const [store, other] = await open();
    for (const size of [0, 1, 255, 65_536, 3_000_001]) {
      const bytes = new Uint8Array(size).map((_, index) => (index * 31) % 251);
      await store.put(`journal/size-${size}`, bytes);
      expect(Buffer.compare(await other.get(`journal/size-${size}`), bytes)).toBe(0);
    }
  });

  it('replaces an object of the same name', async () => {
    const [store, other] = await open();
    await store.put('journal/a', text('first, and longer'));
    await store.put('journal/a', text('second'));
    expect(Buffer.from(await other.get('journal/a')).toString()).toBe('second');
    expect(await other.list('journal')).toEqual(['journal/a']);
  });

  it('creates only where there is nothing; of several that try, one succeeds', async () => {
    const [store, other] = await open();
    const tries = Array.from({ length: 8 }, (_, each) =>
      (each % 2 === 0 ? store : other).create('manifest/1', text(`number ${each}`)),
    );
    const made = await Promise.all(tries);
    expect(made.filter(Boolean)).toHaveLength(1);
    const stored = Buffer.from(await store.get('manifest/1')).toString();
    expect(stored).toBe(`number ${made.indexOf(true)}`);
    expect(await store.create('manifest/1', text('late'))).toBe(false);
    expect(await other.create('manifest/1', text(stored))).toBe(true);
    expect(Buffer.from(await other.get('manifest/1')).toString()).toBe(stored);
    await store.remove('manifest/1');
    expect(await other.create('manifest/1', text('again'))).toBe(true);
  });

  it('lists a folder in order, and nothing of another; more than one page of it', async () => {
    const [store, other] = await open();
    expect(await store.list('journal')).toEqual([]);
    const names = Array.from(
      { length: 25 },
      (_, each) => `journal/${String(each).padStart(4, '0')}`,
    );
    for (const name of [...names].reverse()) await store.put(name, text(name));
    await store.put('files/x', text('x'));
    expect(await other.list('journal')).toEqual(names);
    expect(await other.list('files')).toEqual(['files/x']);
    expect(await other.list('manifest')).toEqual([]);
  });

  it('removes, also what is not there', async () => {
    const [store, other] = await open();
    await store.put('journal/a', text('a'));
    await store.remove('journal/a');
    await store.remove('journal/a');
    expect(await other.list('journal')).toEqual([]);
  });

  it('says of an object that is not there which it is', async () => {
    const [store] = await open();
    const missing = { code: 'BACKUP_OBJECT_MISSING', object: 'journal/none' };
    await expect(store.get('journal/none')).rejects.toMatchObject(missing);
  });
}
