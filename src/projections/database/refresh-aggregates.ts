import type { RunSql, TimescaleSupport } from './timescale.js';

/** How often the server looks for what can be materialised. */
const EVERY = '5 minutes';
/** Within what is kept of the minutes (`fact-tables.ts`): beyond, refreshing would empty what was dropped. */
const LOOKS_BACK = '2500 days';

/**
 * Materialises the continuous aggregates as far as their tables are final, and no further: what is
 * beyond is computed when asked.
 *
 * Not the policy of TimescaleDB: that goes by the clock of the server, and the tables by the time of
 * the events. Fed with an older log (a rebuild, a restored box, a projector that was away) it would
 * materialise a bucket before its last rows came, and answers would lack them until it ran again. Here
 * the end is the minute that the events have reached, in the shard that is furthest behind; nothing
 * before it can come any more.
 */
export async function createRefreshJob(run: RunSql, support: TimescaleSupport): Promise<void> {
  if (support.edition !== 'community') return;
  await run(`
    CREATE PROCEDURE daybook.refresh_aggregates(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL)
    LANGUAGE plpgsql AS $$
    DECLARE
      final timestamptz;
      back  interval := '${LOOKS_BACK}';
    BEGIN
      SELECT to_timestamp(min(event_time_ns) / 1000000000) INTO final
        FROM daybook.projection_checkpoints
       WHERE model = 'fills' AND build = 'live' AND event_time_ns > 0;
      IF final IS NOT NULL THEN
        CALL refresh_continuous_aggregate('daybook.fills_by_minute', final - back, final);
      END IF;
      SELECT to_timestamp(min(minute) * 60.0) INTO final
        FROM (SELECT max(minute) AS minute
                FROM (SELECT shard, minute FROM daybook.pnl_positions
                      UNION ALL SELECT shard, mark_minute FROM daybook.pnl_instruments) each
               WHERE minute >= 0 GROUP BY shard) shards;
      IF final IS NOT NULL THEN
        CALL refresh_continuous_aggregate('daybook.pnl_by_hour', final - back, final);
        CALL refresh_continuous_aggregate('daybook.pnl_by_day', final - back, final);
      END IF;
    END $$`);
  await run(`SELECT add_job('daybook.refresh_aggregates', INTERVAL '${EVERY}')`);
}

export async function dropRefreshJob(run: RunSql, support: TimescaleSupport): Promise<void> {
  if (support.edition !== 'community') return;
  await run(
    "SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'refresh_aggregates'",
  );
  await run('DROP PROCEDURE daybook.refresh_aggregates');
}
