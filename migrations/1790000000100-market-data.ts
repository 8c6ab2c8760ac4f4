import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  createHypertable,
  detectTimescale,
  type HypertablePlan,
  type RunSql,
} from '../src/projections/database/timescale.js';

/*
 * Market data: not in the event log and not to be had again from it, so in a schema of its own, apart
 * from the read models. Prices are ticks, quantities lots, as of the tick and lot size of
 * `market.instruments`. A tick's key holds nothing but what its source said of it, so the same tick
 * has the same key however often it comes.
 */

const TICK = `
  time        timestamptz NOT NULL,
  time_ns     bigint      NOT NULL,
  received_ns bigint      NOT NULL,
  -- The number that the source gave it.
  sequence    bigint      NOT NULL,`;

const TABLES = [
  `CREATE TABLE market.instruments (
    tick       numeric NOT NULL CHECK (tick > 0),
    lot        numeric NOT NULL CHECK (lot > 0),
    instrument integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol     text    COLLATE "C" NOT NULL UNIQUE
  )`,
  `CREATE TABLE market.sources (
    source smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name   text     COLLATE "C" NOT NULL UNIQUE
  )`,
  // One row for each transaction that changed something, in commit order: writers take turns.
  `CREATE TABLE market.batches (
    batch       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    trades      integer     NOT NULL DEFAULT 0,
    quotes      integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,
    duplicates  integer     NOT NULL DEFAULT 0,
    source      smallint
  )`,
  `CREATE TABLE market.trades (${TICK}
    price       bigint      NOT NULL,
    quantity    bigint      NOT NULL,
    instrument  integer     NOT NULL,
    source      smallint    NOT NULL,
    PRIMARY KEY (instrument, time, source, sequence)
  )`,
  `CREATE TABLE market.quotes (${TICK}
    bid_price    bigint     NOT NULL,
    bid_quantity bigint     NOT NULL,
    ask_price    bigint     NOT NULL,
    ask_quantity bigint     NOT NULL,
    instrument   integer    NOT NULL,
    source       smallint   NOT NULL,
    PRIMARY KEY (instrument, time, source, sequence)
  )`,
  // Bars of trades at the lengths that are kept: 1, 60, 3600 and 86400 seconds. The others are rolled up.
  `CREATE TABLE market.bars (
    time           timestamptz NOT NULL,
    open           bigint      NOT NULL,
    high           bigint      NOT NULL,
    low            bigint      NOT NULL,
    close          bigint      NOT NULL,
    volume         bigint      NOT NULL,
    trades         bigint      NOT NULL,
    first_ns       bigint      NOT NULL,
    first_sequence bigint      NOT NULL,
    last_ns        bigint      NOT NULL,
    last_sequence  bigint      NOT NULL,
    instrument     integer     NOT NULL,
    seconds        integer     NOT NULL,
    -- Taken over whole from elsewhere: trades do not change it, and it has no turnover.
    imported       boolean     NOT NULL DEFAULT false,
    -- Sum of price x quantity, exact.
    turnover       numeric     NOT NULL,
    PRIMARY KEY (instrument, seconds, time)
  )`,
  // What validation found, refused ticks too: the tick as it came, and the value and limit compared.
  `CREATE TABLE market.findings (${TICK}
    batch       bigint      NOT NULL,
    instrument  integer     NOT NULL,
    source      smallint    NOT NULL,
    accepted    boolean     NOT NULL,
    value       numeric     NOT NULL,
    limit_value numeric     NOT NULL,
    code        text        COLLATE "C" NOT NULL,
    tick        text        NOT NULL
  )`,
  `CREATE TABLE market.corporate_actions (
    ex_ns        bigint      NOT NULL,
    batch        bigint      NOT NULL,
    close_before bigint,
    instrument   integer     NOT NULL,
    ratio_to     bigint,
    ratio_from   bigint,
    kind         text        COLLATE "C" NOT NULL CHECK (kind IN ('split', 'cash_dividend')),
    -- Ticks per share; may be a fraction of one.
    amount       numeric,
    PRIMARY KEY (instrument, ex_ns, kind)
  )`,
  // The newest of each instrument, by its own time.
  `CREATE TABLE market.newest (
    trade_ns       bigint  NOT NULL DEFAULT -1,
    trade_sequence bigint  NOT NULL DEFAULT -1,
    trade_price    bigint  NOT NULL DEFAULT 0,
    quote_ns       bigint  NOT NULL DEFAULT -1,
    quote_sequence bigint  NOT NULL DEFAULT -1,
    bid_price      bigint  NOT NULL DEFAULT 0,
    ask_price      bigint  NOT NULL DEFAULT 0,
    instrument     integer PRIMARY KEY
  ) WITH (fillfactor = 50)`,
  // Days that have trades, and the batch that changed each last: who keeps closes looks here.
  `CREATE TABLE market.days (
    batch bigint NOT NULL,
    day   date   PRIMARY KEY
  ) WITH (fillfactor = 50)`,
];

const INDEXES = [
  'CREATE INDEX bars_day ON market.bars (time, instrument) WHERE seconds = 86400',
  'CREATE INDEX findings_instrument ON market.findings (instrument, time)',
];

const TICKS: Omit<HypertablePlan, 'table'> = {
  chunk: '1 day',
  segmentBy: 'instrument',
  // Late ticks come within days; history that is imported is written before its chunk is this old.
  compressAfter: '30 days',
};

const PLANS: readonly HypertablePlan[] = [
  { table: 'market.trades', ...TICKS },
  { table: 'market.quotes', ...TICKS },
  { table: 'market.findings', ...TICKS },
  // Bars change with late trades of any day: never compressed.
  { table: 'market.bars', chunk: '30 days' },
];

export class MarketData1790000000100 implements MigrationInterface {
  readonly name = 'MarketData1790000000100';

  async up(runner: QueryRunner): Promise<void> {
    const run: RunSql = (sql, parameters) => runner.query(sql, parameters);
    const support = await detectTimescale(run);
    await run('CREATE SCHEMA market');
    for (const table of TABLES) await run(table);
    for (const plan of PLANS) await createHypertable(run, support, plan);
    for (const index of INDEXES) await run(index);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA market CASCADE');
  }
}
