/**
 * What forwarding to EventStoreDB and reading back from it carry, against the bare client doing the same
 * with the same events against the same server, and what forwarding costs the fast path.
 *
 * Both are bound by one thread at each end that turns records into JSON over HTTP/2 or back, and here by
 * the two ends sharing the processors; a cluster adds its disks and its replication. A day of 30 million
 * events is scaled from what is restored here; from a backup, see bench backup.
 *
 * The figures `fast_path_…` are of a shard with all risk checks on under 25,000 orders a second through
 * OUCH, each durable, the clients in a process of their own: windows of 0.8 s in pairs, one with its
 * forwarder at work and one without, in an order that is drawn for each pair (the seed is printed;
 * DAYBOOK_SEED sets it). `…_p50_us` and `…_p99_us` are those of all orders of all windows with it, the baseline
 * of all without. `…_p99_ratio` is the one by the other, `…_low` and `…_high` its interval of 95 %, by
 * a bootstrap over the pairs: where it spans 1, the run has seen no difference; where it is wide, the
 * machine was too busy to tell. `…_windows_p99_us` is the median of the p99 of each 0.1 s: what makes orders late all
 * the time shows in it, a stall now and then does not. Every event of the shard has to be in the store in
 * the end, and the largest lag of any window is shown. The store is a process on the same processors. In
 * production it stands on another machine, so here it runs with the time that nobody else wants (SCHED_IDLE),
 * and is charged to nobody; so does the forwarder, as always.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { restoreJournal } from '../src/log/eventstoredb/restore-journal.js';
import { sampleRecords } from '../src/log/eventstoredb/sample-events.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { JournalWriter } from '../src/log/journal/journal-writer.js';
import type { Figure } from './figure.js';
import { type FastPathResult, fastPathWithForwarder, median } from './forward-fast-path.js';
import { SPINNING_CPU } from './load-program.js';

const SHARD = 0;
const BATCH = FORWARDER_LIMITS.batchEvents;
const IN_FLIGHT = FORWARDER_LIMITS.appendsInFlight;
/** Events of a slice at most: the server holds them all in memory. */
const EVENTS_MAX = 400_000;
const ROUNDS = 3;

type Event = ReturnType<typeof jsonEvent<JSONEventType>>;

/** Leaves the writer its processor, as everything of Daybook does. */
const AWAY =
  SPINNING_CPU === undefined ? [] : ['taskset', '--cpu-list', `0-${Math.max(0, SPINNING_CPU - 1)}`];

/**
 * A store that stands for one on another machine: all of its threads as `runInBackground` has them, none
 * on the writer's processor, and one that collects garbage, seldom, where others would take all for it.
 */
const ELSEWHERE = {
  prefix: [...AWAY, 'chrt', '--idle', '0'],
  flags: ['--single-threaded-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'],
};
const HERE = { prefix: [], flags: [] };

type Place = Readonly<Record<'prefix' | 'flags', readonly string[]>>;

interface Launched {
  readonly line: string;
  readonly stop: () => void;
}

/** A process of ours that says one line when it is ready. */
async function launch(file: string, { prefix, flags }: Place): Promise<Launched> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const [command = '', ...args] = [...prefix, process.execPath, ...flags, script];
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (text) => resolve(String(text).trim()));
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${file} did not start`)));
  });
  return { line, stop: () => child.kill('SIGKILL') };
}

async function withServer<T>(
  work: (connectionString: string) => Promise<T>,
  place: Place = HERE,
): Promise<T> {
  const server = await launch('./forward-server.js', place);
  try {
    return await work(`esdb://127.0.0.1:${server.line}?tls=false`);
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

/** A day, for which the time to come back from the store is scaled. */
const DAY_EVENTS = 30_000_000;

/**
 * The rates take about `seconds` together, the windows of the fast path as long, half a minute at
 * least, and as much again to start and stop the forwarder between them.
 */
export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const probe = await rates(8_000);
  const perEvent =
    1 / probe.forward +
    1 / probe.client +
    1 / probe.read +
    1 / probe.clientRead +
    1 / probe.restore;
  const share = seconds / ROUNDS;
  const count = Math.max(8_000, Math.min(EVENTS_MAX, Math.floor(share / perEvent)));
  const runs: Rates[] = [];
  for (let round = 0; round < ROUNDS; round += 1) runs.push(await rates(count));
  const of = (key: keyof Rates): number => Math.round(median(runs.map((rate) => rate[key])));
  const seed = Number(process.env.DAYBOOK_SEED ?? Date.now() % 2 ** 31);
  process.stderr.write(`forward: DAYBOOK_SEED=${seed}\n`);
  const fastPath = await withServer(
    (store) => fastPathWithForwarder(seconds, store, seed),
    ELSEWHERE,
  );
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
    ...fastPathFigures(fastPath),
  ];
}

function fastPathFigures(result: FastPathResult): Figure[] {
  const { p50, p99, windowsP99, perSecond, decidedPerSecond, lagEventsMax, lagMsMax } = result;
  const us = (
    name: string,
    sides: { readonly with: number; readonly without: number },
  ): Figure => ({
    name: `fast_path_forwarding_${name}_us`,
    value: Math.round(sides.with),
    ...{ unit: 'us', ack: 'disk', baseline: Math.round(sides.without) },
  });
  const ratio = (name: string, value: number): Figure => ({
    name: `fast_path_forwarding_${name}`,
    value: Math.round(value * 1000) / 1000,
    ...{ unit: 'x', ack: 'disk' },
  });
  return [
    us('p50', p50),
    us('p99', p99),
    ratio('p99_ratio', p99.ratio),
    ratio('p99_ratio_low', p99.ratioLow),
    ratio('p99_ratio_high', p99.ratioHigh),
    us('windows_p99', windowsP99),
    {
      name: 'fast_path_forwarded_events_per_second',
      value: Math.round(perSecond),
      unit: '1/s',
      ack: 'memory',
      baseline: Math.round(decidedPerSecond),
    },
    { name: 'fast_path_lag_max_events', value: lagEventsMax, unit: 'events', ack: 'memory' },
    { name: 'fast_path_lag_max_ms', value: Math.round(lagMsMax), unit: 'ms', ack: 'memory' },
  ];
}
