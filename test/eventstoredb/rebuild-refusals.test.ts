/** `daybook rebuild --from eventstoredb` where the store, or the box, is not what it should be. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { catalogueFingerprint } from '../../src/domain/catalogue-fingerprint.js';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { streamOfShard } from '../../src/log/eventstoredb/forwarder.js';
import type { StoredEvent } from '../../src/log/eventstoredb/stored-event.js';
import { StreamStore } from '../../src/log/eventstoredb/stream-store.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { journalDirectory } from '../../src/operations/shard.js';
import { daybook, type Result } from '../api/daybook-process.js';
import { OrderFlow } from './order-flow.js';
import { startTestServer, testEvent } from './protocol-server.js';

const STREAM = streamOfShard(0);
const SEED = 20_261_123;
const EVENTS = 200;
/** More than one commit of a restore holds. */
const COMMITS_EVENTS = 8_000;

/** What a real flow has become in the store; every case begins with a copy of its own. */
async function flowInStore(events: number): Promise<readonly StoredEvent[]> {
  const server = await startTestServer();
  const log = new EventStoreDbLog({ connectionString: server.connectionString, shard: 0 });
  const flow = new OrderFlow(SEED);
  await log.append(flow.begin());
  while (server.store.eventCount < events) await log.append(flow.step(40));
  await log.close();
  server.stop();
  return server.store.readStream(STREAM, 0, 'forwards', 1_000_000);
}

