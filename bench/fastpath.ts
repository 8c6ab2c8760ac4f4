/**
 * Orders through OUCH over loopback, with the addon and without it: order entry, writer and journal,
 * every risk check on, four sessions. The clients are one other process, of C++, with open-loop
 * latencies timed from when an order was due. With the addon the writer's thread spins on a processor
 * of its own, as the bare echo does; the clients and the journal's thread have the other. `node_` is the
 * same shard on Node's modules alone, in two threads that go where they like.
 *
 * `durable_orders_per_second` is a closed loop with many orders in flight; `order_messages_per_second`
 * the same with the simulated venue attached (accepted, routed, acknowledged, filled), from the log. The
 * latencies are at 25,000 orders a second, and come first: a shard of millions of orders that ends gives
 * gigabytes back to the machine, which a virtual one is busy with for a while. Baselines of the same
 * run: a bare write and `fdatasync` of an order's bytes, and a bare echo over the same TCP at the same
 * rate. `durable_echo_` is that echo with a bare write and sync of what came before each answer,
 * `memory_echo_` with a thread beside it that writes and syncs all that comes: what the machine lets any
 * program have that spins on one processor beside clients that spin on the other.
 */
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { HEADER } from '../src/domain/event-record.js';
import { EVENT } from '../src/domain/events.js';
import type { TurnLatencies } from '../src/gateways/order-entry/turn-latency.js';
import { assert } from '../src/lib/assert.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import type { RunningShard } from '../src/operations/shard.js';
import type { Figure } from './figure.js';
import { type LoadCurve, latencyPlot } from './latency-plot.js';
import { type LoadLatency, LoadProgram, type LoadResult, SPINNING_CPU } from './load-program.js';
import { ordersToSend, USERS, withOrderEntry } from './order-entry-shard.js';

const RATE = 25_000;
/** Small batches take ways through the code that no closed loop has warmed up, s. */
const WARM_UP = 1.5;
/** Orders in flight on a connection of the closed loop. */
const WINDOW = 8192;
const VENUE_WINDOW = 2048;
/** An order and its risk decision in the journal. */
const RECORD_BYTES = 272;
const PLOT_RATES = [5000, 25_000, 50_000, 100_000, 200_000, 400_000, 800_000];
/** The closed loop is fast and long. */
const CLOSED_ORDERS = 15_000_000;
const BARE_FILE = `${process.env.DAYBOOK_BENCH_DIR ?? '/tmp'}/bench-fastpath-bare`;
const PLOT = 'docs/fast-path.svg';
/** As `daybook start --spin CPU` has it. */
const SPIN = { spin: true, cpu: SPINNING_CPU } as const;
const orders = ordersToSend();

/** Where the clients connect, and the processor that is not theirs. */
interface Server {
  readonly port: number;
  readonly awayFrom?: number | undefined;
}
const beside = ({ port }: { port: number }): Server => ({ port, awayFrom: SPINNING_CPU });

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const { seconds } = options;
  // This process's main thread idles; V8 would collect then, for 20 ms on the processor of the clients.
  setFlagsFromString('--no-memory-reducer');
  const program = LoadProgram.compile();
  const bench = new FastPathBench(program, seconds);
  const syncBefore = await bench.sync();
  const echo = await bench.echo();
  const durableEcho = await bench.echo('disk');
  const memoryEcho = await bench.echo('memory');
  const native = await bench.fromDisk();
  const memory = await bench.fromMemory();
  const syncAfter = await bench.sync();
  await bench.plot();
  const perSecond = await bench.durable();
  const node = await bench.node();
  const venue = await bench.venue();
  const sync = syncBefore.p50 < syncAfter.p50 ? syncBefore : syncAfter;
  return [
    figure('durable_orders_per_second', perSecond, '1/s', 'disk'),
    figure('order_messages_per_second', venue, '1/s', 'disk'),
    ...latencies('durable', native.open, 'disk', sync),
    ...latencies('memory', memory, 'memory', echo),
    ...latencies('fdatasync', sync, 'disk'),
    ...latencies('echo', echo, 'memory'),
    ...latencies('durable_echo', durableEcho, 'disk'),
    ...latencies('memory_echo', memoryEcho, 'memory'),
    figure('node_durable_orders_per_second', node.closed.perSecond, '1/s', 'disk'),
    ...latencies('node_durable', node.open, 'disk', sync),
    figure('client_late_max_us', native.open.lateUs, 'us', 'disk'),
    ...stages(native.turns),
  ];
}

