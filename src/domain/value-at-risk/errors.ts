/** What a value-at-risk calculation refuses, each with the reason a user can act on. */
export type ValueAtRiskErrorCode =
  /** A price is absent on a day and the window was not asked to carry prices forward. */
  | 'VAR_PRICE_MISSING'
  /** A price is zero, negative or not a safe integer: its return is not defined. */
  | 'VAR_PRICE_INVALID'
  /** Too few days, or more than the limit. */
  | 'VAR_WINDOW_SIZE'
  /** An exposure names an instrument the window holds no returns of. */
  | 'VAR_INSTRUMENT_NOT_IN_WINDOW'
  /** An exposure or shock is not a finite number, or there are too many. */
  | 'VAR_EXPOSURE_INVALID'
  /** Confidence, horizon, decay, paths, seed or degrees of freedom out of range. */
  | 'VAR_PARAMETER_INVALID'
  /** A covariance matrix is not symmetric and positive semi-definite. */
  | 'VAR_COVARIANCE_INVALID'
  /** Backtest series are unequal in length, empty, or hold a value that is not finite. */
  | 'VAR_BACKTEST_INVALID';

/** Bad input to value at risk. Programmer errors are asserted instead. */
export class ValueAtRiskError extends Error {
  override readonly name = 'ValueAtRiskError';
  readonly code: ValueAtRiskErrorCode;

  constructor(code: ValueAtRiskErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws ValueAtRiskError with `code` when `condition` is false. */
export function demand(
  condition: boolean,
  code: ValueAtRiskErrorCode,
  message: () => string,
): asserts condition {
  if (!condition) throw new ValueAtRiskError(code, message());
}
