/** Positions of a state with exact money: what `money.ts` says of each row. */
import { ROW } from '../commands/state/position-table.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { amountParts, POSITION, SUSPENSE } from '../domain/position.js';
import {
  addDecimals,
  type Decimal,
  formatDecimal,
  multiplyDecimals,
  negateDecimal,
  parseDecimal,
} from '../lib/decimal.js';
import { type Contract, type PositionLine, positionLine } from './money.js';

export interface MoneyLine extends PositionLine {
  /** Fees and commissions paid. */
  readonly fees: string;
  /** Quantity x mark x multiplier, without its sign; 0 without a mark. */
  readonly exposure: string;
}

export function contractOf(state: ShardState, instrument: number): Contract {
  const terms = state.instruments.terms[instrument];
  const decimal = (mantissa: number, scale: number) =>
    formatDecimal({ digits: BigInt(mantissa), scale });
  if (terms === undefined) {
    const one = { tickSize: '1', lotSize: '1', multiplier: '1' };
    return { symbol: `#${instrument}`, currency: '?', ...one };
  }
  return {
    symbol: terms.symbol,
    currency: terms.currency,
    tickSize: decimal(terms.tickMantissa, terms.tickScale),
    lotSize: decimal(terms.lotMantissa, terms.lotScale),
    multiplier: decimal(terms.multiplierMantissa, terms.multiplierScale),
  };
}

export function accountName(state: ShardState, account: number): string {
  if (account < SUSPENSE) return state.accounts.terms[account]?.name ?? `#${account}`;
  return `suspense of ${state.accounts.terms[account - SUSPENSE]?.name ?? 'the shard'}`;
}

/** Every position that ever traded, by account and instrument. */
export function positionLines(state: ShardState): MoneyLine[] {
  const { positions, instruments } = state;
  const lines: MoneyLine[] = [];
  for (let row = 1; row < positions.count; row += 1) {
    const base = row * ROW;
    const { rows } = positions;
    if (rows[base + POSITION.bought] === 0 && rows[base + POSITION.sold] === 0) continue;
    const instrument = positions.instrument[row] as number;
    const marked = instruments.hasMark[instrument] === 1;
    const mark = marked ? (instruments.mark[instrument] as number) : undefined;
    const contract = contractOf(state, instrument);
    const lots = BigInt(rows[base + POSITION.quantity] as number);
    const line = positionLine(
      contract,
      accountName(state, positions.account[row] as number),
      lots,
      amountParts(rows, base + POSITION.cost),
      amountParts(rows, base + POSITION.realized),
      mark,
    );
    const fees = formatDecimal({ digits: BigInt(rows[base + POSITION.fees] as number), scale: 6 });
    lines.push({ ...line, fees, exposure: exposure(contract, lots, mark ?? 0) });
  }
  const key = (line: MoneyLine) => `${line.account} ${line.instrument}`;
  return lines.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function exposure(contract: Contract, lots: bigint, mark: number): string {
  const ticks = lots * BigInt(mark);
  let value: Decimal = { digits: ticks < 0n ? -ticks : ticks, scale: 0 };
  for (const factor of [contract.tickSize, contract.lotSize, contract.multiplier]) {
    value = multiplyDecimals(value, parseDecimal(factor));
  }
  return formatDecimal(value);
}

export interface Total {
  readonly exposure: string;
  /** Realised and unrealised, fees taken off. */
  readonly pnl: string;
}

/** Sums by currency: amounts of different currencies are not added up. */
export function totals(lines: readonly MoneyLine[]): Map<string, Total> {
  const sums = new Map<string, { exposure: Decimal; pnl: Decimal }>();
  const zero: Decimal = { digits: 0n, scale: 0 };
  for (const line of lines) {
    const sum = sums.get(line.currency) ?? { exposure: zero, pnl: zero };
    let { pnl } = sum;
    for (const part of [line.realizedPnl, line.unrealizedPnl]) {
      pnl = addDecimals(pnl, parseDecimal(part));
    }
    pnl = addDecimals(pnl, negateDecimal(parseDecimal(line.fees)));
    sums.set(line.currency, {
      exposure: addDecimals(sum.exposure, parseDecimal(line.exposure)),
      pnl,
    });
  }
  return new Map(
    [...sums].map(([currency, { exposure: e, pnl }]) => [
      currency,
      { exposure: formatDecimal(e), pnl: formatDecimal(pnl) },
    ]),
  );
}