type Ack = Figure['ack'];

function figure(name: string, value: number, unit: string, ack: Ack, baseline?: number): Figure {
  const rounded = value >= 1000 ? Math.round(value) : Math.round(value * 100) / 100;
  return { name, value: rounded, unit, ack, ...(baseline === undefined ? {} : { baseline }) };
}

const PERCENTILES = ['p50', 'p99', 'p999', 'p9999', 'max'] as const;

function latencies(name: string, of: LoadLatency, ack: Ack, baseline?: LoadLatency): Figure[] {
  return PERCENTILES.map((each) =>
    figure(`${name}_${each}_us`, of[each], 'us', ack, baseline?.[each]),
  );
}

function stages(turns: TurnLatencies): Figure[] {
  const each = { ...turns.stages, total: turns.total };
  const pauses = { garbage: turns.garbage, sync: turns.sync };
  return [
    ...Object.entries(each).flatMap(([name, { p50Us, p99Us, p999Us }]) => [
      figure(`stage_${name}_p50_us`, p50Us, 'us', 'disk'),
      figure(`stage_${name}_p99_us`, p99Us, 'us', 'disk'),
      figure(`stage_${name}_p999_us`, p999Us, 'us', 'disk'),
    ]),
    ...Object.entries(pauses).flatMap(([name, { count, p99Us, maxUs }]) => [
      figure(`pause_${name}_count`, count, 'pauses', 'none'),
      figure(`pause_${name}_p99_us`, p99Us, 'us', 'none'),
      figure(`pause_${name}_max_us`, maxUs, 'us', 'none'),
    ]),
  ];
}

class FastPathBench {
  readonly #program: LoadProgram;
  readonly #seconds: number;
  #from = 0;

  constructor(program: LoadProgram, seconds: number) {
    this.#program = program;
    this.#seconds = seconds;
  }

  sync(): Promise<LoadLatency> {
    return this.#program.sync(BARE_FILE, RECORD_BYTES, this.#part(0.05));
  }

  /** @param acknowledge what comes is written and synced, and answered then, or before */
  echo(acknowledge?: 'disk' | 'memory'): Promise<LoadResult> {
    const load = { kind: 'echo', mode: 'open', rate: RATE, from: 0, users: USERS, orders } as const;
    const times = { seconds: this.#part(0.1), warmUp: this.#part(0.02) };
    const journal = acknowledge && { file: BARE_FILE, acknowledge };
    return this.#program.withEcho({ spin: true, journal }, (port) =>
      this.#program.clients({ ...load, ...times, port, awayFrom: SPINNING_CPU }),
    );
  }

