import { SIDE } from '../../domain/order-terms.js';
import { formatIsoNs } from '../../lib/time.js';
import type { Row, RowsQuery } from './as-of.js';
import { namesOf } from './choice-names.js';
import { type InstrumentSizes, microsText, priceText, quantityText } from './money.js';

/** Which fills. Oldest first. */
export interface FillFilter {
  readonly account?: number | undefined;
  readonly accounts?: readonly number[] | undefined;
  readonly instrument?: number | undefined;
  readonly orderId?: number | undefined;
  /** Keyset: only fills with a larger sequence. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface FillRow {
  readonly sequence: number;
  readonly time: string;
  /** 0 for a fill that fits no order. */
  readonly orderId: number;
  readonly clientOrderId: string;
  /** Empty for suspense. */
  readonly account: string;
  readonly instrument: string;
  readonly side: keyof typeof SIDE;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly executionId: string;
}

/** Executions as reported: trades, and corrections and busts of earlier ones with what holds then. */
export function fillsBy(filter: FillFilter): RowsQuery {
  const parameters: unknown[] = [];
  const conditions = ['f.shard = $1'];
  const where = (condition: string, value: unknown): void => {
    parameters.push(value);
    conditions.push(condition.replace('?', `$${parameters.length + 2}`));
  };
  if (filter.account !== undefined) where('f.account = ?', filter.account);
  if (filter.accounts !== undefined) where('f.account = ANY (?)', filter.accounts);
  if (filter.instrument !== undefined) where('f.instrument = ?', filter.instrument);
  if (filter.orderId !== undefined) where('f.order_id = ?', filter.orderId);
  if (filter.after !== undefined) where('f.sequence > ?', filter.after);
  parameters.push(filter.limit);
  const sql = `SELECT f.shard, f.sequence, f.time_ns, f.order_id, f.side, f.quantity, f.price, f.fee,
      f.exec_id, i.symbol, i.tick::text, i.lot::text, a.name AS account_name, o.cl_ord_id
    FROM daybook.fills f
    JOIN daybook.instruments i ON i.shard = f.shard AND i.instrument = f.instrument
    LEFT JOIN daybook.accounts a ON a.shard = f.shard AND a.account = f.account
    LEFT JOIN daybook.orders o ON o.shard = f.shard AND o.order_id = f.order_id
    WHERE ${conditions.join(' AND ')} ORDER BY f.sequence LIMIT $${parameters.length + 2}`;
  return { sql, parameters, models: ['fills', 'orders', 'reference'] };
}

const sideName = namesOf(SIDE);

export function toFill(row: Row): FillRow {
  const sizes = row as unknown as InstrumentSizes;
  const big = (column: string): bigint => BigInt(row[column] as string);
  return {
    sequence: Number(row.sequence),
    time: formatIsoNs(big('time_ns')),
    orderId: Number(row.order_id),
    clientOrderId: (row.cl_ord_id ?? '') as string,
    account: (row.account_name ?? '') as string,
    instrument: row.symbol as string,
    side: sideName(row.side),
    quantity: quantityText(big('quantity'), sizes),
    price: priceText(big('price'), sizes),
    fee: microsText(big('fee')),
    executionId: row.exec_id as string,
  };
}
