import { describe, expect, it } from 'vitest';
import { portfolioOf } from './portfolio.js';
import { buildReturnsWindow } from './returns-window.js';
import { applyStress, scenarioOfDays, worstDays } from './stress.js';

const window = buildReturnsWindow(
  {
    instruments: ['A', 'B'],
    dayNames: ['d0', 'd1', 'd2', 'd3', 'd4'],
    ticks: Float64Array.of(100, 90, 81, 162, 162, 200, 200, 220, 110, 121),
  },
  'log',
);
const portfolio = portfolioOf(
  [
    { position: 'long A', instrument: 'A', value: 1_000 },
    { position: 'short B', instrument: 'B', value: -500 },
  ],
  window,
);

describe('stress', () => {
  it('moves each instrument by its shock, the others by the common one', () => {
    const result = applyStress(portfolio, window, {
      name: 'A down a fifth, the rest up a tenth',
      shocks: new Map([['A', -0.2]]),
      others: 0.1,
    });
    expect([...result.byPosition]).toEqual([-200, -50]);
    expect(result.profit).toBe(-250);
  });

  it.each([-1.01, Number.NaN, Number.POSITIVE_INFINITY])('refuses a shock of %d', (others) => {
    expect(() => applyStress(portfolio, window, { name: 's', shocks: new Map(), others })).toThrow(
      expect.objectContaining({ code: 'VAR_EXPOSURE_INVALID' }),
    );
    const all = { name: 's', shocks: new Map(), others: -1 };
    expect(applyStress(portfolio, window, all).profit).toBe(-500);
  });

  it('repeats days of the window, compounded', () => {
    const scenario = scenarioOfDays(window, 0, 1);
    expect(scenario.name).toBe('d1 to d2');
    expect(scenario.shocks.get('A')).toBeCloseTo(-0.19, 12);
    expect(scenario.shocks.get('B')).toBeCloseTo(0.1, 12);
    expect(() => scenarioOfDays(window, 0, 4)).toThrow();
    expect(() => scenarioOfDays(window, 2, 1)).toThrow();
  });

  it('finds the days that would cost this portfolio most', () => {
    const two = worstDays(portfolio, window, 2);
    expect(two.scenario).toBe('d1 to d2');
    expect(two.profit).toBeCloseTo(-190 - 50, 9);
    expect(worstDays(portfolio, window, 1).profit).toBeCloseTo(-100 - 50, 9);
    expect(() => worstDays(portfolio, window, 5)).toThrow();
  });
});

it('the worst run is the least of all runs, each applied as a scenario', () => {
  const days = 40;
  const instruments = ['A', 'B', 'C'];
  const ticks = Float64Array.from({ length: 3 * (days + 1) }, (_, i) => {
    return 10_000 + ((i * 7_919) % 701) - ((i * 31) % 97);
  });
  const dayNames = Array.from({ length: days + 1 }, (_, i) => `day ${i}`);
  const window = buildReturnsWindow({ instruments, dayNames, ticks }, 'simple');
  const exposures = instruments.map((instrument, i) => {
    return { position: instrument, instrument, value: [1_000, -400, 250][i]! };
  });
  const portfolio = portfolioOf(exposures, window);
  for (const length of [1, 5, days]) {
    const all = Array.from({ length: days - length + 1 }, (_, from) => {
      return applyStress(portfolio, window, scenarioOfDays(window, from, from + length - 1));
    });
    const least = all.reduce((a, b) => (b.profit < a.profit ? b : a));
    expect(worstDays(portfolio, window, length)).toEqual(least);
  }
});
