import { describe, expect, it } from 'vitest';
import { buildReturnsWindow, type MissingPrice, type ReturnKind } from './returns-window.js';
import { observationWeights } from './weights.js';

function build(rows: number[][], kind: ReturnKind = 'simple', missing: MissingPrice = 'refuse') {
  const instruments = rows.map((_, row) => `I${row}`);
  const dayNames = rows[0]!.map((_, day) => `2026-01-0${day + 1}`);
  const ticks = Float64Array.from(rows.flat());
  return buildReturnsWindow({ instruments, dayNames, ticks }, kind, missing);
}

describe('returns window', () => {
  it('holds simple or log returns, oldest first', () => {
    const simple = build([
      [100, 110, 99],
      [50, 25, 50],
    ]);
    expect([...simple.returns]).toEqual([0.1, -0.1, -0.5, 1]);
    expect(simple.simple).toBe(simple.returns);
    const log = build([[100, 110, 99]], 'log');
    expect(log.returns[0]).toBeCloseTo(Math.log(1.1), 15);
    expect(log.returns[1]).toBeCloseTo(Math.log(0.9), 15);
    expect([...log.simple]).toEqual([0.1, -0.1]);
    expect(log.dayNames).toEqual(['2026-01-02', '2026-01-03']);
  });

  it('keeps a move of one tick in a price near the safe range', () => {
    const price = Number.MAX_SAFE_INTEGER - 1;
    expect(build([[price, price + 1, price]]).returns[0]).toBe(1 / price);
  });

  it('refuses a missing price, or carries the last one and counts it', () => {
    expect(() => build([[100, 0, 110]])).toThrow(
      expect.objectContaining({
        code: 'VAR_PRICE_MISSING',
        message: 'I0 has no price on 2026-01-02',
      }),
    );
    const carried = build([[100, 0, 110]], 'simple', 'carry');
    expect([...carried.returns]).toEqual([0, 0.1]);
    expect(carried.identity.carried).toBe(1);
  });

  it('never invents a first price', () => {
    expect(() => build([[0, 100, 110]], 'simple', 'carry')).toThrow(
      expect.objectContaining({ code: 'VAR_PRICE_MISSING' }),
    );
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses a price of %d ticks', (price) => {
    expect(() => build([[100, price, 110]])).toThrow(
      expect.objectContaining({ code: 'VAR_PRICE_INVALID' }),
    );
  });

  it('holds two returns at least', () => {
    expect(build([[1, 2, 3]]).days).toBe(2);
    expect(() => build([[1, 2]])).toThrow(expect.objectContaining({ code: 'VAR_WINDOW_SIZE' }));
  });

  it('holds 5,000 returns at most', () => {
    const ofDays = (days: number) => ({
      instruments: ['I'],
      dayNames: Array.from({ length: days + 1 }, (_, day) => `${day}`),
      ticks: new Float64Array(days + 1).fill(9),
    });
    expect(buildReturnsWindow(ofDays(5_000), 'simple').days).toBe(5_000);
    expect(() => buildReturnsWindow(ofDays(5_001), 'simple')).toThrow(
      expect.objectContaining({ code: 'VAR_WINDOW_SIZE' }),
    );
  });

  it('is named by days, instruments and prices', () => {
    const digest = build([[100, 110, 120]]).identity.digest;
    expect(build([[100, 110, 120]]).identity.digest).toBe(digest);
    expect(build([[100, 110, 121]]).identity.digest).not.toBe(digest);
  });
});

describe('observation weights', () => {
  it('add up to one and fall by lambda towards the past', () => {
    const weights = observationWeights({ kind: 'exponential', lambda: 0.94 }, 40);
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 14);
    for (let day = 1; day < 40; day++) {
      expect(weights[day - 1]! / weights[day]!).toBeCloseTo(0.94, 14);
    }
  });

  it('are all the same when equal', () => {
    expect([...observationWeights({ kind: 'equal' }, 4)]).toEqual([0.25, 0.25, 0.25, 0.25]);
  });
});
