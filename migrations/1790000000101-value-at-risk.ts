import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  createHypertable,
  detectTimescale,
  type RunSql,
} from '../src/projections/database/timescale.js';

/*
 * Value at risk: figures in base currency as double precision, they are estimates. Each names the
 * sequence, window, portfolio, parameters and seed that it was made from, and can be made again
 * (`daybook value-at-risk --reproduce`). Not read models: what was told on a day stays on record.
 *
 * `scope` and `method` as in the catalogue and in `domain/value-at-risk/settings.ts`. Arrays of figures
 * run confidence by confidence, within it horizon by horizon.
 */

const RESULT = `
  id               bigint      GENERATED ALWAYS AS IDENTITY,
  -- Of the event at \`sequence\`.
  time             timestamptz NOT NULL,
  time_ns          bigint      NOT NULL,
  sequence         bigint      NOT NULL,
  computed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  scope_id         integer     NOT NULL,
  shard            smallint    NOT NULL,
  scope            smallint    NOT NULL,
  base_currency    text        COLLATE "C" NOT NULL,
  window_digest    text        COLLATE "C" NOT NULL,
  portfolio_digest text        COLLATE "C" NOT NULL,
  -- Positions left out, with reason and value: [] is complete.
  missing          jsonb       NOT NULL,`;

const TABLES = [
  // The closes that returns were made of; kept, for late ticks may change what the store has.
  `CREATE TABLE risk.windows (
    digest   text        COLLATE "C" PRIMARY KEY,
    built_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    identity jsonb       NOT NULL,
    prices   bytea       NOT NULL
  )`,
  `CREATE TABLE risk.scenario_sets (
    digest    text  COLLATE "C" PRIMARY KEY,
    scenarios jsonb NOT NULL
  )`,
  `CREATE TABLE risk.results (${RESULT}
    parameters         jsonb   NOT NULL,
    positions          integer NOT NULL,
    method             text    COLLATE "C" NOT NULL,
    -- Why there are no figures; then both arrays are empty.
    reason             text    COLLATE "C",
    value_at_risk      double precision[] NOT NULL,
    expected_shortfall double precision[] NOT NULL,
    PRIMARY KEY (id, time)
  )`,
  // What each position adds to the newest result, over one day; of older ones it is made again.
  `CREATE TABLE risk.components (
    id                  bigint             NOT NULL,
    sequence            bigint             NOT NULL,
    scope_id            integer            NOT NULL,
    shard               smallint           NOT NULL,
    scope               smallint           NOT NULL,
    method              text               COLLATE "C" NOT NULL,
    positions           text[]             NOT NULL,
    exposures           double precision[] NOT NULL,
    -- Confidence by confidence, within it position by position.
    marginal            double precision[] NOT NULL,
    component           double precision[] NOT NULL,
    incremental         double precision[] NOT NULL,
    component_shortfall double precision[] NOT NULL,
    PRIMARY KEY (shard, scope, scope_id, method)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE risk.stress (${RESULT}
    scenarios text               COLLATE "C" NOT NULL,
    profits   double precision[] NOT NULL,
    PRIMARY KEY (id, time)
  )`,
  // Of each day (UTC, of the log) the last that was computed: profit since the beginning, and the value
  // at risk of one day that holds for the next.
  `CREATE TABLE risk.days (
    sequence      bigint             NOT NULL,
    -- Null: a mark or a rate was missing.
    profit_micros bigint,
    day           date               NOT NULL,
    scope_id      integer            NOT NULL,
    shard         smallint           NOT NULL,
    scope         smallint           NOT NULL,
    complete      boolean            NOT NULL,
    base_currency text               COLLATE "C" NOT NULL,
    method        text               COLLATE "C" NOT NULL,
    confidences   integer[]          NOT NULL,
    value_at_risk double precision[] NOT NULL,
    PRIMARY KEY (shard, scope, scope_id, method, day)
  ) WITH (fillfactor = 50)`,
];

const INDEXES = [
  'CREATE INDEX results_scope ON risk.results (shard, scope, scope_id, method, time DESC, id DESC)',
  'CREATE INDEX stress_scope ON risk.stress (shard, scope, scope_id, time DESC, id DESC)',
];

export class ValueAtRisk1790000000101 implements MigrationInterface {
  readonly name = 'ValueAtRisk1790000000101';

  async up(runner: QueryRunner): Promise<void> {
    const run: RunSql = (sql, parameters) => runner.query(sql, parameters);
    const support = await detectTimescale(run);
    await run('CREATE SCHEMA risk');
    for (const table of TABLES) await run(table);
    for (const table of ['risk.results', 'risk.stress']) {
      const kept = { segmentBy: 'shard, scope, scope_id', compressAfter: '30 days' };
      await createHypertable(run, support, { table, chunk: '7 days', ...kept });
    }
    for (const index of INDEXES) await run(index);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA risk CASCADE');
  }
}