  /** @returns orders a second */
  async durable(): Promise<number> {
    const options = { fastPath: SPIN, acknowledge: 'disk', venue: false } as const;
    return withOrderEntry({ ...options, orders: CLOSED_ORDERS }, async (entry) => {
      await this.#closed(beside(entry), Math.min(1, this.#part(0.1)));
      return (await this.#closed(beside(entry), Math.min(5, this.#part(0.2)))).perSecond;
    });
  }

  fromDisk(): Promise<{ open: LoadResult; turns: TurnLatencies }> {
    const options = { fastPath: SPIN, acknowledge: 'disk', venue: false } as const;
    return withOrderEntry(options, async (entry) => {
      await this.#closed(beside(entry), Math.min(1, this.#part(0.1)));
      const seconds = this.#part(0.2);
      const open = await this.#open(beside(entry), RATE, seconds, Math.max(WARM_UP, seconds * 0.2));
      const turns = await entry.latencies();
      assert(turns !== undefined, 'the fast path knows its stages');
      return { open, turns };
    });
  }

  fromMemory(): Promise<LoadResult> {
    const options = { fastPath: SPIN, acknowledge: 'memory', venue: false } as const;
    return withOrderEntry(options, async (entry) => {
      await this.#closed(beside(entry), Math.min(1, this.#part(0.1)));
      const seconds = this.#part(0.15);
      return this.#open(beside(entry), RATE, seconds, Math.max(WARM_UP, seconds * 0.2));
    });
  }

  node(): Promise<{ closed: LoadResult; open: LoadResult }> {
    const options = { fastPath: undefined, acknowledge: 'disk', venue: false } as const;
    return withOrderEntry({ ...options, orders: CLOSED_ORDERS }, async (entry) => {
      await this.#closed(entry, Math.min(2, this.#part(0.1)));
      const closed = await this.#closed(entry, Math.min(5, this.#part(0.1)));
      const open = await this.#open(entry, RATE, this.#part(0.1));
      return { closed, open };
    });
  }

  /** @returns order messages a second: what the log holds of the orders */
  venue(): Promise<number> {
    const options = { fastPath: { spin: false }, acknowledge: 'disk', venue: true } as const;
    return withOrderEntry(options, async (entry, shard) => {
      await this.#closed(entry, Math.min(1, this.#part(0.05)), VENUE_WINDOW, 2);
      const before = messagesIn(shard);
      const start = performance.now();
      await this.#closed(entry, this.#part(0.1), VENUE_WINDOW, 2);
      const took = (performance.now() - start) / 1000;
      return (messagesIn(shard) - before) / took;
    });
  }

  async plot(): Promise<void> {
    const curve = async (name: string, fastPath: typeof SPIN | undefined, ack: 'disk' | 'memory') =>
      withOrderEntry({ fastPath, acknowledge: ack, venue: false }, async (entry) => {
        const server = fastPath === undefined ? entry : beside(entry);
        await this.#closed(server, Math.min(1, this.#part(0.05)));
        const points: { rate: number; latency: LoadLatency }[] = [];
        for (const rate of PLOT_RATES) {
          points.push({ rate, latency: await this.#open(server, rate, this.#part(0.015)) });
        }
        return { name, points } satisfies LoadCurve;
      });
    const curves = [
      await curve('with the addon, from memory', SPIN, 'memory'),
      await curve('with the addon, from disk', SPIN, 'disk'),
      await curve('without the addon, from disk', undefined, 'disk'),
    ];
    writeFileSync(PLOT, latencyPlot(curves));
  }

  async #closed(server: Server, seconds: number, window = WINDOW, answers: 1 | 2 = 1) {
    const { port, awayFrom } = server;
    const warmUp = seconds * 0.2;
    const result = await this.#program.clients({
      ...{ port, kind: 'ouch', mode: 'closed', window, seconds, warmUp, users: USERS, orders },
      ...{ from: this.#from, answers, awayFrom },
    });
    return this.#checked(result);
  }

  async #open(
    server: Server,
    rate: number,
    seconds: number,
    warmUp = seconds * 0.2,
  ): Promise<LoadResult> {
    const { port, awayFrom } = server;
    const result = await this.#program.clients({
      ...{ port, kind: 'ouch', mode: 'open', rate, seconds, warmUp, users: USERS },
      ...{ from: this.#from, orders, awayFrom },
    });
    return this.#checked(result);
  }

  /** UserRefNums go on where the run before ended, at the latest. */
  #checked(result: LoadResult): LoadResult {
    assert(result.refused === 0, 'no order is refused');
    this.#from += result.sent;
    return result;
  }

  #part(of: number): number {
    return Math.max(0.3, this.#seconds * of);
  }
}

function messagesIn(shard: RunningShard): number {
  const reader = new JournalReader(shard.directory, {
    ...{ from: 0, end: shard.durableEnd, checkRecords: false },
  });
  let messages = 0;
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    const { bytes, u16 } = batch;
    for (let at = 0; at < batch.length; at += u16[(at + HEADER.length) >> 1]!) {
      const number = bytes[at + HEADER.number]!;
      if (number >= EVENT.OrderAccepted && number <= EVENT.OrderFilled) messages += 1;
    }
  }
  reader.close();
  return messages;
}
