import type pg from 'pg';
import { compareDecimals, parseDecimal } from '../../lib/decimal.js';
import { demand } from '../../market-data/error.js';

/** Most sources of ticks: each has a validator in memory. */
export const SOURCES_MAX = 256;

const SOURCE_NAME = /^[\x21-\x7e]{1,64}$/;

/** The sizes that an instrument's prices and quantities are counted in, as decimal text. */
export interface InstrumentTerms {
  readonly symbol: string;
  readonly tick: string;
  readonly lot: string;
}

/**
 * Numbers of instruments and sources in the store. Its instruments are those of the catalogue by
 * symbol, but numbered here: the store outlives a journal, and serves every shard.
 */
export class Registry {
  readonly #instruments = new Map<string, number>();
  readonly #sources = new Map<string, number>();

  /**
   * @throws MarketDataError INSTRUMENT_TERMS_CHANGED: what is stored counts in other ticks or lots,
   *   and would be misread
   */
  async instrument(client: pg.ClientBase, terms: InstrumentTerms): Promise<number> {
    const { symbol, tick, lot } = terms;
    const key = `${symbol} ${tick} ${lot}`;
    const known = this.#instruments.get(key);
    if (known !== undefined) return known;
    await client.query(
      `INSERT INTO market.instruments (symbol, tick, lot) VALUES ($1, $2, $3)
       ON CONFLICT (symbol) DO NOTHING`,
      [symbol, tick, lot],
    );
    const { rows } = await client.query<{ instrument: number; tick: string; lot: string }>(
      'SELECT instrument, tick::text, lot::text FROM market.instruments WHERE symbol = $1',
      [symbol],
    );
    const row = rows[0] as (typeof rows)[0];
    const same = sameNumber(row.tick, tick) && sameNumber(row.lot, lot);
    demand(same, 'INSTRUMENT_TERMS_CHANGED', () => {
      return `${symbol} is stored in ticks of ${row.tick} and lots of ${row.lot}, not ${tick} and ${lot}`;
    });
    this.#instruments.set(key, row.instrument);
    return row.instrument;
  }

  /** @throws MarketDataError TICK_SOURCE_INVALID */
  async source(client: pg.ClientBase, name: string): Promise<number> {
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    demand(SOURCE_NAME.test(name), 'TICK_SOURCE_INVALID', () => {
      return 'a source is named by 1 to 64 printable ASCII characters without spaces';
    });
    const sql = 'SELECT source FROM market.sources WHERE name = $1';
    let { rows } = await client.query<{ source: number }>(sql, [name]);
    if (rows.length === 0) {
      const counted = await client.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM market.sources',
      );
      const n = counted.rows[0]?.n ?? 0;
      demand(n < SOURCES_MAX, 'TICK_SOURCE_INVALID', () => `there are ${n} sources already`);
      await client.query(
        'INSERT INTO market.sources (name) VALUES ($1) ON CONFLICT (name) DO NOTHING',
        [name],
      );
      ({ rows } = await client.query<{ source: number }>(sql, [name]));
    }
    const { source } = rows[0] as (typeof rows)[0];
    this.#sources.set(name, source);
    return source;
  }

  /** After a transaction was taken back: what it had entered is not there. */
  forget(): void {
    this.#instruments.clear();
    this.#sources.clear();
  }
}

const sameNumber = (a: string, b: string): boolean =>
  compareDecimals(parseDecimal(a), parseDecimal(b)) === 0;
