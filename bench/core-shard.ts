/** One shard of `bench core`'s two: warms up, then says how many commands a second it decided. */
import { parentPort, workerData } from 'node:worker_threads';
import { throughput, warmUp } from './core.js';

const seconds = workerData as number;
warmUp(Math.min(2, seconds));
parentPort?.postMessage(throughput(seconds));
