/**
 * Writer, journal and simulated venue end to end: orders that match in pairs go in as fast as the ring
 * takes them; each is accepted, made durable, routed, acknowledged, filled, and the fills made durable.
 *
 * `orders_per_second` counts orders whose fill is durable; `order_messages_per_second` what the log
 * holds about them: accepted, routed, acknowledged, filled. The round trip is
 * that of one pair at a time: from the submit of the order that matches to its durable fill.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandPort } from '../src/commands/command-port.js';
import { COMMAND, commandLayouts } from '../src/domain/commands.js';
import { HEADER } from '../src/domain/event-record.js';
import { EVENT } from '../src/domain/events.js';
import { ORD_TYPE, SIDE, TIME_IN_FORCE } from '../src/domain/order-terms.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { type RunningShard, startShard } from '../src/operations/shard.js';
import { startSimulatedVenue } from '../src/operations/simulated-venue.js';
import { writeDigits } from '../src/venues/simulated/execution-id.js';
import type { Figure } from './figure.js';

const ORDERS_MAX = 3_000_000;
const HEADER_FIELDS = { received: 0n, actor: 0, session: 0 };
const order = commandLayouts.NewOrder.offsets;
const ORDER_BYTES = commandLayouts.NewOrder.bytesMin;
/** Pairs whose round trip is measured, one at a time. */
const PAIRS = 500;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-venue-'));
  const shard = await startShard({ directory, producers: ['client', 'venue'] });
  seed(shard.port('client'));
  const venue = await startSimulatedVenue(shard, 1, 'venue');
  try {
    const log = new Log(shard);
    const flow = new Flow(shard.port('client'));
    const latency = roundTrips(flow, log);
    const rate = throughput(flow, log, options.seconds);
    return [...rate, ...latency];
  } finally {
    await venue.stop();
    await shard.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function seed(port: CommandPort): void {
  port.submit('ListInstrument', HEADER_FIELDS, {
    ...{ symbol: 'BENCH', currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1 },
    ...{ lotScale: 0, multiplierMantissa: 1, multiplierScale: 0, open: 1, venue: 1 },
  });
  for (const name of ['one', 'two']) {
    port.submit('OpenAccount', HEADER_FIELDS, { name, currency: 'USD', open: 1 });
  }
}

/** A sell of one account, then a buy of the other that takes it. */
class Flow {
  sent = 0;
  readonly #port: CommandPort;

  constructor(port: CommandPort) {
    this.#port = port;
  }

  /** @returns false when the ring has no room for an order */
  send(): boolean {
    if (!this.#port.open) return false;
    const at = this.#port.claim(COMMAND.NewOrder, ORDER_BYTES);
    if (at < 0) return false;
    const { u8, u16, i32, f64 } = this.#port.slots;
    const buys = this.sent % 2 === 1;
    i32[(at + order.account) >> 2] = buys ? 2 : 1;
    i32[(at + order.instrument) >> 2] = 1;
    writeDigits(u8, at + order.clOrdId, 1_000_000_000 + this.sent);
    f64[(at + order.quantity) >> 3] = 1;
    f64[(at + order.price) >> 3] = 10_000;
    u8[at + order.side] = buys ? SIDE.Buy : SIDE.Sell;
    u8[at + order.ordType] = ORD_TYPE.Limit;
    u8[at + order.timeInForce] = TIME_IN_FORCE.Day;
    u16[(at + order.venue) >> 1] = 1;
    this.#port.publish();
    this.sent += 1;
    return true;
  }
}

/** What the log holds by now. */
class Log {
  fills = 0;
  messages = 0;
  readonly #reader: JournalReader;

  constructor(shard: RunningShard) {
    const end = shard.durableEnd;
    this.#reader = new JournalReader(shard.directory, { from: 0, end, checkRecords: false });
  }

  read(waitMs: number): void {
    const batch = waitMs > 0 ? this.#reader.readBlocking(waitMs) : this.#reader.read();
    if (batch === undefined) return;
    const { bytes, u16 } = batch;
    for (let at = 0; at < batch.length; at += u16[(at + HEADER.length) >> 1] as number) {
      const number = bytes[at + HEADER.number] as number;
      if (number >= EVENT.OrderAccepted && number <= EVENT.OrderFilled) this.messages += 1;
      if (number === EVENT.OrderFilled) this.fills += 1;
    }
  }
}

function throughput(flow: Flow, log: Log, seconds: number): Figure[] {
  const [sentBefore, fillsBefore, messagesBefore] = [flow.sent, log.fills, log.messages];
  const start = performance.now();
  const end = start + seconds * 1000;
  while (performance.now() < end && flow.sent < ORDERS_MAX) {
    for (let i = 0; i < 1024 && flow.send(); i += 1);
    log.read(1);
  }
  if (flow.sent % 2 === 1) while (!flow.send()) log.read(1);
  while (log.fills - fillsBefore < flow.sent - sentBefore) log.read(100);
  const took = (performance.now() - start) / 1000;
  const figure = (name: string, count: number): Figure => ({
    name,
    value: Math.round(count / took),
    unit: '1/s',
    ack: 'disk',
  });
  return [
    figure('order_messages_per_second', log.messages - messagesBefore),
    figure('orders_per_second', log.fills - fillsBefore),
  ];
}

function roundTrips(flow: Flow, log: Log): Figure[] {
  const times: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    flow.send();
    const start = performance.now();
    flow.send();
    const fills = log.fills + 2;
    while (log.fills < fills) log.read(100);
    times.push((performance.now() - start) * 1000);
  }
  times.sort((a, b) => a - b);
  const at = (name: string, part: number): Figure => ({
    name,
    value: Math.round(times[Math.floor(times.length * part)] as number),
    unit: 'us',
    ack: 'disk',
  });
  return [at('durable_fill_p50_us', 0.5), at('durable_fill_p99_us', 0.99)];
}
