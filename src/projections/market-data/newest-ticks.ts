import type pg from 'pg';
import { compareKeys, type Quote, type TickKey, type Trade } from '../../market-data/tick.js';

/** Keeps the newest trade and quote of each instrument, by the ticks' own time. */
export async function recordNewest(
  client: pg.ClientBase,
  trades: readonly Trade[],
  quotes: readonly Quote[],
): Promise<void> {
  const lastTrades = newestOf(trades);
  if (lastTrades.length > 0) {
    await client.query(
      `INSERT INTO market.newest AS n (instrument, trade_ns, trade_sequence, trade_price)
       SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[])
       ON CONFLICT (instrument) DO UPDATE SET trade_ns = excluded.trade_ns,
         trade_sequence = excluded.trade_sequence, trade_price = excluded.trade_price
       WHERE (excluded.trade_ns, excluded.trade_sequence) > (n.trade_ns, n.trade_sequence)`,
      [...keys(lastTrades), lastTrades.map((trade) => trade.price)],
    );
  }
  const lastQuotes = newestOf(quotes);
  if (lastQuotes.length === 0) return;
  await client.query(
    `INSERT INTO market.newest AS n
       (instrument, quote_ns, quote_sequence, bid_price, ask_price)
     SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
     ON CONFLICT (instrument) DO UPDATE SET quote_ns = excluded.quote_ns,
       quote_sequence = excluded.quote_sequence, bid_price = excluded.bid_price,
       ask_price = excluded.ask_price
     WHERE (excluded.quote_ns, excluded.quote_sequence) > (n.quote_ns, n.quote_sequence)`,
    [
      ...keys(lastQuotes),
      lastQuotes.map((quote) => quote.bidPrice),
      lastQuotes.map((quote) => quote.askPrice),
    ],
  );
}

type Keyed = TickKey & { readonly instrument: number };

function newestOf<T extends Keyed>(ticks: readonly T[]): T[] {
  const newest = new Map<number, T>();
  for (const tick of ticks) {
    const before = newest.get(tick.instrument);
    if (before === undefined || compareKeys(tick, before) > 0) newest.set(tick.instrument, tick);
  }
  return [...newest.values()];
}

const keys = (ticks: readonly Keyed[]) => [
  ticks.map((tick) => tick.instrument),
  ticks.map((tick) => tick.time),
  ticks.map((tick) => tick.sequence),
];
