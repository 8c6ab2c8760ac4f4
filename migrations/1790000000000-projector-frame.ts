import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What every projector needs: how far each read model is, and what it could not take.
 *
 * `build` tells the tables that queries read (`live`) from those being built beside them.
 */
export class ProjectorFrame1790000000000 implements MigrationInterface {
  readonly name = 'ProjectorFrame1790000000000';

  async up(runner: QueryRunner): Promise<void> {
    // Holds the tables of rebuilds under way.
    await runner.query('CREATE SCHEMA daybook_rebuild');
    await runner.query(`
      CREATE TABLE daybook.projection_checkpoints (
        model         text        NOT NULL,
        shard         integer     NOT NULL,
        build         text        NOT NULL CHECK (build IN ('live', 'rebuild')),
        version       integer     NOT NULL,
        -- One more each time that rebuilt tables took the place of these.
        generation    integer     NOT NULL DEFAULT 0,
        -- Everything before this sequence is in the tables.
        next_sequence bigint      NOT NULL CHECK (next_sequence >= 0),
        -- Time of the last event taken, ns since 1970.
        event_time_ns bigint      NOT NULL,
        updated_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (model, shard, build)
      ) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0)`);
    await runner.query(`
      CREATE TABLE daybook.projection_dead_letters (
        model        text        NOT NULL,
        version      integer     NOT NULL,
        shard        integer     NOT NULL,
        sequence     bigint      NOT NULL,
        event_number smallint    NOT NULL,
        reason       text        NOT NULL,
        -- The event as the journal holds it.
        record       bytea       NOT NULL,
        raised_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (model, version, shard, sequence)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE daybook.projection_dead_letters');
    await runner.query('DROP TABLE daybook.projection_checkpoints');
    await runner.query('DROP SCHEMA daybook_rebuild CASCADE');
  }
}
