import { SUSPENSE } from '../../domain/position.js';
import { pnlBy } from './pnl-views.js';
import type { RunSql, TimescaleSupport } from './timescale.js';

/** A view over the tables of read models: made anew when a rebuilt table takes the place of one. */
export interface DerivedView {
  readonly name: string;
  /** Tables that it reads. */
  readonly tables: readonly string[];
  /** A continuous aggregate where there are any: to be filled after it was made anew. */
  readonly isAggregate: boolean;
  create(run: RunSql, support: TimescaleSupport): Promise<void>;
  drop(run: RunSql, support: TimescaleSupport): Promise<void>;
}

/** Amounts as decimals, names instead of numbers. Exact but for the average, a quotient. */
const positionValues: DerivedView = {
  name: 'position_values',
  tables: ['positions', 'instruments', 'accounts', 'marks'],
  isAggregate: false,
  async create(run) {
    await run(`CREATE VIEW daybook.position_values AS
      SELECT p.shard, p.account, a.name AS account_name, a.account_group, a.group_name,
             p.account >= ${SUSPENSE} AS suspense,
             p.instrument, i.symbol, i.currency, p.sequence, p.updated_ns,
             p.quantity * i.lot AS quantity,
             CASE WHEN p.quantity <> 0 THEN p.cost / p.quantity * i.tick END AS average_price,
             p.realized * i.tick * i.lot * i.multiplier AS realized_pnl,
             (p.quantity::numeric * m.price - p.cost) * i.tick * i.lot * i.multiplier
               AS unrealized_pnl,
             p.fees::numeric * 0.000001 AS fees,
             m.price * i.tick AS mark, m.sequence AS mark_sequence
        FROM daybook.positions p
        JOIN daybook.instruments i ON i.shard = p.shard AND i.instrument = p.instrument
        -- The suspense of nobody's account has no row there: its position must show all the more.
        LEFT JOIN daybook.accounts a ON a.shard = p.shard AND a.account = p.account % ${SUSPENSE}
        LEFT JOIN daybook.marks m ON m.shard = p.shard AND m.instrument = p.instrument`);
  },
  async drop(run) {
    await run('DROP VIEW IF EXISTS daybook.position_values');
  },
};

const fillsByMinuteSelect = (bucket: string) => `
  SELECT ${bucket} AS bucket, shard, account, instrument,
         count(*) AS fills,
         sum(CASE WHEN side = 1 THEN quantity ELSE 0 END) AS bought,
         sum(CASE WHEN side = 1 THEN 0 ELSE quantity END) AS sold,
         sum(quantity::numeric * price) AS value
    FROM daybook.fills
   WHERE type IN (16, 31)
   GROUP BY 1, 2, 3, 4`;

/** Trades by the minute: a continuous aggregate where there are any, else a view of the same name. */
const fillsByMinute: DerivedView = {
  name: 'fills_by_minute',
  tables: ['fills'],
  isAggregate: true,
  async create(run, support) {
    if (support.edition !== 'community') {
      const select = fillsByMinuteSelect("date_trunc('minute', time)");
      await run(`CREATE VIEW daybook.fills_by_minute AS ${select}`);
      return;
    }
    // What is not materialised yet is computed from the table: the aggregate alone lags behind.
    await run(
      'CREATE MATERIALIZED VIEW daybook.fills_by_minute ' +
        'WITH (timescaledb.continuous, timescaledb.materialized_only = false) ' +
        `AS ${fillsByMinuteSelect("time_bucket(INTERVAL '1 minute', time)")} WITH NO DATA`,
    );
  },
  async drop(run, support) {
    const kind = support.edition === 'community' ? 'MATERIALIZED VIEW' : 'VIEW';
    await run(`DROP ${kind} IF EXISTS daybook.fills_by_minute`);
  },
};

export const derivedViews: readonly DerivedView[] = [
  ...[positionValues, fillsByMinute, pnlBy('hour'), pnlBy('day')],
];
