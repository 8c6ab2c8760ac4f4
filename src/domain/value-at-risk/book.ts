import { type CurrencyRates, divideHalfEven } from '../currency.js';
import { SCOPE } from '../order-terms.js';
import { PARTS, SUSPENSE } from '../position.js';
import type { Exposure } from './portfolio.js';

/** A size as the fraction digits / 10^scale. */
export type Size = { readonly digits: bigint; readonly scale: number };

export type BookInstrument = {
  readonly symbol: string;
  readonly currency: string;
  readonly tick: Size;
  readonly lot: Size;
  readonly multiplier: Size;
  /** Ticks; undefined while there is none. */
  readonly mark: number | undefined;
};

export type BookPosition = {
  /** Index of the account; `SUSPENSE` and more: fills that matched no order. */
  readonly account: number;
  /** Index of the account's group; 0 none. */
  readonly group: number;
  readonly instrument: BookInstrument;
  /** Lots. */
  readonly quantity: bigint;
  /** Billionths of a tick x lot, as `domain/position.ts` counts them. */
  readonly cost: bigint;
  readonly realized: bigint;
  /** Micros of the instrument's currency. */
  readonly fees: bigint;
};

/** Positions and marks as of a sequence: the same log gives the same book, from tables or from memory. */
export type Book = {
  readonly sequence: number;
  readonly positions: readonly BookPosition[];
  /** Of the marks of currency pairs, all under one sequence: a pair's own mark goes before its inverse. */
  readonly rates: CurrencyRates;
};

/** Whose value at risk: the firm, a group or an account, with its index; 0 the firm. */
export type BookScope = {
  readonly scope: 'Firm' | 'Group' | 'Account';
  readonly scopeId: number;
};

/** As results name it: `firm`, `group:3`, `account:17`. */
export const scopeText = ({ scope, scopeId }: BookScope): string =>
  SCOPE[scope] === SCOPE.Firm ? 'firm' : `${scope.toLowerCase()}:${scopeId}`;

/** Fills that matched no order are the firm's risk, and nobody's below it. */
export function positionsOf(book: Book, { scope, scopeId }: BookScope): readonly BookPosition[] {
  if (scope === 'Firm') return book.positions;
  return book.positions.filter(({ account, group }) => {
    return account < SUSPENSE && (scope === 'Group' ? group : account) === scopeId;
  });
}

/** The firm, and each group and account that has ever had a position. */
export function scopesOf(book: Book): BookScope[] {
  const groups = new Set<number>();
  const accounts = new Set<number>();
  for (const { account, group } of book.positions) {
    if (account >= SUSPENSE) continue;
    accounts.add(account);
    if (group !== 0) groups.add(group);
  }
  const ascending = (ids: Set<number>) => [...ids].sort((a, b) => a - b);
  return [
    { scope: 'Firm', scopeId: 0 },
    ...ascending(groups).map((scopeId): BookScope => ({ scope: 'Group', scopeId })),
    ...ascending(accounts).map((scopeId): BookScope => ({ scope: 'Account', scopeId })),
  ];
}

/** Why a position is not in a result. */
export type MissingReason =
  /** No mark: the position cannot be valued. */
  | 'NO_MARK'
  /** The window holds no returns of the instrument. */
  | 'NO_HISTORY'
  /** No rate from its currency to the base currency. */
  | 'NO_RATE'
  /** The window holds no returns of that rate. */
  | 'NO_RATE_HISTORY';

/** A position that a result leaves out, and says so. */
export type MissingExposure = {
  /** Symbol, or `currency EUR`. */
  readonly position: string;
  readonly reason: MissingReason;
  /** Its value in base currency, without its sign; without a mark its cost. Undefined: not known. */
  readonly value: number | undefined;
};

export type BookExposures = {
  /** By instrument, netted, then by foreign currency; by name. */
  readonly exposures: readonly Exposure[];
  readonly missing: readonly MissingExposure[];
};

/**
 * What a scope's positions are exposed to, in base currency. A position in a foreign currency is
 * exposed to its price and, with its whole value, to the rate of its currency: `EUR/USD` or, the other
 * way round, `USD/EUR`. A proxy is never put in for returns that are not there: the position is named in
 * `missing` instead.
 *
 * @param has whether the window holds returns of an instrument
 */
