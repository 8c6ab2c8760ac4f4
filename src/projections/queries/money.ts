import {
  addDecimals,
  type Decimal,
  divideDecimals,
  formatDecimal,
  multiplyDecimals,
  negateDecimal,
  parseDecimal,
} from '../../lib/decimal.js';

/** Decimals of an average price, rounded half to even: the only rounded figure of the read side. */
export const AVERAGE_PRICE_DIGITS = 12;
const MICROS_DIGITS = 6;

/** The decimal sizes of an instrument, as text. */
export interface InstrumentSizes {
  readonly tick: string;
  readonly lot: string;
  readonly multiplier: string;
}

const whole = (value: number | bigint): Decimal => ({ digits: BigInt(value), scale: 0 });

/** Lots as a quantity. */
export function quantityText(lots: number | bigint, sizes: InstrumentSizes): string {
  return formatDecimal(multiplyDecimals(whole(lots), parseDecimal(sizes.lot)));
}

/** Ticks as a price. */
export function priceText(ticks: number | bigint, sizes: InstrumentSizes): string {
  return formatDecimal(multiplyDecimals(whole(ticks), parseDecimal(sizes.tick)));
}

/** Micros as an amount. */
export function microsText(micros: number | bigint): string {
  return formatDecimal({ digits: BigInt(micros), scale: MICROS_DIGITS });
}

/** Ticks x lots as an amount of money: times tick, lot and multiplier; exact. */
export function amountText(ticksByLots: Decimal, sizes: InstrumentSizes): string {
  const perTick = multiplyDecimals(parseDecimal(sizes.tick), parseDecimal(sizes.lot));
  const perTickAndUnit = multiplyDecimals(perTick, parseDecimal(sizes.multiplier));
  return formatDecimal(multiplyDecimals(ticksByLots, perTickAndUnit));
}

/**
 * Average price of a quantity that cost `ticksByLots`: null for no quantity.
 *
 * @param ticksByLots same sign as the quantity for prices above 0
 */
export function averagePriceText(
  ticksByLots: Decimal,
  lots: number | bigint,
  sizes: InstrumentSizes,
): string | null {
  if (BigInt(lots) === 0n) return null;
  const value = multiplyDecimals(ticksByLots, parseDecimal(sizes.tick));
  return formatDecimal(divideDecimals(value, whole(lots), AVERAGE_PRICE_DIGITS));
}

/** Quantity at the mark less its cost, in ticks x lots. */
export function unrealized(lots: bigint, mark: bigint, cost: Decimal): Decimal {
  return addDecimals(whole(lots * mark), negateDecimal(cost));
}
