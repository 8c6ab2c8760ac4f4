import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RequestFile, type RequestRecord } from './request-file.js';

const folder = mkdtempSync(join(tmpdir(), 'daybook-requests-'));
const path = join(folder, 'requests', 'shard-0.log');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = (n: number, body = 'x'): RequestRecord => ({
  ...{ key: `key-${n}`, fingerprint: 'print', atMs: n, received: String(n * 16), after: n },
  answer: { status: 201, headers: { location: '/v1/orders/1' }, body },
});

async function written(...records: RequestRecord[]): Promise<void> {
  const { file } = await RequestFile.open(path);
  await Promise.all(records.map((each) => file.append(each)));
  await file.close();
}

async function read(bytesMax?: number): Promise<string[][]> {
  const { file, records } = await RequestFile.open(path, bytesMax);
  await file.close();
  return records.map((list) => list.map(({ key }) => key));
}

describe('the file of requests', () => {
  it('holds what was appended, over a restart', async () => {
    await written(record(1), record(2));
    const { file, records } = await RequestFile.open(path);
    expect(records).toEqual([[], [record(1), record(2)]]);
    await file.append(record(3));
    await file.close();
    expect(await read()).toEqual([[], ['key-1', 'key-2', 'key-3']]);
  });

  it('cuts off a last line that is torn anywhere, and goes on behind it', async () => {
    await written(record(1), record(2));
    const whole = readFileSync(path);
    const first = whole.indexOf('\n') + 1;
    for (let length = first; length < whole.length; length += 1) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      expect(await read(), `${length} bytes`).toEqual([[], ['key-1']]);
      await written(record(3));
      expect(await read(), `${length} bytes`).toEqual([[], ['key-1', 'key-3']]);
    }
    writeFileSync(path, whole);
    appendFileSync(path, '\0\0\0\n');
    expect(await read()).toEqual([[], ['key-1', 'key-2']]);
  });

  it('refuses what is damaged before its end', async () => {
    await written(record(1), record(2), record(3));
    const whole = readFileSync(path);
    const end = whole.lastIndexOf('\n', whole.length - 2);
    for (let at = 0; at < end; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(path, damaged);
      await expect(RequestFile.open(path), `byte ${at}`).rejects.toMatchObject({
        code: 'REQUESTS_DAMAGED',
      });
    }
  });

  it('drops the older file when the newer one is full: below, at and above', async () => {
    await written(record(1));
    const { length } = readFileSync(path);
    const { file } = await RequestFile.open(path, 2 * length);
    await file.append(record(2));
    expect([file.generation, readFileSync(path).length]).toEqual([1, 2 * length]);
    await file.append(record(3));
    expect([file.generation, readFileSync(path).length]).toEqual([2, length]);
    await file.append(record(4));
    await file.append(record(5));
    await file.close();
    expect(file.generation).toBe(3);
    expect(await read(2 * length)).toEqual([['key-3', 'key-4'], ['key-5']]);
  });
});