export function exposuresOf(
  positions: readonly BookPosition[],
  rates: CurrencyRates,
  base: string,
  has: (symbol: string) => boolean,
): BookExposures {
  const exposures: Exposure[] = [];
  const missing: MissingExposure[] = [];
  const byCurrency = new Map<string, number>();
  for (const net of netted(positions)) {
    const { symbol, currency } = net.instrument;
    const rate = rateOf(rates, currency, base);
    const known = rate === undefined ? undefined : worthOf(net, rate);
    const leaveOut = (reason: MissingReason): void => {
      const value = known === undefined ? undefined : Math.abs(known);
      missing.push({ position: symbol, reason, value });
    };
    if (known === undefined) leaveOut('NO_RATE');
    else if (net.instrument.mark === undefined) leaveOut('NO_MARK');
    else if (!has(symbol)) leaveOut('NO_HISTORY');
    else exposures.push({ position: symbol, instrument: symbol, value: known });
    if (known === undefined || currency === base) continue;
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + known);
  }
  for (const currency of [...byCurrency.keys()].sort()) {
    const value = byCurrency.get(currency) as number;
    const position = `currency ${currency}`;
    if (has(`${currency}/${base}`)) {
      exposures.push({ position, instrument: `${currency}/${base}`, value });
    } else if (has(`${base}/${currency}`)) {
      exposures.push({ position, instrument: `${base}/${currency}`, value: -value });
    } else missing.push({ position, reason: 'NO_RATE_HISTORY', value: Math.abs(value) });
  }
  return { exposures, missing };
}

/**
 * Profit and loss since the beginning, realised and at the mark, fees taken off, in micros of the base
 * currency; undefined when a mark or a rate is missing.
 */
export function profitOf(
  positions: readonly BookPosition[],
  rates: CurrencyRates,
  base: string,
): bigint | undefined {
  const byCurrency = new Map<string, bigint>();
  for (const { instrument, quantity, cost, realized, fees } of positions) {
    const { mark, currency } = instrument;
    if (mark === undefined && quantity !== 0n) return undefined;
    const value = quantity * BigInt(mark ?? 0) * BigInt(PARTS);
    const perPart = perTickAndLot(instrument);
    const micros = divideHalfEven(
      (value - cost + realized) * perPart.numerator * 1_000_000n,
      perPart.denominator * BigInt(PARTS),
    );
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0n) + micros - fees);
  }
  for (const currency of byCurrency.keys()) {
    if (rateOf(rates, currency, base) === undefined) return undefined;
  }
  return rates.total(byCurrency, base);
}

type Fraction = { readonly numerator: bigint; readonly denominator: bigint };

/** Open positions by instrument over all accounts, by symbol. */
function netted(positions: readonly BookPosition[]): BookPosition[] {
  const net = new Map<string, BookPosition>();
  for (const position of positions) {
    const { symbol } = position.instrument;
    const before = net.get(symbol);
    if (before === undefined) net.set(symbol, position);
    else {
      const quantity = before.quantity + position.quantity;
      net.set(symbol, { ...before, quantity, cost: before.cost + position.cost });
    }
  }
  return [...net.values()]
    .filter(({ quantity }) => quantity !== 0n)
    .sort((a, b) => (a.instrument.symbol < b.instrument.symbol ? -1 : 1));
}

/** At the mark, or at cost without one, in base currency: rounded once, to a double. */
function worthOf({ instrument, quantity, cost }: BookPosition, rate: Fraction): number {
  const { mark } = instrument;
  const parts = mark === undefined ? cost : quantity * BigInt(mark) * BigInt(PARTS);
  const perPart = perTickAndLot(instrument);
  return toNumber({
    numerator: parts * perPart.numerator * rate.numerator,
    denominator: BigInt(PARTS) * perPart.denominator * rate.denominator,
  });
}

function perTickAndLot({ tick, lot, multiplier }: BookInstrument): Fraction {
  const scale = tick.scale + lot.scale + multiplier.scale;
  return {
    numerator: tick.digits * lot.digits * multiplier.digits,
    denominator: 10n ** BigInt(scale),
  };
}

function rateOf(rates: CurrencyRates, from: string, to: string): Fraction | undefined {
  if (from === to) return { numerator: 1n, denominator: 1n };
  try {
    return rates.rate(from, to);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'CURRENCY_RATE_MISSING') return undefined;
    throw error;
  }
}

/** In lowest terms first, so that equal fractions give the same double however they were written. */
function toNumber({ numerator, denominator }: Fraction): number {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 0 : Number(numerator / a) / Number(denominator / a);
}
