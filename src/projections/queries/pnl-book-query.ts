import type { DataSource } from 'typeorm';
import { type Ask, loadBook } from '../pnl/load-book.js';
import { PnlBook } from '../pnl/pnl-book.js';
import type { AsOf } from './as-of.js';

/**
 * What is computed from all positions and marks as of one sequence: they are read in one snapshot,
 * with the checkpoint that says which it is.
 *
 * The tables are locked before the snapshot is taken: one taken before a rebuild switched them would
 * see half of the new ones.
 */
export async function withBook<T>(
  dataSource: DataSource,
  shard: number,
  compute: (book: PnlBook, ask: Ask) => Promise<T>,
): Promise<AsOf<T>> {
  const runner = dataSource.createQueryRunner();
  const ask: Ask = (sql, parameters) => runner.query(sql, [...parameters]);
  try {
    await runner.startTransaction('REPEATABLE READ');
    await runner.query(`LOCK TABLE daybook.pnl_positions, daybook.pnl_instruments,
      daybook.pnl_accounts, daybook.pnl_minutes IN ACCESS SHARE MODE`);
    const [checkpoint] = await ask(
      `SELECT coalesce(min(next_sequence), 0) - 1 AS as_of FROM daybook.projection_checkpoints
        WHERE build = 'live' AND shard = $1 AND model = 'pnl'`,
      [shard],
    );
    const book = new PnlBook();
    await loadBook(book, ask, 'daybook', shard);
    const value = await compute(book, ask);
    await runner.commitTransaction();
    return { asOf: Number(checkpoint?.as_of), value };
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}
