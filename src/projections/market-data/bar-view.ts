import { formatDecimal, parseDecimal } from '../../lib/decimal.js';
import { formatIsoNs } from '../../lib/time.js';
import { type Bar, vwap } from '../../market-data/bar.js';
import { fillGaps } from '../../market-data/bar-gaps.js';
import type { BarInterval } from '../../market-data/bar-interval.js';
import type { AdjustmentHistory } from '../../market-data/corporate-action.js';
import { formatRational, multiply, type Rational, rational } from '../../market-data/rational.js';

/** Decimals of what need not be a whole number of ticks: VWAP, adjusted prices and volumes. */
export const FRACTION_DIGITS = 12;

/** A bar as it is shown; prices, volume and VWAP as decimal text. */
export interface BarView {
  /** ISO 8601, UTC. */
  readonly start: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Null without trades, and for bars that were taken over whole. */
  readonly vwap: string | null;
  readonly trades: number;
}

export interface BarSizes {
  readonly tick: string;
  readonly lot: string;
}

/** The close that a filled answer begins with, of the bar before it. */
export interface CloseBefore {
  readonly time: bigint;
  readonly close: number;
}

export interface BarSeries {
  /** By start. */
  readonly bars: readonly Bar[];
  readonly interval: BarInterval;
  readonly from: bigint;
  readonly to: bigint;
  readonly sizes: BarSizes;
  /** Bars of no trades in between, flat at the close before. */
  readonly fill: boolean;
  readonly closeBefore?: CloseBefore | undefined;
  /** Prices and volumes as of today; without it as they were. */
  readonly adjustment?: AdjustmentHistory | undefined;
}

/** @throws MarketDataError BAR_RANGE_TOO_LARGE */
export function barViews(series: BarSeries): BarView[] {
  const { bars, interval, from, to, fill, closeBefore } = series;
  const show = new BarText(series);
  if (!fill) return bars.map((bar) => show.bar(bar));
  const first = closeBefore?.close;
  // A flat bar stands at the close before as it was adjusted then: no jump at an ex-date.
  let standing = closeBefore === undefined ? '' : show.price(closeBefore.close, closeBefore.time);
  return fillGaps(bars, interval, from, to, first).map((bar) => {
    if (!('first' in bar)) return flat(bar.start, standing);
    standing = show.price(bar.close, bar.start);
    return show.bar(bar);
  });
}

function flat(start: bigint, price: string): BarView {
  const prices = { open: price, high: price, low: price, close: price };
  return { start: formatIsoNs(start), ...prices, volume: '0', vwap: null, trades: 0 };
}

class BarText {
  readonly #tick: Rational;
  readonly #lot: Rational;
  readonly #adjustment: AdjustmentHistory | undefined;

  constructor({ sizes, adjustment }: BarSeries) {
    this.#tick = rationalOf(sizes.tick);
    this.#lot = rationalOf(sizes.lot);
    this.#adjustment = adjustment;
  }

  price(ticks: number, time: bigint): string {
    const raw = multiply({ numerator: BigInt(ticks), denominator: 1n }, this.#tick);
    return text(this.#adjustment === undefined ? raw : multiply(raw, this.#at(time).price));
  }

  bar(bar: Bar): BarView {
    const { start } = bar;
    const volume = multiply({ numerator: BigInt(bar.volume), denominator: 1n }, this.#lot);
    const factors = this.#adjustment === undefined ? undefined : this.#at(start);
    return {
      start: formatIsoNs(start),
      open: this.price(bar.open, start),
      high: this.price(bar.high, start),
      low: this.price(bar.low, start),
      close: this.price(bar.close, start),
      volume: text(factors === undefined ? volume : multiply(volume, factors.volume)),
      vwap: bar.turnover === 0n ? null : this.#vwap(bar, factors?.price),
      trades: bar.trades,
    };
  }

  #vwap(bar: Bar, factor: Rational | undefined): string {
    const price = multiply(vwap(bar), this.#tick);
    return text(factor === undefined ? price : multiply(price, factor));
  }

  #at(time: bigint) {
    return (this.#adjustment as AdjustmentHistory).at(time);
  }
}

/** Exact where twelve decimals suffice, as for every price on a tick; else rounded half to even. */
function text(value: Rational): string {
  return formatDecimal(parseDecimal(formatRational(value, FRACTION_DIGITS)));
}

function rationalOf(decimal: string): Rational {
  const { digits, scale } = parseDecimal(decimal);
  return rational(digits, 10n ** BigInt(scale));
}
