import { parseDecimal } from '../../lib/decimal.js';
import { formatIsoNs } from '../../lib/time.js';
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
import { bucketSql, type Interval, nsSql } from './series-buckets.js';

/** How one position came to be what it is. Oldest first. */
export interface PositionHistoryFilter {
  readonly account: number;
  readonly instrument: number;
  /** Only executions of orders of this strategy; absent or 0: the whole position. */
  readonly strategy?: number | undefined;
  /** `change`: after each execution. Else as it stood at the end of each bucket that changed it. */
  readonly interval: 'change' | Interval;
  /** ISO 8601: from this time, and before that one. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Keyset: only points with a larger sequence. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface PositionPoint {
  /** Of the execution, or the beginning of the bucket. */
  readonly time: string;
  /** The point is as of this event. */
  readonly sequence: number;
  /** Negative when short. */
  readonly quantity: string;
  readonly averagePrice: string | null;
  /** In force then; null before the first. */
  readonly mark: string | null;
  readonly realizedPnl: string;
  /** Null without a mark, unless flat. */
  readonly unrealizedPnl: string | null;
  readonly fees: string;
  readonly currency: string;
}

const POINT = 'sequence, quantity, cost, realized, fees, mark';
const ONE = 'shard = $1 AND account = $3 AND instrument = $4 AND strategy = $5';

/**
 * The minute that has not ended yet has no row: it is as the state says. Empty when nothing of the
 * position changed in it.
 */
const OPEN_MINUTE = `
  SELECT now.sequence, p.quantity, p.cost, p.realized, p.fees, i.mark, now.time
    FROM daybook.pnl_positions p
    JOIN daybook.pnl_instruments i USING (shard, instrument),
         (SELECT max(minute) AS minute, max(sequence) AS sequence,
                 to_timestamp(max(minute) * 60.0) AS time
            FROM (SELECT minute, sequence FROM daybook.pnl_positions WHERE shard = $1
                  UNION ALL
                  SELECT mark_minute, mark_sequence FROM daybook.pnl_instruments WHERE shard = $1
                 ) each) now
   WHERE p.shard = $1 AND p.account = $3 AND p.instrument = $4 AND p.strategy = $5
     AND (p.minute = now.minute OR (i.mark_minute = now.minute AND p.quantity <> 0))`;

export function positionHistory(filter: PositionHistoryFilter): RowsQuery {
  const { account, instrument, strategy = 0, interval } = filter;
  const parameters: unknown[] = [account, instrument, strategy];
  const conditions: string[] = [];
  const where = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition.replace('?', `$${parameters.length + 2}`));
  };
  where('h.time >= ?::timestamptz', filter.from);
  where('h.time < ?::timestamptz', filter.to);
  where('h.sequence > ?', filter.after);
  parameters.push(filter.limit);
  const filtered = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT i.shard, h.sequence, h.time_ns, h.quantity, h.cost::text, h.realized::text,
      h.fees, h.mark, i.currency, i.tick::text, i.lot::text, i.multiplier::text
    FROM (${points(interval)}) h
    JOIN daybook.pnl_instruments i ON i.shard = $1 AND i.instrument = $4
    ${filtered} ORDER BY h.sequence LIMIT $${parameters.length + 2}`;
  return { sql, parameters, models: ['pnl'] };
}

function points(interval: PositionHistoryFilter['interval']): string {
  if (interval === 'change') {
    return `SELECT ${POINT}, time, time_ns FROM daybook.position_changes WHERE ${ONE}`;
  }
  const minutes = `SELECT ${POINT}, time FROM daybook.position_minutes WHERE ${ONE}
    UNION ALL ${OPEN_MINUTE}`;
  const bucket = bucketSql(interval, 'time');
  return `SELECT DISTINCT ON (bucket) ${POINT}, bucket AS time, ${nsSql('bucket')} AS time_ns
    FROM (SELECT *, ${bucket} AS bucket FROM (${minutes}) m) b ORDER BY bucket, sequence DESC`;
}

export function toPositionPoint(row: Row): PositionPoint {
  const sizes = row as unknown as InstrumentSizes;
  const lots = BigInt(row.quantity as string);
  const cost = parseDecimal(row.cost as string);
  const mark = row.mark === null ? undefined : BigInt(row.mark as string);
  const open = mark === undefined ? null : amountText(unrealized(lots, mark, cost), sizes);
  return {
    time: formatIsoNs(BigInt(row.time_ns as string)),
    sequence: Number(row.sequence),
    quantity: quantityText(lots, sizes),
    averagePrice: averagePriceText(cost, lots, sizes),
    mark: mark === undefined ? null : priceText(mark, sizes),
    realizedPnl: amountText(parseDecimal(row.realized as string), sizes),
    unrealizedPnl: lots === 0n ? '0' : open,
    fees: microsText(BigInt(row.fees as string)),
    currency: row.currency as string,
  };
}
