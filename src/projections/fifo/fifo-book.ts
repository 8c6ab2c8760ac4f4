/**
 * Positions first in, first out, in bounded memory: what `domain/fifo-position.ts` computes, and what
 * becomes of a position that has more lots or executions than are kept.
 *
 * ```
 *   executions of a position, oldest first
 *   | final: only their open lots are kept       | can be corrected: one by one             |
 *                             3 trading days back ^ or FIFO_FILLS_MAX / 2 of FIFO_FILLS_MAX
 * ```
 *
 * - What corrects a final execution is booked as of now: the old taken out, the new put in. Realised and
 *   unrealised P&L together are exact, which part is which is not; `late` counts them.
 * - Beyond FIFO_LOTS_MAX open lots a position has no figures first in, first out until it is flat or turns:
 *   then all P&L but that of what is open is realised, whatever the method, so they are exact again.
 */
import { FIFO_FILLS_MAX, FifoPosition, type FifoSettled } from '../../domain/fifo-position.js';

/** Trading days for which an execution can be corrected in its place, as the writer keeps ended orders. */
export const FIFO_DAYS = 3;

/** Open lots of a position at most: beyond, it has no figures until it is flat or turns. */
export const FIFO_LOTS_MAX = 100_000;

/** An execution as it is by now. */
export interface FifoExecution {
  /** Order and execution id: what a correction names. */
  readonly id: string;
  /** Where it stands in time. */
  readonly place: number;
  /** Signed; 0 it was busted. */
  readonly lots: number;
  readonly price: number;
}

export interface FifoCorrection {
  readonly id: string;
  /** The execution that is corrected, by the id that it had last. */
  readonly before: string;
  /** Signed; 0 it is busted. */
  readonly lots: number;
  readonly price: number;
  readonly lotsBefore: number;
  readonly priceBefore: number;
}

/** What changed, to be stored. */
export interface FifoChange {
  readonly executions: readonly FifoExecution[];
  /** Whether `settled` and `through` are others. */
  readonly settled: boolean;
}

export class FifoBookPosition {
  readonly account: number;
  readonly instrument: number;
  /** Undefined beyond FIFO_LOTS_MAX. */
  fifo: FifoPosition | undefined = new FifoPosition();
  /** Lots; kept for when there is no `fifo`. */
  quantity = 0;
  /** Sold less bought, ticks x lots. */
  cash = 0n;
  /** Corrections of executions that were final. */
  late = 0;
  /** Executions up to this place are final. */
  through = 0;
  /** Of the executions that are not, by their ids. */
  readonly #places = new Map<string, number>();

  constructor(account: number, instrument: number) {
    this.account = account;
    this.instrument = instrument;
  }

  /** Puts back what was stored; executions follow by `restore`. */
  settle(settled: FifoSettled, through: number): void {
    this.fifo = new FifoPosition(settled);
    this.through = through;
  }

  restore(execution: FifoExecution): void {
    if (this.fifo === undefined || execution.place <= this.through || execution.lots === 0) return;
    this.fifo.book({ ...execution, fee: NO_FEE });
    this.#places.set(execution.id, execution.place);
  }

  book(execution: FifoExecution): FifoChange {
    const before = this.quantity;
    this.#count(execution.lots, execution.price);
    const { fifo } = this;
    if (fifo === undefined) {
      const turned = this.quantity === 0 || this.quantity > 0 !== before > 0;
      if (turned) this.#startAnew(execution.place, execution.price);
      return { executions: [], settled: turned };
    }
    const room = fifo.fills.length < FIFO_FILLS_MAX;
    if (!room) this.#settleFirst(FIFO_FILLS_MAX / 2);
    fifo.book({ ...execution, fee: NO_FEE });
    this.#places.set(execution.id, execution.place);
    if (fifo.openLots > FIFO_LOTS_MAX) this.#giveUp();
    return { executions: [execution], settled: !room };
  }

  /** @param place of the correction, two of them: used when what it corrects is final */
  correct(correction: FifoCorrection, place: number): FifoChange {
    const { id, before, lots, price, lotsBefore, priceBefore } = correction;
    const at = this.#places.get(before);
    if (this.fifo === undefined || at === undefined) {
      this.late += 1;
      const out = { id: `${id}/out`, place, lots: -lotsBefore, price: priceBefore };
      const first = lotsBefore === 0 ? NOTHING : this.book(out);
      if (lots === 0) return first;
      const second = this.book({ id, place: place + 1, lots, price });
      const executions = [...first.executions, ...second.executions];
      return { executions, settled: first.settled || second.settled };
    }
    this.#places.delete(before);
    this.#count(-lotsBefore, priceBefore);
    if (lots !== 0) this.#count(lots, price);
    const now = { id, place: at, lots, price };
    if (lots === 0) this.fifo.bust(before);
    else {
      this.fifo.correct(before, { ...now, fee: NO_FEE });
      this.#places.set(id, at);
    }
    return { executions: [now], settled: false };
  }

  /** Makes executions up to a place final. @returns whether there were any */
  settleThrough(place: number): boolean {
    const { fifo } = this;
    if (fifo === undefined) return false;
    let count = 0;
    for (const { id } of fifo.fills) {
      if ((this.#places.get(id) as number) > place) break;
      count += 1;
    }
    if (count > 0) this.#settleFirst(count);
    return count > 0;
  }

  #settleFirst(count: number): void {
    const fifo = this.fifo as FifoPosition;
    for (const { id } of fifo.fills.slice(0, count)) {
      this.through = this.#places.get(id) as number;
      this.#places.delete(id);
    }
    fifo.settleFirst(count);
  }

  #count(lots: number, price: number): void {
    this.quantity += lots;
    this.cash -= BigInt(lots) * BigInt(price);
  }

  #giveUp(): void {
    this.fifo = undefined;
    this.#places.clear();
  }

  /** What is open came from the execution that turned the position. */
  #startAnew(place: number, price: number): void {
    const { quantity } = this;
    const open = quantity === 0 ? [] : [{ lots: quantity, price }];
    const realized = this.cash + BigInt(quantity) * BigInt(price);
    this.settle({ open, realized, fees: 0n }, place);
  }
}

/** Fees do not depend on which lots are closed: the positions at average cost have them. */
const NO_FEE = 0;

const NOTHING: FifoChange = { executions: [], settled: false };
