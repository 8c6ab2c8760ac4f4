/** The book of value at risk out of the writer's state: what the read models give, from the log alone. */
import { ROW } from '../commands/state/position-table.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { CurrencyRates } from '../domain/currency.js';
import { amountParts, POSITION, SUSPENSE } from '../domain/position.js';
import type { Book, BookInstrument, BookPosition } from '../domain/value-at-risk/book.js';
import { assert } from '../lib/assert.js';
import { recordRate } from '../projections/value-at-risk/book-from-tables.js';

export function bookOfState(state: ShardState): Book {
  const { instruments, positions, accounts } = state;
  const sequence = state.nextSequence - 1;
  const rates = new CurrencyRates();
  const known = instruments.terms.map((terms, index): BookInstrument | undefined => {
    if (terms === undefined) return undefined;
    const size = (mantissa: number, scale: number) => ({ digits: BigInt(mantissa), scale });
    const instrument = {
      ...{ symbol: terms.symbol, currency: terms.currency },
      tick: size(terms.tickMantissa, terms.tickScale),
      lot: size(terms.lotMantissa, terms.lotScale),
      multiplier: size(terms.multiplierMantissa, terms.multiplierScale),
      mark: instruments.hasMark[index] === 1 ? (instruments.mark[index] as number) : undefined,
    };
    recordRate(rates, instrument, sequence);
    return instrument;
  });
  const held: BookPosition[] = [];
  for (let row = 1; row < positions.count; row += 1) {
    const at = row * ROW;
    const { rows } = positions;
    // A row without executions has open orders only.
    if (rows[at + POSITION.bought] === 0 && rows[at + POSITION.sold] === 0) continue;
    const instrument = known[positions.instrument[row] as number];
    assert(instrument !== undefined, 'a position is in an instrument that is listed');
    const account = positions.account[row] as number;
    held.push({
      ...{ account, group: accounts.group[account % SUSPENSE] ?? 0, instrument },
      quantity: BigInt(rows[at + POSITION.quantity] as number),
      cost: amountParts(rows, at + POSITION.cost),
      realized: amountParts(rows, at + POSITION.realized),
      fees: BigInt(rows[at + POSITION.fees] as number),
    });
  }
  return { sequence, positions: held, rates };
}
