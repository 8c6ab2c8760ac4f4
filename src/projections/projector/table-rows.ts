import type pg from 'pg';
import { assert } from '../../lib/assert.js';
import { columnArrays } from '../copy/column-arrays.js';
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
 * Current-state rows: one statement that merges the batch, sent as an array per column, guarded by
 * sequence: a row is never changed by an event that it has seen. At most one row per key and batch.
 *
 * Not by COPY into a temporary table: emptying that at each commit takes longer than all the rest of
 * a small batch (`docs/decisions/0004-timescaledb-plain-sql.md`).
 */
export class StateRows implements TableRows {
  readonly rows: CopyRows;
  readonly #schema: string;
  readonly #table: string;
  readonly #key: readonly string[];
  readonly #columns: readonly string[];
  readonly #kind: Merge;
  /** Of the columns, in their order; read from the server. */
  #types: readonly number[] = [];
  #merge = '';

  constructor(
    schema: string,
    table: string,
    key: readonly string[],
    columns: readonly string[],
    kind: Merge,
  ) {
    this.rows = new CopyRows(columns.length);
    this.#schema = schema;
    this.#table = table;
    this.#key = key;
    this.#columns = columns;
    this.#kind = kind;
  }

  async prepare(client: pg.ClientBase): Promise<void> {
    const { rows } = await client.query<{ oid: number; type: string }>(
      `SELECT a.atttypid AS oid, format_type(a.atttypid, NULL) AS type
         FROM unnest($2::text[]) WITH ORDINALITY AS c(name, place)
         JOIN pg_attribute a ON a.attrelid = $1::regclass AND a.attname = c.name
        ORDER BY c.place`,
      [`${this.#schema}.${this.#table}`, this.#columns],
    );
    assert(rows.length === this.#columns.length, `${this.#table} has the columns projected`);
    this.#types = rows.map((row) => row.oid);
    this.#merge = this.#mergeSql(rows.map((row) => row.type));
  }

  async write(client: pg.ClientBase): Promise<void> {
    const { rows } = this.rows;
    if (rows === 0) return;
    const { rowCount } = await client.query({
      name: `${this.#kind} ${this.#schema}.${this.#table}`,
      text: this.#merge,
      values: columnArrays(this.rows.finish(), rows, this.#types),
    });
    if (rowCount === rows) return;
    // Events come once and in order, so none meets a newer row; a patch without its row follows an
    // event that was set aside.
    const message = `${this.#kind} of ${rows} rows of ${this.#table} hit ${rowCount}`;
    throw new ProjectionError('PROJECTION_POISON', message);
  }

  #mergeSql(types: readonly string[]): string {
    const table = `${this.#schema}.${this.#table}`;
    const key = this.#key;
    const list = this.#columns.join(', ');
    const arrays = types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
    const batch = `unnest(${arrays}) AS s(${list})`;
    const values = this.#columns.filter((column) => !key.includes(column));
    if (this.#kind === 'patch') {
      const changes = values.map((c) => `${c} = coalesce(s.${c}, t.${c})`);
      const same = key.map((c) => `t.${c} = s.${c}`);
      return `UPDATE ${table} t SET ${changes.join(', ')} FROM ${batch}
        WHERE ${same.join(' AND ')} AND s.sequence > t.sequence`;
    }
    const changes = values.map((c) => `${c} = excluded.${c}`);
    return `INSERT INTO ${table} (${list}) SELECT ${list} FROM ${batch}
      ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes.join(', ')}
      WHERE excluded.sequence > ${this.#table}.sequence`;
  }
}
