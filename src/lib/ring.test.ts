import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RingProducerTask, slotContent } from '../../bench/ring-producer.js';
import { AssertionError } from './assert.js';
import { Doorbell } from './doorbell.js';
import { RING_SLOTS_MAX, SpscRing } from './ring.js';

/** Byte offsets of the two shared cursors, as the picture in ring.ts gives them. */
const PUBLISHED_AT = 128;
const RELEASED_AT = 256;

function put(ring: SpscRing, value: number): boolean {
  const at = ring.claim();
  if (at === -1) return false;
  ring.f64[at / 8] = value;
  return true;
}

function drain(ring: SpscRing): number[] {
  const values: number[] = [];
  const count = ring.available();
  for (let i = 0; i < count; i++) values.push(ring.f64[ring.at(i) / 8] as number);
  ring.release(count);
  return values;
}

describe('SpscRing geometry', () => {
  it.each([0, -1, 3, 12, 1.5, RING_SLOTS_MAX * 2])('refuses %d slots', (slots) => {
    expect(() => SpscRing.create({ slots, slotBytes: 64 })).toThrow(AssertionError);
  });

  it.each([0, 63, 65, 96, 100])('refuses slots of %d bytes', (slotBytes) => {
    expect(() => SpscRing.create({ slots: 4, slotBytes })).toThrow(AssertionError);
  });

  it('refuses memory that holds no ring, or is cut short', () => {
    expect(() => SpscRing.attach(new SharedArrayBuffer(1024))).toThrow(/holds no ring/);
    const ring = SpscRing.create({ slots: 4, slotBytes: 64 });
    const cut = new SharedArrayBuffer(ring.shared.byteLength - 64);
    new Uint8Array(cut).set(ring.u8.subarray(0, cut.byteLength));
    expect(() => SpscRing.attach(cut)).toThrow(/another size/);
  });

  it('gives slots of 256 bytes unless told, on cache-line boundaries that do not overlap', () => {
    const ring = SpscRing.create({ slots: 4 });
    const offsets = [ring.claim(), ring.claim(), ring.claim(), ring.claim()];
    expect(offsets).toEqual([384, 640, 896, 1152]);
    expect(ring.shared.byteLength).toBe(1152 + 256);
  });
});

describe('SpscRing at its limits', () => {
  it.each([1, 2, 8])(
    'holds exactly %d slots, refuses one more, and takes it after a release',
    (slots) => {
      const ring = SpscRing.create({ slots, slotBytes: 64 });
      for (let i = 0; i < slots; i++) expect(put(ring, i)).toBe(true);
      expect(put(ring, 99)).toBe(false);
      expect(ring.free()).toBe(0);
      expect([ring.hasFree(0), ring.hasFree(1)]).toEqual([true, false]);
      ring.publish();
      expect(put(ring, 99)).toBe(false);
      expect(ring.available()).toBe(slots);
      ring.release(1);
      expect([ring.hasFree(1), ring.hasFree(2)]).toEqual([true, false]);
      expect(ring.free()).toBe(1);
      expect(put(ring, slots)).toBe(true);
      expect(put(ring, 99)).toBe(false);
      ring.publish();
      const expected = Array.from({ length: slots }, (_, i) => i + 1);
      expect(drain(ring).concat(drain(ring))).toEqual(expected);
      expect(ring.free()).toBe(slots);
    },
  );

  it('shows nothing before publish, then all of the batch', () => {
    const ring = SpscRing.create({ slots: 8, slotBytes: 64 });
    put(ring, 1);
    put(ring, 2);
    expect(ring.available()).toBe(0);
    ring.publish();
    expect(ring.available()).toBe(2);
  });

  it('takes abandoned claims back', () => {
    const ring = SpscRing.create({ slots: 2, slotBytes: 64 });
    put(ring, 1);
    ring.publish();
    put(ring, 2);
    ring.abandon();
    expect(ring.free()).toBe(1);
    put(ring, 3);
    ring.publish();
    expect(drain(ring)).toEqual([1, 3]);
  });

  it('asserts that the consumer stays within what is available', () => {
    const ring = SpscRing.create({ slots: 4, slotBytes: 64 });
    put(ring, 1);
    ring.publish();
    expect(() => ring.at(0)).toThrow(AssertionError); // not asked for yet
    expect(ring.available()).toBe(1);
    expect(() => ring.at(1)).toThrow(AssertionError);
    expect(() => ring.at(-1)).toThrow(AssertionError);
    expect(() => ring.release(2)).toThrow(AssertionError);
    expect(() => ring.release(-1)).toThrow(AssertionError);
    ring.release(1);
    expect(() => ring.release(1)).toThrow(AssertionError);
  });

  it('lets another end attach in the middle and go on where the last one was', () => {
    const producer = SpscRing.create({ slots: 4, slotBytes: 64 });
    const consumer = SpscRing.attach(producer.shared);
    for (const value of [1, 2, 3]) put(producer, value);
    producer.publish();
    expect(consumer.available()).toBe(3);
    consumer.release(1);
    put(producer, 77); // claimed, never published: lost with its producer
    expect(drain(SpscRing.attach(producer.shared))).toEqual([2, 3]);
    const successor = SpscRing.attach(producer.shared);
    expect(successor.free()).toBe(4);
  });

  it('behaves as a bounded queue, also while the cursors wrap at 2^31 and 2^32', () => {
    const run = (start: number, steps: readonly number[]): void => {
      const shared = SpscRing.create({ slots: 4, slotBytes: 64 }).shared;
      const header = new Int32Array(shared);
      header[PUBLISHED_AT / 4] = start;
      header[RELEASED_AT / 4] = start;
      const producer = SpscRing.attach(shared);
      const consumer = SpscRing.attach(shared);
      const queue: number[] = [];
      let next = 0;
      for (const step of steps) {
        if (step < 5) {
          for (let i = 0; i < step; i++) {
            expect(producer.free()).toBe(4 - queue.length);
            const taken = put(producer, next);
            expect(taken).toBe(queue.length < 4);
            if (taken) queue.push(next++);
          }
          producer.publish();
        } else {
          const count = Math.min(step - 4, consumer.available());
          for (let i = 0; i < count; i++) {
            expect(consumer.f64[consumer.at(i) / 8]).toBe(queue[i]);
          }
          consumer.release(count);
          queue.splice(0, count);
        }
      }
    };
    const starts = fc.constantFrom(0, -3, 2 ** 31 - 3, -(2 ** 31) + 1);
    const steps = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 40 });
    fc.assert(fc.property(starts, steps, run), { numRuns: 500 });
  });
});

