import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bar, barOf, merge, rollUp, vwap } from './bar.js';
import { fillGaps } from './bar-gaps.js';
import type { BarInterval } from './bar-interval.js';
import { BAR_INTERVALS, barStart, intervalNs, parseBarInterval } from './bar-interval.js';
import { BarTable, TABLE_BARS_MAX } from './bar-table.js';
import { formatRational } from './rational.js';
import type { Trade } from './tick.js';
import type { TradeColumns } from './trade-columns.js';

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const DAY = 86_400n * SECOND;
/** 2026-11-20. */
const TODAY = 20_777n * DAY;

function trade(seconds: number, price: number, quantity = 1, sequence = 0, instrument = 0): Trade {
  const time = TODAY + BigInt(Math.round(seconds * 1e9));
  return { instrument, time, received: time, sequence, price, quantity };
}

/** Trades of a day in two instruments, many at equal times, numbered in the order of arrival. */
const trades = fc
  .array(
    fc.record({
      instrument: fc.integer({ min: 0, max: 1 }),
      seconds: fc.oneof(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 86_399 }),
        fc.constantFrom(59.999999999, 60, 86_399.999999999),
      ),
      price: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 25 })),
      quantity: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 26 })),
    }),
    { minLength: 1, maxLength: 80 },
  )
  .map((rows) => rows.map((t, n) => trade(t.seconds, t.price, t.quantity, n, t.instrument)));

/** The bars by definition: group, then look for each figure among the trades. */
function barsByDefinition(all: readonly Trade[], seconds: bigint): Omit<Bar, 'interval'>[] {
  const groups = new Map<bigint, Trade[]>();
  for (const one of all) {
    const start = one.time - (one.time % (seconds * SECOND));
    groups.set(start, [...(groups.get(start) ?? []), one]);
  }
  const starts = [...groups.keys()].sort((a, b) => Number(a - b));
  return starts.map((start) => {
    const group = groups
      .get(start)!
      .sort((a, b) => Number(a.time - b.time) || a.sequence - b.sequence);
    const [first, last] = [group[0]!, group.at(-1)!];
    const prices = group.map((one) => one.price);
    return {
      start,
      open: first.price,
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: last.price,
      volume: group.reduce((sum, one) => sum + one.quantity, 0),
      turnover: group.reduce((sum, one) => sum + BigInt(one.price) * BigInt(one.quantity), 0n),
      trades: group.length,
      first: { time: first.time, sequence: first.sequence },
      last: { time: last.time, sequence: last.sequence },
    };
  });
}

function columnsOf(all: readonly Trade[], instruments = 2): TradeColumns & { instruments: number } {
  return {
    instruments,
    count: all.length,
    instrument: Int32Array.from(all, (one) => one.instrument),
    time: Float64Array.from(all, (one) => Number(one.time - TODAY)),
    price: Float64Array.from(all, (one) => one.price),
    quantity: Float64Array.from(all, (one) => one.quantity),
    sequence: Float64Array.from(all, (one) => one.sequence),
  };
}

const oneByOne = (all: readonly Trade[], interval: BarInterval): Bar[] =>
  rollUp(
    all.map((one) => barOf({ ...one, instrument: 0 }, interval)),
    interval,
  );

