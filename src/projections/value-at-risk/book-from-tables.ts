import type pg from 'pg';
import { CurrencyRates, rateOfMark } from '../../domain/currency.js';
import { SUSPENSE } from '../../domain/position.js';
import type { Book, BookInstrument, BookPosition } from '../../domain/value-at-risk/book.js';
import { type Decimal, parseDecimal, rescaleDecimal } from '../../lib/decimal.js';

/** Digits after the point of `cost` and `realized`. */
const PARTS_DIGITS = 9;

/** The last event that positions and marks hold, both; undefined while they are not of one moment. */
export async function sequenceOfTables(
  client: pg.ClientBase,
  shard: number,
): Promise<{ sequence: number; time: bigint } | undefined> {
  const { rows } = await client.query<{ next: string; time: string }>(
    `SELECT next_sequence AS next, event_time_ns AS time FROM daybook.projection_checkpoints
      WHERE build = 'live' AND shard = $1 AND model IN ('positions', 'reference')`,
    [shard],
  );
  const [a, b] = rows;
  if (a === undefined || b === undefined || a.next !== b.next || a.next === '0') return undefined;
  return { sequence: Number(a.next) - 1, time: BigInt(a.time) };
}

/** The book of a shard from its read models. In one transaction with `sequenceOfTables`. */
export async function bookFromTables(
  client: pg.ClientBase,
  shard: number,
  sequence: number,
): Promise<Book> {
  const accounts = await client.query<{ account: number; account_group: number }>(
    'SELECT account, account_group FROM daybook.accounts WHERE shard = $1',
    [shard],
  );
  const groups = new Map(accounts.rows.map((row) => [row.account, row.account_group]));
  const { instruments, rates } = await instrumentsOf(client, shard, sequence);
  const { rows } = await client.query<PositionRow>(
    `SELECT account, instrument, quantity, cost::text, realized::text, fees
       FROM daybook.positions WHERE shard = $1`,
    [shard],
  );
  const positions = rows.flatMap((row): BookPosition[] => {
    const instrument = instruments.get(row.instrument);
    if (instrument === undefined) return [];
    const { account } = row;
    return [
      {
        ...{ account, group: groups.get(account % SUSPENSE) ?? 0, instrument },
        quantity: BigInt(row.quantity),
        cost: partsOf(row.cost),
        realized: partsOf(row.realized),
        fees: BigInt(row.fees),
      },
    ];
  });
  return { sequence, positions, rates };
}

interface PositionRow {
  readonly account: number;
  readonly instrument: number;
  readonly quantity: string;
  readonly cost: string;
  readonly realized: string;
  readonly fees: string;
}

const partsOf = (text: string): bigint => rescaleDecimal(parseDecimal(text), PARTS_DIGITS).digits;

async function instrumentsOf(client: pg.ClientBase, shard: number, sequence: number) {
  const { rows } = await client.query<Record<string, string | null> & { instrument: number }>(
    `SELECT i.instrument, i.symbol, i.currency, i.tick::text, i.lot::text, i.multiplier::text,
            m.price AS mark
       FROM daybook.instruments i
       LEFT JOIN daybook.marks m ON m.shard = i.shard AND m.instrument = i.instrument
      WHERE i.shard = $1`,
    [shard],
  );
  const rates = new CurrencyRates();
  const instruments = new Map<number, BookInstrument>();
  for (const row of rows) {
    const decimal = (column: string): Decimal => parseDecimal(row[column] as string);
    const mark = row.mark === null ? undefined : Number(row.mark);
    const instrument = {
      ...{ symbol: row.symbol as string, currency: row.currency as string, mark },
      ...{ tick: decimal('tick'), lot: decimal('lot'), multiplier: decimal('multiplier') },
    };
    instruments.set(row.instrument, instrument);
    recordRate(rates, instrument, sequence);
  }
  return { instruments, rates };
}

/** The rate that an instrument's mark is, if it is a currency pair. */
export function recordRate(
  rates: CurrencyRates,
  instrument: BookInstrument,
  sequence: number,
): void {
  const { symbol, tick, mark } = instrument;
  if (mark === undefined) return;
  const rate = rateOfMark(symbol, Number(tick.digits), tick.scale, mark, sequence);
  if (rate !== undefined) rates.record(rate);
}
