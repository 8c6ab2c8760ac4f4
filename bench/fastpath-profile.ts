/**
 * Where an order's time goes on the fast path at full load, and the floors under it, in one run: the
 * closed loop of bench fastpath with a sampling profiler in the writer's thread (`node --cpu-prof`),
 * whose samples are given to the source file on top of the stack, and calls of the addon to the addon.
 *
 * `profile_..._ns` are nanoseconds of the writer's thread an order, and `profile_total_ns` is their
 * sum: one thread carries no more than 1e9 / total. `profile_sync_wait_ns` is the time in which it
 * waits for the disk; what it does while the disk syncs counts where it belongs.
 * `client_orders_per_second` is what the same clients do against a bare echo of the same bytes, so that
 * they are not what is measured; `bare_sync_orders_per_second` is a bare write and `fdatasync` of
 * batches of BATCH_ORDERS orders.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../src/lib/assert.js';
import type { Figure } from './figure.js';
import { LoadProgram, SPINNING_CPU } from './load-program.js';
import { ordersToSend, USERS, withOrderEntry } from './order-entry-shard.js';

const WINDOW = 8192;
const CLOSED_ORDERS = 12_000_000;
const RECORD_BYTES = 272;
/** About what a batch of the closed loop is. */
const BATCH_ORDERS = 2000;
/** The child of the bench, which the profiler watches. */
const PROFILED = 'DAYBOOK_BENCH_PROFILED';
const orders = ordersToSend();

export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const program = LoadProgram.compile();
  const shared = {
    ...({ users: USERS, orders, window: WINDOW, mode: 'closed', from: 0 } as const),
    awayFrom: SPINNING_CPU,
  };
  const closed = (port: number, kind: 'ouch' | 'echo', part: number) =>
    program.clients({ ...shared, port, kind, seconds: part, warmUp: part * 0.2 });
  if (process.env[PROFILED] !== undefined) {
    const options = {
      fastPath: { spin: true, cpu: SPINNING_CPU },
      acknowledge: 'disk',
      venue: false,
    } as const;
    return withOrderEntry({ ...options, orders: CLOSED_ORDERS }, async ({ port }) => {
      const { perSecond, done } = await closed(port, 'ouch', Math.min(8, seconds * 0.5));
      return [figure('profiled_orders_per_second', perSecond, '1/s', 'disk'), ordersDone(done)];
    });
  }
  const file = `${process.env.DAYBOOK_BENCH_DIR ?? tmpdir()}/bench-fastpath-profile`;
  const sync = await program.sync(file, RECORD_BYTES * BATCH_ORDERS, seconds * 0.1);
  rmSync(file, { force: true });
  const part = seconds * 0.1;
  const echo = await program.withEcho({ spin: true }, (port) => closed(port, 'echo', part));
  return [
    ...profiled(seconds),
    figure('client_orders_per_second', echo.perSecond, '1/s', 'none'),
    figure(
      'bare_sync_orders_per_second',
      (BATCH_ORDERS * sync.count) / (seconds * 0.1),
      '1/s',
      'disk',
    ),
    figure('bare_sync_batch_p50_us', sync.p50, 'us', 'disk'),
  ];
}

function figure(name: string, value: number, unit: string, ack: Figure['ack']): Figure {
  return { name, value: Math.round(value), unit, ack };
}

function ordersDone(done: number): Figure {
  return figure('profiled_orders', done, 'count', 'disk');
}

/** Runs this bench's closed loop under the profiler. */
function profiled(seconds: number): Figure[] {
  const directory = mkdtempSync(join(tmpdir(), 'bench-profile-'));
  try {
    const flags = ['--cpu-prof', '--cpu-prof-interval', '500', '--cpu-prof-dir', directory];
    const bench = [process.argv[1]!, 'fastpath-profile', '--json', '--seconds', String(seconds)];
    const printed = execFileSync(process.execPath, [...flags, ...bench], {
      encoding: 'utf8',
      env: { ...process.env, [PROFILED]: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { figures } = JSON.parse(printed) as { figures: Figure[] };
    const done = figures.find(({ name }) => name === 'profiled_orders')?.value ?? 0;
    assert(done > 0, 'orders were profiled');
    const parts = writersShare(readdirSync(directory).map((name) => join(directory, name)));
    let total = 0;
    for (const us of parts.values()) total += us;
    const each = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...figures,
      ...each.map(([part, us]) => figure(`profile_${part}_ns`, (us * 1000) / done, 'ns', 'none')),
      figure('profile_total_ns', (total * 1000) / done, 'ns', 'none'),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      functionName: string;
      url: string;
      lineNumber: number;
      columnNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Names of the addon's calls that the writer makes in a turn (they have no source), by part. */
const ADDON: Readonly<Record<string, string>> = {
  turn: 'sockets',
  sendNow: 'sockets',
  pwrite: 'write',
  fdatasync: 'sync_wait',
};
/** Sources of the order's way, by part; the first that fits. */
const SOURCES: readonly (readonly [prefix: string, part: string])[] = [
  ['src/domain/', 'core'],
  ['src/commands/', 'core'],
  ['src/gateways/', 'gateway'],
  ['src/log/', 'journal'],
  ['src/operations/fast-path', 'loop'],
  ['src/lib/', 'shared'],
];

/** us of each part in the thread that runs the fast path. */
function writersShare(files: readonly string[]): Map<string, number> {
  const maps = new Map<string, SourceMap>();
  let most = new Map<string, number>();
  for (const file of files) {
    const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
    const parts = new Map<string, string | undefined>();
    for (const { id, callFrame } of profile.nodes)
      parts.set(id.toString(), partOf(callFrame, maps));
    const each = profile.samples.map((sample) => parts.get(sample.toString()));
    // From the first order to the last: before and after, the thread only polls.
    const from = each.indexOf('core', each.indexOf('sockets'));
    const to = each.lastIndexOf('core');
    const times = new Map<string, number>();
    for (let i = from; i >= 0 && i <= to; i += 1) {
      const part = each[i] ?? 'other';
      times.set(part, (times.get(part) ?? 0) + profile.timeDeltas[i]!);
    }
    if ((times.get('gateway') ?? 0) > (most.get('gateway') ?? 0)) most = times;
  }
  return most;
}

/** @returns undefined for what is none of these: the event loop, Node itself */
function partOf(
  { functionName, url, lineNumber, columnNumber }: Profile['nodes'][number]['callFrame'],
  maps: Map<string, SourceMap>,
): string | undefined {
  if (functionName === '(garbage collector)') return 'garbage';
  if (!url.includes('/dist/') || url.includes('/node_modules/')) return undefined;
  const source = sourceOf(url, lineNumber, columnNumber, maps);
  // `OrderEntry` has a turn, too.
  const call = functionName === 'turn' && !source.includes('native-server') ? '' : functionName;
  if (Object.hasOwn(ADDON, call)) return ADDON[call];
  return SOURCES.find(([prefix]) => source.startsWith(prefix))?.[1];
}

/** @returns the source of a place in dist/, from the root of the repository */
function sourceOf(url: string, line: number, column: number, maps: Map<string, SourceMap>): string {
  const path = fileURLToPath(url);
  const known = maps.get(url);
  if (known === undefined && !existsSync(`${path}.map`)) return path.replace(/^.*\/dist\//, '');
  const map = known ?? new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  maps.set(url, map);
  const entry = map.findEntry(line, column);
  return 'originalSource' in entry ? entry.originalSource.replace(/^(\.\.\/)*(build\/)?/, '') : '';
}
