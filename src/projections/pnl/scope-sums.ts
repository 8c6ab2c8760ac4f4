/**
 * P&L and exposure of the firm, groups, accounts, instruments and strategies: sums over the positions
 * of a book, exact, one per currency; and the same in the base currency of the scope, each currency
 * converted once and rounded once, half to even, to a micro.
 *
 * The base currency of an account is its own; of a group, that of its first account; of the firm,
 * that of the first account of all. The suspense of an account (fills that match no order) counts for
 * the firm and its instrument, and is a scope of its own: no desk has answered for it yet.
 */
import { CurrencyError, CurrencyRates, divideHalfEven } from '../../domain/currency.js';
import { SCOPE } from '../../domain/order-terms.js';
import { amountParts, POSITION, SUSPENSE, unrealizedParts } from '../../domain/position.js';
import { type BookPosition, NO_CURRENCY, type PnlBook } from './pnl-book.js';

/** Decimals of an amount in ticks x lots: `domain/position.ts` counts billionths. */
const PARTS_SCALE = 9;
const MICROS = 1_000_000n;

/** One currency of one scope. Amounts are digits / 10^scale of the currency; fees are micros. */
export interface ScopeSum {
  /** A number of `SCOPE`; its index, 0 for the firm; the strategy, 0 for all of them together. */
  readonly scope: number;
  readonly scopeId: number;
  readonly strategy: number;
  readonly currency: string;
  readonly baseCurrency: string;
  scale: number;
  realized: bigint;
  unrealized: bigint;
  /** Open positions at the mark: sum of the values above 0, and of those below. */
  long: bigint;
  short: bigint;
  fees: bigint;
  /** Open positions without a mark: they are in no figure but realised and fees. */
  unmarked: number;
}

/** Amounts in micros of the base currency; null without a rate. */
export interface BaseAmounts {
  readonly realized: bigint;
  readonly unrealized: bigint;
  readonly fees: bigint;
  readonly long: bigint;
  readonly short: bigint;
}

export class ScopeSums {
  readonly #book: PnlBook;
  readonly #rates = new CurrencyRates();
  readonly #sums = new Map<string, ScopeSum>();
  readonly #changed = new Set<string>();
  /** Base currency by group; that of the firm under 0. */
  readonly #bases = new Map<number, string>();

  constructor(book: PnlBook) {
    this.#book = book;
    for (const rate of book.rates()) this.#rates.record(rate);
    const accounts = [...book.accounts.values()].sort((a, b) => a.account - b.account);
    for (const { group, currency } of accounts) {
      for (const id of [0, group]) if (!this.#bases.has(id)) this.#bases.set(id, currency);
    }
  }

  get all(): Iterable<ScopeSum> {
    return this.#sums.values();
  }

  /** The sums of scopes to which a position was added as changed: every currency of them. */
  *changed(): Generator<ScopeSum> {
    for (const sum of this.#sums.values()) if (this.#changed.has(keyOf(sum))) yield sum;
  }

  add(position: BookPosition, changed: boolean): void {
    const { account, strategy, instrument } = position;
    const firm = this.#bases.get(0) ?? NO_CURRENCY;
    const owner = this.#book.accounts.get(account % SUSPENSE);
    const own = owner?.currency ?? firm;
    this.#add(SCOPE.Firm, 0, strategy, firm, position, changed);
    this.#add(SCOPE.Account, account, strategy, own, position, changed);
    if (strategy !== 0) return;
    this.#add(SCOPE.Instrument, instrument.instrument, 0, firm, position, changed);
    const group = account < SUSPENSE ? (owner?.group ?? 0) : 0;
    if (group === 0) return;
    this.#add(SCOPE.Group, group, 0, this.#bases.get(group) ?? firm, position, changed);
  }

  /** Everything that is converted has changed. */
  ratesChanged(): void {
    for (const sum of this.#sums.values()) {
      if (sum.currency !== sum.baseCurrency) this.#changed.add(keyOf(sum));
    }
  }

  /** The amounts of one currency in the scope's base currency, each rounded once. */
  inBase(sum: ScopeSum): BaseAmounts | null {
    const rate = this.#rate(sum.currency, sum.baseCurrency);
    if (rate === null) return null;
    const divisor = 10n ** BigInt(sum.scale) * rate.denominator;
    const convert = (digits: bigint) => divideHalfEven(digits * MICROS * rate.numerator, divisor);
    return {
      realized: convert(sum.realized),
      unrealized: convert(sum.unrealized),
      fees: divideHalfEven(sum.fees * rate.numerator, rate.denominator),
      long: convert(sum.long),
      short: convert(sum.short),
    };
  }

  #rate(from: string, to: string) {
    if (from === to) return { numerator: 1n, denominator: 1n };
    try {
      return this.#rates.rate(from, to);
    } catch (error) {
      if (error instanceof CurrencyError) return null;
      throw error;
    }
  }

  #add(
    scope: number,
    scopeId: number,
    strategy: number,
    baseCurrency: string,
    position: BookPosition,
    changed: boolean,
  ): void {
    const { currency } = position.instrument.terms;
    const scopeKey = `${scope}/${scopeId}/${strategy}`;
    const key = `${scopeKey}/${currency}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = {
        ...{ scope, scopeId, strategy, currency, baseCurrency, scale: 0, realized: 0n },
        ...{ unrealized: 0n, long: 0n, short: 0n, fees: 0n, unmarked: 0 },
      };
      this.#sums.set(key, sum);
    }
    if (changed) this.#changed.add(scopeKey);
    addPosition(sum, position);
  }
}

const keyOf = ({ scope, scopeId, strategy }: ScopeSum): string => `${scope}/${scopeId}/${strategy}`;

function addPosition(sum: ScopeSum, { row, instrument }: BookPosition): void {
  const { mark, unit } = instrument;
  const scale = instrument.scale + PARTS_SCALE;
  if (scale > sum.scale) rescale(sum, scale);
  const factor = unit * 10n ** BigInt(sum.scale - scale);
  sum.realized += amountParts(row, POSITION.realized) * factor;
  sum.fees += BigInt(row[POSITION.fees] as number);
  const quantity = row[POSITION.quantity] as number;
  if (quantity === 0) return;
  if (mark === undefined) {
    sum.unmarked += 1;
    return;
  }
  sum.unrealized += unrealizedParts(row, 0, mark) * factor;
  const value = BigInt(quantity) * BigInt(mark) * 10n ** BigInt(PARTS_SCALE) * factor;
  if (value > 0n) sum.long += value;
  else sum.short += value;
}

function rescale(sum: ScopeSum, scale: number): void {
  const factor = 10n ** BigInt(scale - sum.scale);
  sum.scale = scale;
  sum.realized *= factor;
  sum.unrealized *= factor;
  sum.long *= factor;
  sum.short *= factor;
}
