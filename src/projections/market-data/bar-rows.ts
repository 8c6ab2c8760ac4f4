import type pg from 'pg';
import type { Bar } from '../../market-data/bar.js';
import { intervalSeconds } from '../../market-data/bar-interval.js';
import { columnArrays } from '../copy/column-arrays.js';
import { CopyRows } from '../copy/copy-rows.js';
import { writeTime } from './time-columns.js';

const COLUMNS = [
  ['time', 'timestamptz', 1184],
  ['open', 'bigint', 20],
  ['high', 'bigint', 20],
  ['low', 'bigint', 20],
  ['close', 'bigint', 20],
  ['volume', 'bigint', 20],
  ['trades', 'bigint', 20],
  ['first_ns', 'bigint', 20],
  ['first_sequence', 'bigint', 20],
  ['last_ns', 'bigint', 20],
  ['last_sequence', 'bigint', 20],
  ['instrument', 'integer', 23],
  ['seconds', 'integer', 23],
  ['turnover', 'numeric', 1700],
] as const;

const NAMES = COLUMNS.map(([name]) => name).join(', ');
const ARRAYS = COLUMNS.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ');

/**
 * Bars of new trades merged into those of earlier ones by the rule of `bar.ts`, in SQL: it is the same
 * whatever comes first, so late trades need nothing of their own.
 */
const MERGE = `INSERT INTO market.bars AS t (${NAMES}) SELECT * FROM unnest(${ARRAYS})
  ON CONFLICT (instrument, seconds, time) DO UPDATE SET
    open = CASE WHEN (excluded.first_ns, excluded.first_sequence, excluded.open)
                     < (t.first_ns, t.first_sequence, t.open) THEN excluded.open ELSE t.open END,
    close = CASE WHEN (excluded.last_ns, excluded.last_sequence, excluded.close)
                      > (t.last_ns, t.last_sequence, t.close) THEN excluded.close ELSE t.close END,
    high = greatest(t.high, excluded.high),
    low = least(t.low, excluded.low),
    volume = t.volume + excluded.volume,
    turnover = t.turnover + excluded.turnover,
    trades = t.trades + excluded.trades,
    first_sequence = CASE WHEN (excluded.first_ns, excluded.first_sequence)
                               < (t.first_ns, t.first_sequence)
                          THEN excluded.first_sequence ELSE t.first_sequence END,
    first_ns = least(t.first_ns, excluded.first_ns),
    last_sequence = CASE WHEN (excluded.last_ns, excluded.last_sequence)
                              > (t.last_ns, t.last_sequence)
                         THEN excluded.last_sequence ELSE t.last_sequence END,
    last_ns = greatest(t.last_ns, excluded.last_ns)
  WHERE NOT t.imported`;

/** Merges bars, by instrument, into `market.bars`, within the caller's transaction. */
export async function mergeBars(
  client: pg.ClientBase,
  byInstrument: ReadonlyMap<number, readonly Bar[]>,
): Promise<void> {
  const rows = new CopyRows(COLUMNS.length);
  for (const [instrument, bars] of byInstrument) {
    for (const bar of bars) {
      rows.row();
      writeTime(rows, bar.start);
      for (const price of [bar.open, bar.high, bar.low, bar.close]) rows.int8(price);
      rows.int8(bar.volume);
      rows.int8(bar.trades);
      rows.bigint(bar.first.time);
      rows.int8(bar.first.sequence);
      rows.bigint(bar.last.time);
      rows.int8(bar.last.sequence);
      rows.int4(instrument);
      rows.int4(intervalSeconds(bar.interval));
      rows.numeric(bar.turnover, 0);
    }
  }
  if (rows.rows === 0) return;
  const types = COLUMNS.map(([, , oid]) => oid);
  await client.query({
    name: 'merge market.bars',
    text: MERGE,
    values: columnArrays(rows.finish(), rows.rows, types),
  });
}
