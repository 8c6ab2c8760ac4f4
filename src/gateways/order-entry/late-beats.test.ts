import { expect, it } from 'vitest';
import { LateBeats } from './late-beats.js';

const looks = (...times: readonly number[]) => {
  const beats = new LateBeats(1000);
  return times.map((now) => beats.isLate(now));
};

it('passes over the look behind a pause, and never two', () => {
  expect(looks(5_000_000, 5_000_250, 5_000_500)).toEqual([false, false, false]);
  expect(looks(0, 1000, 2001, 2251)).toEqual([false, false, true, false]);
  expect(looks(0, 20_000, 40_000, 60_000)).toEqual([false, true, false, true]);
});
