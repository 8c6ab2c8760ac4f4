/**
 * What forwarding to EventStoreDB and reading back from it carry, against the bare client doing the same
 * with the same events against the same server, and what forwarding costs the fast path.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  EventStoreDBClient,
  type JSONEventType,
  jsonEvent,
  NO_STREAM,
} from '@eventstore/db-client';
import { HEADER, type RecordBuffer } from '../src/domain/event-record.js';
import { EventIds } from '../src/log/eventstoredb/event-id.js';
import { eventJson } from '../src/log/eventstoredb/event-json.js';
import { EventStoreDbLog } from '../src/log/eventstoredb/event-log.js';
import { FORWARDER_LIMITS, Forwarder, streamOfShard } from '../src/log/eventstoredb/forwarder.js';
import { ForwarderThread } from '../src/log/eventstoredb/forwarder-thread.js';
import { restoreJournal } from '../src/log/eventstoredb/restore-journal.js';
import { sampleRecords } from '../src/log/eventstoredb/sample-events.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { JournalWriter } from '../src/log/journal/journal-writer.js';
import type { Figure } from './figure.js';

const SHARD = 0;
const BATCH = FORWARDER_LIMITS.batchEvents;
const IN_FLIGHT = FORWARDER_LIMITS.appendsInFlight;
/** Events of a slice at most: the server holds them all in memory. */
const EVENTS_MAX = 400_000;
const ROUNDS = 3;
/** Slices of the fast path with the forwarder, and as many without. */
const TURNS = 7;
/** Pace of the fast path under test, and the events of each of its commits. */
const COMMITS_PER_SECOND = 500;
const COMMIT_EVENTS = 8;

type Event = ReturnType<typeof jsonEvent<JSONEventType>>;

interface Launched {
  readonly line: string;
  readonly pid: number;
  readonly stop: () => void;
}

/** A process of ours that says one line when it is ready. */
async function launch(file: string): Promise<Launched> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (text) => resolve(String(text).trim()));
    child.once('close', () => reject(new Error(`${file} did not start`)));
  });
  return { line, pid: child.pid ?? 0, stop: () => child.kill('SIGKILL') };
}

async function withServer<T>(
  work: (connectionString: string, pid: number) => Promise<T>,
): Promise<T> {
  const server = await launch('./forward-server.js');
  try {
    return await work(`esdb://127.0.0.1:${server.line}?tls=false`, server.pid);
  } finally {
    server.stop();
  }
}

/** Fills a journal; the same records, and the same events as the client takes them. */
function prepare(directory: string, count: number): JournalWriter {
  const writer = JournalWriter.open(directory, { shard: SHARD, catalogue: 1 });
  for (let first = 0; first < count; first += BATCH) {
    writer.append(sampleRecords(first, Math.min(BATCH, count - first)));
  }
  return writer;
}

function clientBatch(records: RecordBuffer, ids: EventIds): Event[] {
  const batch: Event[] = [];
  for (let at = 0; at < records.length; at += records.u16[(at + HEADER.length) / 2]!) {
    const { type, data, metadata } = eventJson(records, at);
    const event = {
      id: ids.of(records, at),
      type,
      data: JSON.parse(data) as Record<string, unknown>,
      metadata: JSON.parse(metadata) as Record<string, unknown>,
    };
    batch.push(jsonEvent<JSONEventType>(event));
  }
  return batch;
}

/** Events per second of the bare client: batches of the same size, as many in flight. */
async function clientAppends(connectionString: string, count: number): Promise<number> {
  const client = EventStoreDBClient.connectionString(connectionString);
  const ids = new EventIds(SHARD);
  const batches: Event[][] = [];
  for (let first = 0; first < count; first += BATCH) {
    batches.push(clientBatch(sampleRecords(first, Math.min(BATCH, count - first)), ids));
  }
  const stream = streamOfShard(SHARD);
  // The first append of a cold client may be overtaken by the second.
  await client.appendToStream('warm-up', clientBatch(sampleRecords(0, 1), ids));
  const flights: Promise<unknown>[] = [];
  const started = process.hrtime.bigint();
  let next = 0;
  for (const batch of batches) {
    if (flights.length >= IN_FLIGHT) await flights.shift();
    const expectedRevision = next === 0 ? NO_STREAM : BigInt(next - 1);
    flights.push(client.appendToStream(stream, batch, { expectedRevision }));
    next += batch.length;
  }
  await Promise.all(flights);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  await client.dispose();
  return next / seconds;
}

/** Events per second of the forwarder, from the journal's files to the store's answer. */
async function forwarded(connectionString: string, directory: string, count: number) {
  const writer = prepare(directory, count);
  writer.close();
  const { durableEnd } = writer;
  const started = process.hrtime.bigint();
  await new Forwarder({
    connectionString,
    shard: SHARD,
    openReader: (from) => new JournalReader(directory, { from, end: durableEnd }),
    durableEnd,
  }).run();
  return count / (Number(process.hrtime.bigint() - started) / 1e9);
}

async function clientReads(connectionString: string): Promise<number> {
  const client = EventStoreDBClient.connectionString(connectionString);
  const started = process.hrtime.bigint();
  let count = 0;
  for await (const { event } of client.readStream(streamOfShard(SHARD))) if (event) count += 1;
  const rate = count / (Number(process.hrtime.bigint() - started) / 1e9);
  await client.dispose();
  return rate;
}

