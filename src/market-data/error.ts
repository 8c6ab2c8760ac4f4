/** What market data refuses as input; what it finds in single ticks are findings, not errors. */
export type MarketDataErrorCode =
  /** A price or quantity is not a positive whole number within the safe range. */
  | 'TICK_NOT_WHOLE'
  /** A tick's time lies outside the day, or its instrument outside the table, it is built into. */
  | 'TICK_OUT_OF_RANGE'
  /** More instruments times bars than one table may hold. */
  | 'BAR_TABLE_TOO_LARGE'
  /** A volume beyond the safe range: it would no longer be exact. */
  | 'BAR_VOLUME_OVERFLOW'
  /** Not one of the bar intervals, or one that the bars at hand cannot be rolled up to. */
  | 'BAR_INTERVAL_INVALID'
  /** More bars asked for than one answer may hold. */
  | 'BAR_RANGE_TOO_LARGE'
  /** A corporate action that makes no sense: a dividend of the whole price, a ratio of zero. */
  | 'CORPORATE_ACTION_INVALID'
  /** An adjusted price that does not fit the safe range at the scale asked for. */
  | 'ADJUSTED_PRICE_OVERFLOW'
  /** More ticks in one batch than are taken at once. */
  | 'TICK_BATCH_TOO_LARGE'
  /** More sources than have room, or a name that none can have. */
  | 'TICK_SOURCE_INVALID'
  /** As many writes wait for the store as may: nothing of this one was taken. */
  | 'MARKET_DATA_BUSY'
  /** The instrument's tick or lot size is not that in which its stored prices are counted. */
  | 'INSTRUMENT_TERMS_CHANGED'
  /** The catalogue has no instrument of this symbol. */
  | 'INSTRUMENT_UNKNOWN'
  /** A line of a file that is no tick; the message names the line. */
  | 'TICK_LINE_INVALID';

export class MarketDataError extends Error {
  override readonly name = 'MarketDataError';
  readonly code: MarketDataErrorCode;

  constructor(code: MarketDataErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws MarketDataError with `code` when `condition` is false. */
export function demand(
  condition: boolean,
  code: MarketDataErrorCode,
  message: () => string,
): asserts condition {
  if (!condition) throw new MarketDataError(code, message());
}
