import { NS_PER_SECOND, SECONDS_PER_DAY } from './bar-interval.js';

export const NS_PER_DAY = SECONDS_PER_DAY * NS_PER_SECOND;

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
