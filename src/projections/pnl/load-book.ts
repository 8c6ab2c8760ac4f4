import { PARTS } from '../../domain/position.js';
import { parseDecimal } from '../../lib/decimal.js';
import { POSITION_COLUMNS } from '../positions/position-columns.js';
import { NEVER, type PnlBook } from './pnl-book.js';

/** Asks for rows: a client, or a transaction of TypeORM. */
export type Ask = (sql: string, parameters: readonly unknown[]) => Promise<readonly Row[]>;

type Row = Readonly<Record<string, string>>;

/** Reads the book back as of the checkpoint, in place of what it held. */
export async function loadBook(
  book: PnlBook,
  query: Ask,
  schema: string,
  shard: number,
): Promise<void> {
  const ask = (sql: string): Promise<readonly Row[]> => query(sql, [shard]);
  book.clear();
  for (const row of await ask(
    `SELECT instrument, sequence, mark, mark_sequence, mark_minute, tick::text, lot::text,
            multiplier::text, symbol, currency FROM ${schema}.pnl_instruments WHERE shard = $1`,
  )) {
    takeInstrument(book, row);
  }
  for (const row of await ask(
    `SELECT account, sequence, account_group, currency FROM ${schema}.pnl_accounts WHERE shard = $1`,
  )) {
    const account = book.setAccount(
      Number(row.account),
      Number(row.account_group),
      row.currency as string,
    );
    account.sequence = Number(row.sequence);
  }
  for (const row of await ask(
    `SELECT account, strategy, instrument, sequence, minute, quantity, bought, sold, bought_value,
            sold_value, fees, floor(cost) AS cost, (cost - floor(cost)) * ${PARTS} AS cost_parts,
            floor(realized) AS realized, (realized - floor(realized)) * ${PARTS} AS realized_parts
       FROM ${schema}.pnl_positions WHERE shard = $1 ORDER BY account, strategy, instrument`,
  )) {
    takePosition(book, row);
  }
}

function takeInstrument(book: PnlBook, row: Row): void {
  const tick = parseDecimal(row.tick as string);
  const lot = parseDecimal(row.lot as string);
  const multiplier = parseDecimal(row.multiplier as string);
  const instrument = book.setTerms(Number(row.instrument), {
    ...{ symbol: row.symbol as string, currency: row.currency as string },
    ...{ tickMantissa: Number(tick.digits), tickScale: tick.scale },
    ...{ lotMantissa: Number(lot.digits), lotScale: lot.scale },
    ...{ multiplierMantissa: Number(multiplier.digits), multiplierScale: multiplier.scale },
  });
  instrument.sequence = Number(row.sequence);
  instrument.mark = row.mark === null ? undefined : Number(row.mark);
  instrument.markSequence = Number(row.mark_sequence);
  instrument.markMinute = Number(row.mark_minute);
  advance(book, instrument.markSequence, instrument.markMinute);
}

function takePosition(book: PnlBook, stored: Row): void {
  const { account, strategy, instrument } = stored;
  const position = book.position(Number(account), Number(strategy), Number(instrument));
  for (const [place, column] of POSITION_COLUMNS) position.row[place] = Number(stored[column]);
  position.sequence = Number(stored.sequence);
  position.minute = Number(stored.minute);
  advance(book, position.sequence, position.minute);
}

function advance(book: PnlBook, sequence: number, minute: number): void {
  book.sequence = Math.max(book.sequence, sequence, NEVER);
  book.minute = Math.max(book.minute, minute, NEVER);
}