describe('bars', () => {
  it('are what they are defined to be, built one by one, in bulk, or rolled up', () => {
    fc.assert(
      fc.property(trades, fc.constantFrom('1m', '5m', '1h', '1d'), (all, interval) => {
        const seconds = { '1m': 60n, '5m': 300n, '1h': 3600n, '1d': 86_400n }[interval];
        const bulk = BarTable.build(columnsOf(all), 2, interval, TODAY);
        const rolled = BarTable.build(columnsOf(all), 2, '1m', TODAY).rollUp(interval);
        for (const instrument of [0, 1]) {
          const own = all.filter((one) => one.instrument === instrument);
          const expected = barsByDefinition(own, seconds).map((bar) => ({ ...bar, interval }));
          expect(oneByOne(own, interval)).toEqual(expected);
          expect(bulk.barsOf(instrument)).toEqual(expected);
          expect(rolled.barsOf(instrument)).toEqual(expected);
          const minutes = own.map((one) => barOf(one, '1m'));
          expect(rollUp(minutes, interval)).toEqual(expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('do not depend on the order in which trades arrive', () => {
    const inAnyOrder = trades.chain((all) => {
      const order = fc.shuffledSubarray(all, { minLength: all.length });
      return fc.tuple(fc.constant(all), order);
    });
    fc.assert(
      fc.property(inAnyOrder, ([all, shuffled]) => {
        expect(oneByOne(shuffled, '1m')).toEqual(oneByOne(all, '1m'));
      }),
    );
  });

  it('merge in any grouping', () => {
    const [a, b, c] = [trade(1, 5, 2, 1), trade(3, 9, 1, 2), trade(2, 4, 7, 3)].map((one) => {
      return barOf(one, '1m');
    });
    expect(merge(a!, merge(b!, c!))).toEqual(merge(merge(c!, a!), b!));
    expect(() => merge(a!, barOf(trade(61, 5), '1m'))).toThrow();
  });

  it('have an exact volume-weighted average price', () => {
    const bar = merge(barOf(trade(1, 100, 1), '1m'), barOf(trade(2, 101, 2, 1), '1m'));
    expect(vwap(bar)).toEqual({ numerator: 302n, denominator: 3n });
    expect(formatRational(vwap(bar), 6)).toBe('100.666667');
    // Beyond the safe range: 2^53 - 1 ticks twice, and one tick less once.
    const price = Number.MAX_SAFE_INTEGER;
    const huge = merge(barOf(trade(1, price, 2), '1m'), barOf(trade(2, price - 1, 1, 1), '1m'));
    expect(vwap(huge)).toEqual({ numerator: 3n * BigInt(price) - 1n, denominator: 3n });
  });

  it.each([
    [0, 1],
    [-1, 1],
    [1.5, 1],
    [1, 0],
    [1, 0.5],
    [2 ** 53, 1],
    [Number.NaN, 1],
  ])('refuse %d ticks by %d lots', (price, quantity) => {
    const code = expect.objectContaining({ code: 'TICK_NOT_WHOLE' });
    expect(() => barOf(trade(1, price, quantity), '1m')).toThrow(code);
    expect(() => BarTable.build(columnsOf([trade(1, price, quantity)]), 2, '1m', TODAY)).toThrow(
      code,
    );
  });

  it('refuse a volume that would not be exact', () => {
    const code = expect.objectContaining({ code: 'BAR_VOLUME_OVERFLOW' });
    const most = barOf(trade(1, 1, Number.MAX_SAFE_INTEGER - 1), '1m');
    const one = barOf(trade(2, 1, 1, 1), '1m');
    const full = merge(most, one);
    expect(full.volume).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => merge(full, one)).toThrow(code);
    const half = 2 ** 51;
    const three = [1, 2, 3].map((n) => trade(n, 1, half, n));
    expect(BarTable.build(columnsOf(three), 2, '1m', TODAY).bar(0, 0)!.volume).toBe(3 * half);
    const four = [...three, trade(4, 1, half, 4)];
    expect(() => BarTable.build(columnsOf(four), 2, '1m', TODAY)).toThrow(code);
    const late = [...three, trade(1, 1, half, 4)];
    expect(() => BarTable.build(columnsOf(late), 2, '1m', TODAY)).toThrow(code);
    const minutes = [0, 60, 120, 180].map((second) => trade(second, 1, half, second));
    const table = BarTable.build(columnsOf(minutes), 2, '1m', TODAY);
    expect(() => table.rollUp('1h')).toThrow(code);
  });
});

describe('bar table', () => {
  it('keeps turnover exact beyond the safe range', () => {
    const all = Array.from({ length: 9 }, (_, n) => trade(n, 2 ** 25 + 1, 2 ** 26 - 1, n));
    const [bar] = BarTable.build(columnsOf(all), 2, '1d', TODAY).barsOf(0);
    expect(bar!.turnover).toBe(9n * (2n ** 25n + 1n) * (2n ** 26n - 1n));
    expect(bar!.turnover).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    // The same through merging: rolled up from minutes, and with the trades coming late.
    const spread = all.map((one, n) => ({ ...one, time: one.time + BigInt(n >> 1) * MINUTE }));
    const rolled = BarTable.build(columnsOf(spread), 2, '1m', TODAY).rollUp('1d');
    expect(rolled.bar(0, 0)!.turnover).toBe(bar!.turnover);
    const late = BarTable.build(columnsOf([...spread].reverse()), 2, '1d', TODAY);
    expect(late.bar(0, 0)!.turnover).toBe(bar!.turnover);
  });

  it.each([
    ['before the day', { time: -1 }],
    ['after the day', { time: 86_400e9 }],
    ['at no time', { time: Number.NaN }],
    ['of an instrument below', { instrument: -1 }],
    ['of an instrument above', { instrument: 2 }],
  ])('refuses a trade %s, naming the row', (_, change) => {
    const columns = columnsOf([trade(0, 5), trade(86_399, 5, 1, 1), trade(0, 5, 1, 2)]);
    for (const row of [0, 2]) {
      const changed = {
        ...columns,
        time: columns.time.slice(),
        instrument: columns.instrument.slice(),
      };
      if ('time' in change) changed.time[row] = change.time;
      if ('instrument' in change) changed.instrument[row] = change.instrument;
      expect(() => BarTable.build(changed, 2, '1m', TODAY)).toThrow(
        expect.objectContaining({
          code: 'TICK_OUT_OF_RANGE',
          message: expect.stringContaining(`row ${row}:`),
        }),
      );
    }
  });

  it('is limited in size', () => {
    const none = columnsOf([]);
    const most = TABLE_BARS_MAX / 24;
    expect(() => BarTable.build(none, Math.ceil(most) + 1, '1h', TODAY)).toThrow(
      expect.objectContaining({ code: 'BAR_TABLE_TOO_LARGE' }),
    );
    expect(BarTable.build(none, 3, '1h', TODAY).barsOf(2)).toEqual([]);
  });

  it('does not roll up to what its bars do not make', () => {
    const table = BarTable.build(columnsOf([]), 2, '10s', TODAY);
    const code = expect.objectContaining({ code: 'BAR_INTERVAL_INVALID' });
    expect(() => table.rollUp('15s')).toThrow(code);
    expect(() => rollUp([barOf(trade(1, 1), '10s')], '5s')).toThrow(code);
  });
});

describe('gaps', () => {
  const bars = [trade(0, 5, 1, 1), trade(180, 7, 2, 2)].map((one) => barOf(one, '1m'));

  it('are filled with the close before', () => {
    const filled = fillGaps(bars, '1m', TODAY, TODAY + 5n * MINUTE);
    expect(filled.map((bar) => bar.close)).toEqual([5, 5, 5, 7, 7]);
    expect(filled.map((bar) => bar.volume)).toEqual([1, 0, 0, 2, 0]);
    expect(filled.map((bar) => bar.start)).toEqual(
      [0n, 1n, 2n, 3n, 4n].map((n) => TODAY + n * MINUTE),
    );
  });

  it('are not filled before there is a price', () => {
    const earlier = TODAY - 2n * MINUTE;
    expect(fillGaps(bars, '1m', earlier, TODAY + MINUTE)).toEqual([bars[0]]);
    expect(fillGaps(bars, '1m', earlier, TODAY, 4).map((bar) => bar.open)).toEqual([4, 4]);
    expect(fillGaps([], '1m', TODAY, TODAY + MINUTE)).toEqual([]);
  });

  it('start from the bars before the range', () => {
    const filled = fillGaps(bars, '1m', TODAY + MINUTE, TODAY + 2n * MINUTE);
    expect(filled).toMatchObject([{ start: TODAY + MINUTE, close: 5, trades: 0 }]);
  });

  it('are limited', () => {
    const to = TODAY + 100_000n * SECOND;
    expect(fillGaps([], '1s', TODAY, to, 1)).toHaveLength(100_000);
    expect(() => fillGaps([], '1s', TODAY, to + SECOND, 1)).toThrow(
      expect.objectContaining({ code: 'BAR_RANGE_TOO_LARGE' }),
    );
  });
});

describe('bar intervals', () => {
  it('divide the day', () => {
    for (const interval of BAR_INTERVALS) {
      expect(DAY % intervalNs(interval)).toBe(0n);
      expect(barStart(TODAY, interval)).toBe(TODAY);
      expect(barStart(TODAY + intervalNs(interval) - 1n, interval)).toBe(TODAY);
      expect(barStart(TODAY + intervalNs(interval), interval)).toBe(TODAY + intervalNs(interval));
      expect(parseBarInterval(interval)).toBe(interval);
    }
    for (const text of ['', '2m', '1M', 'toString']) {
      expect(() => parseBarInterval(text)).toThrow(
        expect.objectContaining({ code: 'BAR_INTERVAL_INVALID' }),
      );
    }
  });
});
