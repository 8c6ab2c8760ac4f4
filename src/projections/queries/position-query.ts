import { SUSPENSE } from '../../domain/position.js';
import { parseDecimal } from '../../lib/decimal.js';
import type { Row, RowsQuery } from './as-of.js';
import {
  amountText,
  averagePriceText,
  type InstrumentSizes,
  microsText,
  priceText,
  quantityText,
  unrealized,
} from './money.js';

export interface PositionFilter {
  readonly account?: number | undefined;
  readonly accounts?: readonly number[] | undefined;
  readonly instrument?: number | undefined;
}

export interface PositionRow {
  /** "suspense of A": fills that matched no order of account A; "suspense": of nobody's. */
  readonly account: string;
  readonly instrument: string;
  /** Negative when short. */
  readonly quantity: string;
  readonly averagePrice: string | null;
  readonly currency: string;
  /** Of the last event that moved it. */
  readonly sequence: number;
}

export interface PnlRow {
  readonly account: string;
  readonly instrument: string;
  readonly realizedPnl: string;
  /** Null without a mark, unless flat. */
  readonly unrealizedPnl: string | null;
  readonly fees: string;
  readonly mark: string | null;
  readonly currency: string;
  /** Of the last event that moved the position or the mark. */
  readonly sequence: number;
}

/** Positions that were ever traded, by account and instrument; flat ones too. */
export function positionsBy(filter: PositionFilter): RowsQuery {
  const parameters: unknown[] = [];
  const conditions = ['p.shard = $1'];
  for (const column of ['account', 'instrument'] as const) {
    const value = filter[column];
    if (value === undefined) continue;
    parameters.push(value);
    conditions.push(`p.${column} = $${parameters.length + 2}`);
  }
  if (filter.accounts !== undefined) {
    parameters.push(filter.accounts);
    conditions.push(`p.account = ANY ($${parameters.length + 2})`);
  }
  const sql = `SELECT p.shard, p.account, p.quantity, p.cost::text, p.realized::text, p.fees, p.sequence,
      i.symbol, i.currency, i.tick::text, i.lot::text, i.multiplier::text, a.name AS account_name,
      m.price AS mark, m.sequence AS mark_sequence
    FROM daybook.positions p
    JOIN daybook.instruments i ON i.shard = p.shard AND i.instrument = p.instrument
    LEFT JOIN daybook.accounts a ON a.shard = p.shard AND a.account = p.account % ${SUSPENSE}
    LEFT JOIN daybook.marks m ON m.shard = p.shard AND m.instrument = p.instrument
    WHERE ${conditions.join(' AND ')} ORDER BY p.account, p.instrument`;
  return { sql, parameters, models: ['positions', 'reference'] };
}

export function toPosition(row: Row): PositionRow {
  const sizes = row as unknown as InstrumentSizes;
  const lots = BigInt(row.quantity as string);
  return {
    account: accountText(row),
    instrument: row.symbol as string,
    quantity: quantityText(lots, sizes),
    averagePrice: averagePriceText(parseDecimal(row.cost as string), lots, sizes),
    currency: row.currency as string,
    sequence: Number(row.sequence),
  };
}

export function toPnl(row: Row): PnlRow {
  const sizes = row as unknown as InstrumentSizes;
  const lots = BigInt(row.quantity as string);
  const cost = parseDecimal(row.cost as string);
  const mark = row.mark === null ? undefined : BigInt(row.mark as string);
  return {
    account: accountText(row),
    instrument: row.symbol as string,
    realizedPnl: amountText(parseDecimal(row.realized as string), sizes),
    unrealizedPnl: unrealizedText(lots, mark, cost, sizes),
    fees: microsText(BigInt(row.fees as string)),
    mark: mark === undefined ? null : priceText(mark, sizes),
    currency: row.currency as string,
    sequence: Math.max(Number(row.sequence), Number(row.mark_sequence ?? 0)),
  };
}

function unrealizedText(
  lots: bigint,
  mark: bigint | undefined,
  cost: ReturnType<typeof parseDecimal>,
  sizes: InstrumentSizes,
): string | null {
  if (lots === 0n) return '0';
  return mark === undefined ? null : amountText(unrealized(lots, mark, cost), sizes);
}

function accountText(row: Row): string {
  const name = row.account_name as string | null;
  if ((row.account as number) < SUSPENSE) return name ?? `#${row.account}`;
  return name === null ? 'suspense' : `suspense of ${name}`;
}
