/**
 * Currencies of a shard and the rates between them: the last mark of each currency pair, and the way
 * from each currency to each other that follows from these.
 *
 * ```
 *   place(from, to) = from x CURRENCY_ROOM + to        `to` for one `from`: numerator / denominator
 * ```
 *
 * A rate is a reduced fraction of safe integers; numerator 0: there is none. Converting is exact but
 * for one rounding, whose direction the caller chooses: against the trader.
 */
import { assert } from '../../lib/assert.js';

/** Most currencies that instruments and scopes of a shard may have: more is refused with CAPACITY_REFERENCE. */
export const CURRENCIES_MAX = 31;
/** Currency 0 is none. */
const ROOM = CURRENCIES_MAX + 1;
const PLACES = ROOM * ROOM;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

const COLUMNS = [
  'markNumerator',
  'markDenominator',
  'markTime',
  'numerator',
  'denominator',
  'time',
] as const;

export class RateTable {
  /** Code of each currency by its number; 0 is none. */
  readonly names: string[] = [''];
  /** Last mark of the pair itself, and when, ms. */
  readonly markNumerator = new Float64Array(PLACES);
  readonly markDenominator = new Float64Array(PLACES);
  readonly markTime = new Float64Array(PLACES);
  /** The rate in force: of the pair, of its inverse, or over one currency in between. */
  readonly numerator = new Float64Array(PLACES);
  readonly denominator = new Float64Array(PLACES);
  /** When it was marked, ms: the older one of two. */
  readonly time = new Float64Array(PLACES);
  /** 1 when there is more than one currency: only then is anything converted. */
  mixed = 0;

  /** @returns the number of a currency, 0 when nobody has named it */
  find(name: string): number {
    return name === '' ? 0 : Math.max(0, this.names.indexOf(name));
  }

  /** The same to try something with; not part of any state. */
  copy(): RateTable {
    const copy = new RateTable();
    copy.names.splice(0, 1, ...this.names);
    for (const column of COLUMNS) copy[column].set(this[column]);
    copy.mixed = this.mixed;
    return copy;
  }

  /** Whether the currency is known or there is room for it. */
  fits(name: string): boolean {
    return this.find(name) !== 0 || this.names.length <= CURRENCIES_MAX;
  }

  /** @returns the number of the currency, a new one if nobody has named it */
  add(name: string): number {
    const known = this.find(name);
    if (known !== 0) return known;
    assert(this.names.length <= CURRENCIES_MAX, 'no room for a currency; deciding asks before');
    this.names.push(name);
    if (this.names.length > 2) this.mixed = 1;
    return this.names.length - 1;
  }

  /** Notes the mark of a pair; `resolve` finds what follows. */
  mark(from: number, to: number, numerator: bigint, denominator: bigint, ms: number): void {
    const place = placeOf(from, to);
    const reduced = reduce(numerator, denominator);
    if (reduced === undefined) return;
    this.markNumerator[place] = reduced[0];
    this.markDenominator[place] = reduced[1];
    this.markTime[place] = ms;
  }

  /** Finds all rates anew, at most CURRENCIES_MAX^3 steps. @returns whether one but for its time changed */
  resolve(): boolean {
    const order = this.names.map((_, number) => number).slice(1);
    // The one in between is the first by name: it never depends on the order of recording.
    order.sort((a, b) => ((this.names[a] as string) < (this.names[b] as string) ? -1 : 1));
    let changed = false;
    for (const from of order) {
      for (const to of order) {
        if (from !== to && this.#resolvePair(from, to, order)) changed = true;
      }
    }
    return changed;
  }

  #resolvePair(from: number, to: number, order: readonly number[]): boolean {
    const own = this.#marked(from, to);
    if (own !== undefined) return this.#set(from, to, own);
    for (const between of order) {
      const first = this.#marked(from, between);
      const second = first && this.#marked(between, to);
      if (first === undefined || second === undefined) continue;
      const reduced = reduce(
        BigInt(first[0]) * BigInt(second[0]),
        BigInt(first[1]) * BigInt(second[1]),
      );
      if (reduced === undefined) continue;
      return this.#set(from, to, [...reduced, Math.min(first[2], second[2])]);
    }
    return false;
  }

  #set(from: number, to: number, [numerator, denominator, ms]: Marked): boolean {
    const place = placeOf(from, to);
    const same = this.numerator[place] === numerator && this.denominator[place] === denominator;
    this.numerator[place] = numerator;
    this.denominator[place] = denominator;
    this.time[place] = ms;
    return !same;
  }

  /** The newer of the pair's mark and its inverse; at one time the pair's own. */
  #marked(from: number, to: number): Marked | undefined {
    const own = placeOf(from, to);
    const inverse = placeOf(to, from);
    const hasOwn = this.markNumerator[own] !== 0;
    const hasInverse = this.markNumerator[inverse] !== 0;
    const newer = (this.markTime[inverse] as number) > (this.markTime[own] as number);
    if (hasInverse && (!hasOwn || newer)) {
      return [
        this.markDenominator[inverse] as number,
        this.markNumerator[inverse] as number,
        this.markTime[inverse] as number,
      ];
    }
    if (!hasOwn) return undefined;
    return [
      this.markNumerator[own] as number,
      this.markDenominator[own] as number,
      this.markTime[own] as number,
    ];
  }
}

/** Numerator, denominator, ms. */
type Marked = readonly [number, number, number];

export const placeOf = (from: number, to: number): number => from * ROOM + to;

/** @returns undefined when the fraction is not one of safe integers: then there is no rate */
function reduce(numerator: bigint, denominator: bigint): readonly [number, number] | undefined {
  let [a, b] = [numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  const [over, under] = [numerator / a, denominator / a];
  return over <= SAFE && under <= SAFE ? [Number(over), Number(under)] : undefined;
}

/**
 * amount x numerator / denominator, rounded up (toward +infinity), exact below 2^53.
 *
 * The whole part of amount / denominator is multiplied as it is; what is left is below the
 * denominator, so its product is exact in a number unless the fraction itself is very fine.
 */
export function convertUp(amount: number, numerator: number, denominator: number): number {
  const rest = amount % denominator;
  const whole = ((amount - rest) / denominator) * numerator;
  if (numerator * denominator <= Number.MAX_SAFE_INTEGER) {
    return whole + Math.ceil((rest * numerator) / denominator);
  }
  const product = BigInt(rest) * BigInt(numerator);
  const under = BigInt(denominator);
  // Division of bigints truncates, which is up for what is negative.
  return whole + Number(product / under + (product > 0n && product % under !== 0n ? 1n : 0n));
}

/** The same rounded down: for profit and loss. */
export function convertDown(amount: number, numerator: number, denominator: number): number {
  return -convertUp(-amount, numerator, denominator);
}
