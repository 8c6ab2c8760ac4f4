import type { MigrationInterface, QueryRunner } from 'typeorm';
import { derivedViews } from '../src/projections/database/derived-views.js';
import { factPlans } from '../src/projections/database/fact-tables.js';
import {
  createRefreshJob,
  dropRefreshJob,
} from '../src/projections/database/refresh-aggregates.js';
import {
  createHypertable,
  detectTimescale,
  type RunSql,
} from '../src/projections/database/timescale.js';

/*
 * Positions and P&L as they were. Positions are in lots, their cost and realised P&L in ticks x lots,
 * exact to a billionth, fees in micros: the writer's own arithmetic. Sums over positions are decimal
 * amounts of a currency. Nothing here is rounded but `base_*`, once, to a micro.
 *
 * `time` of a minute is its beginning; a row is as of its end, which is as of `sequence`.
 */

/** A position as of `sequence`. Strategy 0 is the whole position of the account. */
const POINT = `
  quantity   bigint         NOT NULL,
  fees       bigint         NOT NULL,
  -- In force then; NULL before the first.
  mark       bigint,
  strategy   bigint         NOT NULL,
  account    integer        NOT NULL,
  instrument integer        NOT NULL,
  shard      smallint       NOT NULL,
  cost       numeric(28, 9) NOT NULL,
  realized   numeric(28, 9) NOT NULL`;

/** Sums of one currency of one scope as of `sequence`. */
const SUMS = `
  strategy        bigint   NOT NULL,
  scope_id        integer  NOT NULL,
  -- Open positions without a mark: in no figure but realised and fees.
  unmarked        integer  NOT NULL,
  -- 0 firm, 1 group, 2 account, 3 instrument.
  scope           smallint NOT NULL,
  shard           smallint NOT NULL,
  realized        numeric  NOT NULL,
  unrealized      numeric  NOT NULL,
  fees            numeric  NOT NULL,
  -- In the base currency of the scope, at the rates in force then; NULL without one.
  base_realized   numeric,
  base_unrealized numeric,
  base_fees       numeric,
  currency        text     COLLATE "C" NOT NULL,
  base_currency   text     COLLATE "C" NOT NULL`;

const FACT = `
  sequence   bigint      NOT NULL,
  time       timestamptz NOT NULL,
  time_ns    bigint      NOT NULL`;
const MINUTE = `
  sequence   bigint      NOT NULL,
  time       timestamptz NOT NULL`;
const DAY = `${FACT},
  -- yyyymmdd.
  trading_day integer  NOT NULL,
  -- 1 opened, 2 closed.
  phase       smallint NOT NULL`;

const FACTS = [
  // After each execution, one row for the account and one for the strategy of the order.
  `CREATE TABLE daybook.position_changes (${FACT}, ${POINT},
    PRIMARY KEY (account, instrument, strategy, sequence, shard, time)
  )`,
  `CREATE TABLE daybook.position_minutes (${MINUTE}, ${POINT},
    PRIMARY KEY (account, instrument, strategy, time, shard)
  )`,
  `CREATE TABLE daybook.position_days (${DAY}, ${POINT},
    PRIMARY KEY (trading_day, phase, account, instrument, strategy, shard, time)
  )`,
  `CREATE TABLE daybook.pnl_minutes (${MINUTE}, ${SUMS},
    PRIMARY KEY (scope, scope_id, strategy, time, currency, shard)
  )`,
  `CREATE TABLE daybook.pnl_days (${DAY}, ${SUMS},
    PRIMARY KEY (scope, scope_id, strategy, trading_day, phase, currency, shard, time)
  )`,
];

const STATE = [
  `CREATE TABLE daybook.pnl_positions (
    quantity     bigint         NOT NULL,
    bought       bigint         NOT NULL,
    sold         bigint         NOT NULL,
    bought_value bigint         NOT NULL,
    sold_value   bigint         NOT NULL,
    fees         bigint         NOT NULL,
    sequence     bigint         NOT NULL,
    strategy     bigint         NOT NULL,
    -- Of the last execution, since 1970.
    minute       integer        NOT NULL,
    account      integer        NOT NULL,
    instrument   integer        NOT NULL,
    shard        smallint       NOT NULL,
    cost         numeric(28, 9) NOT NULL,
    realized     numeric(28, 9) NOT NULL,
    PRIMARY KEY (shard, account, strategy, instrument)
  ) WITH (fillfactor = 50)`,
  // What P&L needs of instruments and accounts, as of its own checkpoint.
  `CREATE TABLE daybook.pnl_instruments (
    mark          bigint,
    mark_sequence bigint   NOT NULL,
    sequence      bigint   NOT NULL,
    mark_minute   integer  NOT NULL,
    instrument    integer  NOT NULL,
    shard         smallint NOT NULL,
    tick          numeric  NOT NULL,
    lot           numeric  NOT NULL,
    multiplier    numeric  NOT NULL,
    symbol        text     COLLATE "C" NOT NULL,
    currency      text     COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, instrument)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE daybook.pnl_accounts (
    sequence      bigint   NOT NULL,
    account       integer  NOT NULL,
    account_group integer  NOT NULL,
    shard         smallint NOT NULL,
    currency      text     COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, account)
  )`,
];

const TABLES = [
  ...['position_changes', 'position_minutes', 'position_days', 'pnl_minutes', 'pnl_days'],
  ...['pnl_positions', 'pnl_instruments', 'pnl_accounts'],
];
const isOurs = (table: string): boolean => TABLES.includes(table);

export class Pnl1790000000200 implements MigrationInterface {
  readonly name = 'Pnl1790000000200';

  async up(runner: QueryRunner): Promise<void> {
    const run: RunSql = (sql, parameters) => runner.query(sql, parameters);
    const support = await detectTimescale(run);
    for (const table of [...FACTS, ...STATE]) await run(table);
    for (const plan of factPlans('daybook', isOurs)) await createHypertable(run, support, plan);
    for (const view of derivedViews) if (view.tables.some(isOurs)) await view.create(run, support);
    await createRefreshJob(run, support);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run: RunSql = (sql, parameters) => runner.query(sql, parameters);
    const support = await detectTimescale(run);
    await dropRefreshJob(run, support);
    for (const view of derivedViews) if (view.tables.some(isOurs)) await view.drop(run, support);
    for (const table of TABLES) await run(`DROP TABLE daybook.${table}`);
  }
}
