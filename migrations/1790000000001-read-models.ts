import type { MigrationInterface, QueryRunner } from 'typeorm';
import { derivedViews } from '../src/projections/database/derived-views.js';
import { factPlans } from '../src/projections/database/fact-tables.js';
import {
  createHypertable,
  detectTimescale,
  type RunSql,
} from '../src/projections/database/timescale.js';

/*
 * Prices are ticks, quantities lots, values ticks x lots, fees micros (1e-6) of the instrument's
 * currency: whole numbers, as in the events. Views (`derived-views.ts`) give decimal amounts.
 * Closed lists (side, status, type ...) are the numbers of FIX and of the event catalogue.
 *
 * Facts are appended and never changed; their key holds `time`, the event's own, so that they can be
 * hypertables. State is one row per thing, changed only by events of a higher sequence. Columns
 * stand widest first: PostgreSQL pads in front of wide ones.
 */

const FACT = `
  sequence    bigint      NOT NULL,
  time        timestamptz NOT NULL,
  time_ns     bigint      NOT NULL`;

const ORDER_EVENTS = `
  CREATE TABLE daybook.order_events (${FACT},
    received_ns     bigint   NOT NULL,
    command         bigint   NOT NULL,
    actor           bigint   NOT NULL,
    session         bigint   NOT NULL,
    order_id        bigint   NOT NULL,
    quantity        bigint,
    cum_quantity    bigint,
    leaves_quantity bigint,
    last_quantity   bigint,
    last_price      bigint,
    price           bigint,
    account         integer  NOT NULL,
    instrument      integer  NOT NULL,
    reason          integer  NOT NULL,
    shard           smallint NOT NULL,
    type            smallint NOT NULL,
    status          smallint,
    side            smallint,
    cl_ord_id       text     COLLATE "C",
    orig_cl_ord_id  text     COLLATE "C",
    exec_id         text     COLLATE "C",
    -- An order's history is what is asked for; by sequence the block ranges below serve.
    PRIMARY KEY (order_id, sequence, shard, time)
  )`;

const FILLS = `
  CREATE TABLE daybook.fills (${FACT},
    order_id          bigint   NOT NULL,
    quantity          bigint   NOT NULL,
    price             bigint   NOT NULL,
    previous_quantity bigint   NOT NULL,
    previous_price    bigint   NOT NULL,
    fee               bigint   NOT NULL,
    account           integer  NOT NULL,
    instrument        integer  NOT NULL,
    reason            integer  NOT NULL,
    shard             smallint NOT NULL,
    -- Number of the event: 16 OrderFilled, 29 FillCorrected, 30 FillBusted, 31 FillUnmatched.
    type              smallint NOT NULL,
    side              smallint NOT NULL,
    liquidity         smallint NOT NULL,
    overfill          boolean  NOT NULL,
    exec_id           text     COLLATE "C" NOT NULL,
    exec_ref_id       text     COLLATE "C",
    PRIMARY KEY (shard, sequence, time)
  )`;

const RISK_DECISIONS = `
  CREATE TABLE daybook.risk_decisions (${FACT},
    order_id    bigint   NOT NULL,
    limit_value bigint   NOT NULL,
    value       bigint   NOT NULL,
    checks      bigint   NOT NULL,
    account     integer  NOT NULL,
    instrument  integer  NOT NULL,
    reason      integer  NOT NULL,
    shard       smallint NOT NULL,
    risk_check  smallint NOT NULL,
    passed      boolean  NOT NULL,
    PRIMARY KEY (shard, sequence, time)
  )`;

const ORDERS = `
  CREATE TABLE daybook.orders (
    order_id          bigint      NOT NULL,
    accepted_sequence bigint      NOT NULL,
    accepted_ns       bigint      NOT NULL,
    accepted_at       timestamptz NOT NULL,
    sequence          bigint      NOT NULL,
    updated_ns        bigint      NOT NULL,
    updated_at        timestamptz NOT NULL,
    quantity          bigint      NOT NULL,
    cum_quantity      bigint      NOT NULL,
    leaves_quantity   bigint      NOT NULL,
    cum_value         bigint      NOT NULL,
    price             bigint      NOT NULL,
    stop_price        bigint      NOT NULL,
    display_quantity  bigint      NOT NULL,
    min_quantity      bigint      NOT NULL,
    expire_ms         bigint      NOT NULL,
    strategy          bigint      NOT NULL,
    user_ref          bigint      NOT NULL,
    list_id           bigint      NOT NULL,
    actor             bigint      NOT NULL,
    session           bigint      NOT NULL,
    account           integer     NOT NULL,
    instrument        integer     NOT NULL,
    venue             integer     NOT NULL,
    exec_inst         integer     NOT NULL,
    reason            integer     NOT NULL,
    shard             smallint    NOT NULL,
    side              smallint    NOT NULL,
    ord_type          smallint    NOT NULL,
    time_in_force     smallint    NOT NULL,
    capacity          smallint    NOT NULL,
    status            smallint    NOT NULL,
    -- Something is left. Changes at the order's end only, so fills stay updates in place (HOT).
    open              boolean     NOT NULL,
    cl_ord_id         text        COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, order_id)
  ) WITH (fillfactor = 80)`;

