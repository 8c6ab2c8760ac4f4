import { ORD_STATUS, ORD_TYPE, SIDE, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { formatIsoNs } from '../../lib/time.js';
import type { Row, RowsQuery } from './as-of.js';
import { namesOf } from './choice-names.js';
import { averagePriceText, type InstrumentSizes, priceText, quantityText } from './money.js';

/** Which orders. Newest first. */
export interface OrderFilter {
  readonly account?: number | undefined;
  readonly accounts?: readonly number[] | undefined;
  readonly instrument?: number | undefined;
  readonly statuses?: readonly (keyof typeof ORD_STATUS)[] | undefined;
  /** Only orders with something left. */
  readonly open?: boolean | undefined;
  readonly side?: keyof typeof SIDE | undefined;
  readonly strategy?: number | undefined;
  /** Accepted from this time, and before that one: ISO 8601. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Keyset: only orders accepted before the one with this id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface OrderRow {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly account: string;
  readonly instrument: string;
  readonly side: keyof typeof SIDE;
  readonly type: keyof typeof ORD_TYPE;
  readonly timeInForce: keyof typeof TIME_IN_FORCE;
  readonly quantity: string;
  /** Null for orders without one. */
  readonly price: string | null;
  readonly stopPrice: string | null;
  readonly status: keyof typeof ORD_STATUS;
  readonly cumQuantity: string;
  readonly leavesQuantity: string;
  readonly averagePrice: string | null;
  /** Of the last event about it, and its time. */
  readonly sequence: number;
  readonly time: string;
}

const MODELS = ['orders', 'reference'];

const COLUMNS = `o.shard, o.order_id, o.cl_ord_id, o.side, o.ord_type, o.time_in_force, o.status,
  o.quantity, o.cum_quantity, o.leaves_quantity, o.cum_value, o.price, o.stop_price, o.sequence,
  o.updated_ns, i.symbol, i.tick::text, i.lot::text, i.multiplier::text, a.name AS account_name`;
const JOINS = `daybook.orders o
  JOIN daybook.instruments i ON i.shard = o.shard AND i.instrument = o.instrument
  JOIN daybook.accounts a ON a.shard = o.shard AND a.account = o.account`;

export function orderById(orderId: number): RowsQuery {
  const sql = `SELECT ${COLUMNS} FROM ${JOINS} WHERE o.shard = $1 AND o.order_id = $3`;
  return { sql, parameters: [orderId], models: MODELS };
}

/** By the client order id that the order goes by now. */
export function orderByClientId(account: number, clientOrderId: string): RowsQuery {
  const sql = `SELECT ${COLUMNS} FROM ${JOINS}
    WHERE o.shard = $1 AND o.account = $3 AND o.cl_ord_id = $4
    ORDER BY o.accepted_sequence DESC LIMIT 1`;
  return { sql, parameters: [account, clientOrderId], models: MODELS };
}

export function ordersBy(filter: OrderFilter): RowsQuery {
  const parameters: unknown[] = [];
  const conditions = ['o.shard = $1'];
  const where = (condition: string, value: unknown): void => {
    parameters.push(value);
    conditions.push(condition.replace('?', `$${parameters.length + 2}`));
  };
  if (filter.account !== undefined) where('o.account = ?', filter.account);
  if (filter.accounts !== undefined) where('o.account = ANY (?)', filter.accounts);
  if (filter.instrument !== undefined) where('o.instrument = ?', filter.instrument);
  if (filter.statuses !== undefined) {
    where(
      'o.status = ANY (?)',
      filter.statuses.map((name) => ORD_STATUS[name]),
    );
  }
  if (filter.side !== undefined) where('o.side = ?', SIDE[filter.side]);
  if (filter.strategy !== undefined) where('o.strategy = ?', filter.strategy);
  if (filter.from !== undefined) where('o.accepted_at >= ?::timestamptz', filter.from);
  if (filter.to !== undefined) where('o.accepted_at < ?::timestamptz', filter.to);
  if (filter.open === true) conditions.push('o.open');
  if (filter.open === false) conditions.push('NOT o.open');
  if (filter.before !== undefined) {
    where(
      `o.accepted_sequence <
        (SELECT b.accepted_sequence FROM daybook.orders b WHERE b.shard = $1 AND b.order_id = ?)`,
      filter.before,
    );
  }
  parameters.push(filter.limit);
  const sql = `SELECT ${COLUMNS} FROM ${JOINS} WHERE ${conditions.join(' AND ')}
    ORDER BY o.accepted_sequence DESC LIMIT $${parameters.length + 2}`;
  return { sql, parameters, models: MODELS };
}

const sideName = namesOf(SIDE);
const ordTypeName = namesOf(ORD_TYPE);
const timeInForceName = namesOf(TIME_IN_FORCE);
const statusName = namesOf(ORD_STATUS);

const WITH_LIMIT: readonly unknown[] = [
  ORD_TYPE.Limit,
  ORD_TYPE.StopLimit,
  ORD_TYPE.TrailingStopLimit,
];
const WITH_STOP: readonly unknown[] = [
  ...[ORD_TYPE.Stop, ORD_TYPE.StopLimit, ORD_TYPE.TrailingStop, ORD_TYPE.TrailingStopLimit],
];

export function toOrder(row: Row): OrderRow {
  const sizes = row as unknown as InstrumentSizes;
  const big = (column: string): bigint => BigInt(row[column] as string);
  const value = { digits: big('cum_value'), scale: 0 };
  return {
    orderId: Number(row.order_id),
    clientOrderId: row.cl_ord_id as string,
    account: row.account_name as string,
    instrument: row.symbol as string,
    side: sideName(row.side),
    type: ordTypeName(row.ord_type),
    timeInForce: timeInForceName(row.time_in_force),
    quantity: quantityText(big('quantity'), sizes),
    price: WITH_LIMIT.includes(row.ord_type) ? priceText(big('price'), sizes) : null,
    stopPrice: WITH_STOP.includes(row.ord_type) ? priceText(big('stop_price'), sizes) : null,
    status: statusName(row.status),
    cumQuantity: quantityText(big('cum_quantity'), sizes),
    leavesQuantity: quantityText(big('leaves_quantity'), sizes),
    averagePrice: averagePriceText(value, big('cum_quantity'), sizes),
    sequence: Number(row.sequence),
    time: formatIsoNs(big('updated_ns')),
  };
}