/** Our own reader, to the records of the journal, each checked against its id. */
async function logReads(connectionString: string): Promise<number> {
  const log = new EventStoreDbLog({ connectionString, shard: SHARD });
  const started = process.hrtime.bigint();
  let count = 0;
  for await (const batch of log.read(0)) count += batch.count;
  const rate = count / (Number(process.hrtime.bigint() - started) / 1e9);
  await log.close();
  return rate;
}

/** Events per second from the store into a journal on disk, durable. */
async function restored(connectionString: string, directory: string): Promise<number> {
  const log = new EventStoreDbLog({ connectionString, shard: SHARD });
  const writer = JournalWriter.open(directory, { shard: SHARD, catalogue: 1 });
  const started = process.hrtime.bigint();
  const count = await restoreJournal(log, writer);
  const rate = count / (Number(process.hrtime.bigint() - started) / 1e9);
  writer.close();
  await log.close();
  return rate;
}

interface Rates {
  readonly forward: number;
  readonly client: number;
  readonly read: number;
  readonly clientRead: number;
  readonly restore: number;
}

/** One of each, over a store of `count` events, one after the other. */
async function rates(count: number): Promise<Rates> {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-bench-'));
  try {
    const client = await withServer((store) => clientAppends(store, count));
    return await withServer(async (store) => {
      const forward = await forwarded(store, join(directory, 'journal'), count);
      const clientRead = await clientReads(store);
      const read = await logReads(store);
      const restore = await restored(store, join(directory, 'restored'));
      return { forward, client, read, clientRead, restore };
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** 99th percentile in us of durable commits at an even pace, for so long. */
async function commitsP99(writer: JournalWriter, seconds: number): Promise<number> {
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  let due = performance.now();
  while (due < end) {
    const wait = due - performance.now();
    if (wait > 1) await pause(Math.floor(wait));
    const records = sampleRecords(writer.nextSequence, COMMIT_EVENTS);
    const started = process.hrtime.bigint();
    writer.append(records);
    latencies.push(Number(process.hrtime.bigint() - started) / 1e3);
    due += 1000 / COMMITS_PER_SECOND;
  }
  return latencies.toSorted((a, b) => a - b)[Math.floor(0.99 * latencies.length)] ?? 0;
}

/**
 * The fast path's p99 with the forwarder at work behind it and without: the medians over slices taken
 * in turns, so that what else happens on the machine meets both alike.
 */
async function fastPath(seconds: number): Promise<{ alone: number; forwarding: number }> {
  const alone: number[] = [];
  const forwarding: number[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'daybook-bench-'));
  const writer = JournalWriter.open(directory, { shard: SHARD, catalogue: 1 });
  const slice = seconds / (2 * TURNS);
  try {
    await withServer(async (connectionString, pid) => {
      // It stands for a store on another machine, which would take nothing from the writer.
      setPriority(pid, constants.priority.PRIORITY_LOW);
      for (let turn = 0; turn < TURNS; turn += 1) {
        alone.push(await commitsP99(writer, slice));
        const { durableEnd } = writer;
        const forwarder = new ForwarderThread({
          directory,
          shard: SHARD,
          durableEnd,
          connectionString,
        });
        while (forwarder.storedSequence < writer.nextSequence) await pause(1);
        forwarding.push(await commitsP99(writer, slice));
        await forwarder.stop();
      }
    });
  } finally {
    writer.close();
    rmSync(directory, { recursive: true });
  }
  return { alone: median(alone), forwarding: median(forwarding) };
}

/** A day, for which the time to come back from the store is scaled. */
const DAY_EVENTS = 30_000_000;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The figures take about `seconds` together, and a few more to prepare. */
export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const probe = await rates(8_000);
  const perEvent =
    1 / probe.forward +
    1 / probe.client +
    1 / probe.read +
    1 / probe.clientRead +
    1 / probe.restore;
  const share = (0.6 * seconds) / ROUNDS;
  const count = Math.max(8_000, Math.min(EVENTS_MAX, Math.floor(share / perEvent)));
  const runs: Rates[] = [];
  for (let round = 0; round < ROUNDS; round += 1) runs.push(await rates(count));
  const of = (key: keyof Rates): number => Math.round(median(runs.map((rate) => rate[key])));
  const { alone, forwarding } = await fastPath(0.4 * seconds);
  const perSecond = { unit: '1/s', ack: 'memory' } as const;
  const client = of('client');
  const clientRead = of('clientRead');
  return [
    {
      name: 'forwarded_events_per_second',
      value: of('forward'),
      ...perSecond,
      baseline: client,
    },
    { name: 'client_ceiling_events_per_second', value: client, ...perSecond },
    {
      name: 'read_events_per_second',
      value: of('read'),
      unit: '1/s',
      ack: 'none',
      baseline: clientRead,
    },
    { name: 'client_read_ceiling_events_per_second', value: clientRead, unit: '1/s', ack: 'none' },
    {
      name: 'restored_events_per_second',
      value: of('restore'),
      unit: '1/s',
      ack: 'disk',
      baseline: clientRead,
    },
    {
      name: 'restore_30m_events_from_eventstoredb_seconds',
      value: Math.round(DAY_EVENTS / of('restore')),
      unit: 's',
      ack: 'disk',
    },
    {
      name: 'fast_path_forwarding_p99_us',
      value: Math.round(forwarding * 10) / 10,
      unit: 'us',
      ack: 'disk',
      baseline: Math.round(alone * 10) / 10,
    },
  ];
}
