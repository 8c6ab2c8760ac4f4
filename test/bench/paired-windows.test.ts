import { describe, expect, it } from 'vitest';
import { comparePairs, type Histogram, Pool, randomOf } from '../../bench/paired-windows.js';

const SEED = 7;

/** 100 samples of 1 to 100 us, each `factor` times that. */
function window(factor: number): Histogram {
  return Array.from({ length: 100 }, (_, i) => [(i + 1) * factor, 1] as const);
}

describe('windows in pairs', () => {
  it('pools samples, and takes the percentile of all of them', () => {
    const pool = new Pool([
      [
        [1, 98],
        [5, 1],
      ],
      [[3, 1]],
    ]);
    const both = [0, 1];
    expect(pool.percentile(both, 0.97)).toBe(1);
    expect(pool.percentile(both, 0.98)).toBe(3);
    expect(pool.percentile(both, 0.99)).toBe(5);
    expect(pool.percentile(both, 1)).toBe(5);
    expect(pool.percentile([1, 1], 0.5)).toBe(3);
    expect(new Pool([]).percentile([], 0.99)).toBe(0);
  });

  it('find a difference that each pair has, whatever else pairs differ by', () => {
    const pairs = [1, 40, 3, 8, 1, 2, 9, 30].map((load) => ({
      without: window(load),
      with: window(load * 1.25),
    }));
    const { ratio, ratioLow, ratioHigh } = comparePairs(pairs, 0.99, randomOf(SEED));
    for (const value of [ratio, ratioLow, ratioHigh]) expect(value).toBeCloseTo(1.25, 5);
  });

  it('are unsure when single windows decide', () => {
    const pairs = Array.from({ length: 20 }, (_, i) => ({
      without: window(i === 3 ? 50 : 1),
      with: window(i === 11 ? 60 : 1),
    }));
    const { ratioLow, ratioHigh } = comparePairs(pairs, 0.99, randomOf(SEED));
    expect(ratioLow).toBeLessThan(0.5);
    expect(ratioHigh).toBeGreaterThan(2);
  });

  it('say the same for the same seed', () => {
    const pairs = Array.from({ length: 25 }, (_, i) => ({
      without: window(1 + (i % 6)),
      with: window(1 + ((i * 11) % 7)),
    }));
    const once = comparePairs(pairs, 0.99, randomOf(SEED));
    expect(comparePairs(pairs, 0.99, randomOf(SEED))).toEqual(once);
    expect(comparePairs(pairs, 0.99, randomOf(SEED + 1))).not.toEqual(once);
  });
});
