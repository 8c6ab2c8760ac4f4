/**
 * One shard of `bench core`, alone in its thread, as in production: its tables are then constants of
 * the compiled code (`lib/fixed-fields.ts`). Warms up and measures on the same state.
 */
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { build } from 'hdr-histogram-js';
import { inlineMore } from '../src/lib/compiler-budget.js';
import { nativeAddon } from '../src/lib/native-addon.js';
import { CoreFlow } from './core-flow.js';
import type { Figure } from './figure.js';

export interface ShardTask {
  readonly measure: 'throughput' | 'latency';
  /** How long at most; the tables may be full before. */
  readonly seconds: number;
}

export interface ShardResult {
  readonly commands: number;
  readonly seconds: number;
  readonly heapPerCommand: number;
  readonly figures: readonly Figure[];
}

const CHUNK = 512;
/** Commands after which nothing is compiled any more. */
const WARM_UP = 1_500_000;
/** The same of the open loop, each time: windows of risk checks turn by time, so what turns them is hot after half a second. */
const LOOP_WARM_UP = 800_000;
/** Commands a second of the open loop. */
const RATE = 1_000_000;

/** What `clocks` holds: ms of the one clock and of the other. */
const MONOTONIC = 0;
const PROCESSOR = 1;

const addon = nativeAddon();
const clocks = new Float64Array(2);
inlineMore();
const { measure, seconds } = workerData as ShardTask;
const flow = new CoreFlow();
for (let i = 0; i < WARM_UP; i += CHUNK) flow.run(CHUNK);
/** Bytes by which the heap grew in the open loop that was run last, itself only. */
let grown = 0;
const { commands, elapsed, figures } = measure === 'throughput' ? closedLoop() : latency();
const heapPerCommand = grown / commands;
const more = measure === 'latency' ? [...own(commands), ...idle(commands)] : [];
const result: ShardResult = {
  ...{ commands, seconds: elapsed, heapPerCommand },
  figures: [...figures, ...more],
};
parentPort?.postMessage(result);

interface Run {
  readonly commands: number;
  /** Seconds. */
  readonly elapsed: number;
  readonly figures: readonly Figure[];
}

function closedLoop(): Run {
  let done = 0;
  const start = performance.now();
  let now = start;
  while (flow.left > CHUNK && now - start < seconds * 1000) {
    flow.run(CHUNK);
    done += CHUNK;
    now = performance.now();
  }
  return { commands: done, elapsed: (now - start) / 1000, figures: [] };
}

/** Half of what fits, so that two runs have the same. */
function half(left: number): number {
  return Math.floor((left - CHUNK) / 2) & ~1;
}

function latency(): Run {
  warmUp(run, MONOTONIC);
  // Even: commands come in pairs.
  const total = Math.min(Math.floor(seconds * RATE), half(flow.left)) & ~1;
  return { commands: total, elapsed: total / RATE, figures: openLoop(total, run, MONOTONIC) };
}

/** The same loop with nothing to do: what the machine itself does to who wants to run always. */
function idle(total: number): Figure[] {
  warmUp(() => undefined, MONOTONIC);
  return renamed(
    'idle_loop',
    openLoop(total, () => undefined, MONOTONIC),
  );
}

/**
 * The same, timed by the processor time of the thread: without what the machine took from it, with
 * everything of our own, collections of garbage and page faults among it.
 */
function own(total: number): Figure[] {
  if (addon === undefined) return [];
  warmUp(run, PROCESSOR);
  return renamed('own', openLoop(Math.min(total, flow.left - CHUNK) & ~1, run, PROCESSOR));
}

function renamed(prefix: string, figures: readonly Figure[]): Figure[] {
  return figures.map((figure) => ({ ...figure, name: `${prefix}_${figure.name}` }));
}

function run(count: number): void {
  flow.run(count);
}

/**
 * Reads the clocks. With the addon nothing is allocated: what `performance.now()` leaves behind for each
 * look at it, which is millions a second here, would be collected within what is measured.
 */
function readClocks(): void {
  if (addon !== undefined) addon.readClocks(clocks);
  else clocks[MONOTONIC] = performance.now();
}

/** The loop itself is compiled before it measures, and again when it is given something else to do. */
function warmUp(decide: (count: number) => void, clock: number): void {
  openLoop(LOOP_WARM_UP, decide, clock);
}

/** Each command is due at a fixed moment; a pause is charged to all that were due meanwhile. */
function openLoop(total: number, decide: (count: number) => void, clock: number): Figure[] {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 10_000_000_000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  const perMs = RATE / 1000;
  // Sorted into the histogram afterwards: recording would be a tenth of what is measured.
  const latencies = new Float64Array(total).fill(0);
  const heap = getHeapStatistics().used_heap_size;
  readClocks();
  const start = clocks[clock] as number;
  let done = 0;
  while (done < total) {
    readClocks();
    const due = Math.min(total, Math.floor(((clocks[clock] as number) - start) * perMs));
    const batch = Math.min(due - done, 64) & ~1;
    if (batch === 0) continue;
    decide(batch);
    readClocks();
    const now = (clocks[clock] as number) - start;
    for (let i = 0; i < batch; i += 1) latencies[done + i] = (now - (done + i) / perMs) * 1e6;
    done += batch;
  }
  grown = Math.max(0, getHeapStatistics().used_heap_size - heap);
  for (const ns of latencies) histogram.recordValue(Math.max(1, Math.round(ns)));
  return [50, 99, 99.9, 99.99].map((percentile) => ({
    name: `p${String(percentile).replace('.', '')}_us`,
    value: Math.round(histogram.getValueAtPercentile(percentile) / 10) / 100,
    unit: 'us',
    ack: 'memory',
  }));
}
