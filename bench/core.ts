/**
 * The in-memory core: decide, evolve and encode, all checks on, no disk.
 *
 * `commands_per_second` is the rate with commands fed as fast as they are taken. The latencies are
 * taken open loop at one million commands a second: each command is due at a fixed moment, and a
 * pause delays, and is charged to, every command that was due meanwhile (no coordinated omission).
 */
import { build } from 'hdr-histogram-js';
import { CoreFlow } from './core-flow.js';
import type { Figure } from './figure.js';

const CHUNK = 1024;
const RATE = 1_000_000;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const flow = new CoreFlow();
  warmUp(flow, Math.min(2, options.seconds));
  const rate = throughput(flow, options.seconds / 2);
  const latency = openLoop(flow, options.seconds / 2);
  return [
    { name: 'commands_per_second', value: Math.round(rate), unit: '1/s', ack: 'none' },
    ...latency,
  ];
}

function warmUp(flow: CoreFlow, seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) flow.run(CHUNK);
}

function throughput(flow: CoreFlow, seconds: number): number {
  const start = performance.now();
  const end = start + seconds * 1000;
  let commands = 0;
  let now = start;
  while (now < end) {
    flow.run(CHUNK);
    commands += CHUNK;
    now = performance.now();
  }
  return (commands * 1000) / (now - start);
}

function openLoop(flow: CoreFlow, seconds: number): Figure[] {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 10_000_000_000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  const heapBefore = process.memoryUsage().heapUsed;
  const start = performance.now();
  const perMs = RATE / 1000;
  const total = Math.floor(seconds * RATE);
  let done = 0;
  while (done < total) {
    const due = Math.min(total, Math.floor((performance.now() - start) * perMs));
    const batch = Math.min(due - done, 64);
    if (batch === 0) continue;
    flow.run(batch);
    const now = performance.now() - start;
    for (let i = 0; i < batch; i += 1) {
      histogram.recordValue(Math.max(1, Math.round((now - (done + i) / perMs) * 1e6)));
    }
    done += batch;
  }
  const heapPerCommand = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / total;
  const at = (name: string, percentile: number): Figure => ({
    name,
    value: Math.round(histogram.getValueAtPercentile(percentile) / 10) / 100,
    unit: 'us',
    ack: 'memory',
  });
  return [
    at('p50_us', 50),
    at('p99_us', 99),
    at('p999_us', 99.9),
    at('p9999_us', 99.99),
    {
      name: 'heap_bytes_per_command',
      value: Math.round(heapPerCommand * 100) / 100,
      unit: 'B',
      ack: 'none',
    },
  ];
}
