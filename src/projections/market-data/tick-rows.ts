import type pg from 'pg';
import { assert } from '../../lib/assert.js';
import type { Quote, Trade } from '../../market-data/tick.js';
import { columnArrays } from '../copy/column-arrays.js';
import { copyIn } from '../copy/copy-in.js';
import { CopyRows } from '../copy/copy-rows.js';
import { writeTime } from './time-columns.js';

/** OIDs of PostgreSQL's own types. */
const INT2 = 21;
const INT4 = 23;
const INT8 = 20;
const TIMESTAMPTZ = 1184;
const UNIQUE_VIOLATION = '23505';

const HEAD = [
  ['time', TIMESTAMPTZ],
  ['time_ns', INT8],
  ['received_ns', INT8],
  ['sequence', INT8],
] as const;
const TAIL = [
  ['instrument', INT4],
  ['source', INT2],
] as const;

type Columns = readonly (readonly [name: string, type: number])[];

const NAME_OF: Readonly<Record<number, string>> = {
  [INT2]: 'smallint',
  [INT4]: 'integer',
  [INT8]: 'bigint',
  [TIMESTAMPTZ]: 'timestamptz',
};

/**
 * Writes ticks of one table: by COPY, and only where a tick is there already, which COPY cannot pass
 * over, by a statement that can.
 */
export class TickRows<T extends Trade | Quote> {
  readonly #table: string;
  readonly #columns: Columns;
  readonly #values: (tick: T) => readonly number[];
  readonly #rows: CopyRows;

  constructor(table: string, values: readonly string[], valuesOf: (tick: T) => readonly number[]) {
    this.#table = table;
    this.#columns = [...HEAD, ...values.map((name) => [name, INT8] as const), ...TAIL];
    this.#values = valuesOf;
    this.#rows = new CopyRows(this.#columns.length);
  }

  /**
   * Within the caller's transaction.
   *
   * @returns the ticks that were not there yet
   */
  async write(client: pg.ClientBase, source: number, ticks: readonly T[]): Promise<readonly T[]> {
    if (ticks.length === 0) return ticks;
    const rows = this.#rows;
    rows.clear();
    for (const tick of ticks) this.#add(tick, source);
    const names = this.#columns.map(([name]) => name).join(', ');
    await client.query('SAVEPOINT ticks');
    try {
      const sql = `COPY ${this.#table} (${names}) FROM STDIN (FORMAT binary)`;
      const taken = await copyIn(client, sql, rows.finish());
      assert(taken === ticks.length, `COPY took ${taken} of ${ticks.length} ticks`);
      return ticks;
    } catch (error) {
      if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
      await client.query('ROLLBACK TO SAVEPOINT ticks');
      return this.#insertNew(client, ticks, names);
    }
  }

  async #insertNew(
    client: pg.ClientBase,
    ticks: readonly T[],
    names: string,
  ): Promise<readonly T[]> {
    const arrays = this.#columns.map(([, type], i) => `$${i + 1}::${NAME_OF[type]}[]`).join(', ');
    const types = this.#columns.map(([, type]) => type);
    const { rows } = await client.query<{ instrument: number; time_ns: string; sequence: string }>({
      text: `INSERT INTO ${this.#table} (${names}) SELECT * FROM unnest(${arrays})
        ON CONFLICT DO NOTHING RETURNING instrument, time_ns, sequence`,
      values: columnArrays(this.#rows.finish(), ticks.length, types),
    });
    const inserted = new Set(rows.map((row) => `${row.instrument}/${row.time_ns}/${row.sequence}`));
    return ticks.filter((tick) => inserted.has(`${tick.instrument}/${tick.time}/${tick.sequence}`));
  }

  #add(tick: T, source: number): void {
    const rows = this.#rows;
    rows.row();
    writeTime(rows, tick.time);
    rows.bigint(tick.time);
    rows.bigint(tick.received);
    rows.int8(tick.sequence);
    for (const value of this.#values(tick)) rows.int8(value);
    rows.int4(tick.instrument);
    rows.int2(source);
  }
}

export const tradeRows = () =>
  new TickRows<Trade>('market.trades', ['price', 'quantity'], (trade) => [
    trade.price,
    trade.quantity,
  ]);

export const quoteRows = () =>
  new TickRows<Quote>(
    'market.quotes',
    ['bid_price', 'bid_quantity', 'ask_price', 'ask_quantity'],
    (quote) => [quote.bidPrice, quote.bidQuantity, quote.askPrice, quote.askQuantity],
  );
