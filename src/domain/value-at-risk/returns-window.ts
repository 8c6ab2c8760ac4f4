import { createHash } from 'node:crypto';
import { assert } from '../../lib/assert.js';
import { demand } from './errors.js';

/** Fewest daily returns a window may hold: below, a variance means nothing. */
export const WINDOW_DAYS_MIN = 2;
/** Most daily returns: about twenty years. */
export const WINDOW_DAYS_MAX = 5_000;
/** Most instruments of one window. */
export const WINDOW_INSTRUMENTS_MAX = 20_000;

export type ReturnKind = 'simple' | 'log';

/**
 * What to do with a day on which an instrument has no price (0 in the input).
 * `refuse`: the window is not built. `carry`: the previous price stands, which gives a return of
 * zero and is counted in the identity. A missing first price is always refused: nothing to carry.
 */
export type MissingPrice = 'refuse' | 'carry';

/** Names a window so that the same one can be built again and proven to be the same. */
export type WindowIdentity = {
  readonly kind: ReturnKind;
  /** First and last day whose *return* is in the window, as the caller names days. */
  readonly firstDay: string;
  readonly lastDay: string;
  readonly days: number;
  readonly instruments: number;
  /** Prices carried forward over a missing day. */
  readonly carried: number;
  /** SHA-256 of days, instruments and prices in ticks, hexadecimal. */
  readonly digest: string;
};

/**
 * Daily returns of a set of instruments, by instrument and then by day, oldest first:
 *
 * ```
 *   returns: | instrument 0: day 0, day 1, ... day T-1 | instrument 1: day 0, ... | ...
 * ```
 *
 * By instrument, because every sum of value at risk runs over the days of one instrument.
 */
export type ReturnsWindow = {
  readonly identity: WindowIdentity;
  readonly instruments: readonly string[];
  /** Row of each instrument. */
  readonly rows: ReadonlyMap<string, number>;
  /** The day each return ends on. */
  readonly dayNames: readonly string[];
  readonly days: number;
  /** Returns of `identity.kind`, as fractions (0.01 is one per cent). */
  readonly returns: Float64Array;
  /** The same as simple returns, for full revaluation; the same array when the kind is simple. */
  readonly simple: Float64Array;
};

export type PriceHistory = {
  readonly instruments: readonly string[];
  /** One more day than returns, oldest first, unique. */
  readonly dayNames: readonly string[];
  /**
   * Prices in whole ticks by instrument, then day, already adjusted for corporate actions; 0 is
   * missing. Ticks of one instrument must mean the same all along: a return has no unit.
   */
  readonly ticks: Float64Array;
};

/**
 * Builds the returns of `history`.
 *
 * @throws ValueAtRiskError VAR_WINDOW_SIZE, VAR_PRICE_MISSING, VAR_PRICE_INVALID.
 */
export function buildReturnsWindow(
  history: PriceHistory,
  kind: ReturnKind,
  missing: MissingPrice = 'refuse',
): ReturnsWindow {
  const { instruments, dayNames, ticks } = history;
  const days = dayNames.length - 1;
  demand(days >= WINDOW_DAYS_MIN && days <= WINDOW_DAYS_MAX, 'VAR_WINDOW_SIZE', () => {
    return `${days} returns; a window holds ${WINDOW_DAYS_MIN} to ${WINDOW_DAYS_MAX}`;
  });
  const count = instruments.length;
  demand(count >= 1 && count <= WINDOW_INSTRUMENTS_MAX, 'VAR_WINDOW_SIZE', () => {
    return `${count} instruments; a window holds 1 to ${WINDOW_INSTRUMENTS_MAX}`;
  });
  assert(ticks.length === count * dayNames.length, 'prices by instrument and day');
  const rows = new Map(instruments.map((name, row) => [name, row]));
  assert(rows.size === count, 'instruments of a window are unique');
  assert(new Set(dayNames).size === dayNames.length, 'days of a window are unique');

  const simple = new Float64Array(count * days);
  const returns = kind === 'simple' ? simple : new Float64Array(count * days);
  let carried = 0;
  for (let row = 0; row < count; row++) {
    let before = 0;
    for (let day = 0; day <= days; day++) {
      let price = ticks[row * (days + 1) + day]!;
      if (price === 0) {
        demand(missing === 'carry' && before > 0, 'VAR_PRICE_MISSING', () => {
          return `${instruments[row]} has no price on ${dayNames[day]}`;
        });
        price = before;
        carried++;
      }
      demand(Number.isSafeInteger(price) && price > 0, 'VAR_PRICE_INVALID', () => {
        return `${instruments[row]} on ${dayNames[day]}: price of ${price} ticks`;
      });
      if (day > 0) {
        // The difference of integers is exact, so a small move loses nothing to cancellation.
        const change = (price - before) / before;
        simple[row * days + day - 1] = change;
        if (kind === 'log') returns[row * days + day - 1] = Math.log1p(change);
      }
      before = price;
    }
  }
  const identity: WindowIdentity = {
    kind,
    firstDay: dayNames[1]!,
    lastDay: dayNames[days]!,
    days,
    instruments: count,
    carried,
    digest: digestOf(history),
  };
  return { identity, instruments, rows, dayNames: dayNames.slice(1), days, returns, simple };
}

function digestOf(history: PriceHistory): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([history.dayNames, history.instruments]));
  const { buffer, byteOffset, byteLength } = history.ticks;
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}
