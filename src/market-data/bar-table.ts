import { assert } from '../lib/assert.js';
import type { Bar } from './bar.js';
import {
  type BarInterval,
  intervalNs,
  intervalSeconds,
  NS_PER_SECOND,
  rollsUp,
  SECONDS_PER_DAY,
} from './bar-interval.js';
import { demand } from './error.js';

/** Most bars (instruments x bars a day) of one table: 256 MB. Split by instrument beyond. */
export const TABLE_BARS_MAX = 4_194_304;

/** Trades of one day as columns, for building bars in bulk. */
export type TradeColumns = {
  /** Rows in use of each column. */
  readonly count: number;
  /** 0 up to the number of instruments. */
  readonly instrument: Int32Array;
  /** Nanoseconds since the start of the day (UTC), a whole number. */
  readonly time: Float64Array;
  /** Whole ticks. */
  readonly price: Float64Array;
  /** Whole lots. */
  readonly quantity: Float64Array;
  /** Numbers of the source; left out, the row stands in. Rows of one time are in this order. */
  readonly sequence?: Float64Array;
};

/*
 * A bar is a row of eight doubles, one cache line:
 *
 *   0        1           2          3      4     5        6              7
 *   | trades | row of    | row of   | high | low | volume | turnover     | turnover      |
 *   |        | first     | last     |      |     |        | modulo 2^52  | divided by it |
 *
 * Open, close and their times are read from the columns by row. Rows lie bar by bar, within it
 * instrument by instrument. Turnover in two parts is exact beyond the safe range without a BigInt
 * per trade; doubles hold whole numbers within the safe range only, so nothing is rounded.
 */
const WIDTH = 8;
const TRADES = 0;
const FIRST_ROW = 1;
const LAST_ROW = 2;
const HIGH = 3;
const LOW = 4;
const VOLUME = 5;
const TURNOVER_LOW = 6;
const TURNOVER_HIGH = 7;
const LIMB = 2 ** 52;

const NS_PER_DAY = SECONDS_PER_DAY * NS_PER_SECOND;

/** The bars of one day, one interval and many instruments. */
export class BarTable {
  readonly interval: BarInterval;
  readonly instruments: number;
  /** Bars per instrument. */
  readonly bars: number;
  /** Nanoseconds since 1970 of the start of the day. */
  readonly dayStart: bigint;
  readonly #cells: Float64Array;
  /** Read for open, close and times, so they must stay as they are while the table is in use. */
  readonly #trades: TradeColumns;

  private constructor(
    interval: BarInterval,
    instruments: number,
    dayStart: bigint,
    trades: TradeColumns,
  ) {
    this.interval = interval;
    this.instruments = instruments;
    this.bars = SECONDS_PER_DAY / intervalSeconds(interval);
    this.dayStart = dayStart;
    const size = this.bars * instruments;
    demand(size <= TABLE_BARS_MAX, 'BAR_TABLE_TOO_LARGE', () => {
      return `${size} bars of ${interval}; a table holds ${TABLE_BARS_MAX}`;
    });
    this.#cells = new Float64Array(size * WIDTH);
    this.#trades = trades;
  }

