/** Instruments of a shard: what deciding needs in columns, names and terms beside. Index 0 is none. */
import { assert } from '../../lib/assert.js';
import { WindowTable } from './window-table.js';

/** The terms that only the control plane needs. */
export interface InstrumentTerms {
  readonly symbol: string;
  readonly currency: string;
  readonly tickMantissa: number;
  readonly tickScale: number;
  readonly lotMantissa: number;
  readonly lotScale: number;
  readonly multiplierMantissa: number;
  readonly multiplierScale: number;
}

export class InstrumentTable {
  readonly capacity: number;
  count = 1;
  readonly terms: InstrumentTerms[] = [];
  readonly bySymbol = new Map<string, number>();
  /** Value of one tick of one lot in micros of the currency, as a reduced fraction. */
  readonly microsNumerator: Float64Array;
  readonly microsDenominator: Float64Array;
  /** Number of the currency in the table of rates; whether the symbol is a currency pair. */
  readonly currency: Uint8Array;
  readonly pair: Uint8Array;
  readonly feePerLot: Float64Array;
  readonly mark: Float64Array;
  /** When the mark was set, ms since 1970. */
  readonly markTime: Float64Array;
  readonly hasMark: Uint8Array;
  readonly open: Uint8Array;
  readonly state: Uint8Array;
  readonly negativePrices: Uint8Array;
  readonly marginPercent: Uint8Array;
  readonly venue: Uint16Array;
  /** First position, row in the position table; 0 none. */
  readonly positions: Int32Array;
  /** First stop that waits for its price, row in the order table; 0 none. How many of them trail. */
  readonly held: Int32Array;
  readonly trailing: Int32Array;
  /** Nearest stop price of held buys (lowest) and sells (highest); without any out of reach. */
  readonly buyTrigger: Float64Array;
  readonly sellTrigger: Float64Array;
  /** Circuit breaker on the move of the mark, basis points; 0 none. Its window and cool-down, ms. */
  readonly breaker: Float64Array;
  readonly breakerWindow: Float64Array;
  readonly breakerCoolDown: Float64Array;
  /** When the breaker tripped, ms; 0 it did not. */
  readonly trippedTime: Float64Array;
  /** Trading state before it tripped, while it has. */
  readonly stateBefore: Uint8Array;
  /** Highest mark, and highest negative of the mark, within the breaker's window. */
  readonly highs: WindowTable;
  readonly lows: WindowTable;
  /** Open orders and positions ever: tick, lot and multiplier are then fixed. */
  readonly used: Uint8Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    const rows = capacity + 1;
    this.microsNumerator = new Float64Array(rows);
    this.microsDenominator = new Float64Array(rows);
    this.currency = new Uint8Array(rows);
    this.pair = new Uint8Array(rows);
    this.feePerLot = new Float64Array(rows);
    this.mark = new Float64Array(rows);
    this.markTime = new Float64Array(rows);
    this.hasMark = new Uint8Array(rows);
    this.open = new Uint8Array(rows);
    this.state = new Uint8Array(rows);
    this.negativePrices = new Uint8Array(rows);
    this.marginPercent = new Uint8Array(rows);
    this.venue = new Uint16Array(rows);
    this.used = new Uint8Array(rows);
    this.positions = new Int32Array(rows);
    this.held = new Int32Array(rows);
    this.trailing = new Int32Array(rows);
    this.buyTrigger = new Float64Array(rows).fill(Number.MAX_SAFE_INTEGER);
    this.sellTrigger = new Float64Array(rows).fill(-Number.MAX_SAFE_INTEGER);
    this.breaker = new Float64Array(rows);
    this.breakerWindow = new Float64Array(rows);
    this.breakerCoolDown = new Float64Array(rows);
    this.trippedTime = new Float64Array(rows);
    this.stateBefore = new Uint8Array(rows);
    this.highs = new WindowTable(rows);
    this.lows = new WindowTable(rows);
  }

  get full(): boolean {
    return this.count > this.capacity;
  }

  setTerms(index: number, terms: InstrumentTerms): void {
    assert(index > 0 && index < this.count, 'no such instrument');
    const value = tickValue(terms);
    assert(value !== undefined, 'deciding refuses terms that are not exact');
    this.terms[index] = terms;
    this.bySymbol.set(terms.symbol, index);
    this.microsNumerator[index] = value.numerator;
    this.microsDenominator[index] = value.denominator;
  }
}

/**
 * Value of one tick of one lot in micros (tick x lot x multiplier x 1e6), as a reduced fraction.
 * @returns undefined when the terms are not positive or the fraction is not safe
 */
export function tickValue(
  terms: InstrumentTerms,
): { readonly numerator: number; readonly denominator: number } | undefined {
  const mantissas = [terms.tickMantissa, terms.lotMantissa, terms.multiplierMantissa];
  if (!mantissas.every((mantissa) => mantissa > 0)) return undefined;
  let numerator = mantissas.reduce((product, mantissa) => product * BigInt(mantissa), 1_000_000n);
  let denominator = 10n ** BigInt(terms.tickScale + terms.lotScale + terms.multiplierScale);
  while (denominator % 10n === 0n && numerator % 10n === 0n) {
    numerator /= 10n;
    denominator /= 10n;
  }
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  if (numerator > safe || denominator > 1_000_000_000_000n) return undefined;
  return { numerator: Number(numerator), denominator: Number(denominator) };
}
