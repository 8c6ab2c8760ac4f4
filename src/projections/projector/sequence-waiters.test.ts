import { describe, expect, test, vi } from 'vitest';
import { SequenceWaiters, WAITERS_MAX } from './sequence-waiters.js';

const LONG_MS = 60_000;

describe('waiting for a sequence', () => {
  test('ends when every lane that matters holds it, and not one event earlier', async () => {
    const waiters = new SequenceWaiters(3);
    const done = vi.fn();
    const waiting = waiters.wait([0, 2], 10, LONG_MS).then(done);
    waiters.publish(0, 11);
    waiters.publish(1, 99);
    waiters.publish(2, 10);
    await Promise.resolve();
    expect(done).not.toHaveBeenCalled();
    waiters.publish(2, 11);
    await waiting;
    expect(done).toHaveBeenCalledOnce();
  });

  test('is over at once for what is there already', async () => {
    const waiters = new SequenceWaiters(1);
    await waiters.wait([0], -1, 0);
    waiters.publish(0, 5);
    await waiters.wait([0], 4, 0);
    expect(waiters.next(0)).toBe(5);
  });

  test('never takes back what it has shown', async () => {
    const waiters = new SequenceWaiters(1);
    waiters.publish(0, 5);
    waiters.publish(0, 2);
    await waiters.wait([0], 4, 0);
  });

  test('says how far the view is when the time is over', async () => {
    const waiters = new SequenceWaiters(1);
    waiters.publish(0, 5);
    await expect(waiters.wait([0], 5, 1)).rejects.toMatchObject({
      code: 'PROJECTION_BEHIND',
      message: 'after 1 ms the view is as of 4, not yet 5',
    });
  });

  test('is refused when too many wait, and possible again when one has gone', async () => {
    const waiters = new SequenceWaiters(1);
    const waiting = Array.from({ length: WAITERS_MAX }, () => waiters.wait([0], 0, LONG_MS));
    await expect(waiters.wait([0], 0, LONG_MS)).rejects.toMatchObject({
      code: 'PROJECTION_WAITERS',
    });
    waiters.publish(0, 1);
    await Promise.all(waiting);
    await waiters.wait([0], 0, LONG_MS);
  });

  test('fails for all when nobody will publish any more', async () => {
    const waiters = new SequenceWaiters(1);
    const waiting = waiters.wait([0], 0, LONG_MS);
    waiters.fail(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
  });
});
