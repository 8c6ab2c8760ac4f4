import type { DataSource } from 'typeorm';

/** An answer and the last event that is in it; -1: none. */
export interface AsOf<T> {
  readonly asOf: number;
  readonly value: T;
}

export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** A query for rows; `$1` is the shard, further parameters begin at `$3`. */
export interface RowsQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Read models whose tables it reads. */
  readonly models: readonly string[];
}

/**
 * Runs a query and tells as of which sequence its rows are.
 *
 * One statement for both, so one snapshot: rows and sequence cannot be of different moments, also
 * while a projector commits or a rebuild switches tables.
 */
export async function queryAsOf(
  dataSource: DataSource,
  shard: number,
  query: RowsQuery,
): Promise<AsOf<readonly Row[]>> {
  const rows: Row[] = await dataSource.query(
    `SELECT c.as_of, r.*
       FROM (SELECT coalesce(min(next_sequence), 0) - 1 AS as_of
               FROM daybook.projection_checkpoints
              WHERE build = 'live' AND shard = $1 AND model = ANY ($2)) c
       LEFT JOIN LATERAL (${query.sql}) r ON true`,
    [shard, query.models, ...query.parameters],
  );
  const asOf = Number(rows[0]?.as_of);
  // No rows still give one, with the sequence and nothing else.
  const found = rows.length === 1 && rows[0]?.shard === null ? [] : rows;
  return { asOf, value: found };
}
