/**
 * Money, said again slowly: everything is added up from the orders and the trades each time it is asked
 * for, and converted in bigints by the marks of currency pairs that were recorded.
 */
import type { ModelOrder, ReferenceModel, Side } from './reference-model.js';

export const CURRENCIES = ['EUR', 'GBP', 'USD'] as const;
export type Currency = (typeof CURRENCIES)[number];
/** An account by its number. */
export type Scope = 'Firm' | 'Group' | number;

/** The instrument is in the first, which is also that of account 1. */
export const ACCOUNTS = ['EUR', 'USD'] as const;
const OF_INSTRUMENT = 'EUR';
/** Micros that a tick is worth for each lot. */
const TICK_MICROS = 10_000;
/** What a tick of a currency pair is a part of. */
const PAIR_TICKS = 10_000n;

/** Limits that a few orders reach: micros of the base of their scope, ms. */
export const MONEY_LIMITS = {
  notional: { Firm: 15_500_000, Group: 15_000_000 },
  gross: { Firm: 42_000_000, Group: 45_000_000, Account: 35_000_000 },
  dailyLoss: 500_000,
  rateAge: 20,
} as const;

export const PAIRS = ['EUR/USD', 'USD/EUR', 'GBP/USD'] as const;
type Pair = (typeof PAIRS)[number];

interface Rate {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly ms: number;
}

/** What an order is about that risk is asked of. */
export interface Asked {
  readonly account: number;
  readonly side: Side;
  readonly price: number;
  /** Lots that would be open of it. */
  readonly open: number;
  /** Lots that it adds to what is open. */
  readonly added: number;
  /** The order that would be replaced. */
  readonly order: ModelOrder | undefined;
}

export class MoneyModel {
  readonly #model: ReferenceModel;
  /** Marks of the pairs in their order, the newest last. */
  readonly #marks: { pair: Pair; ticks: bigint; ms: number }[] = [];
  readonly #bases = new Map<Scope, Currency>();
  readonly #atOpen = new Map<Scope, number>();
  #mark: number;

  constructor(model: ReferenceModel, mark: number) {
    this.#model = model;
    this.#mark = mark;
  }

  mark(ticks: number): void {
    this.#mark = ticks;
  }

  markPair(pair: Pair, ticks: number, ms: number): void {
    this.#marks.push({ pair, ticks: BigInt(ticks), ms });
  }

  base(scope: Scope): Currency {
    if (typeof scope === 'number') return ACCOUNTS[scope - 1] as Currency;
    return this.#bases.get(scope) ?? this.#bases.get('Firm') ?? ACCOUNTS[0];
  }

  /** What was lost or won when the day opened has to be had in the new currency. */
  setBase(scope: 'Firm' | 'Group', currency: Currency): string[] {
    const follow = scope === 'Firm' && !this.#bases.has('Group');
    const changed: Scope[] = follow ? ['Firm', 'Group'] : [scope];
    const converted = changed.map((each) => {
      const from = this.base(each);
      const atOpen = this.atOpen(each);
      if (from === currency || atOpen === 0) return atOpen;
      const rate = this.#rate(from, currency);
      return rate === undefined ? undefined : convert(atOpen, rate, 'up');
    });
    if (converted.includes(undefined)) return ['CommandRefused RISK_RATE_MISSING'];
    this.#bases.set(scope, currency);
    changed.forEach((each, n) => {
      this.#atOpen.set(each, converted[n] as number);
    });
    return [`BaseCurrencyChanged ${scope} ${currency}`];
  }

  openDay(): void {
    for (const scope of ['Firm', 'Group', 1, 2] as const) {
      this.#atOpen.set(scope, this.sums(scope).pnl);
    }
  }

  /** Profit of a scope when the day opened. */
  atOpen(scope: Scope): number {
    return this.#atOpen.get(scope) ?? 0;
  }