describe('Doorbell', () => {
  it('does not sleep when there is work, and wakes at the timeout when there is none', () => {
    const bell = Doorbell.create();
    expect(bell.sleep(() => true, 60_000)).toBe(true);
    expect(bell.sleep(() => false, 1)).toBe(false);
    expect(bell.sleep(() => true, 60_000)).toBe(true);
  });

  it('does not sleep when the bell rings between the look at the rings and the wait', () => {
    const bell = Doorbell.create();
    const other = Doorbell.attach(bell.shared);
    const rung = bell.sleep(() => {
      other.ring();
      return false;
    }, 60_000);
    expect(rung).toBe(true);
  });

  it('refuses a second sleeper and memory of another size', () => {
    const bell = Doorbell.create();
    const second = Doorbell.attach(bell.shared);
    expect(() => bell.sleep(() => second.sleep(() => true, 1), 1)).toThrow(/second thread/);
    expect(() => Doorbell.attach(new SharedArrayBuffer(64))).toThrow(AssertionError);
  });
});

describe('between threads', () => {
  const producer = new URL('../../dist/bench/ring-producer.js', import.meta.url);

  it.each([
    { name: 'a full ring', slots: 16, batch: 7, pauseEvery: 0, count: 200_000 },
    { name: 'a sleeping consumer', slots: 1024, batch: 1, pauseEvery: 25, count: 20_000 },
    { name: 'a ring of one slot', slots: 1, batch: 1, pauseEvery: 0, count: 3_000 },
  ])('two producers, one bell, every slot once and in order: $name', async (shape) => {
    const bell = Doorbell.create();
    const rings = [0, 1].map(() => SpscRing.create({ slots: shape.slots, slotBytes: 128 }));
    const exits = rings.map((ring) => {
      const { batch, pauseEvery, count } = shape;
      const workerData: RingProducerTask = {
        ...{ ring: ring.shared, bell: bell.shared },
        ...{ batch, pauseEvery, count },
      };
      const worker = new Worker(producer, { workerData });
      return new Promise<number>((resolve, reject) => {
        worker.once('error', reject);
        worker.once('exit', resolve);
      });
    });
    const hasWork = (): boolean => rings.some((ring) => ring.available() > 0);
    const next = [0, 0];
    let wrong = 0;
    let sleeps = 0;
    while (next.some((sequence) => sequence < shape.count)) {
      if (!hasWork()) {
        // A lost wake-up would be seen here: nobody else ends this sleep.
        expect(bell.sleep(hasWork, 30_000)).toBe(true);
        sleeps++;
      }
      rings.forEach((ring, which) => {
        const available = ring.available();
        for (let i = 0; i < available; i++) {
          const at = ring.at(i);
          const sequence = (next[which] as number)++;
          if (ring.f64[at / 8] !== sequence) wrong++;
          if (ring.u32[at / 4 + 2] !== slotContent(sequence)) wrong++;
          if (ring.u32[(at + ring.slotBytes) / 4 - 1] !== slotContent(sequence)) wrong++;
        }
        ring.release(available);
      });
    }
    expect(wrong).toBe(0);
    expect(sleeps).toBeGreaterThan(0);
    expect(next).toEqual([shape.count, shape.count]);
    expect(await Promise.all(exits)).toEqual([0, 0]);
    expect(hasWork()).toBe(false);
  });
});