  /**
   * Builds the bars of a day in one pass. Trades may come in any order, save that those of one
   * instrument and time are in the order of their sequence.
   *
   * @param dayStart nanoseconds since 1970 of the start of the day (UTC).
   * @throws MarketDataError TICK_NOT_WHOLE, TICK_OUT_OF_RANGE naming the row, BAR_TABLE_TOO_LARGE,
   *   BAR_VOLUME_OVERFLOW.
   */
  static build(
    trades: TradeColumns,
    instruments: number,
    interval: BarInterval,
    dayStart: bigint,
  ): BarTable {
    assert(dayStart % BigInt(NS_PER_DAY) === 0n, 'a day starts at midnight UTC');
    const { count, instrument, time, price, quantity, sequence } = trades;
    for (const column of [instrument, time, price, quantity, sequence ?? time]) {
      assert(count <= column.length, 'columns as long as the count');
    }
    const table = new BarTable(interval, instruments, dayStart, trades);
    const bad = accumulate(trades, instruments, intervalSeconds(interval), table.#cells);
    if (bad >= 0) refuseRow(trades, bad, instruments);
    return table;
  }

  /** The bar of an instrument by number within the day, if it had a trade. */
  bar(instrument: number, index: number): Bar | undefined {
    assert(instrument >= 0 && instrument < this.instruments, 'an instrument of the table');
    assert(index >= 0 && index < this.bars, 'a bar of the day');
    const cells = this.#cells;
    const at = (index * this.instruments + instrument) * WIDTH;
    if (cells[at + TRADES] === 0) return undefined;
    const { time, price, sequence } = this.#trades;
    const first = cells[at + FIRST_ROW]!;
    const last = cells[at + LAST_ROW]!;
    const key = (row: number) => ({
      time: this.dayStart + BigInt(time[row]!),
      sequence: sequence === undefined ? row : sequence[row]!,
    });
    return {
      start: this.dayStart + BigInt(index) * intervalNs(this.interval),
      interval: this.interval,
      open: price[first]!,
      high: cells[at + HIGH]!,
      low: cells[at + LOW]!,
      close: price[last]!,
      volume: cells[at + VOLUME]!,
      turnover:
        BigInt(cells[at + TURNOVER_HIGH]!) * BigInt(LIMB) + BigInt(cells[at + TURNOVER_LOW]!),
      trades: cells[at + TRADES]!,
      first: key(first),
      last: key(last),
    };
  }

  /** The bars of an instrument that had trades, by start. */
  barsOf(instrument: number): Bar[] {
    const bars: Bar[] = [];
    for (let index = 0; index < this.bars; index++) {
      const bar = this.bar(instrument, index);
      if (bar !== undefined) bars.push(bar);
    }
    return bars;
  }

  /**
   * The same day in longer bars, without going back to the trades.
   *
   * @throws MarketDataError BAR_INTERVAL_INVALID, BAR_VOLUME_OVERFLOW.
   */
  rollUp(interval: BarInterval): BarTable {
    demand(rollsUp(this.interval, interval), 'BAR_INTERVAL_INVALID', () => {
      return `bars of ${this.interval} do not make bars of ${interval}`;
    });
    const { instruments } = this;
    const longer = new BarTable(interval, instruments, this.dayStart, this.#trades);
    const { time } = this.#trades;
    const perBar = intervalSeconds(interval) / intervalSeconds(this.interval);
    for (let index = 0; index < this.bars; index++) {
      const into = Math.floor(index / perBar) * instruments;
      for (let instrument = 0; instrument < instruments; instrument++) {
        const from = (index * instruments + instrument) * WIDTH;
        if (this.#cells[from + TRADES] !== 0) {
          const to = (into + instrument) * WIDTH;
          const merged = mergeCell(this.#cells, from, longer.#cells, to, time);
          demand(
            merged,
            'BAR_VOLUME_OVERFLOW',
            () => `instrument ${instrument}: bar of ${interval}`,
          );
        }
      }
    }
    return longer;
  }
}

/**
 * Adds all trades to the cells. Bars in progress are kept apart until the first trade of a later
 * bar comes: 32 KB for 500 instruments, where the table is tens of megabytes.
 *
 * @returns the first row that cannot be added, or -1.
 */
function accumulate(
  trades: TradeColumns,
  instruments: number,
  seconds: number,
  cells: Float64Array,
): number {
  const { count, instrument, time, price, quantity } = trades;
  const length = seconds * NS_PER_SECOND;
  const current = new Float64Array(instruments * WIDTH);
  let barFrom = 0;
  let barTo = length;
  let barAt = 0;
  let newest = 0;
  for (let row = 0; row < count; row++) {
    const at = time[row]!;
    const ticks = price[row]!;
    const lots = quantity[row]!;
    const which = instrument[row]!;
    const money = ticks * lots;
    if (!(ticks > 0 && lots > 0 && money < LIMB) || which < 0 || which >= instruments) return row;
    if (Math.floor(ticks) !== ticks || Math.floor(lots) !== lots) return row;
    if (!(at >= newest)) {
      // Late, or no time at all.
      if (!(at >= 0)) return row;
      const bar = Math.floor(at / length) * instruments;
      const added =
        at >= barFrom
          ? addLate(current, which * WIDTH, trades, row)
          : addLate(cells, (bar + which) * WIDTH, trades, row);
      if (!added) return row;
      continue;
    }
    newest = at;
    if (at >= barTo) {
      if (at >= NS_PER_DAY) return row;
      cells.set(current, barAt);
      current.fill(0);
      const bar = Math.floor(at / length);
      barFrom = bar * length;
      barTo = barFrom + length;
      barAt = bar * instruments * WIDTH;
    }
    // The same as addLate, but for the comparison of times, and not a call: 10 ns a trade.
    const cell = which * WIDTH;
    const before = current[cell + TRADES]!;
    current[cell + TRADES] = before + 1;
    current[cell + LAST_ROW] = row;
    if (before === 0) {
      current[cell + FIRST_ROW] = row;
      current[cell + HIGH] = ticks;
      current[cell + LOW] = ticks;
      current[cell + VOLUME] = lots;
      current[cell + TURNOVER_LOW] = money;
      continue;
    }
    if (ticks > current[cell + HIGH]!) current[cell + HIGH] = ticks;
    else if (ticks < current[cell + LOW]!) current[cell + LOW] = ticks;
    const volume = current[cell + VOLUME]! + lots;
    if (volume > Number.MAX_SAFE_INTEGER) return row;
    current[cell + VOLUME] = volume;
    const turnover = current[cell + TURNOVER_LOW]! + money;
    if (turnover < LIMB) {
      current[cell + TURNOVER_LOW] = turnover;
    } else {
      current[cell + TURNOVER_LOW] = turnover - LIMB;
      current[cell + TURNOVER_HIGH] = current[cell + TURNOVER_HIGH]! + 1;
    }
  }
  cells.set(current, barAt);
  return -1;
}

/** Adds a trade that may be anywhere in its bar. @returns false when the volume overflows. */
function addLate(cells: Float64Array, cell: number, trades: TradeColumns, row: number): boolean {
  const { time, price, quantity } = trades;
  const single = new Float64Array(WIDTH);
  single[TRADES] = 1;
  single[FIRST_ROW] = row;
  single[LAST_ROW] = row;
  single[HIGH] = price[row]!;
  single[LOW] = price[row]!;
  single[VOLUME] = quantity[row]!;
  single[TURNOVER_LOW] = price[row]! * quantity[row]!;
  return mergeCell(single, 0, cells, cell, time);
}

/** Says what is wrong with a row that was not added. */
function refuseRow(trades: TradeColumns, row: number, instruments: number): never {
  const [at, ticks, lots] = [trades.time[row]!, trades.price[row]!, trades.quantity[row]!];
  const which = trades.instrument[row]!;
  const within = at >= 0 && at < NS_PER_DAY && which >= 0 && which < instruments;
  demand(within, 'TICK_OUT_OF_RANGE', () => {
    return `row ${row}: instrument ${which} of ${instruments}, ${at} ns into the day`;
  });
  const whole =
    Number.isInteger(ticks) &&
    ticks > 0 &&
    Number.isInteger(lots) &&
    lots > 0 &&
    ticks * lots < LIMB;
  demand(whole, 'TICK_NOT_WHOLE', () => {
    return `row ${row}: ${lots} lots at ${ticks} ticks; whole, and less than 2^52 together`;
  });
  demand(false, 'BAR_VOLUME_OVERFLOW', () => `row ${row}: the volume passes 2^53 lots`);
  throw new Error('unreachable');
}

/**
 * Merges the bar at `from` into the one at `to`, which may be empty. Rows of one time are in the
 * order of their sequence, so the greater row is the later.
 *
 * @returns false when the volume overflows.
 */
function mergeCell(
  source: Float64Array,
  from: number,
  target: Float64Array,
  to: number,
  time: Float64Array,
): boolean {
  if (target[to + TRADES] === 0) {
    for (let field = 0; field < WIDTH; field++) target[to + field] = source[from + field]!;
    return true;
  }
  const volume = target[to + VOLUME]! + source[from + VOLUME]!;
  if (volume > Number.MAX_SAFE_INTEGER) return false;
  const first = source[from + FIRST_ROW]!;
  const last = source[from + LAST_ROW]!;
  if (isBefore(time, first, target[to + FIRST_ROW]!)) target[to + FIRST_ROW] = first;
  if (isBefore(time, target[to + LAST_ROW]!, last)) target[to + LAST_ROW] = last;
  if (source[from + HIGH]! > target[to + HIGH]!) target[to + HIGH] = source[from + HIGH]!;
  if (source[from + LOW]! < target[to + LOW]!) target[to + LOW] = source[from + LOW]!;
  const turnover = target[to + TURNOVER_LOW]! + source[from + TURNOVER_LOW]!;
  const carry = turnover >= LIMB ? 1 : 0;
  target[to + TRADES] = target[to + TRADES]! + source[from + TRADES]!;
  target[to + VOLUME] = volume;
  target[to + TURNOVER_LOW] = turnover - carry * LIMB;
  target[to + TURNOVER_HIGH] = target[to + TURNOVER_HIGH]! + source[from + TURNOVER_HIGH]! + carry;
  return true;
}

function isBefore(time: Float64Array, a: number, b: number): boolean {
  return time[a]! < time[b]! || (time[a] === time[b] && a < b);
}
