/**
 * Positions and marks as of a sequence: the fold behind the topics of positions and of profit and
 * loss, with the writer's own arithmetic (`domain/position.ts`), so equal to the last digit.
 *
 * Bounded by the writer, which has room for so many positions (`Capacity.positions`).
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import { applyFill, POSITION_WIDTH, SUSPENSE } from '../../domain/position.js';

const filled = eventLayouts.OrderFilled.offsets;
const corrected = eventLayouts.FillCorrected.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;
const marked = eventLayouts.PriceMarked.offsets;

export interface BookedPosition {
  /** Index of the account; its suspense has SUSPENSE added. */
  readonly account: number;
  readonly instrument: number;
  /** As `domain/position.ts` lays it out. */
  readonly row: Float64Array;
}

export class PositionBook {
  /** By instrument, then by account: a mark asks for all of an instrument. */
  readonly #positions = new Map<number, Map<number, BookedPosition>>();
  readonly #marks = new Map<number, number>();

  /** Takes the record at `at` if it is about positions. @returns the position that it changed */
  take(batch: RecordBuffer, at: number): BookedPosition | undefined {
    switch (batch.bytes[at + HEADER.number]) {
      case EVENT.OrderFilled:
        return this.#fill(batch, at, filled, 0, batch.f64[(at + filled.fee) >> 3] as number);
      case EVENT.FillUnmatched:
        return this.#fill(batch, at, unmatched, SUSPENSE, 0);
      case EVENT.FillCorrected:
      case EVENT.FillBusted:
        return this.#correct(batch, at);
      case EVENT.PriceMarked: {
        const instrument = batch.u32[(at + marked.instrument) >> 2] as number;
        this.#marks.set(instrument, batch.f64[(at + marked.price) >> 3] as number);
        return undefined;
      }
      default:
        return undefined;
    }
  }

  /** Ticks; undefined when none was set. */
  mark(instrument: number): number | undefined {
    return this.#marks.get(instrument);
  }

  /** Every position that was ever traded in an instrument. */
  ofInstrument(instrument: number): Iterable<BookedPosition> {
    return this.#positions.get(instrument)?.values() ?? [];
  }

  copy(): PositionBook {
    const copy = new PositionBook();
    for (const [instrument, ofInstrument] of this.#positions) {
      const positions = new Map<number, BookedPosition>();
      for (const [account, { row }] of ofInstrument) {
        positions.set(account, { account, instrument, row: row.slice() });
      }
      copy.#positions.set(instrument, positions);
    }
    for (const [instrument, price] of this.#marks) copy.#marks.set(instrument, price);
    return copy;
  }

  #fill(
    { u32, f64, bytes }: RecordBuffer,
    at: number,
    offsets: { account: number; instrument: number; side: number } & Record<
      'lastQuantity' | 'lastPrice',
      number
    >,
    suspense: number,
    fee: number,
  ): BookedPosition {
    const account = (u32[(at + offsets.account) >> 2] as number) + suspense;
    const position = this.#find(account, u32[(at + offsets.instrument) >> 2] as number);
    const quantity = f64[(at + offsets.lastQuantity) >> 3] as number;
    const price = f64[(at + offsets.lastPrice) >> 3] as number;
    const lots = bytes[at + offsets.side] === SIDE.Buy ? quantity : -quantity;
    applyFill(position.row, 0, lots, price, fee);
    return position;
  }

  /** The old execution is taken out, the new one put in. */
  #correct({ u32, f64, bytes }: RecordBuffer, at: number): BookedPosition {
    const account = u32[(at + corrected.account) >> 2] as number;
    const { row, ...named } = this.#find(account, u32[(at + corrected.instrument) >> 2] as number);
    const sign = bytes[at + corrected.side] === SIDE.Buy ? 1 : -1;
    const before = f64[(at + corrected.previousQuantity) >> 3] as number;
    const priceBefore = f64[(at + corrected.previousPrice) >> 3] as number;
    const quantity = f64[(at + corrected.lastQuantity) >> 3] as number;
    const price = f64[(at + corrected.lastPrice) >> 3] as number;
    applyFill(row, 0, -sign * before, priceBefore, f64[(at + corrected.fee) >> 3] as number);
    if (quantity > 0) applyFill(row, 0, sign * quantity, price, 0);
    return { row, ...named };
  }

  #find(account: number, instrument: number): BookedPosition {
    let ofInstrument = this.#positions.get(instrument);
    if (ofInstrument === undefined) {
      ofInstrument = new Map();
      this.#positions.set(instrument, ofInstrument);
    }
    let position = ofInstrument.get(account);
    if (position === undefined) {
      position = { account, instrument, row: new Float64Array(POSITION_WIDTH) };
      ofInstrument.set(account, position);
    }
    return position;
  }
}
