import { assert } from '../lib/assert.js';
import type { Bar } from './bar.js';
import {
  accumulate,
  type Cells,
  cellsFor,
  mergeCell,
  readCell,
  TABLE_TRADES_MAX,
} from './bar-cells.js';
import {
  type BarInterval,
  intervalNs,
  intervalSeconds,
  rollsUp,
  SECONDS_PER_DAY,
} from './bar-interval.js';
import { demand } from './error.js';
import { NS_PER_DAY, type TradeColumns } from './trade-columns.js';

/** Most bars (instruments x bars a day) of one table: 200 MB. Split by instrument beyond. */
export const TABLE_BARS_MAX = 4_194_304;

/** The bars of one day, one interval and many instruments. */
export class BarTable {
  readonly interval: BarInterval;
  readonly instruments: number;
  /** Bars per instrument. */
  readonly bars: number;
  /** Nanoseconds since 1970 of the start of the day. */
  readonly dayStart: bigint;
  readonly #cells: Cells;
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
    this.#cells = cellsFor(size);
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
    assert(count <= TABLE_TRADES_MAX, 'as many trades as a row number can count');
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
    const figures = readCell(this.#cells, index * this.instruments + instrument);
    if (figures === undefined) return undefined;
    const { firstRow, lastRow, high, low, volume, turnover, trades } = figures;
    const { time, price, sequence } = this.#trades;
    const key = (row: number) => ({
      time: this.dayStart + BigInt(time[row]!),
      sequence: sequence === undefined ? row : sequence[row]!,
    });
    return {
      start: this.dayStart + BigInt(index) * intervalNs(this.interval),
      interval: this.interval,
      open: price[firstRow]!,
      high,
      low,
      close: price[lastRow]!,
      volume,
      turnover,
      trades,
      first: key(firstRow),
      last: key(lastRow),
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
        const from = index * instruments + instrument;
        const merged = mergeCell(this.#cells, from, longer.#cells, into + instrument, time);
        demand(merged, 'BAR_VOLUME_OVERFLOW', () => `instrument ${instrument}: bar of ${interval}`);
      }
    }
    return longer;
  }
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
    ticks * lots < 2 ** 52;
  demand(whole, 'TICK_NOT_WHOLE', () => {
    return `row ${row}: ${lots} lots at ${ticks} ticks; whole, and less than 2^52 together`;
  });
  demand(false, 'BAR_VOLUME_OVERFLOW', () => `row ${row}: the volume passes 2^53 lots`);
  throw new Error('unreachable');
}
