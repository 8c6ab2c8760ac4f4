import type pg from 'pg';
import { assert } from '../../lib/assert.js';
import { copyIn } from '../copy/copy-in.js';
import { CopyRows } from '../copy/copy-rows.js';
import { ProjectionError } from './errors.js';

/** Rows of one table in one batch. */
export interface TableRows {
  readonly rows: CopyRows;
  /** Once per connection, before the first write. */
  prepare(client: pg.ClientBase): Promise<void>;
  /** Within the batch's transaction. Does nothing without rows. */
  write(client: pg.ClientBase): Promise<void>;
}

/** Append-only rows: one COPY into the table itself. */
export class FactRows implements TableRows {
  readonly rows: CopyRows;
  readonly #sql: string;

  constructor(schema: string, table: string, columns: readonly string[]) {
    this.rows = new CopyRows(columns.length);
    this.#sql = `COPY ${schema}.${table} (${columns.join(', ')}) FROM STDIN (FORMAT binary)`;
  }

  async prepare(): Promise<void> {}

  async write(client: pg.ClientBase): Promise<void> {
    if (this.rows.rows === 0) return;
    const taken = await copyIn(client, this.#sql, this.rows.finish());
    assert(taken === this.rows.rows, `COPY took ${taken} of ${this.rows.rows} rows`);
  }
}

/**
 * How the rows of a batch change the rows of the table.
 *
 * - `replace`: a row is the whole new state; inserted, or put in the place of an older one.
 * - `patch`: the row must exist; NULL leaves a column as it is.
 */
export type Merge = 'replace' | 'patch';

/**
 * Current-state rows: one COPY into a temporary table, then one statement that merges it, guarded by
 * sequence: a row is never changed by an event that it has seen. At most one row per key and batch.
 */
export class StateRows implements TableRows {
  readonly rows: CopyRows;
  readonly #stage: string;
  readonly #createStage: string;
  readonly #copy: string;
  readonly #merge: string;
  readonly #kind: Merge;
  readonly #table: string;

  constructor(
    schema: string,
    table: string,
    key: readonly string[],
    columns: readonly string[],
    kind: Merge,
  ) {
    this.rows = new CopyRows(columns.length);
    this.#kind = kind;
    this.#table = `${schema}.${table}`;
    this.#stage = `stage_${schema}_${table}_${kind}`;
    const list = columns.join(', ');
    this.#createStage =
      `CREATE TEMPORARY TABLE IF NOT EXISTS ${this.#stage} ON COMMIT DELETE ROWS ` +
      `AS SELECT ${list} FROM ${this.#table} WITH NO DATA`;
    this.#copy = `COPY pg_temp.${this.#stage} (${list}) FROM STDIN (FORMAT binary)`;
    const values = columns.filter((column) => !key.includes(column));
    this.#merge =
      kind === 'replace'
        ? `INSERT INTO ${this.#table} (${list}) SELECT ${list} FROM pg_temp.${this.#stage} ` +
          `ON CONFLICT (${key.join(', ')}) DO UPDATE ` +
          `SET ${values.map((c) => `${c} = excluded.${c}`).join(', ')} ` +
          `WHERE excluded.sequence > ${table}.sequence`
        : `UPDATE ${this.#table} t ` +
          `SET ${values.map((c) => `${c} = coalesce(s.${c}, t.${c})`).join(', ')} ` +
          `FROM pg_temp.${this.#stage} s ` +
          `WHERE ${key.map((c) => `t.${c} = s.${c}`).join(' AND ')} AND s.sequence > t.sequence`;
  }

  async prepare(client: pg.ClientBase): Promise<void> {
    await client.query(this.#createStage);
  }

  async write(client: pg.ClientBase): Promise<void> {
    const { rows } = this.rows;
    if (rows === 0) return;
    await copyIn(client, this.#copy, this.rows.finish());
    const { rowCount } = await client.query(this.#merge);
    if (rowCount === rows) return;
    // Events come once and in order, so none meets a newer row; a patch without its row follows an
    // event that was set aside.
    const message = `${this.#kind} of ${rows} rows of ${this.#table} hit ${rowCount}`;
    throw new ProjectionError('PROJECTION_POISON', message);
  }
}
