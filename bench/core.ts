/**
 * The in-memory core: decide, evolve and encode, all checks on, no disk.
 *
 * `commands_per_second` is the rate with commands fed as fast as they are taken. The latencies are
 * taken open loop at one million commands a second: each command is due at a fixed moment, and a
 * pause delays, and is charged to, every command that was due meanwhile (no coordinated omission).
 */
import { Worker } from 'node:worker_threads';
import { build } from 'hdr-histogram-js';
import { CoreFlow, ORDERS } from './core-flow.js';
import type { Figure } from './figure.js';

const CHUNK = 512;
const RATE = 1_000_000;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  warmUp(Math.min(2, options.seconds));
  const rate = throughput(options.seconds / 3);
  const flow = new CoreFlow();
  for (let i = 0; i < 100; i += 1) flow.run(CHUNK);
  const seconds = Math.min(options.seconds / 3, (2 * ORDERS) / RATE);
  // Even: commands come in pairs.
  const total = Math.min(Math.floor(seconds * RATE), flow.left - CHUNK) & ~1;
  const heapBefore = process.memoryUsage().heapUsed;
  const latency = openLoop(total, (commands) => flow.run(commands));
  const heapPerCommand = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / total;
  // The same loop with nothing to do: what the machine itself does to who wants to run always.
  const idle = openLoop(total, () => undefined).map((figure) => ({
    ...figure,
    name: `idle_loop_${figure.name}`,
  }));
  const shards = await twoShards(options.seconds / 3);
  return [
    { name: 'commands_per_second', value: Math.round(rate), unit: '1/s', ack: 'none' },
    ...latency,
    {
      name: 'heap_bytes_per_command',
      value: Math.round(heapPerCommand * 100) / 100,
      unit: 'B',
      ack: 'none',
    },
    ...idle,
    {
      name: 'two_shards_commands_per_second',
      value: Math.round(shards),
      unit: '1/s',
      ack: 'none',
    },
  ];
}

/** A shard on each of two threads, which share nothing; their rates added up. */
async function twoShards(seconds: number): Promise<number> {
  const rates = await Promise.all(
    [0, 1].map(
      () =>
        new Promise<number>((resolve, reject) => {
          const url = new URL('./core-shard.js', import.meta.url);
          const worker = new Worker(url, { workerData: seconds });
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

export function warmUp(seconds: number): void {
  const flow = new CoreFlow();
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end && flow.left > CHUNK) flow.run(CHUNK);
}

/** Commands a second; when the tables of a flow are full, a new one goes on outside the clock. */
export function throughput(seconds: number): number {
  let commands = 0;
  let elapsed = 0;
  while (elapsed < seconds * 1000) {
    const flow = new CoreFlow();
    const start = performance.now();
    let now = start;
    while (flow.left > CHUNK && elapsed + now - start < seconds * 1000) {
      flow.run(CHUNK);
      commands += CHUNK;
      now = performance.now();
    }
    elapsed += now - start;
  }
  return (commands * 1000) / elapsed;
}

function openLoop(total: number, run: (commands: number) => void): Figure[] {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 10_000_000_000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  const perMs = RATE / 1000;
  // Sorted into the histogram afterwards: recording would be a tenth of what is measured.
  const latencies = new Float64Array(total).fill(0);
  const start = performance.now();
  let done = 0;
  while (done < total) {
    const due = Math.min(total, Math.floor((performance.now() - start) * perMs));
    const batch = Math.min(due - done, 64) & ~1;
    if (batch === 0) continue;
    run(batch);
    const now = performance.now() - start;
    for (let i = 0; i < batch; i += 1) latencies[done + i] = (now - (done + i) / perMs) * 1e6;
    done += batch;
  }
  for (const ns of latencies) histogram.recordValue(Math.max(1, Math.round(ns)));
  return [50, 99, 99.9, 99.99].map((percentile) => ({
    name: `p${String(percentile).replace('.', '')}_us`,
    value: Math.round(histogram.getValueAtPercentile(percentile) / 10) / 100,
    unit: 'us',
    ack: 'memory',
  }));
}
