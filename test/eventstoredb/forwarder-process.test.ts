import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordBuffer } from '../../src/domain/event-record.js';
import { HEADER } from '../../src/domain/event-record.js';
import { SharedText } from '../../src/lib/shared-text.js';
import { EventIds } from '../../src/log/eventstoredb/event-id.js';
import { streamOfShard } from '../../src/log/eventstoredb/forwarder.js';
import {
  ForwarderProcess,
  type ForwarderProcessOptions,
} from '../../src/log/eventstoredb/forwarder-process.js';
import { sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { EventStoreDbServer } from '../../src/log/eventstoredb/server/eventstoredb-server.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { startTestServer } from './protocol-server.js';
import { selfSigned } from './self-signed.js';

/** As /proc has it, counted behind the name, which may hold blanks. */
const [NICE, POLICY] = [16, 38] as const;
const SCHED_IDLE = 5;
const KILLS = 6;
const STREAM = streamOfShard(0);

describe('the forwarder in a process of its own', { timeout: 120_000 }, () => {
  let folder: string;
  let writer: JournalWriter;
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let running: ForwarderProcess[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-process-'));
    writer = JournalWriter.open(folder, { shard: 0, catalogue: 1 });
    server = await startTestServer();
    running = [];
  });
  afterEach(async () => {
    await Promise.allSettled(running.map((forwarder) => forwarder.stop()));
    writer.close();
    server.stop();
    rmSync(folder, { recursive: true });
  });

  function start(options: Partial<ForwarderProcessOptions> = {}): ForwarderProcess {
    const forwarder = new ForwarderProcess({
      directory: folder,
      shard: 0,
      durableEnd: writer.durableEnd,
      connectionString: server.connectionString,
      limits: { backoffMinMs: 2, backoffMaxMs: 20 },
      restartBackoff: { minMs: 2, maxMs: 20 },
      ...options,
    });
    running.push(forwarder);
    return forwarder;
  }

  /** Waits for the condition; what ends the forwarder before is the test's failure. */
  async function until(forwarder: ForwarderProcess, condition: () => boolean): Promise<void> {
    while (!condition()) {
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 1)), forwarder.ended]);
    }
  }

  it('forwards, shows where it stands, and stops when told to', async () => {
    const forwarder = start();
    writer.append(sampleRecords(0, 100));
    await until(forwarder, () => forwarder.storedSequence === 100);
    expect(forwarder.lag()).toEqual({ events: 0, milliseconds: 0 });
    expect(forwarder.connected).toBe(true);
    await forwarder.stop();
    expect(forwarder.pid).toBeUndefined();
    expect(server.store.status(STREAM)).toMatchObject({ last: 99 });
  });

  it('ends with the writer, once the store has everything', async () => {
    writer.append(sampleRecords(0, 100));
    const forwarder = start();
    writer.close();
    await forwarder.ended;
    expect(forwarder.storedSequence).toBe(100);
    expect(forwarder.pid).toBeUndefined();
  });

  it('shows a store that is away, and when the lag is too much', async () => {
    const { store } = server;
    const { port } = server.server;
    server.stop();
    const forwarder = start({ lagLimit: { events: 100 } });
    await until(forwarder, () => forwarder.sessions > 2);
    expect(forwarder.connected).toBe(false);
    writer.append(sampleRecords(0, 100));
    expect(forwarder.overloaded).toBe(false);
    writer.append(sampleRecords(100, 1));
    expect(forwarder.overloaded).toBe(true);
    const again = await EventStoreDbServer.start({ source: store, port });
    await until(forwarder, () => forwarder.storedSequence === 101);
    expect(forwarder.overloaded).toBe(false);
    await forwarder.stop();
    again.stop();
  });

  it('rejects with the reason when the stream belongs to another writer', async () => {
    writer.append(sampleRecords(0, 5));
    const other = start();
    await until(other, () => other.storedSequence === 5);
    await other.stop();
    writer.close();
    rmSync(folder, { recursive: true });
    writer = JournalWriter.open(folder, { shard: 0, catalogue: 1 });
    writer.append(sampleRecords(0, 9, 1));
    await expect(start().ended).rejects.toMatchObject({
      name: 'StoreError',
      code: 'EVENTSTOREDB_DIFFERENT_EVENTS',
    });
  });

  it('is started again when it is killed: nothing is lost, nothing comes twice', async () => {
    const ids: string[] = [];
    const add = (): void => {
      const records = sampleRecords(ids.length, 300);
      ids.push(...idsOf(records));
      writer.append(records);
    };
    const forwarder = start({ limits: { batchEvents: 10 } });
    for (let kill = 0; kill < KILLS; kill += 1) {
      add();
      const target = forwarder.storedSequence + 1;
      // In the middle of its appends.
      await until(forwarder, () => forwarder.storedSequence >= target);
      process.kill(forwarder.pid ?? 0, 'SIGKILL');
      await until(forwarder, () => forwarder.restarts > kill && forwarder.pid !== undefined);
    }
    add();
    writer.close();
    await forwarder.ended;
    expect(forwarder.restarts).toBe(KILLS);
    expect(forwarder.sessions).toBeGreaterThanOrEqual(KILLS);
    const stored = server.store.readStream(STREAM, 0, 'forwards', ids.length + 1);
    expect(stored.map(({ id }) => id)).toEqual(ids);
  });

  it('that is dead lets the lag grow, which refuses new orders', async () => {
    // Not started again within this test.
    const restartBackoff = { minMs: 600_000, maxMs: 600_000 };
    const forwarder = start({ lagLimit: { events: 100 }, restartBackoff });
    writer.append(sampleRecords(0, 1));
    await until(forwarder, () => forwarder.storedSequence === 1);
    process.kill(forwarder.pid ?? 0, 'SIGKILL');
    await until(forwarder, () => forwarder.pid === undefined);
    expect(forwarder.connected).toBe(false);
    writer.append(sampleRecords(1, 100));
    expect(forwarder.overloaded).toBe(false);
    writer.append(sampleRecords(101, 1));
    expect(forwarder.overloaded).toBe(true);
    expect(forwarder.lag().events).toBe(101);
    await forwarder.stop();
    expect(forwarder.restarts).toBe(0);
  });

  it.runIf(process.platform === 'linux')(
    'waits when the system has no process for it',
    async () => {
      // Thrown by spawn, as want of memory is: a longer variable than the kernel takes.
      const tooLong = 'DAYBOOK_TEST_TOO_LONG';
      process.env[tooLong] = 'x'.repeat(256 * 1024);
      const forwarder = start({ lagLimit: { events: 2 } });
      try {
        writer.append(sampleRecords(0, 3));
        await until(forwarder, () => forwarder.restarts >= 3);
        expect(forwarder.pid).toBeUndefined();
        expect(forwarder.connected).toBe(false);
        expect(forwarder.problem?.code).toBe('EVENTSTOREDB_UNAVAILABLE');
        expect(forwarder.overloaded).toBe(true);
      } finally {
        delete process.env[tooLong];
      }
      await until(forwarder, () => forwarder.storedSequence === 3);
      expect(forwarder.overloaded).toBe(false);
      expect(forwarder.problem).toBeUndefined();
    },
  );

  it('outlives a password that is rotated in the store first, and a kill meanwhile', async () => {
    const tls = selfSigned();
    let password = 'old';
    const secured = await EventStoreDbServer.start({
      ...{ source: server.store, host: 'localhost', tls },
      authenticate: (user, given) => user === 'forwarder' && given === password,
    });
    const secret = SharedText.of('forwarder:old');
    const text = `esdb://localhost:${secured.port}?tlsCAFile=${tls.certificateFile}`;
    const forwarder = start({ connectionString: { text, credentials: secret.memory } });
    writer.append(sampleRecords(0, 1));
    await until(forwarder, () => forwarder.storedSequence === 1);
    password = 'new';
    process.kill(forwarder.pid ?? 0, 'SIGKILL');
    writer.append(sampleRecords(1, 1));
    await until(forwarder, () => forwarder.problem?.code === 'EVENTSTOREDB_ACCESS_DENIED');
    expect(forwarder.lag().events).toBe(1);
    secret.write('forwarder:new');
    await until(forwarder, () => forwarder.storedSequence === 2);
    await forwarder.stop();
    // Wrong from the start: that is a mistake, and said so.
    const wrong = SharedText.of('forwarder:old');
    await expect(
      start({ connectionString: { text, credentials: wrong.memory } }).ended,
    ).rejects.toMatchObject({ code: 'EVENTSTOREDB_ACCESS_DENIED' });
    secured.stop();
    tls.remove();
  });

  it('leaves it to its shard when to end, whatever signal the terminal sends to all', async () => {
    const forwarder = start();
    writer.append(sampleRecords(0, 1));
    await until(forwarder, () => forwarder.storedSequence === 1);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.kill(forwarder.pid ?? 0, signal);
    }
    writer.append(sampleRecords(1, 1));
    writer.close();
    await forwarder.ended;
    expect(forwarder.storedSequence).toBe(2);
    expect(forwarder.restarts).toBe(0);
  });

  it('shows its password to no list of processes, nor that which it is told later', async () => {
    const secret = SharedText.of('forwarder:old-password');
    const text = server.connectionString;
    const forwarder = start({ connectionString: { text, credentials: secret.memory } });
    writer.append(sampleRecords(0, 1));
    await until(forwarder, () => forwarder.storedSequence === 1);
    secret.write('forwarder:new-password');
    writer.append(sampleRecords(1, 1));
    await until(forwarder, () => forwarder.storedSequence === 2);
    if (process.platform !== 'linux') return;
    for (const file of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${forwarder.pid}/${file}`, 'latin1')).not.toContain('-password');
    }
  });

  it.runIf(process.platform === 'linux')('has no thread that others wait for', async () => {
    const forwarder = start();
    writer.append(sampleRecords(0, 100));
    await until(forwarder, () => forwarder.storedSequence === 100);
    const threads = readdirSync(`/proc/${forwarder.pid}/task`).map((id) => {
      const stat = readFileSync(`/proc/${forwarder.pid}/task/${id}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { nice: Number(fields[NICE]), policy: Number(fields[POLICY]) };
    });
    expect(threads.length).toBeGreaterThan(1);
    // Where the kernel refuses, or without the addon: nice.
    for (const { nice, policy } of threads) expect(policy === SCHED_IDLE || nice === 19).toBe(true);
  });
});

function idsOf(records: RecordBuffer): string[] {
  const ids = new EventIds(0);
  const all: string[] = [];
  for (let at = 0; at < records.length; at += records.u16[(at + HEADER.length) / 2]!) {
    all.push(ids.of(records, at));
  }
  return all;
}
