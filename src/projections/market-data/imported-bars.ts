import type pg from 'pg';
import { SECONDS_PER_DAY } from '../../market-data/bar-interval.js';
import type { DayBar } from '../../market-data/tick-csv.js';
import type { MarketDataStore } from './market-data-store.js';
import { recordBatch } from './market-data-store.js';
import { timestampText } from './time-columns.js';

/**
 * Takes bars of days over whole, for the history before the ticks: value at risk needs closes of years.
 * An imported bar takes the place of an earlier imported one; where ticks have made a bar, that stands.
 *
 * @returns number of the batch and bars that now stand as given
 */
export function importDayBars(
  store: MarketDataStore,
  bars: readonly DayBar[],
): Promise<{ batch: number; bars: number }> {
  return store.transaction(async (client) => {
    const batch = await recordBatch(client, { trades: 0, quotes: 0, refused: 0, duplicates: 0 });
    const taken = await insert(client, bars);
    await client.query(
      `INSERT INTO market.days (day, batch)
       SELECT DISTINCT (t AT TIME ZONE 'UTC')::date, $2::bigint FROM unnest($1::timestamptz[]) t
       ON CONFLICT (day) DO UPDATE SET batch = excluded.batch`,
      [bars.map((bar) => timestampText(bar.start)), batch],
    );
    return { batch, bars: taken };
  });
}

async function insert(client: pg.ClientBase, bars: readonly DayBar[]): Promise<number> {
  // One statement may not touch a row twice: of one day the last line counts.
  const unique = [...new Map(bars.map((bar) => [`${bar.instrument}/${bar.start}`, bar])).values()];
  const { rowCount } = await client.query(
    `INSERT INTO market.bars AS t (time, open, high, low, close, volume, instrument, seconds,
       turnover, trades, first_ns, first_sequence, last_ns, last_sequence, imported)
     SELECT i.*, ${SECONDS_PER_DAY}, 0, 0, 0, 0, 0, 0, true
       FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                   $6::bigint[], $7::integer[]) i
     ON CONFLICT (instrument, seconds, time) DO UPDATE SET open = excluded.open,
       high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume
     WHERE t.imported`,
    [
      unique.map((bar) => timestampText(bar.start)),
      unique.map((bar) => bar.open),
      unique.map((bar) => bar.high),
      unique.map((bar) => bar.low),
      unique.map((bar) => bar.close),
      unique.map((bar) => bar.volume),
      unique.map((bar) => bar.instrument),
    ],
  );
  return rowCount ?? 0;
}
