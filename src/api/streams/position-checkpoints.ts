/**
 * Copies of the position book from time to time, so that a stream that resumes long ago folds from
 * the nearest one and not from the beginning of the log.
 *
 * When CHECKPOINTS_MAX are kept, every second one goes and they come half as often: memory is
 * bounded, and so is the share of the log that a resumption reads.
 */
import { PositionBook } from './position-book.js';

/** Events between two copies, at first. */
const CHECKPOINT_EVENTS = 1_000_000;
/** Copies kept; each is as large as the positions ever traded. */
export const CHECKPOINTS_MAX = 16;

export interface Checkpoint {
  /** The last event in it; -1 none. */
  readonly sequence: number;
  readonly book: PositionBook;
}

export class PositionCheckpoints {
  #kept: Checkpoint[] = [{ sequence: -1, book: new PositionBook() }];
  #every: number;
  readonly #max: number;

  constructor(every = CHECKPOINT_EVENTS, max = CHECKPOINTS_MAX) {
    this.#every = every;
    this.#max = max;
  }

  /** Offers the book as of `sequence`; copied when it is time. */
  offer(sequence: number, book: PositionBook): void {
    const last = this.#kept.at(-1) as Checkpoint;
    if (sequence < last.sequence + this.#every) return;
    this.#kept.push({ sequence, book: book.copy() });
    if (this.#kept.length <= this.#max) return;
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0);
    this.#every *= 2;
  }

  /** The newest one that is not after `sequence`; take a copy of its book before folding on. */
  before(sequence: number): Checkpoint {
    return this.#kept.findLast((kept) => kept.sequence <= sequence) as Checkpoint;
  }
}