describe('a rebuild from EventStoreDB', { timeout: 120_000 }, () => {
  let flow: readonly StoredEvent[];
  let folder: string;
  let box: string;
  let stop: () => void;

  beforeAll(async () => {
    flow = await flowInStore(EVENTS);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-refusal-'));
    box = join(folder, 'box');
    stop = () => undefined;
  });
  afterEach(() => {
    stop();
    rmSync(folder, { recursive: true });
  });
  async function rebuild(store: StreamStore): Promise<Result> {
    stop();
    const server = await startTestServer({ store });
    stop = server.stop;
    const from = ['--from', 'eventstoredb', '--url', server.connectionString];
    return daybook('rebuild', ...from, '--data-dir', box, '--no-read-models', '--json');
  }

  function storeOf(events: readonly StoredEvent[], stream = STREAM): StreamStore {
    const store = new StreamStore();
    if (events.length > 0) store.append(stream, 'no_stream', events);
    return store;
  }

  /** A copy whose event at `revision` is another one under the same id. */
  function altered(revision: number, change: Partial<StoredEvent>): StreamStore {
    return storeOf(
      flow.map((event, index) => (index === revision ? { ...event, ...change } : event)),
    );
  }

  async function expectRefusal(store: StreamStore, code: string, words: RegExp): Promise<void> {
    const { code: exit, out, err } = await rebuild(store);
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toContain(code);
    expect(err).toMatch(words);
    expect(err).not.toMatch(/\n\s+at /);
  }

  const held = (): number => {
    const journal = JournalWriter.open(journalDirectory(box), {
      shard: 0,
      catalogue: catalogueFingerprint(),
    });
    const { nextSequence } = journal;
    journal.close();
    return nextSequence;
  };

  it('brings all of it back, and a second one finds nothing left to do', async () => {
    const [first, second] = [await rebuild(storeOf(flow)), await rebuild(storeOf(flow))];
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(first.out)).toMatchObject({ ok: true, events: flow.length, heldBefore: 0 });
    expect(JSON.parse(second.out)).toMatchObject({
      ...{ events: flow.length, heldBefore: flow.length },
      stateHash: JSON.parse(first.out).stateHash,
    });
  });

  it.each([
    ['has nothing at all', () => new StreamStore()],
    ['has another shard only', () => storeOf(flow, streamOfShard(1))],
    [
      'has the stream deleted',
      () => {
        const store = storeOf(flow);
        store.delete(STREAM, 'any');
        return store;
      },
    ],
  ])('does not call it done when the store %s', async (_, store) => {
    await expectRefusal(store(), 'EVENTSTOREDB_EMPTY', /no events in daybook-0/);
    // No writer is kept from beginning: nothing came in.
    expect(existsSync(join(box, 'restoring'))).toBe(false);
  });

  it('refuses a tombstoned stream', async () => {
    const store = storeOf(flow);
    store.tombstone(STREAM, 'any');
    await expectRefusal(store, 'EVENTSTOREDB_STREAM_DELETED', /deleted/);
  });

  it('refuses a stream that has forgotten its oldest events', async () => {
    const store = storeOf(flow);
    const settings = Buffer.from('{"$maxCount":100}');
    const { type, ...proposed } = { ...flow[0]!, data: settings, type: '$metadata' };
    store.append(`$$${STREAM}`, 'any', [{ ...proposed, type, id: crypto.randomUUID() }]);
    await expectRefusal(store, 'LOG_SEQUENCE_GONE', /no longer kept/);
    expect(held()).toBe(0);
  });

  it('refuses an event of others in the stream, and keeps what it had made durable', async () => {
    const long = await flowInStore(COMMITS_EVENTS);
    const at = long.length - 10;
    const { id, type, ...rest } = testEvent(undefined, 'SomebodyElse', { a: 1 });
    const foreign = { ...flow[0]!, ...rest, id, type, data: Buffer.from('{"a":1}') };
    const store = storeOf([...long.slice(0, at), foreign as StoredEvent]);
    const said = new RegExp(`revision ${at}.*SomebodyElse`);
    await expectRefusal(store, 'EVENT_JSON_INVALID', said);
    expect(held()).toBeGreaterThan(0);
    expect(existsSync(join(box, 'restoring'))).toBe(true);
    // No writer begins on a part.
    const start = await daybook('start', '--data-dir', box, '--port', '0');
    expect(start).toMatchObject({ code: 1 });
    expect(start.err).toContain('RESTORE_UNFINISHED');
    // Put right, it goes on from there.
    const mended = await rebuild(storeOf(long));
    expect(mended).toMatchObject({ code: 0 });
    const { events, heldBefore } = JSON.parse(mended.out);
    expect({ events, isContinued: heldBefore > 0 }).toEqual({
      events: long.length,
      isContinued: true,
    });
  });

  it.each([
    ['one figure', 'data', (text: string) => text.replace(/(\d)"/, (_, d) => `${(+d + 1) % 10}"`)],
    ['one character', 'data', (text: string) => text.slice(0, -1)],
    ['the time', 'customMetadata', (text: string) => text.replace(/"time":"(\d+)"/, '"time":"1"')],
    ['the actor', 'customMetadata', (text: string) => text.replace('"actor":1', '"actor":2')],
  ] as const)('finds %s of an event altered', async (_, part, change) => {
    const at = flow.findIndex(({ type }) => type === 'OrderFilled');
    const before = Buffer.from(flow[at]![part]).toString();
    const after = change(before);
    expect(after).not.toBe(before);
    const store = altered(at, { [part]: Buffer.from(after) });
    await expectRefusal(store, 'EVENT_JSON_INVALID', new RegExp(`revision ${at}\\b`));
  });

  it('finds two events that changed places', async () => {
    const swapped = [...flow];
    [swapped[40], swapped[41]] = [flow[41]!, flow[40]!];
    await expectRefusal(storeOf(swapped), 'EVENT_JSON_INVALID', /revision 40\b/);
  });

  it('finds an event left out', async () => {
    const store = storeOf(flow.filter((_, index) => index !== 60));
    await expectRefusal(store, 'EVENT_JSON_INVALID', /revision 60\b/);
  });

  it('leaves a journal alone that has other events, or more', async () => {
    const journal = (count: number, seed: number): void => {
      mkdirSync(box, { recursive: true });
      const writer = JournalWriter.open(journalDirectory(box), {
        ...{ shard: 0, catalogue: catalogueFingerprint() },
      });
      const other = new OrderFlow(seed);
      writer.append(other.begin());
      while (writer.nextSequence < count) writer.append(other.step(40));
      writer.close();
    };
    journal(100, SEED + 1);
    const before = held();
    await expectRefusal(storeOf(flow), 'LOG_CONTENT_CONFLICT', /other events/);
    expect(held()).toBe(before);
    rmSync(box, { recursive: true });
    journal(flow.length + 1, SEED);
    const more = held();
    expect(more).toBeGreaterThan(flow.length);
    await expectRefusal(storeOf(flow), 'LOG_SEQUENCE_AHEAD', /beyond the head/);
    expect(held()).toBe(more);
    expect(existsSync(join(box, 'restoring'))).toBe(false);
  });
});
