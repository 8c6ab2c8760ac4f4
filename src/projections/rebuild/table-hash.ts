/** Tables as hashes: equal rows, equal hashes, on whatever server and in whatever order they stand. */
import type pg from 'pg';
import { type ReadModel, SCHEMA_OF } from '../projector/read-model.js';

export interface TableHash {
  readonly model: string;
  readonly table: string;
  readonly rows: number;
  /** Sums of the two halves of each row's MD5: order does not matter, every row does. */
  readonly hash: string;
}

/** Rows print alike on every server. */
const SESSION =
  "SET TIME ZONE 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 1; " +
  'SET statement_timeout = 0';

export async function hashTables(
  client: pg.ClientBase,
  models: readonly ReadModel[],
): Promise<TableHash[]> {
  await client.query(SESSION);
  const hashes: TableHash[] = [];
  for (const { name: model, tables } of models) {
    for (const table of tables) {
      const { rows } = await client.query<{ rows: string; high: string; low: string }>(
        `SELECT count(*) AS rows,
                coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0) AS high,
                coalesce(sum(('x' || right(md5(t::text), 15))::bit(60)::bigint), 0) AS low
           FROM ${SCHEMA_OF.live}.${table} t`,
      );
      const [found] = rows;
      hashes.push({
        ...{ model, table, rows: Number(found?.rows ?? 0) },
        hash: `${found?.high}-${found?.low}`,
      });
    }
  }
  return hashes;
}

/** A row that one of two tables has and the other has not, or not so. */
export interface DifferingRow {
  readonly table: string;
  readonly side: 'missing' | 'unexpected';
  /** Of the event that it comes from, as far as the row says; 0 otherwise. */
  readonly sequence: number;
  readonly row: string;
}

const PAGE_ROWS = 10_000;

/**
 * Compares two tables row by row, in constant memory.
 * @param most stop after so many
 */
export async function differingRows(
  live: pg.ClientBase,
  expected: pg.ClientBase,
  table: string,
  most: number,
): Promise<DifferingRow[]> {
  const differing: DifferingRow[] = [];
  const left = rowsInOrder(live, table);
  const right = rowsInOrder(expected, table);
  let a = await left.next();
  let b = await right.next();
  while ((a.done !== true || b.done !== true) && differing.length < most) {
    const order =
      a.done === true ? 1 : b.done === true ? -1 : Buffer.compare(a.value.key, b.value.key);
    if (order === 0) {
      a = await left.next();
      b = await right.next();
    } else if (order < 0) {
      differing.push({ table, side: 'unexpected', ...shown((a.value as Row).text) });
      a = await left.next();
    } else {
      differing.push({ table, side: 'missing', ...shown((b.value as Row).text) });
      b = await right.next();
    }
  }
  await left.return(undefined);
  await right.return(undefined);
  return differing;
}

interface Row {
  readonly key: Buffer;
  readonly text: string;
}

/** In the order of the MD5 of the rows, which no collation changes. */
async function* rowsInOrder(
  client: pg.ClientBase,
  table: string,
): AsyncGenerator<Row, void, undefined> {
  const cursor = `compare_${table}`;
  await client.query(
    `DECLARE ${cursor} NO SCROLL CURSOR WITH HOLD FOR
       SELECT decode(md5(t::text), 'hex') AS key, to_jsonb(t)::text AS text
         FROM ${SCHEMA_OF.live}.${table} t ORDER BY 1`,
  );
  try {
    for (;;) {
      const { rows } = await client.query<Row>(`FETCH ${PAGE_ROWS} FROM ${cursor}`);
      if (rows.length === 0) return;
      yield* rows;
    }
  } finally {
    await client.query(`CLOSE ${cursor}`);
  }
}

const SEQUENCE = /"(?:updated_|last_|event_)?sequence": (\d+)/;

const shown = (text: string): { sequence: number; row: string } => ({
  sequence: Number(SEQUENCE.exec(text)?.[1] ?? 0),
  row: text,
});