const POSITIONS = `
  CREATE TABLE daybook.positions (
    quantity     bigint         NOT NULL,
    bought       bigint         NOT NULL,
    sold         bigint         NOT NULL,
    bought_value bigint         NOT NULL,
    sold_value   bigint         NOT NULL,
    fees         bigint         NOT NULL,
    sequence     bigint         NOT NULL,
    updated_ns   bigint         NOT NULL,
    updated_at   timestamptz    NOT NULL,
    account      integer        NOT NULL,
    instrument   integer        NOT NULL,
    shard        smallint       NOT NULL,
    -- Ticks x lots, exact to a billionth: the writer's own arithmetic.
    cost         numeric(28, 9) NOT NULL,
    realized     numeric(28, 9) NOT NULL,
    PRIMARY KEY (shard, account, instrument)
  ) WITH (fillfactor = 50)`;

const REFERENCE = [
  `CREATE TABLE daybook.instruments (
    sequence        bigint      NOT NULL,
    updated_ns      bigint      NOT NULL,
    updated_at      timestamptz NOT NULL,
    fee_per_lot     bigint      NOT NULL,
    instrument      integer     NOT NULL,
    venue           integer     NOT NULL,
    shard           smallint    NOT NULL,
    margin_percent  smallint    NOT NULL,
    open            boolean     NOT NULL,
    negative_prices boolean     NOT NULL,
    tick            numeric     NOT NULL,
    lot             numeric     NOT NULL,
    multiplier      numeric     NOT NULL,
    symbol          text        COLLATE "C" NOT NULL,
    currency        text        COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, instrument)
  )`,
  `CREATE TABLE daybook.accounts (
    sequence              bigint      NOT NULL,
    updated_ns            bigint      NOT NULL,
    updated_at            timestamptz NOT NULL,
    commission_per_lot    bigint      NOT NULL,
    account               integer     NOT NULL,
    account_group         integer     NOT NULL,
    shard                 smallint    NOT NULL,
    self_trade_prevention smallint    NOT NULL,
    open                  boolean     NOT NULL,
    name                  text        COLLATE "C" NOT NULL,
    group_name            text        COLLATE "C" NOT NULL,
    currency              text        COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, account)
  )`,
  // A removed limit keeps its row with value -1: the sequence guards against an older event.
  `CREATE TABLE daybook.limits (
    sequence   bigint      NOT NULL,
    updated_ns bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    value      bigint      NOT NULL,
    scope_id   integer     NOT NULL,
    instrument integer     NOT NULL,
    shard      smallint    NOT NULL,
    limit_kind smallint    NOT NULL,
    scope      smallint    NOT NULL,
    PRIMARY KEY (shard, limit_kind, scope, scope_id, instrument)
  )`,
  `CREATE TABLE daybook.marks (
    sequence   bigint      NOT NULL,
    updated_ns bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    price      bigint      NOT NULL,
    source     bigint      NOT NULL,
    instrument integer     NOT NULL,
    shard      smallint    NOT NULL,
    PRIMARY KEY (shard, instrument)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE daybook.trading_states (
    sequence   bigint      NOT NULL,
    updated_ns bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    scope_id   integer     NOT NULL,
    breaker    integer     NOT NULL,
    shard      smallint    NOT NULL,
    scope      smallint    NOT NULL,
    state      smallint    NOT NULL,
    text       text        NOT NULL,
    PRIMARY KEY (shard, scope, scope_id)
  )`,
];

const INDEXES = [
  'CREATE INDEX order_events_sequence ON daybook.order_events USING brin (sequence)',
  'CREATE INDEX orders_account ON daybook.orders (account, accepted_sequence)',
  'CREATE INDEX orders_sequence ON daybook.orders (accepted_sequence)',
  'CREATE INDEX orders_client_id ON daybook.orders (account, cl_ord_id)',
  'CREATE INDEX orders_open ON daybook.orders (account, accepted_sequence) WHERE open',
  'CREATE INDEX fills_account ON daybook.fills (account, sequence)',
  'CREATE INDEX fills_order ON daybook.fills (order_id)',
  'CREATE INDEX risk_decisions_refused ON daybook.risk_decisions (account, sequence) WHERE NOT passed',
];

export class ReadModels1790000000001 implements MigrationInterface {
  readonly name = 'ReadModels1790000000001';

  async up(runner: QueryRunner): Promise<void> {
    const run: RunSql = (sql, parameters) => runner.query(sql, parameters);
    const support = await detectTimescale(run);
    for (const table of [ORDER_EVENTS, FILLS, RISK_DECISIONS, ORDERS, POSITIONS, ...REFERENCE]) {
      await run(table);
    }
    for (const plan of factPlans('daybook', isOurs)) await createHypertable(run, support, plan);
    for (const index of INDEXES) await run(index);
    for (const view of derivedViews) if (view.tables.some(isOurs)) await view.create(run, support);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run: RunSql = (sql, parameters) => runner.query(sql, parameters);
    const support = await detectTimescale(run);
    for (const view of derivedViews) if (view.tables.some(isOurs)) await view.drop(run, support);
    for (const table of TABLES) await run(`DROP TABLE daybook.${table}`);
  }
}

const TABLES = [
  ...['order_events', 'fills', 'risk_decisions', 'orders', 'positions'],
  ...['instruments', 'accounts', 'limits', 'marks', 'trading_states'],
];
const isOurs = (table: string): boolean => TABLES.includes(table);
