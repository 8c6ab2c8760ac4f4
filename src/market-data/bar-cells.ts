import { NS_PER_SECOND } from './bar-interval.js';
import { NS_PER_DAY, type TradeColumns } from './trade-columns.js';

/*
 * The constants of the layout are of this module alone, on purpose: V8 folds them into the code,
 * which it does not do with imported ones (a third of the time of the whole).
 *
 * A bar is 48 bytes, seen as 32-bit integers and as doubles:
 *
 *   0        4          8         12               16     24    32       40             48
 *   | trades | row of   | row of  | turnover       | high | low | volume | turnover     |
 *   |        | first    | last    | divided by 2^52|      |     |        | modulo 2^52  |
 *   | i32    | i32      | i32     | i32            | f64  | f64 | f64    | f64          |
 *
 * Open, close and their times are read from the columns by row. Bars lie by start, within it by
 * instrument. Turnover in two parts is exact beyond the safe range without a BigInt per trade; the
 * doubles hold whole numbers within the safe range only, so nothing is rounded.
 */
const BYTES = 48;
const INTS = 12;
const TRADES = 0;
const FIRST_ROW = 1;
const LAST_ROW = 2;
const TURNOVER_HIGH = 3;
const DOUBLES = 6;
const HIGH = 2;
const LOW = 3;
const VOLUME = 4;
const TURNOVER_LOW = 5;
/** A trade's price x quantity is less than this. */
const LIMB = 2 ** 52;
const DAY_NS = NS_PER_DAY;
const SECOND_NS = NS_PER_SECOND;

/** Most trades of one table: rows are 32-bit integers. */
export const TABLE_TRADES_MAX = 2 ** 31 - 1;

/** Bars as bytes, to copy them, and as the numbers they hold. */
export type Cells = {
  readonly bytes: Uint8Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
};

export function cellsFor(bars: number): Cells {
  const buffer = new ArrayBuffer(bars * BYTES);
  return {
    bytes: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    f64: new Float64Array(buffer),
  };
}

/** What a cell holds, or nothing where there was no trade. */
export type CellFigures = {
  readonly trades: number;
  readonly firstRow: number;
  readonly lastRow: number;
  readonly high: number;
  readonly low: number;
  readonly volume: number;
  readonly turnover: bigint;
};

export function readCell({ i32, f64 }: Cells, cell: number): CellFigures | undefined {
  const [int, double] = [cell * INTS, cell * DOUBLES];
  const trades = i32[int + TRADES]!;
  if (trades === 0) return undefined;
  return {
    trades,
    firstRow: i32[int + FIRST_ROW]!,
    lastRow: i32[int + LAST_ROW]!,
    high: f64[double + HIGH]!,
    low: f64[double + LOW]!,
    volume: f64[double + VOLUME]!,
    turnover:
      BigInt(i32[int + TURNOVER_HIGH]!) * BigInt(LIMB) + BigInt(f64[double + TURNOVER_LOW]!),
  };
}

/**
 * Adds all trades to the cells. Bars in progress are kept apart until the first trade of a later
 * bar comes: 24 KB for 500 instruments, where the table is tens of megabytes.
 *
 * @returns the first row that cannot be added, or -1.
 */
export function accumulate(
  trades: TradeColumns,
  instruments: number,
  seconds: number,
  cells: Cells,
): number {
  const { count, time } = trades;
  const length = seconds * SECOND_NS;
  const current = cellsFor(instruments);
  begin(current);
  let barFrom = 0;
  let newest = 0;
  let row = 0;
  while (row < count) {
    const after = addRun(trades, row, newest, barFrom + length, current, instruments);
    if (after > row) newest = time[after - 1]!;
    row = after;
    if (row === count) break;
    const at = time[row]!;
    if (at >= barFrom + length && at < DAY_NS) {
      cells.bytes.set(current.bytes, (barFrom / length) * instruments * BYTES);
      begin(current);
      barFrom = Math.floor(at / length) * length;
      continue;
    }
    // A late trade, or one that cannot be added.
    if (!isTrade(trades, row, instruments)) return row;
    const which = trades.instrument[row]!;
    const bar = Math.floor(at / length) * instruments;
    const inProgress = at >= barFrom;
    if (!addLate(inProgress ? current : cells, inProgress ? which : bar + which, trades, row)) {
      return row;
    }
    row++;
  }
  cells.bytes.set(current.bytes, (barFrom / length) * instruments * BYTES);
  return -1;
}

/** Before its first trade no price is below the low of a bar, and none above its high. */
function begin({ bytes, f64 }: Cells): void {
  bytes.fill(0);
  for (let at = LOW; at < f64.length; at += DOUBLES) f64[at] = LIMB;
}

function isTrade(trades: TradeColumns, row: number, instruments: number): boolean {
  const { instrument, time, price, quantity } = trades;
  const [which, at, ticks, lots] = [instrument[row]!, time[row]!, price[row]!, quantity[row]!];
  const within = at >= 0 && at < DAY_NS && which >= 0 && which < instruments;
  const whole = Number.isInteger(ticks) && ticks > 0 && Number.isInteger(lots) && lots > 0;
  return within && whole && ticks * lots < LIMB;
}

/**
 * Adds trades to the bars in progress for as long as they come in order of time, before `barTo`, and
 * can be added. This is the hot path: it calls nothing, so that V8 looks at the arrays once and not
 * for each trade.
 *
 * @returns the first row that was not added.
 */
