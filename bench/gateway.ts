/**
 * Orders through OUCH over loopback on the Node implementation: gateway, writer and journal as in
 * `daybook start`, clients in another process. An order counts when its Accepted is back, which the
 * gateway sends when it is durable.
 *
 * Closed loop for throughput, open loop at 25,000 a second for latency, and a bare write and
 * fdatasync of as many bytes as an order leaves in the journal, before and in the same run.
 */
import { fork } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'hdr-histogram-js';
import { LIMIT } from '../src/domain/risk-catalogue.js';
import type { SessionConfig } from '../src/gateways/order-entry/config.js';
import { hashPassword } from '../src/gateways/order-entry/password.js';
import type { StageLatencies } from '../src/gateways/order-entry/stage-latency.js';
import { assert } from '../src/lib/assert.js';
import { startOrderEntry } from '../src/operations/order-entry.js';
import { journalDirectory, type RunningShard, startShard } from '../src/operations/shard.js';
import type { Figure } from './figure.js';
import type { OuchClientResult, OuchClientTask } from './ouch-client.js';

const SESSIONS = 4;
/** Orders in flight on each connection. */
const WINDOW = 8192;
/** The writer's batch of 4 MiB takes about 16,000 orders: one is synced while the next is gathered. */
const RING_SLOTS = 65_536;
const RATE = 25_000;
const PASSWORD = 'bench';
const SYMBOLS = ['AAA', 'BBB', 'CCC', 'DDD'];
/** Orders of a run that still fit; a fast machine reaches it after 15 s. */
const ORDERS = 12_000_000;
/** What an order and its risk decision are in the journal. */
const RECORD_BYTES = 256;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const data = mkdtempSync(join(process.env.DAYBOOK_BENCH_DIR ?? tmpdir(), 'bench-gateway-'));
  try {
    const bare = bareSync(data, Math.min(2, options.seconds / 5));
    const { closed, open, latencies } = await measure(data, options.seconds);
    const disk = (name: string, value: number, unit: string, baseline?: number): Figure => ({
      name,
      value,
      unit,
      ack: 'disk',
      ...(baseline === undefined ? {} : { baseline }),
    });
    const percentile = (p: number) => Math.round(bare.getValueAtPercentile(p) / 1000);
    return [
      disk('durable_orders_per_second', Math.round(closed.perSecond), '1/s'),
      disk('offered_orders_per_second', RATE, '1/s', Math.round(open.perSecond)),
      disk('durable_p50_us', open.p50Us, 'us', percentile(50)),
      disk('durable_p99_us', open.p99Us, 'us', percentile(99)),
      disk('durable_p999_us', open.p999Us, 'us', percentile(99.9)),
      disk('durable_max_us', open.maxUs, 'us'),
      disk('client_late_max_us', Math.round(open.lateUs), 'us'),
      disk('stage_received_to_decided_p50_us', latencies.receivedToDecided.p50Us, 'us'),
      disk('stage_received_to_decided_p99_us', latencies.receivedToDecided.p99Us, 'us'),
      disk('stage_decided_to_durable_p50_us', latencies.decidedToDurable.p50Us, 'us'),
      disk('stage_decided_to_durable_p99_us', latencies.decidedToDurable.p99Us, 'us'),
      disk('stage_durable_to_sent_p50_us', latencies.durableToSent.p50Us, 'us'),
      disk('stage_durable_to_sent_p99_us', latencies.durableToSent.p99Us, 'us'),
    ];
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** Appends and syncs as much as one order needs, one after the other. Nanoseconds. */
function bareSync(data: string, seconds: number) {
  const histogram = build({ highestTrackableValue: 1e11, numberOfSignificantValueDigits: 3 });
  const file = openSync(join(data, 'bare'), 'w');
  const bytes = Buffer.alloc(RECORD_BYTES, 1);
  // Written ahead, as the journal does: a sync then has no size to write.
  writeSync(file, Buffer.alloc(8 * 1024 * 1024), 0, 8 * 1024 * 1024, 0);
  fdatasyncSync(file);
  const end = performance.now() + seconds * 1000;
  for (let at = 0; performance.now() < end; at = (at + RECORD_BYTES) % (8 * 1024 * 1024)) {
    const started = process.hrtime.bigint();
    writeSync(file, bytes, 0, RECORD_BYTES, at);
    fdatasyncSync(file);
    histogram.recordValue(Number(process.hrtime.bigint() - started));
  }
  closeSync(file);
  return histogram;
}

async function measure(
  data: string,
  seconds: number,
): Promise<{ closed: OuchClientResult; open: OuchClientResult; latencies: StageLatencies }> {
  const shard = await startShard({
    directory: journalDirectory(data),
    producers: ['admin', 'ouch'],
    ringSlots: RING_SLOTS,
    capacity: {
      orders: ORDERS,
      clientIds: ORDERS + (ORDERS >> 2),
      executions: 1000,
      positions: 1000,
      accounts: 100,
      instruments: 100,
    },
  });
  enterReferenceData(shard);
  const passwordHash = hashPassword(PASSWORD);
  const sessions = Array.from(
    { length: SESSIONS },
    (_, i): SessionConfig => ({
      id: i + 1,
      name: `S${i}`,
      user: `user${i}`,
      passwordHash,
      accounts: [`account-${i}`],
      defaultAccount: `account-${i}`,
      cancelOnDisconnect: false,
      acknowledge: 'disk',
    }),
  );
  const config = { host: '127.0.0.1', port: 0, sessions };
  let gateway = await startOrderEntry(shard, 'ouch', config, 'warn');
  const task: OuchClientTask = {
    port: gateway.port,
    users: sessions.map(({ user }) => user),
    password: PASSWORD,
    symbols: SYMBOLS,
    mode: 'closed',
    window: WINDOW,
    rate: RATE,
    seconds: seconds / 2,
    from: 0,
  };
  try {
    // Code compiled and tables touched: not counted.
    await runClients({ ...task, window: 512, seconds: Math.min(2, seconds / 4) });
    const closed = await runClients({ ...task, from: 1_000_000_000 });
    await gateway.stop();
    gateway = await startOrderEntry(shard, 'ouch', config, 'warn');
    const { port } = gateway;
    const open = await runClients({ ...task, port, mode: 'open', from: 2_000_000_000 });
    const { latencies } = await gateway.stop();
    assert(latencies !== undefined, 'a gateway on node:net');
    return { closed, open, latencies };
  } finally {
    await shard.stop();
  }
}

/** Instruments without a venue, so that orders stay; every limit of an account is in force. */
function enterReferenceData(shard: RunningShard): void {
  const port = shard.port('admin');
  const header = { received: 1n, actor: 1, session: 0 };
  SYMBOLS.forEach((symbol, i) => {
    port.submit('ListInstrument', header, {
      symbol,
      currency: 'USD',
      tickMantissa: 1,
      tickScale: 2,
      lotMantissa: 1,
      multiplierMantissa: 1,
      open: 1,
    });
    port.submit('MarkPrice', header, { instrument: i + 1, price: 10_025 });
  });
  for (let i = 0; i < SESSIONS; i += 1) {
    port.submit('OpenAccount', header, { name: `account-${i}`, currency: 'USD', open: 1 });
    const set = (limit: number, value: number) =>
      port.submit('ChangeLimit', header, { limit, scope: 'Account', scopeId: i + 1, value });
    set(LIMIT.MaxOrderQuantity, 10_000);
    set(LIMIT.MaxOrderNotional, 10_000_000_000_000);
    set(LIMIT.PriceCollar, 2000);
    set(LIMIT.MaxPosition, 2 ** 40);
  }
}

function runClients(task: OuchClientTask): Promise<OuchClientResult> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./ouch-client.js', import.meta.url), {
      // The client's own pauses are not what is measured.
      execArgv: ['--single-threaded-gc', '--max-semi-space-size=64'],
    });
    let result: OuchClientResult | undefined;
    child.once('message', (message) => {
      result = message as OuchClientResult;
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (result === undefined) reject(new Error(`the clients ended with ${code}, no result`));
      else if (result.refused > 0) reject(new Error(`${result.refused} orders were refused`));
      else resolve(result);
    });
    child.send(task);
  });
}
