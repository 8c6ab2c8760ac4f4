/** Amounts of positions as decimal text: exact, save the average price, rounded half to even. */
import {
  type Decimal,
  divideDecimals,
  formatDecimal,
  multiplyDecimals,
  type Step,
} from '../../lib/decimal.js';
import type { Instrument } from '../reference/instrument.js';

/** Decimals of an average price, as the read side has them. */
const AVERAGE_PRICE_DIGITS = 12;
/** Decimals of an amount in parts: a part is a billionth of a tick x lot. */
const PARTS_DIGITS = 9;

const decimalOf = ({ units, scale }: Step): Decimal => ({ digits: BigInt(units), scale });

/** @param value parts of ticks x lots; @param lots of the same sign for prices above 0 */
export function averagePriceText(value: bigint, lots: number, tick: Step): string | undefined {
  if (lots === 0) return undefined;
  const cost = multiplyDecimals({ digits: value, scale: PARTS_DIGITS }, decimalOf(tick));
  const quantity = { digits: BigInt(lots), scale: 0 };
  return formatDecimal(divideDecimals(cost, quantity, AVERAGE_PRICE_DIGITS));
}

/** Parts of ticks x lots as money: times tick, lot and multiplier. */
export function moneyText(parts: bigint, { tick, lot, multiplier }: Instrument): string {
  const size = multiplyDecimals(multiplyDecimals(decimalOf(tick), decimalOf(lot)), multiplier);
  return formatDecimal(multiplyDecimals({ digits: parts, scale: PARTS_DIGITS }, size));
}
