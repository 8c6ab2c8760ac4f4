import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * Positions first in, first out. Whole ticks x lots: matching lot against lot leaves no fraction.
 */
const TABLES = [
  `CREATE TABLE daybook.fifo_positions (
    quantity   bigint      NOT NULL,
    -- Corrections of executions that were final: booked as of then.
    late       bigint      NOT NULL,
    open_lots  bigint      NOT NULL,
    sequence   bigint      NOT NULL,
    updated_ns bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    account    integer     NOT NULL,
    instrument integer     NOT NULL,
    shard      smallint    NOT NULL,
    -- Sold less bought.
    cash       numeric     NOT NULL,
    -- NULL while there are more open lots than are kept.
    cost       numeric,
    realized   numeric,
    PRIMARY KEY (shard, account, instrument)
  ) WITH (fillfactor = 50)`,
  // What executions that are final left: as of a place, that of the last of them.
  `CREATE TABLE daybook.fifo_settled (
    sequence   bigint   NOT NULL,
    through    bigint   NOT NULL,
    account    integer  NOT NULL,
    instrument integer  NOT NULL,
    shard      smallint NOT NULL,
    realized   numeric  NOT NULL,
    -- JSON, oldest first: [[lots, price], ...].
    lots       text     COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, account, instrument)
  )`,
  // As they are by now, by their place in time; lots are signed, 0 busted.
  `CREATE TABLE daybook.fifo_executions (
    sequence   bigint   NOT NULL,
    place      bigint   NOT NULL,
    lots       bigint   NOT NULL,
    price      bigint   NOT NULL,
    account    integer  NOT NULL,
    instrument integer  NOT NULL,
    shard      smallint NOT NULL,
    id         text     COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, place)
  )`,
  // When trading days opened: which executions are final.
  `CREATE TABLE daybook.fifo_days (
    sequence bigint      NOT NULL,
    time     timestamptz NOT NULL,
    time_ns  bigint      NOT NULL,
    shard    smallint    NOT NULL,
    PRIMARY KEY (shard, sequence)
  )`,
];

export class Fifo1790000000300 implements MigrationInterface {
  readonly name = 'Fifo1790000000300';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of TABLES) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['days', 'executions', 'settled', 'positions']) {
      await runner.query(`DROP TABLE daybook.fifo_${table}`);
    }
  }
}
