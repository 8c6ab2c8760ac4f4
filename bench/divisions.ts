/**
 * The same orders on other divisions of the work among threads: which carries more, and which answers
 * sooner, on as many processors as the process may use. `taskset -c 0 npm run bench -- divisions`
 * measures one; the clients share them.
 *
 *   one_spinning    sockets, decisions and answers in the writer's thread, which never sleeps
 *   one             the same, asleep when there is nothing to do
 *   two             gateway on node:net, writer; the addon under the journal
 *   two_node        the same on Node's modules alone
 *
 * `_cpu_ns` is processor time an order of all threads of Daybook, `_busiest_ns` that of the busiest one:
 * 1e9 / busiest is what the division could carry if every thread had a processor to itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { assert } from '../src/lib/assert.js';
import type { Figure } from './figure.js';
import { LoadProgram, type LoadResult } from './load-program.js';
import {
  type OrderEntryShardOptions,
  ordersToSend,
  USERS,
  withOrderEntry,
} from './order-entry-shard.js';

const RATE = 25_000;
/** Orders in flight on a connection of the closed loop. */
const WINDOW = 8192;
const ORDERS = 15_000_000;
/** Then they still fit. */
const PART_SECONDS_MAX = 1.5;
const DIVISIONS: Readonly<Record<string, Pick<OrderEntryShardOptions, 'fastPath' | 'addon'>>> = {
  one_spinning: { fastPath: { spin: true } },
  one: { fastPath: { spin: false } },
  two: { fastPath: undefined, addon: true },
  two_node: { fastPath: undefined },
};

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const program = LoadProgram.compile();
  const seconds = Math.min(PART_SECONDS_MAX, Math.max(0.5, options.seconds / 12));
  const orders = ordersToSend();
  const figures: Figure[] = [];
  let from = 0;
  const send = async (port: number, load: { mode: 'open' | 'closed'; seconds: number }) => {
    const result = await program.clients({
      ...{ port, kind: 'ouch', users: USERS, orders, from, rate: RATE, window: WINDOW },
      ...{ warmUp: load.seconds / 4, spin: false, ...load },
    });
    assert(result.refused === 0, 'no order is refused');
    from += result.sent;
    return result;
  };
  for (const [name, division] of Object.entries(DIVISIONS)) {
    const shard = { ...division, acknowledge: 'disk', venue: false, orders: ORDERS } as const;
    await withOrderEntry(shard, async ({ port }) => {
      await send(port, { mode: 'closed', seconds });
      const before = threadTimes();
      const closed = await send(port, { mode: 'closed', seconds: 2 * seconds });
      const times = threadTimes().map(
        ({ id, ns }) => ns - (before.find((b) => b.id === id)?.ns ?? 0),
      );
      const open = await send(port, { mode: 'open', seconds });
      figures.push(...figuresOf(name, closed, times, open));
    });
  }
  return figures;
}

function figuresOf(name: string, closed: LoadResult, times: number[], open: LoadResult): Figure[] {
  const figure = (what: string, value: number, unit: string): Figure => {
    return { name: `${name}_${what}`, value: Math.round(value), unit, ack: 'disk' };
  };
  const sum = times.reduce((a, b) => a + b, 0);
  return [
    figure('orders_per_second', closed.perSecond, '1/s'),
    figure('p50_us', open.p50, 'us'),
    figure('p99_us', open.p99, 'us'),
    figure('cpu_ns', sum / closed.done, 'ns'),
    figure('busiest_ns', Math.max(...times) / closed.done, 'ns'),
  ];
}

/** Processor time of each thread of this process, ns. */
function threadTimes(): { readonly id: string; readonly ns: number }[] {
  return readdirSync('/proc/self/task').map((id) => {
    const text = readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8');
    return { id, ns: Number(text.split(' ')[0]) };
  });
}
