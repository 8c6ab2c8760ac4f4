/**
 * A worker that fills a ring with numbered slots: the other half of the ring's stress test and of its
 * benchmark. It is told everything through `workerData` and ends when all slots are published.
 */
import { workerData } from 'node:worker_threads';
import { Doorbell } from '../src/lib/doorbell.js';
import { SpscRing } from '../src/lib/ring.js';

export interface RingProducerTask {
  readonly ring: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  /** Slots to send in all. */
  readonly count: number;
  /** Slots per `publish`. */
  readonly batch: number;
  /** Pause after every so many slots, for the consumer to fall asleep; 0 for never. */
  readonly pauseEvery: number;
}

/** What slot number `sequence` holds: a multiplicative hash, so that no two neighbours are alike. */
export function slotContent(sequence: number): number {
  return Math.imul(sequence, 0x9e3779b1) >>> 0;
}

/** Fields of a test slot: the sequence (f64) first, its content (u32) at both ends. */
export function writeSlot(ring: SpscRing, at: number, sequence: number): void {
  ring.f64[at >>> 3] = sequence;
  ring.u32[(at >>> 2) + 2] = slotContent(sequence);
  ring.u32[(at + ring.slotBytes - 4) >>> 2] = slotContent(sequence);
}

function produce(task: RingProducerTask): void {
  const ring = SpscRing.attach(task.ring);
  const bell = Doorbell.attach(task.bell);
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  let inBatch = 0;
  for (let sequence = 0; sequence < task.count; sequence++) {
    let at = ring.claim();
    while (at === -1) {
      // Full, perhaps with slots not shown yet: show them, then let the consumer run.
      ring.publish();
      bell.ring();
      inBatch = 0;
      Atomics.wait(nobody, 0, 0, 0.02);
      at = ring.claim();
    }
    writeSlot(ring, at, sequence);
    if (++inBatch === task.batch) {
      ring.publish();
      bell.ring();
      inBatch = 0;
    }
    if (task.pauseEvery > 0 && sequence % task.pauseEvery === 0) Atomics.wait(nobody, 0, 0, 0.1);
  }
  ring.publish();
  bell.ring();
}

const task = workerData as RingProducerTask | null;
if (task !== null && task.ring instanceof SharedArrayBuffer) produce(task);
