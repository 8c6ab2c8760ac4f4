/** What callers are shown of positions and P&L as they were. Amounts are decimal text. */

/** Lengths of the points of a series, UTC. */
export const INTERVALS = ['1m', '5m', '15m', '1h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];

export interface PositionPointView {
  /** Of the execution, or the beginning of the interval. */
  readonly time: string;
  /** The point is as of this event. */
  readonly sequence: number;
  readonly quantity: string;
  readonly averagePrice: string | null;
  readonly mark: string | null;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string | null;
  readonly fees: string;
  readonly currency: string;
}

export interface CurrencyPnlView {
  readonly currency: string;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
}

/** In the base currency of the scope; null without a rate for one of the currencies. */
export interface ScopePnlView {
  readonly baseCurrency: string;
  readonly realizedPnl: string | null;
  readonly unrealizedPnl: string | null;
  readonly fees: string | null;
  /** Open positions without a mark: in no figure but realised and fees. */
  readonly unmarked: number;
  readonly currencies: readonly CurrencyPnlView[];
}

export interface PnlPointView extends ScopePnlView {
  readonly time: string;
  readonly sequence: number;
}

/** A trading day as the read model has it. */
export interface PnlDay {
  /** yyyymmdd. */
  readonly tradingDay: number;
  /** Null when there was no position yet. */
  readonly opened: PnlPointView | null;
  /** Null while the day is open. */
  readonly closed: PnlPointView | null;
}

export interface PnlDayView extends Omit<PnlDay, 'tradingDay'> {
  /** "2026-11-22". */
  readonly day: string;
}

export interface ExposureView {
  readonly long: string;
  readonly short: string;
  readonly gross: string;
  readonly net: string;
}

export interface CurrencyExposureView extends ExposureView {
  readonly currency: string;
}

/** By what P&L and exposure are summed up. */
export const TOTALS_BY = ['firm', 'group', 'account', 'instrument', 'strategy'] as const;
export type TotalsBy = (typeof TOTALS_BY)[number];

/** One scope as the read model has it: by index. */
export interface ScopeTotal extends ScopePnlView {
  readonly id: number;
  readonly exposure: ExposureView | null;
  readonly exposures: readonly CurrencyExposureView[];
}

export interface PnlTotalView extends ScopePnlView {
  /** Of the group, account or instrument; the strategy; null for the firm. */
  readonly name: string | null;
}

export interface ScopeExposureView {
  readonly name: string | null;
  readonly baseCurrency: string;
  /** In the base currency; null without a rate. */
  readonly exposure: ExposureView | null;
  readonly unmarked: number;
  readonly currencies: readonly CurrencyExposureView[];
}
