/** How many commands a ring carries from one thread to another, against `postMessage`. */
import { MessageChannel, Worker } from 'node:worker_threads';
import { Doorbell } from '../src/lib/doorbell.js';
import { SpscRing } from '../src/lib/ring.js';
import type { Figure } from './figure.js';
import type { RingProducerTask } from './ring-producer.js';

const SLOTS = 8192;

/** Seconds that `count` slots take from the first one seen to the last one released. */
function pipe(count: number, batch: number): Promise<number> {
  const ring = SpscRing.create({ slots: SLOTS, slotBytes: 256 });
  const bell = Doorbell.create();
  const workerData: RingProducerTask = {
    ring: ring.shared,
    bell: bell.shared,
    count,
    batch,
    pauseEvery: 0,
  };
  const worker = new Worker(new URL('./ring-producer.js', import.meta.url), { workerData });
  const hasWork = (): boolean => ring.available() > 0;
  let received = 0;
  let sum = 0;
  let started = 0n;
  while (received < count) {
    const available = ring.available();
    if (available === 0) {
      bell.sleep(hasWork, 1000);
      continue;
    }
    if (received === 0) started = process.hrtime.bigint();
    for (let i = 0; i < available; i++) sum += ring.f64[ring.at(i) >>> 3] as number;
    ring.release(available);
    received += available;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (sum !== (count * (count - 1)) / 2)
    throw new Error('ring: the slots received are not those sent');
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve(seconds));
  });
}

/** Messages a second through a MessagePort, within one thread: the kindest case for it. */
async function postMessages(count: number): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  const started = process.hrtime.bigint();
  await new Promise<void>((resolve) => {
    let received = 0;
    port2.on('message', () => {
      if (++received === count) resolve();
    });
    for (let i = 0; i < count; i++) port1.postMessage({ sequence: i, price: 19197, quantity: 1 });
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  port1.close();
  return count / seconds;
}

/** The figures take about `seconds` together. */
export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const probe = 500_000;
  await pipe(probe, 32);
  const rate = probe / (await pipe(probe, 32));
  const count = Math.max(probe, Math.floor((rate * seconds) / 3));
  const batched = count / (await pipe(count, 32));
  const single = count / (await pipe(count, 1));
  const messages = await postMessages(200_000);
  return [
    {
      name: 'ring_batched_slots_per_second',
      value: Math.round(batched),
      unit: '1/s',
      ack: 'none',
      baseline: Math.round(messages),
    },
    {
      name: 'ring_single_slots_per_second',
      value: Math.round(single),
      unit: '1/s',
      ack: 'none',
      baseline: Math.round(messages),
    },
  ];
}