  /** The pair as it was marked last, either way round. */
  #marked(from: Currency, to: Currency): Rate | undefined {
    const found = this.#marks.findLast(({ pair }) =>
      [`${from}/${to}`, `${to}/${from}`].includes(pair),
    );
    if (found === undefined) return undefined;
    const { ticks, ms } = found;
    return found.pair === `${from}/${to}`
      ? { numerator: ticks, denominator: PAIR_TICKS, ms }
      : { numerator: PAIR_TICKS, denominator: ticks, ms };
  }

  #rate(from: Currency, to: Currency): Rate | undefined {
    if (from === to) return { numerator: 1n, denominator: 1n, ms: Number.POSITIVE_INFINITY };
    const own = this.#marked(from, to);
    if (own !== undefined) return own;
    for (const between of CURRENCIES) {
      const [first, second] = [this.#marked(from, between), this.#marked(between, to)];
      if (first === undefined || second === undefined) continue;
      const numerator = first.numerator * second.numerator;
      const denominator = first.denominator * second.denominator;
      return { numerator, denominator, ms: Math.min(first.ms, second.ms) };
    }
    return undefined;
  }

  /** Micros of an order's open lots, at the dearest price that it may have. */
  #open(order: ModelOrder): number {
    const replaces = this.#model.underWay(order).filter(({ kind }) => kind === 'Replace');
    const dearest = Math.max(order.price, ...replaces.map(({ price }) => price));
    return this.#model.exposed(order) * dearest * TICK_MICROS;
  }

  /** What the orders and trades of an account add, `more` on one side included; or those in suspense. */
  #held(account: number, suspense: boolean, more: Partial<Record<Side, number>> = {}) {
    const model = this.#model;
    const open = (side: Side) =>
      model.orders
        .filter((each) => !suspense && each.account === account && each.side === side)
        .reduce((sum, each) => sum + this.#open(each), more[side] ?? 0);
    const lots = suspense ? model.suspense(account) : model.position(account);
    const value = lots * this.#mark * TICK_MICROS;
    const long = value + open('Buy');
    const short = open('Sell') - value;
    const paid = model.paid(account, suspense) * TICK_MICROS;
    return { long, short, gross: Math.max(long, short), pnl: value - paid };
  }

  /** The sums of a scope; what has no rate adds nothing. */
  sums(
    scope: Scope,
    more: { account: number; side: Side; micros: number } | undefined = undefined,
  ) {
    const sums = { long: 0, short: 0, gross: 0, pnl: 0 };
    const rate = this.#rate(OF_INSTRUMENT, this.base(scope));
    if (rate === undefined) return sums;
    for (const account of [1, 2] as const) {
      if (typeof scope === 'number' && scope !== account) continue;
      const own = more?.account === account ? { [more.side]: more.micros } : {};
      const parts = [this.#held(account, false, own)];
      // What is in suspense belongs to nobody yet but the firm.
      if (scope === 'Firm') parts.push(this.#held(account, true));
      for (const held of parts) {
        for (const key of ['long', 'short', 'gross'] as const) {
          sums[key] += convert(held[key], rate, 'up');
        }
        sums.pnl += convert(held.pnl, rate, 'down');
      }
    }
    return sums;
  }

  /** Whether it only closes what is held, with all that is open on its side. */
  #closes({ account, side, added }: Asked): boolean {
    const held = this.#model.position(account) * (side === 'Buy' ? -1 : 1);
    return held > 0 && added + this.#model.open(account, side) <= held;
  }

  /** What it takes at worst: a sale below the mark trades at the mark. */
  #worst({ side, price }: Asked): number {
    return side === 'Sell' ? Math.max(price, this.#mark) : price;
  }

  /** Why the rate into the base of a scope will not do. */
  #badRate(scope: Scope, ms: number): string | undefined {
    const rate = this.#rate(OF_INSTRUMENT, this.base(scope));
    if (rate === undefined) return 'RISK_RATE_MISSING';
    return ms - rate.ms > MONEY_LIMITS.rateAge ? 'RISK_RATE_STALE' : undefined;
  }

  /** MaxOrderNotional of firm and group. @returns why the order is refused */
  notional(asked: Asked, ms: number): string | undefined {
    const micros = asked.open * this.#worst(asked) * TICK_MICROS;
    for (const scope of ['Firm', 'Group'] as const) {
      const bad = this.#closes(asked) ? undefined : this.#badRate(scope, ms);
      if (bad !== undefined) return bad;
      const rate = this.#rate(OF_INSTRUMENT, this.base(scope));
      if (rate === undefined) continue;
      if (convert(micros, rate, 'up') > MONEY_LIMITS.notional[scope]) return 'RISK_MAX_NOTIONAL';
    }
    return undefined;
  }

  /** Gross exposure of account, group and firm, and the firm's loss of the day. */
  exposure(asked: Asked, ms: number): string | undefined {
    const { account, side, order } = asked;
    const micros = asked.open * this.#worst(asked) * TICK_MICROS;
    const more = Math.max(0, micros - (order === undefined ? 0 : this.#open(order)));
    for (const scope of [account, 'Group', 'Firm'] as const) {
      const bad = this.#closes(asked) ? undefined : this.#badRate(scope, ms);
      if (bad !== undefined) return bad;
      const before = this.sums(scope);
      const after = this.sums(scope, { account, side, micros: more });
      const limit = MONEY_LIMITS.gross[typeof scope === 'number' ? 'Account' : scope];
      if (after.gross > before.gross && after.gross > limit) return 'RISK_GROSS_EXPOSURE';
      if (scope !== 'Firm' || this.#closes(asked)) continue;
      if (this.atOpen('Firm') - before.pnl >= MONEY_LIMITS.dailyLoss) return 'RISK_DAILY_LOSS';
    }
    return undefined;
  }
}

/** amount x rate, rounded to the next whole number in a direction. */
function convert(amount: number, { numerator, denominator }: Rate, way: 'up' | 'down'): number {
  const product = BigInt(amount) * numerator;
  const truncated = product / denominator;
  if (product % denominator === 0n) return Number(truncated);
  const isNegative = product < 0n;
  if (way === 'up') return Number(isNegative ? truncated : truncated + 1n);
  return Number(isNegative ? truncated - 1n : truncated);
}
