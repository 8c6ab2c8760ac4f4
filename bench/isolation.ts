/**
 * What misbehaving clients do to the others: the latency of a calm client's durable orders (2,000 a
 * second, open loop) next to one that floods, one that never reads its answers and ones that are killed in
 * the middle of a packet, on the fast path as `fastpath` measures it: the writer's thread spins on a processor
 * of its own, with all its memory taken, and the clients have the other. Each is compared with the calm
 * client alone in windows by pairs (`paired-windows.ts`): between two windows a minute apart this machine
 * alone makes a factor of two. `windows_p99` are medians over the windows of a kind.
 */
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { encodeSoupPacket } from '../src/gateways/soupbintcp/packets.js';
import type { Figure } from './figure.js';
import { LoadProgram, type LoadResult, SPINNING_CPU } from './load-program.js';
import { ordersToSend, USERS, withOrderEntry } from './order-entry-shard.js';
import { comparePairs, type PairOfWindows, randomOf } from './paired-windows.js';

const CALM_RATE = 2000;
const FLOOD_WINDOW = 8192;
/** A flood sends all that there is time for. */
const ORDERS = 15_000_000;
/** A login costs its hash, 50 ms of a core: more often would measure that. */
const KILL_EVERY_MS = 250;
const WINDOW_SECONDS = 1;
const PAIRS_MIN = 3;
const [CALM_USER, FLOODER, STALLED, KILLED] = USERS as [string, string, string, string];
const orders = ordersToSend();

interface Pair {
  readonly without: LoadResult;
  readonly with: LoadResult;
}

type Window = () => Promise<LoadResult>;
/** Misbehaves while a window is measured. */
type Attack = (port: number, window: Window) => Promise<LoadResult>;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  // As in `fastpath`: this process idles, and V8 would collect.
  setFlagsFromString('--no-memory-reducer');
  const program = LoadProgram.compile();
  const attacks: Record<string, Attack> = {
    flooded: floodOf(program),
    stalled: stallOf(),
    killed: withKills,
  };
  const names = Object.keys(attacks);
  const windows = names.length * 2;
  const count = Math.max(PAIRS_MIN, Math.floor(options.seconds / (windows * WINDOW_SECONDS)));
  const random = randomOf(Math.floor(Math.random() * 2 ** 31));
  const shard = { acknowledge: 'disk', venue: false, orders: ORDERS } as const;
  return withOrderEntry(
    { ...shard, fastPath: { spin: true, cpu: SPINNING_CPU } },
    async ({ port }) => {
      const calm = calmOf(program, port);
      await calm();
      const pairs = new Map<string, Pair[]>(names.map((name) => [name, []]));
      for (let i = 0; i < count; i += 1) {
        for (const name of names) {
          const attacked = () => attacks[name]!(port, calm);
          const first = random() < 0.5;
          const one = await (first ? calm() : attacked());
          const other = await (first ? attacked() : calm());
          const [without, under] = first ? [one, other] : [other, one];
          pairs.get(name)?.push({ without, with: under });
        }
      }
      return names.flatMap((name) => figuresOf(name, pairs.get(name)!, random));
    },
  );
}

function figuresOf(name: string, pairs: readonly Pair[], random: () => number): Figure[] {
  const histograms = pairs.map(
    (pair): PairOfWindows => ({
      without: pair.without.histogram,
      with: pair.with.histogram,
    }),
  );
  const of = (share: number) => comparePairs(histograms, share, random);
  // A stall of the machine is the matter of the window that it falls into.
  const ofWindows = (which: keyof Pair) => medianOf(pairs.map((pair) => pair[which].p99));
  const figure = (what: string, value: number, unit: string, baseline?: number): Figure => ({
    ...{ name: `calm_${name}_${what}`, value: round(value), unit, ack: 'disk' },
    ...(baseline === undefined ? {} : { baseline: round(baseline) }),
  });
  const [median, p99] = [of(0.5), of(0.99)];
  return [
    figure('p50_us', median.with, 'us', median.without),
    figure('p99_us', p99.with, 'us', p99.without),
    figure('p99_ratio', p99.ratio, ''),
    figure('p99_ratio_low', p99.ratioLow, ''),
    figure('p99_ratio_high', p99.ratioHigh, ''),
    figure('windows_p99_us', ofWindows('with'), 'us', ofWindows('without')),
  ];
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const round = (value: number) => (value < 100 ? Math.round(value * 100) / 100 : Math.round(value));

function calmOf(program: LoadProgram, port: number): Window {
  let from = 0;
  return async () => {
    const result = await program.clients({
      ...{ port, kind: 'ouch', mode: 'open', rate: CALM_RATE, from, users: [CALM_USER], orders },
      ...{
        seconds: WINDOW_SECONDS,
        warmUp: WINDOW_SECONDS / 5,
        spin: false,
        awayFrom: SPINNING_CPU,
      },
    });
    from += result.sent;
    return result;
  };
}

/** Begins before the window and ends after it. */
function floodOf(program: LoadProgram): Attack {
  let from = 0;
  return async (port, window) => {
    const flooding = program.clients({
      ...{ port, kind: 'ouch', mode: 'closed', window: FLOOD_WINDOW, warmUp: 0 },
      ...{ from, users: [FLOODER], orders, seconds: WINDOW_SECONDS * 1.5, awayFrom: SPINNING_CPU },
    });
    const result = await window();
    from += (await flooding).sent;
    return result;
  };
}

function login(port: number, username: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const fields = { username, password: 'bench', requestedSession: '', requestedSequenceNumber: 0 };
  socket.write(encodeSoupPacket('in', { type: 'L', fields }));
  return socket;
}

/** Sends and never reads: its answers fill its buffers, and then it is sent nothing more. */
function stallOf(): Attack {
  const burst = Buffer.from(orders);
  let ref = 0;
  return async (port, window) => {
    const socket = login(port, STALLED);
    socket.pause();
    const timer = setInterval(() => {
      if (socket.writableNeedDrain) return;
      for (let at = 0; at < burst.length; at += 50) {
        ref += 1;
        burst.writeUInt32BE(ref, at + 4);
      }
      socket.write(Buffer.from(burst));
    }, 10);
    try {
      return await window();
    } finally {
      clearInterval(timer);
      socket.destroy();
    }
  };
}

async function withKills(port: number, window: Window): Promise<LoadResult> {
  const timer = setInterval(() => {
    const socket = login(port, KILLED);
    socket.once('data', () => {
      socket.write(Buffer.from([0, 48, 0x55, 0x4f]), () => socket.resetAndDestroy());
    });
  }, KILL_EVERY_MS);
  try {
    return await window();
  } finally {
    clearInterval(timer);
  }
}
