import { describe, expect, test } from 'vitest';
import { AdjustmentHistory } from './corporate-action.js';
import {
  ADJUSTED_SCALE,
  CARRIED_SHARE_MAX,
  type Close,
  closeTable,
  SILENT_DAYS_MAX,
} from './daily-closes.js';

const day = (i: number): string => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10);
const series = (symbol: string, days: readonly number[], ticks = 100): Close[] =>
  days.map((i) => ({ symbol, day: day(i), ticks: ticks + i }));
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

const table = (closes: readonly Close[], days = 1_000) => closeTable(closes, days, new Map());

describe('days', () => {
  test('are those on which more than half of the instruments have a close', () => {
    const always = series('A', range(0, 14));
    const weekdays = range(0, 14).filter((i) => i % 7 < 5);
    const two = [...always, ...series('B', weekdays)];
    expect(table(two).dayNames).toEqual(weekdays.map(day));
    const most = [...two, ...series('C', range(0, 14))];
    expect(table(most).dayNames).toEqual(range(0, 14).map(day));
  });

  test('are the last so many', () => {
    const { dayNames, ticks } = table(series('A', range(0, 14)), 3);
    expect(dayNames).toEqual([day(11), day(12), day(13)]);
    expect([...ticks]).toEqual([111, 112, 113]);
  });

  test('reach back as far as most do: one old close of one leaves the others in', () => {
    const closes = [...series('A', [0, ...range(50, 80)]), ...series('B', range(50, 80))];
    const { instruments, dayNames } = table(closes);
    expect(dayNames[0]).toBe(day(50));
    expect(instruments).toEqual(['A', 'B']);
  });
});

describe('instruments', () => {
  test('without a close on the first day are left out', () => {
    const closes = [...series('A', range(0, 30)), ...series('B', range(0, 30))];
    expect(table([...closes, ...series('C', range(1, 30))]).instruments).toEqual(['A', 'B']);
    expect(table([...closes, ...series('C', range(0, 30))]).instruments).toEqual(['A', 'B', 'C']);
  });

  test('may lack a tenth of the days and no more', () => {
    const [days, lacking] = [40, CARRIED_SHARE_MAX * 40];
    const closes = [...series('A', range(0, days)), ...series('B', range(0, days))];
    const without = (n: number) => series('C', [0, ...range(1 + n, days)]);
    expect(table([...closes, ...without(lacking)]).instruments).toEqual(['A', 'B', 'C']);
    expect(table([...closes, ...without(lacking + 1)]).instruments).toEqual(['A', 'B']);
  });

  test('that do not trade any more do not count', () => {
    const closes = series('A', range(0, 30));
    const last = 30 - SILENT_DAYS_MAX;
    expect(table([...closes, ...series('B', range(0, last + 1))]).dayNames).toHaveLength(last + 1);
    expect(table([...closes, ...series('B', range(0, last))]).instruments).toEqual(['A']);
  });
});

test('prices before a split are adjusted, all of them on one scale', () => {
  const closes = [...series('A', [0, 1], 200), ...series('A', [2], 98)];
  const split = { instrument: 1, kind: 'split', to: 2, from: 1 } as const;
  const exTime = BigInt(Date.parse(`${day(2)}T00:00:00Z`)) * 1_000_000n;
  const adjustment = new AdjustmentHistory([{ ...split, exTime }]);
  const { ticks } = closeTable(closes, 10, new Map([['A', adjustment]]));
  expect([...ticks]).toEqual([100, 100.5, 100].map((price) => price * ADJUSTED_SCALE));
});
