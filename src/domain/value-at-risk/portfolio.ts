import { createHash } from 'node:crypto';
import { demand } from './errors.js';
import type { ReturnsWindow } from './returns-window.js';

/** Most exposures of one portfolio. */
export const EXPOSURES_MAX = 20_000;

/**
 * One linear exposure: what the portfolio gains, in base currency, when the instrument's price
 * doubles; for a long share position its market value, for a short one the negative. A position
 * with several risk factors (a share in a foreign currency) is several exposures; their component
 * figures add up.
 */
export type Exposure = {
  /** The caller's name of the position. */
  readonly position: string;
  readonly instrument: string;
  readonly value: number;
};

/** Exposures tied to the rows of one window. */
export type Portfolio = {
  readonly positions: readonly string[];
  readonly values: Float64Array;
  /** Row of the returns window, per exposure. */
  readonly rows: Int32Array;
  /** SHA-256 over positions, instruments and values, hexadecimal. */
  readonly digest: string;
};

/**
 * @throws ValueAtRiskError VAR_EXPOSURE_INVALID, VAR_INSTRUMENT_NOT_IN_WINDOW: an exposure without
 *   returns is refused, not left out, for leaving it out would understate the risk unseen.
 */
export function portfolioOf(exposures: readonly Exposure[], window: ReturnsWindow): Portfolio {
  demand(exposures.length <= EXPOSURES_MAX, 'VAR_EXPOSURE_INVALID', () => {
    return `${exposures.length} exposures; at most ${EXPOSURES_MAX}`;
  });
  const values = new Float64Array(exposures.length);
  const rows = new Int32Array(exposures.length);
  exposures.forEach((exposure, index) => {
    demand(Number.isFinite(exposure.value), 'VAR_EXPOSURE_INVALID', () => {
      return `${exposure.position} in ${exposure.instrument}: exposure ${exposure.value}`;
    });
    const row = window.rows.get(exposure.instrument);
    demand(row !== undefined, 'VAR_INSTRUMENT_NOT_IN_WINDOW', () => {
      return `${exposure.position}: the window holds no returns of ${exposure.instrument}`;
    });
    values[index] = exposure.value;
    rows[index] = row;
  });
  const hash = createHash('sha256');
  hash.update(JSON.stringify(exposures.map((e) => [e.position, e.instrument, e.value])));
  const positions = exposures.map((exposure) => exposure.position);
  return { positions, values, rows, digest: hash.digest('hex') };
}

/** Profit and loss of the portfolio per day of the window, under `returns` (window layout). */
export function profitByDay(
  portfolio: Portfolio,
  returns: Float64Array,
  days: number,
): Float64Array {
  const profit = new Float64Array(days);
  const { values, rows } = portfolio;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const base = rows[index]! * days;
    for (let day = 0; day < days; day++) profit[day]! += value * returns[base + day]!;
  }
  return profit;
}
