/**
 * The journal alone: how many orders a second become durable, and how long one takes, next to a
 * bare write and `fdatasync` loop on the same disk in the same run.
 *
 * An order is two records of 88 and 184 bytes, as long as a risk decision and an accepted order.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Histogram } from 'hdr-histogram-js';
import { HEADER, RecordBuffer } from '../src/domain/event-record.js';
import { nodeFileSystem } from '../src/log/file-system.js';
import { FileDurableEnd } from '../src/log/journal/durable-mark.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { JournalWriter } from '../src/log/journal/journal-writer.js';
import { addSampleRecords } from '../src/log/journal/sample-records.js';
import { verifyJournal } from '../src/log/journal/verify-journal.js';
import type { Figure } from './figure.js';

const ORDER_RECORDS = 2;
const ORDER_BYTES = 88 + 184;
/** Orders of one commit under a saturated feed: what a full command ring drains into one batch. */
const SATURATED_ORDERS = 4096;
const OPEN_LOOP_ORDERS_PER_SECOND = 25_000;
const OPEN_LOOP_ORDERS_MAX = 8192;
/** Large enough for no block to be written twice in a row. */
const BARE_FILE_BYTES = 8 * 1024 * 1024;
/** Slices into which the latencies are split, in turns with the bare loop. */
const ROUNDS = 4;
const HISTOGRAM_NS_MAX = 60_000_000_000;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const directory = mkdtempSync(join(process.env.DAYBOOK_BENCH_DIR ?? tmpdir(), 'bench-journal-'));
  try {
    const bare = newHistogram();
    const bareAppend = newHistogram();
    const durable = newHistogram();
    const slice = options.seconds / (ROUNDS * 2.5 + 2);
    openLoop(`${directory}/warm-up`, slice, newHistogram());
    // In turns, so that whatever else the machine does is shared fairly.
    for (let round = 0; round < ROUNDS; round++) {
      bareSync(`${directory}/bare`, slice, 'overwrite', bare);
      openLoop(`${directory}/open-${round}`, slice, durable);
      bareSync(`${directory}/bare-append`, slice / 2, 'append', bareAppend);
    }
    const throughput = saturated(`${directory}/full`, slice);
    const replay = readAll(`${directory}/full`);
    const verify = await verifyAll(`${directory}/full`);
    const floor = percentiles('fdatasync', bare);
    return [
      disk('durable_orders_per_second', throughput, '1/s'),
      ...percentiles('durable', durable).map((figure, index) => ({
        ...figure,
        baseline: floor[index]!.value,
      })),
      ...floor,
      disk('fdatasync_append_p50_us', microseconds(bareAppend, 50), 'us'),
      { name: 'replay_events_per_second', value: replay, unit: '1/s', ack: 'none' },
      { name: 'verify_bytes_per_second', value: verify, unit: 'B/s', ack: 'none' },
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const PERCENTILES = [
  { name: 'p50', at: 50 },
  { name: 'p90', at: 90 },
  { name: 'p99', at: 99 },
  { name: 'p999', at: 99.9 },
  { name: 'p9999', at: 99.99 },
] as const;

function percentiles(what: string, histogram: Histogram): Figure[] {
  return PERCENTILES.map(({ name, at }) =>
    disk(`${what}_${name}_us`, microseconds(histogram, at), 'us'),
  );
}

function microseconds(histogram: Histogram, percentile: number): number {
  return histogram.getValueAtPercentile(percentile) / 1000;
}

function disk(name: string, value: number, unit: string): Figure {
  return { name, value, unit, ack: 'disk' };
}

function newHistogram(): Histogram {
  return build({ highestTrackableValue: HISTOGRAM_NS_MAX, numberOfSignificantValueDigits: 3 });
}

const now = (): number => Number(process.hrtime.bigint());

/**
 * One order's bytes written and synced, over and over: the floor of any durable answer. `overwrite`
 * stays within blocks the file already has, as the journal does; `append` makes it grow.
 */
function bareSync(
  path: string,
  seconds: number,
  how: 'overwrite' | 'append',
  histogram: Histogram,
): void {
  const file = openSync(path, 'w+');
  const bytes = how === 'append' ? 0 : BARE_FILE_BYTES;
  writeSync(file, new Uint8Array(bytes));
  fsyncSync(file);
  const order = new Uint8Array(ORDER_BYTES).fill(1);
  const end = now() + seconds * 1e9;
  let position = 0;
  for (let before = now(); before < end; ) {
    writeSync(file, order, 0, ORDER_BYTES, position);
    fdatasyncSync(file);
    const after = now();
    histogram.recordValue(after - before);
    before = after;
    position += ORDER_BYTES;
    if (how === 'overwrite' && position + ORDER_BYTES > bytes) position = 0;
  }
  closeSync(file);
}

const writerOptions = { shard: 0, catalogue: 1 };

/** Batches of orders, encoded beforehand; only their sequences are set anew for each commit. */
class OrderFeed {
  readonly batch: RecordBuffer;
  #next = 0;

  constructor(ordersMax: number) {
    this.batch = new RecordBuffer(ordersMax * ORDER_BYTES);
    addSampleRecords(this.batch, 0, ordersMax * ORDER_RECORDS);
  }

  take(orders: number): RecordBuffer {
    const { batch } = this;
    batch.count = orders * ORDER_RECORDS;
    batch.length = orders * ORDER_BYTES;
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
      batch.f64[(at + HEADER.sequence) / 8] = this.#next++;
    }
    return batch;
  }
}

/** A feed that always has more: orders a second. */
function saturated(directory: string, seconds: number): number {
  const writer = JournalWriter.open(directory, writerOptions);
  const feed = new OrderFeed(SATURATED_ORDERS);
  const start = now();
  let orders = 0;
  let last = start;
  while (last < start + seconds * 1e9) {
    writer.append(feed.take(SATURATED_ORDERS));
    orders += SATURATED_ORDERS;
    last = now();
  }
  writer.close();
  return orders / ((last - start) / 1e9);
}

/**
 * Orders that are due at a fixed rate, whether or not the writer is ready for them; each is timed
 * from when it was due, so that a stall counts for all who waited (no coordinated omission).
 */
function openLoop(directory: string, seconds: number, histogram: Histogram): void {
  const writer = JournalWriter.open(directory, writerOptions);
  const feed = new OrderFeed(OPEN_LOOP_ORDERS_MAX);
  const interval = 1e9 / OPEN_LOOP_ORDERS_PER_SECOND;
  const start = now();
  let sent = 0;
  for (let time = start; time < start + seconds * 1e9; time = now()) {
    const due = Math.floor((time - start) / interval) + 1 - sent;
    if (due <= 0) continue;
    const orders = Math.min(due, OPEN_LOOP_ORDERS_MAX);
    writer.append(feed.take(orders));
    const durable = now();
    for (let order = sent; order < sent + orders; order++) {
      histogram.recordValue(Math.max(1, Math.round(durable - start - order * interval)));
    }
    sent += orders;
  }
  writer.close();
}

/** Events a second through a reader that checks every checksum, from the page cache. */
function readAll(directory: string): number {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const reader = new JournalReader(directory, { from: 0, end });
  const start = now();
  let events = 0;
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) events += batch.count;
  reader.close();
  end.close();
  return events / ((now() - start) / 1e9);
}

async function verifyAll(directory: string): Promise<number> {
  const start = now();
  const verification = verifyJournal(directory);
  for (;;) {
    const { done, value } = await verification.next();
    if (done !== true) throw new Error(`journal: ${value.code} at ${value.offset}`);
    if (done) return value.bytes / ((now() - start) / 1e9);
  }
}
