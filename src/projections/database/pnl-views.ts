import type { DerivedView } from './derived-views.js';
import type { TimescaleSupport } from './timescale.js';

/** Of a bucket: as it stood at the end. */
const LAST = [
  ...['sequence', 'realized', 'unrealized', 'fees', 'unmarked'],
  ...['base_realized', 'base_unrealized', 'base_fees', 'base_currency'],
];

/**
 * P&L by the hour or the UTC day: as it stood at the end, and the least and most that realised and
 * unrealised together came to.
 */
function select(bucket: string, last: (column: string) => string): string {
  return `SELECT ${bucket} AS bucket, shard, scope, scope_id, strategy, currency,
         ${LAST.map((column) => `${last(column)} AS ${column}`).join(', ')},
         min(realized + unrealized) AS low, max(realized + unrealized) AS high
    FROM daybook.pnl_minutes
   GROUP BY 1, 2, 3, 4, 5, 6`;
}

/** A continuous aggregate where there are any, else a view of the same name and columns. */
export function pnlBy(length: 'hour' | 'day'): DerivedView {
  const name = `pnl_by_${length}`;
  const isAggregate = ({ edition }: TimescaleSupport): boolean => edition === 'community';
  return {
    name,
    tables: ['pnl_minutes'],
    isAggregate: true,
    async create(run, support) {
      if (!isAggregate(support)) {
        const bucket = `date_trunc('${length}', time, 'UTC')`;
        const last = (column: string) => `(array_agg(${column} ORDER BY time DESC))[1]`;
        await run(`CREATE VIEW daybook.${name} AS ${select(bucket, last)}`);
        return;
      }
      // What is not materialised yet is computed from the table: the aggregate alone lags behind.
      const bucket = `time_bucket(INTERVAL '1 ${length}', time)`;
      await run(
        `CREATE MATERIALIZED VIEW daybook.${name}
           WITH (timescaledb.continuous, timescaledb.materialized_only = false)
           AS ${select(bucket, (column) => `last(${column}, time)`)} WITH NO DATA`,
      );
    },
    async drop(run, support) {
      const kind = isAggregate(support) ? 'MATERIALIZED VIEW' : 'VIEW';
      await run(`DROP ${kind} IF EXISTS daybook.${name}`);
    },
  };
}