function addRun(
  trades: TradeColumns,
  from: number,
  notBefore: number,
  barTo: number,
  current: Cells,
  instruments: number,
): number {
  const { count, instrument, time, price, quantity } = trades;
  const { i32, f64 } = current;
  let newest = notBefore;
  for (let row = from; row < count; row++) {
    const at = time[row]!;
    const ticks = price[row]!;
    const lots = quantity[row]!;
    const which = instrument[row]!;
    const money = ticks * lots;
    // Also false for what is not a number.
    if (!(at >= newest && at < barTo && ticks > 0 && lots > 0 && money < LIMB)) return row;
    if (which >>> 0 >= instruments) return row;
    if (Math.floor(ticks) !== ticks || Math.floor(lots) !== lots) return row;
    newest = at;
    const int = (which * INTS) | 0;
    const double = (which * DOUBLES) | 0;
    const before = i32[int + TRADES]!;
    if (before === 0) i32[int + FIRST_ROW] = row;
    // Maximum and minimum without a branch: of mixed instruments every third trade is a new one, and
    // no processor can guess which. Exact, as prices are below 2^52.
    const high = f64[double + HIGH]!;
    const low = f64[double + LOW]!;
    f64[double + HIGH] = (high + ticks + Math.abs(high - ticks)) * 0.5;
    f64[double + LOW] = (low + ticks - Math.abs(low - ticks)) * 0.5;
    const volume = f64[double + VOLUME]! + lots;
    if (volume > Number.MAX_SAFE_INTEGER) return row;
    const turnover = f64[double + TURNOVER_LOW]! + money;
    i32[int + TRADES] = before + 1;
    i32[int + LAST_ROW] = row;
    f64[double + VOLUME] = volume;
    if (turnover < LIMB) {
      f64[double + TURNOVER_LOW] = turnover;
    } else {
      f64[double + TURNOVER_LOW] = turnover - LIMB;
      i32[int + TURNOVER_HIGH] = i32[int + TURNOVER_HIGH]! + 1;
    }
  }
  return count;
}

/** The bar of one trade, to be merged; one for all, as nothing here waits. */
const single = cellsFor(1);

/** Adds a trade that may be anywhere in its bar. @returns false when the volume overflows. */
function addLate(cells: Cells, cell: number, trades: TradeColumns, row: number): boolean {
  const { time, price, quantity } = trades;
  single.i32[TRADES] = 1;
  single.i32[FIRST_ROW] = row;
  single.i32[LAST_ROW] = row;
  single.f64[HIGH] = price[row]!;
  single.f64[LOW] = price[row]!;
  single.f64[VOLUME] = quantity[row]!;
  single.f64[TURNOVER_LOW] = price[row]! * quantity[row]!;
  return mergeCell(single, 0, cells, cell, time);
}

/**
 * Merges the bar at `from` into the one at `to`; either may be empty. Rows of one time are in the
 * order of their sequence, so the greater row is the later.
 *
 * @returns false when the volume overflows.
 */
export function mergeCell(
  source: Cells,
  from: number,
  target: Cells,
  to: number,
  time: Float64Array,
): boolean {
  const [fromInt, fromDouble] = [from * INTS, from * DOUBLES];
  const [toInt, toDouble] = [to * INTS, to * DOUBLES];
  const { i32, f64 } = target;
  if (source.i32[fromInt + TRADES] === 0) return true;
  if (i32[toInt + TRADES] === 0) {
    target.bytes.set(source.bytes.subarray(from * BYTES, (from + 1) * BYTES), to * BYTES);
    return true;
  }
  const volume = f64[toDouble + VOLUME]! + source.f64[fromDouble + VOLUME]!;
  if (volume > Number.MAX_SAFE_INTEGER) return false;
  const first = source.i32[fromInt + FIRST_ROW]!;
  const last = source.i32[fromInt + LAST_ROW]!;
  if (isBefore(time, first, i32[toInt + FIRST_ROW]!)) i32[toInt + FIRST_ROW] = first;
  if (isBefore(time, i32[toInt + LAST_ROW]!, last)) i32[toInt + LAST_ROW] = last;
  const high = source.f64[fromDouble + HIGH]!;
  const low = source.f64[fromDouble + LOW]!;
  if (high > f64[toDouble + HIGH]!) f64[toDouble + HIGH] = high;
  if (low < f64[toDouble + LOW]!) f64[toDouble + LOW] = low;
  const turnover = f64[toDouble + TURNOVER_LOW]! + source.f64[fromDouble + TURNOVER_LOW]!;
  const carry = turnover >= LIMB ? 1 : 0;
  const limbs = i32[toInt + TURNOVER_HIGH]! + source.i32[fromInt + TURNOVER_HIGH]! + carry;
  i32[toInt + TRADES] = i32[toInt + TRADES]! + source.i32[fromInt + TRADES]!;
  f64[toDouble + VOLUME] = volume;
  f64[toDouble + TURNOVER_LOW] = turnover - carry * LIMB;
  i32[toInt + TURNOVER_HIGH] = limbs;
  return true;
}

function isBefore(time: Float64Array, a: number, b: number): boolean {
  return time[a]! < time[b]! || (time[a] === time[b] && a < b);
}
