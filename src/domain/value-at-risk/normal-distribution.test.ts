import { describe, expect, it } from 'vitest';
import { chiSquareSurvival } from './chi-square.js';
import { normalDensity, normalQuantile } from './normal-distribution.js';
import { NormalStream, xoshiro128 } from './normal-stream.js';

describe('normal quantile', () => {
  it.each([
    // The check values of Wichura (1988), and the quantiles every risk report uses.
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167814],
    [1e-20, -9.262340089798409],
    [0.95, 1.6448536269514722],
    [0.99, 2.3263478740408408],
    [0.975, 1.959963984540054],
    [0.5, 0],
  ])('of %d', (probability, expected) => {
    expect(normalQuantile(probability)).toBeCloseTo(expected, 14);
  });

  it('is continuous where the approximations meet', () => {
    for (const meet of [0.075, 0.925, Math.exp(-25)]) {
      const below = normalQuantile(meet * (1 - 1e-12));
      const above = normalQuantile(meet * (1 + 1e-12));
      expect(Math.abs(above - below)).toBeLessThan(1e-10);
    }
  });

  it('inverts the integral of the density', () => {
    // Simpson's rule from -8 to the quantile.
    for (const probability of [0.01, 0.05, 0.3, 0.9, 0.999]) {
      const to = normalQuantile(probability);
      const step = (to + 8) / 4000;
      let sum = normalDensity(-8) + normalDensity(to);
      for (let i = 1; i < 4000; i++) sum += (i % 2 ? 4 : 2) * normalDensity(-8 + i * step);
      expect((sum * step) / 3).toBeCloseTo(probability, 12);
    }
  });
});

describe('chi-square survival', () => {
  it.each([
    // Critical values of any table of the distribution.
    [3.841458820694124, 1, 0.05],
    [6.634896601021213, 1, 0.01],
    [10.827566170662733, 1, 0.001],
    [5.991464547107979, 2, 0.05],
    [9.21034037197618, 2, 0.01],
    [0, 1, 1],
  ] as const)('of %d with %d degrees is %d', (x, degrees, expected) => {
    expect(chiSquareSurvival(x, degrees)).toBeCloseTo(expected, 13);
  });

  it('is continuous where series and fraction meet', () => {
    const below = chiSquareSurvival(8 * (1 - 1e-9), 1);
    const above = chiSquareSurvival(8 * (1 + 1e-9), 1);
    expect(below - above).toBeGreaterThan(0);
    expect((below - above) / below).toBeLessThan(1e-7);
  });
});

describe('normal stream', () => {
  it('draws xoshiro128** as its reference does', () => {
    // Reference vector of the authors' xoshiro128starstar.c from state 1, 2, 3, 4.
    const words = new Uint32Array(10);
    xoshiro128(Int32Array.of(1, 2, 3, 4), words);
    expect([...words]).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
      4258142804,
    ]);
  });

  it('is the inverse distribution function of its uniforms', () => {
    const stream = new NormalStream(99, 5_000);
    stream.draw(4);
    // The middles of cells of 2^-32: going back from normal to cell must end on a whole number.
    const cells = [...stream.normals].map((normal) => {
      let [low, high] = [0, 2 ** 32];
      while (high - low > 1) {
        const half = Math.floor((low + high) / 2);
        if (normalQuantile(half * 2 ** -32) <= normal) low = half;
        else high = half;
      }
      return low;
    });
    cells.forEach((cell, index) => {
      const expected = normalQuantile((cell + 0.5) * 2 ** -32);
      expect(Math.abs(stream.normals[index]! - expected)).toBeLessThan(
        1e-14 * Math.max(1, Math.abs(expected)),
      );
    });
    expect(new Set(cells).size).toBeGreaterThan(4_990);
  });

  it('draws today what it drew when results were stored', () => {
    // These change only if the generator does, and then no stored result can be had again.
    const stream = new NormalStream(42, 12);
    stream.draw(0);
    const drawn = [
      -1.0725462564940007, -0.16339238513608165, 0.0018774149029068279, 0.9428912665890099,
      -3.309379951806405, -0.24678697640844185, 1.912991846925631, -0.653288389674439,
      0.3038060090792874, 0.7026625777612054, 0.09382509586834323, 0.3903270621900562,
    ];
    drawn.forEach((normal, index) => {
      expect(stream.normals[index]).toBeCloseTo(normal, 14);
    });
  });

  it('gives a path the same variates whenever it is drawn', () => {
    const one = new NormalStream(2 ** 40 + 7, 50);
    one.draw(12);
    const first = one.normals.slice();
    one.draw(3);
    expect(one.normals).not.toEqual(first);
    const other = new NormalStream(2 ** 40 + 7, 50);
    other.draw(12);
    expect(other.normals).toEqual(first);
  });

  it.each([
    [0, 2 ** 32],
    [1, 2 ** 32 + 1],
    [5, 6],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1],
  ])('keeps the seeds %d and %d apart', (a, b) => {
    const one = new NormalStream(a, 8);
    const other = new NormalStream(b, 8);
    one.draw(0);
    other.draw(0);
    expect(one.normals).not.toEqual(other.normals);
  });

  it('has the moments of independent standard normal variates', () => {
    const factors = 20;
    const paths = 20_000;
    const stream = new NormalStream(2024, factors);
    const count = factors * paths;
    let [mean, square, fourth, along, across] = [0, 0, 0, 0, 0];
    let before = new Float64Array(factors);
    for (let path = 0; path < paths; path++) {
      stream.draw(path);
      for (let j = 0; j < factors; j++) {
        const z = stream.normals[j]!;
        mean += z / count;
        square += (z * z) / count;
        fourth += z ** 4 / count;
        along += (z * stream.normals[(j + 1) % factors]!) / count;
        across += (z * before[j]!) / count;
      }
      before = stream.normals.slice();
    }
    // Within five standard errors; the stream is fixed, so this cannot fail by chance later.
    const error = 5 / Math.sqrt(count);
    expect(Math.abs(mean)).toBeLessThan(error);
    expect(Math.abs(square - 1)).toBeLessThan(error * Math.SQRT2);
    expect(Math.abs(fourth - 3)).toBeLessThan(error * Math.sqrt(96));
    expect(Math.abs(along)).toBeLessThan(error);
    expect(Math.abs(across)).toBeLessThan(error);
  });
});
