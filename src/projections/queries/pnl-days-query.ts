import { formatIsoNs } from '../../lib/time.js';
import { DAY_PHASE } from '../pnl/pnl-tables.js';
import type { Row, RowsQuery } from './as-of.js';
import type { PnlScope } from './pnl-history-query.js';
import { rowOfTable, type ScopePnl, scopePnl } from './scope-amounts.js';

/** P&L at the opening and the close of trading days. Oldest first. */
export interface PnlDaysFilter extends PnlScope {
  /** yyyymmdd: from this day, to that one, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Keyset: only days after this one. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface PnlAt extends ScopePnl {
  readonly time: string;
  readonly sequence: number;
}

export interface PnlDay {
  /** yyyymmdd. */
  readonly tradingDay: number;
  /** Null when there was no position yet. */
  readonly opened: PnlAt | null;
  /** Null while the day is open. */
  readonly closed: PnlAt | null;
}

export function pnlDays(filter: PnlDaysFilter): RowsQuery {
  const { scope, scopeId, strategy = 0 } = filter;
  const parameters: unknown[] = [scope, scopeId, strategy];
  const conditions = ['shard = $1 AND scope = $3 AND scope_id = $4 AND strategy = $5'];
  const where = (operator: string, day: number | undefined): void => {
    if (day === undefined) return;
    parameters.push(day);
    conditions.push(`trading_day ${operator} $${parameters.length + 2}`);
  };
  where('>=', filter.from);
  where('<=', filter.to);
  where('>', filter.after);
  parameters.push(filter.limit);
  const table = `daybook.pnl_days WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT shard, trading_day, phase, sequence, time_ns, currency, base_currency, unmarked,
      realized::text, unrealized::text, fees::text, base_realized::text, base_unrealized::text,
      base_fees::text
    FROM ${table} AND trading_day IN
      (SELECT DISTINCT trading_day FROM ${table} ORDER BY 1 LIMIT $${parameters.length + 2})
    ORDER BY trading_day`;
  return { sql, parameters, models: ['pnl'] };
}

export function toPnlDays(rows: readonly Row[]): readonly PnlDay[] {
  const days = [...new Set(rows.map((row) => Number(row.trading_day)))];
  return days.map((tradingDay) => {
    const at = (phase: number): PnlAt | null => {
      const found = rows.filter(
        (row) => Number(row.trading_day) === tradingDay && row.phase === phase,
      );
      const [first] = found;
      if (first === undefined) return null;
      return {
        time: formatIsoNs(BigInt(first.time_ns as string)),
        sequence: Number(first.sequence),
        ...scopePnl(found.map(rowOfTable)),
      };
    };
    return { tradingDay, opened: at(DAY_PHASE.Opened), closed: at(DAY_PHASE.Closed) };
  });
}
