/** From ticks x lots to money, exact: what the demo prints and compares. */
import { PARTS } from '../domain/position.js';
import {
  type Decimal,
  divideDecimals,
  formatDecimal,
  multiplyDecimals,
  parseDecimal,
} from '../lib/decimal.js';

export interface Contract {
  readonly symbol: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly multiplier: string;
  readonly currency: string;
}

export interface PositionLine {
  readonly account: string;
  readonly instrument: string;
  /** Decimal texts: units of the instrument, price, money of `currency`. */
  readonly quantity: string;
  readonly averagePrice: string;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly currency: string;
}

/** Decimals of an average price: it is a rational number, rounded half to even. */
const AVERAGE_PRICE_DIGITS = 12;
const PARTS_SCALE = Math.log10(PARTS);

/**
 * @param lots signed quantity
 * @param costParts,realizedParts in billionths of a tick x lot
 * @param markTicks undefined: no mark, unrealised P&L is 0
 */
export function positionLine(
  contract: Contract,
  account: string,
  lots: bigint,
  costParts: bigint,
  realizedParts: bigint,
  markTicks: number | undefined,
): PositionLine {
  const tick = parseDecimal(contract.tickSize);
  const lot = parseDecimal(contract.lotSize);
  const ofTickLot = multiplyDecimals(
    multiplyDecimals(tick, lot),
    parseDecimal(contract.multiplier),
  );
  const money = (parts: bigint) =>
    formatDecimal(multiplyDecimals({ digits: parts, scale: PARTS_SCALE }, ofTickLot));
  const average: Decimal =
    lots === 0n
      ? { digits: 0n, scale: 0 }
      : divideDecimals(
          multiplyDecimals({ digits: costParts, scale: PARTS_SCALE }, tick),
          { digits: lots, scale: 0 },
          AVERAGE_PRICE_DIGITS,
        );
  const value = lots * BigInt(markTicks ?? 0) * BigInt(PARTS);
  return {
    account,
    instrument: contract.symbol,
    quantity: formatDecimal(multiplyDecimals({ digits: lots, scale: 0 }, lot)),
    averagePrice: formatDecimal(average),
    realizedPnl: money(realizedParts),
    unrealizedPnl: markTicks === undefined ? '0' : money(value - costParts),
    currency: contract.currency,
  };
}
