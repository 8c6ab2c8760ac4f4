import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

import { workerUrl } from '../../lib/worker-url.js';
import { nodeFileSystem } from '../file-system.js';
import type { DurableEnd } from './durable-end.js';
import { DurableMarkWriter, FileDurableEnd } from './durable-mark.js';
import { WAIT_MS_MAX } from './limits.js';
import { SharedDurableEnd } from './shared-durable-end.js';

const positionOf = (end: DurableEnd) => {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  return position;
};

describe('SharedDurableEnd', () => {
  it('carries every safe integer', () => {
    const end = new SharedDurableEnd();
    const reader = new SharedDurableEnd(end.memory);
    for (const value of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER]) {
      const position = { nextSequence: value, segment: value, offset: value };
      end.publish(position);
      expect(positionOf(reader)).toEqual(position);
    }
  });

  it('is consistent while another thread publishes', async () => {
    const end = new SharedDurableEnd();
    const url = workerUrl(import.meta.url, './shared-durable-end.js');
    const source = `
      import('${url}').then(({ SharedDurableEnd }) => {
        const end = new SharedDurableEnd(require('node:worker_threads').workerData);
        for (let n = 1; n <= 300000; n++) {
          end.publish({ nextSequence: n * 2 ** 20, segment: n * 2 ** 21, offset: n });
        }
      });`;
    const worker = new Worker(source, { eval: true, workerData: end.memory });
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    let torn = 0;
    // Spinning, to meet the publisher between two of its words as often as possible.
    for (let last = 0; last < 300_000; last = position.offset) {
      end.read(position);
      const { nextSequence, segment, offset } = position;
      if (nextSequence !== offset * 2 ** 20 || segment !== offset * 2 ** 21 || offset < last)
        torn++;
    }
    expect(torn).toBe(0);
    await worker.terminate();
  });

  it('wakes who waits, also when the writer closes', async () => {
    let fastest = Number.POSITIVE_INFINITY;
    // A busy machine may be late nine times; who only looks again after WAIT_MS_MAX always is.
    for (let i = 0; i < 10; i += 1) fastest = Math.min(fastest, await waitedMs());
    expect(fastest).toBeLessThan(WAIT_MS_MAX / 2);
  });

  async function waitedMs(): Promise<number> {
    const end = new SharedDurableEnd();
    const started = performance.now();
    let woken = 0;
    const first = end.wait(0).then(() => woken++);
    const behind = end.wait(-1).then(() => woken++);
    await behind;
    expect(woken).toBe(1);
    end.publish({ nextSequence: 1, segment: 0, offset: 1 });
    await first;
    const last = end.wait(1);
    end.publishState('closed');
    await last;
    expect(end.state()).toBe('closed');
    return performance.now() - started;
  }

  it('stops waiting when told to', async () => {
    const end = new SharedDurableEnd();
    const abort = new AbortController();
    const waiting = end.wait(0, abort.signal);
    abort.abort();
    await waiting;
    await end.wait(0, abort.signal);
  });
});

describe('FileDurableEnd', () => {
  it('waits for a mark, then for it to move', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mark-'));
    const end = new FileDurableEnd(nodeFileSystem, directory);
    expect(positionOf(end)).toEqual({ nextSequence: 0, segment: 0, offset: 0 });
    const created = end.wait(0);
    const writer = new DurableMarkWriter(nodeFileSystem, directory, 7);
    writer.publish({ nextSequence: 5, segment: 0, offset: 4200 });
    await created;
    expect(positionOf(end)).toEqual({ nextSequence: 5, segment: 0, offset: 4200 });
    const moved = end.wait(5);
    writer.publish({ nextSequence: 6, segment: 5, offset: 4100 });
    await moved;
    end.waitBlocking(5, 1000);
    end.waitBlocking(6, 5);
    const abort = new AbortController();
    const waiting = end.wait(6, abort.signal);
    abort.abort();
    await waiting;
    end.close();
    writer.close();
    rmSync(directory, { recursive: true });
  });
});
