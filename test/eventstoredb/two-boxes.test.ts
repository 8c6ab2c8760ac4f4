/** Two boxes with copies of the same journal and one store: a copy that was started by mistake. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, describe, expect, it } from 'vitest';
import { type Result, type Started, startProcess } from '../api/daybook-process.js';
import { order, request } from '../api/running-api.js';
import {
  killed,
  metric,
  readJournal,
  type StoreProcess,
  settled,
  startStore,
  trade,
  until,
} from './box.js';

const folder = mkdtempSync(join(tmpdir(), 'daybook-two-'));
const running: Started['child'][] = [];
let store: StoreProcess | undefined;
afterAll(async () => {
  for (const child of running) await killed(child);
  await store?.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, ...args: string[]): Promise<Started> {
  const started = await startProcess(join(folder, name), ...args);
  running.push(started.child);
  return started;
}

/** Of the stream, as any client sees it. */
async function stored(url: string): Promise<{ type: string; id: string }[]> {
  const client = EventStoreDBClient.connectionString(url);
  const events: { type: string; id: string }[] = [];
  for await (const { event } of client.readStream('daybook-0')) {
    events.push({ type: event?.type ?? '', id: event?.id ?? '' });
  }
  void client.dispose();
  return events;
}

describe('two boxes with one journal', { timeout: 240_000 }, () => {
  it('become one: whoever has not the first event in the store takes no order, and ends', async () => {
    store = await startStore(join(folder, 'two.store'));
    const args = ['--eventstoredb', store.url];
    const box = await start('a', ...args);
    await until(async () => (await metric(box.url, 'daybook_eventstoredb_takes_orders')) === 1);
    await trade(box.url, 30);
    const before = (await settled(box.url)) + 1;
    box.child.kill('SIGTERM');
    expect(await box.end).toMatchObject({ code: 0 });
    // With owners: the database's files belong to another user when root runs this.
    execFileSync('cp', ['-a', join(folder, 'a'), join(folder, 'b')]);

    // At once, so that either may be first.
    const names = ['a', 'b'] as const;
    const ends: Partial<Record<(typeof names)[number], Result>> = {};
    const boxes = await Promise.all(
      names.map(async (name) => {
        const started = await start(name, ...args).catch((error: unknown) => error as Error);
        if (!(started instanceof Error)) {
          void started.end.then((end) => {
            ends[name] = end;
          });
        }
        return { name, started };
      }),
    );
    // The one that lost may have ended before it was ready, or ends now.
    const isOver = (at: (typeof boxes)[number]) =>
      at.started instanceof Error || ends[at.name] !== undefined;
    await until(async () => boxes.some(isOver));
    const [lost, won] = boxes.toSorted((x, y) => Number(isOver(y)) - Number(isOver(x)));
    const why =
      lost!.started instanceof Error ? lost!.started.message : (ends[lost!.name]?.err ?? '');
    expect(why).toMatch(/EVENTSTOREDB_(DIFFERENT_EVENTS|AHEAD)/);
    expect(won!.started).not.toBeInstanceOf(Error);
    const winner = won!.started as Started;
    expect(winner.epoch).toBe(2);
    await until(async () => (await metric(winner.url, 'daybook_eventstoredb_takes_orders')) === 1);
    expect((await request(`${winner.url}/v1/orders`, 'POST', order('after', {}))).status).toBe(201);
    await trade(winner.url, 20);
    const last = await settled(winner.url);
    winner.child.kill('SIGTERM');
    expect(await winner.end).toMatchObject({ code: 0 });

    const events = await stored(store.url);
    expect(events.length).toBeGreaterThanOrEqual(last + 1);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    // One writer began behind what both had, and all that follows is of its journal.
    expect(events[before]?.type).toBe('WriterStarted');
    expect(events.filter(({ type }) => type === 'WriterStarted').length).toBe(2);
    const { records } = readJournal(join(folder, won!.name));
    expect(records.length).toBeGreaterThan(0);
    // The other one cannot come back: the store is ahead of it.
    await expect(start(lost!.name, ...args)).rejects.toThrow(/EVENTSTOREDB_AHEAD/);
  });
});
