/**
 * Conversion of amounts into another currency by recorded rates, exact but for one rounding.
 *
 * A rate is a fraction of whole numbers: `to` for one `from`. It is recorded when it becomes known
 * (the mark of a currency pair, or a fixing) under the sequence of its event, and every conversion
 * says as of which sequence, so a figure of last month is had again with last month's rates. A result
 * is rounded half to even to a micro, once: sums are converted as sums, not position by position.
 *
 * A pair that is not recorded is found by its inverse, or over one currency in between, in this order;
 * the one in between is the first by name, so that the way never depends on the order of recording.
 */

export interface Rate {
  readonly from: string;
  readonly to: string;
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** Sequence of the event that recorded it. */
  readonly sequence: number;
}

/** No way from one currency to the other, or a rate that is none. */
export class CurrencyError extends Error {
  override readonly name = 'CurrencyError';
  readonly code: 'CURRENCY_RATE_MISSING' | 'CURRENCY_RATE_INVALID';
  constructor(code: CurrencyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Rates kept for one pair: the oldest half is dropped beyond, and what it covered is missing then. */
export const RATES_PER_PAIR_MAX = 1_000_000;

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export class CurrencyRates {
  /** Rates by pair, in the order of their sequences. */
  readonly #rates = new Map<string, Rate[]>();
  readonly #currencies = new Set<string>();

  /** @throws CurrencyError CURRENCY_RATE_INVALID: not positive, or older than the last of its pair */
  record(rate: Rate): void {
    const key = `${rate.from}/${rate.to}`;
    const known = this.#rates.get(key) ?? [];
    const last = known.at(-1);
    const valid =
      rate.numerator > 0n &&
      rate.denominator > 0n &&
      rate.from !== rate.to &&
      (last === undefined || rate.sequence >= last.sequence);
    if (!valid) throw new CurrencyError('CURRENCY_RATE_INVALID', `not a rate of ${key}`);
    if (known.length >= RATES_PER_PAIR_MAX) known.splice(0, RATES_PER_PAIR_MAX / 2);
    known.push(rate);
    this.#rates.set(key, known);
    this.#currencies.add(rate.from).add(rate.to);
  }

  /**
   * @param micros amount in millionths of `from`
   * @param asOf sequence: rates recorded later are not known yet; Infinity takes the newest
   * @returns millionths of `to`, rounded half to even
   * @throws CurrencyError CURRENCY_RATE_MISSING
   */
  convert(micros: bigint, from: string, to: string, asOf = Number.POSITIVE_INFINITY): bigint {
    if (from === to || micros === 0n) return micros;
    const { numerator, denominator } = this.rate(from, to, asOf);
    return divideHalfEven(micros * numerator, denominator);
  }

  /** Sum of amounts in several currencies: each currency is summed first and rounded once. */
  total(
    amounts: Iterable<readonly [currency: string, micros: bigint]>,
    to: string,
    asOf = Number.POSITIVE_INFINITY,
  ): bigint {
    const sums = new Map<string, bigint>();
    for (const [currency, micros] of amounts) {
      sums.set(currency, (sums.get(currency) ?? 0n) + micros);
    }
    let total = 0n;
    for (const [currency, sum] of sums) total += this.convert(sum, currency, to, asOf);
    return total;
  }

  /** The rate of a pair as a fraction: recorded, inverse, or over one currency in between. */
  rate(from: string, to: string, asOf = Number.POSITIVE_INFINITY): Fraction {
    const direct = this.#direct(from, to, asOf);
    if (direct !== undefined) return direct;
    for (const between of [...this.#currencies].sort()) {
      const first = this.#direct(from, between, asOf);
      const second = first && this.#direct(between, to, asOf);
      if (first === undefined || second === undefined) continue;
      return {
        numerator: first.numerator * second.numerator,
        denominator: first.denominator * second.denominator,
      };
    }
    throw new CurrencyError('CURRENCY_RATE_MISSING', `no rate from ${from} to ${to}`);
  }

  /** The newer of the pair's rate and its inverse; at one sequence the pair's own. */
  #direct(from: string, to: string, asOf: number): Fraction | undefined {
    const own = lastUntil(this.#rates.get(`${from}/${to}`), asOf);
    const inverse = lastUntil(this.#rates.get(`${to}/${from}`), asOf);
    if (inverse !== undefined && (own === undefined || inverse.sequence > own.sequence)) {
      return { numerator: inverse.denominator, denominator: inverse.numerator };
    }
    return own;
  }
}

/** The last rate at or before a sequence, by bisection. */
function lastUntil(rates: readonly Rate[] | undefined, asOf: number): Rate | undefined {
  if (rates === undefined) return undefined;
  let low = 0;
  let high = rates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rates[middle] as Rate).sequence <= asOf) low = middle + 1;
    else high = middle;
  }
  return rates[low - 1];
}

/** a / b for b > 0, rounded half to even. */
export function divideHalfEven(a: bigint, b: bigint): bigint {
  let quotient = a / b;
  let rest = a % b;
  if (rest < 0n) {
    quotient -= 1n;
    rest += b;
  }
  const twice = 2n * rest;
  const odd = (quotient & 1n) === 1n;
  return twice > b || (twice === b && odd) ? quotient + 1n : quotient;
}

/** Currency pairs are instruments named FROM/TO. */
const PAIR = /^([A-Z0-9]{3,8})\/([A-Z0-9]{3,8})$/;

/** Three letters of ISO 4217, or up to eight letters and digits of what has no such code. */
export const isCurrency = (code: string): boolean => /^[A-Z0-9]{3,8}$/.test(code);

export const isCurrencyPair = (symbol: string): boolean => PAIR.test(symbol);

/**
 * The rate that the mark of an instrument records, if the instrument is a currency pair: its symbol is
 * `FROM/TO`, its price is TO for one FROM.
 *
 * @param tickMantissa,tickScale tick size is tickMantissa x 10^-tickScale
 * @param mark ticks
 */
export function rateOfMark(
  symbol: string,
  tickMantissa: number,
  tickScale: number,
  mark: number,
  sequence: number,
): Rate | undefined {
  const pair = PAIR.exec(symbol);
  if (pair === null || mark <= 0) return undefined;
  return {
    from: pair[1] as string,
    to: pair[2] as string,
    numerator: BigInt(mark) * BigInt(tickMantissa),
    denominator: 10n ** BigInt(tickScale),
    sequence,
  };
}
