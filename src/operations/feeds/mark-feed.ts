/** Marks from books into the shard: as MarkPrice commands, at a bounded rate. */
import type { CommandPort } from '../../commands/command-port.js';
import type { Tradables } from '../../gateways/order-entry/tradable.js';
import type { Clock } from '../../lib/time.js';
import type { ItchBooks } from './itch-books.js';

/** Marks handed to the writer in one turn; the others wait for the next. */
export const MARKS_A_TURN_MAX = 256;

export class MarkFeed {
  readonly #books: ItchBooks;
  readonly #tradables: Tradables;
  readonly #port: CommandPort;
  readonly #clock: Clock;
  readonly #everyMs: number;
  /** By instrument: when it was marked last, and at how many ticks. */
  readonly #markedAt: number[] = [];
  readonly #ticks: number[] = [];
  marks = 0;

  /** @param everyMs an instrument is marked no more often */
  constructor(
    books: ItchBooks,
    tradables: Tradables,
    port: CommandPort,
    clock: Clock,
    everyMs: number,
  ) {
    this.#books = books;
    this.#tradables = tradables;
    this.#port = port;
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** Marks what has changed and is due. @param now ms of a clock that does not go back */
  turn(now: number): void {
    let left = MARKS_A_TURN_MAX;
    for (const locate of this.#books.changes()) {
      if (left === 0 || !this.#mark(locate, now)) this.#books.touch(locate);
      else left -= 1;
    }
  }

  /** @returns false when it has to be looked at again */
  #mark(locate: number, now: number): boolean {
    const { books, symbolHigh, symbolLow } = this.#books;
    const instrument = this.#tradables.bySymbol(symbolHigh[locate]!, symbolLow[locate]!);
    const price = books.mark(locate);
    if (instrument === undefined || price === 0) return true;
    const { index, tickUnits } = instrument;
    // Between two ticks of ours: the lower one.
    const ticks = Math.floor(price / tickUnits);
    if (ticks === 0 || ticks === this.#ticks[index]) return true;
    if (now < (this.#markedAt[index] ?? Number.NEGATIVE_INFINITY) + this.#everyMs) return false;
    this.#clock.tick();
    const header = { received: this.#clock.ns(), actor: 0, session: 0 };
    if (this.#port.submit('MarkPrice', header, { instrument: index, price: ticks }) < 0) {
      return false;
    }
    this.#markedAt[index] = now;
    this.#ticks[index] = ticks;
    this.marks += 1;
    return true;
  }
}
