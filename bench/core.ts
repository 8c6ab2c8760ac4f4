/**
 * The in-memory core: decide, evolve and encode, all checks on, no disk.
 *
 * `commands_per_second` is the rate with commands fed as fast as they are taken. The latencies are
 * taken open loop at one million commands a second: each command is due at a fixed moment, and a
 * pause delays, and is charged to, every command that was due meanwhile (no coordinated omission).
 * `own_` are the same by the processor time of the thread, without what the machine took from it;
 * `idle_loop_` are those of the same loop with nothing to do. Each shard is alone in its thread, as
 * in production.
 */
import { Worker } from 'node:worker_threads';
import type { ShardResult, ShardTask } from './core-shard.js';
import type { Figure } from './figure.js';

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const seconds = options.seconds / 3;
  const rate = await throughput(seconds);
  const latency = await shard({ measure: 'latency', seconds });
  const shards = await Promise.all([throughput(seconds), throughput(seconds)]);
  return [
    { name: 'commands_per_second', value: Math.round(rate), unit: '1/s', ack: 'none' },
    ...latency.figures.filter(({ name }) => name.startsWith('p')),
    {
      name: 'heap_bytes_per_command',
      value: Math.round(latency.heapPerCommand * 100) / 100,
      unit: 'B',
      ack: 'none',
    },
    ...latency.figures.filter(({ name }) => !name.startsWith('p')),
    {
      name: 'two_shards_commands_per_second',
      value: Math.round(shards.reduce((sum, each) => sum + each, 0)),
      unit: '1/s',
      ack: 'none',
    },
  ];
}

/** Commands a second; when the tables of a shard are full, a new one goes on. */
async function throughput(seconds: number): Promise<number> {
  let commands = 0;
  let elapsed = 0;
  while (elapsed < seconds) {
    const part = await shard({ measure: 'throughput', seconds: seconds - elapsed });
    commands += part.commands;
    elapsed += part.seconds;
  }
  return commands / elapsed;
}

function shard(task: ShardTask): Promise<ShardResult> {
  return new Promise((resolve, reject) => {
    const url = new URL('./core-shard.js', import.meta.url);
    const worker = new Worker(url, { workerData: task });
    worker.once('message', (result: ShardResult) => {
      worker.terminate().then(() => resolve(result), reject);
    });
    worker.once('error', reject);
  });
}
