/**
 * The match number that a client knows an execution by: that of the event which reported it. Needed
 * again only when the venue busts or corrects the execution, naming it by its execution id.
 */
import { EXEC_ID_BYTES } from '../../domain/order-terms.js';
import { KeyTable } from '../../lib/key-table.js';

export class MatchNumbers {
  readonly #capacity: number;
  readonly #seed: number;
  #ids: KeyTable;
  #numbers: Float64Array;

  constructor(capacity: number, seed: number) {
    this.#capacity = capacity;
    this.#seed = seed;
    this.#ids = new KeyTable(capacity, EXEC_ID_BYTES, seed);
    this.#numbers = new Float64Array(capacity);
  }

  clear(): void {
    if (this.#ids.count === 0) return;
    this.#ids = new KeyTable(this.#capacity, EXEC_ID_BYTES, this.#seed);
    this.#numbers = new Float64Array(this.#capacity);
  }

  /** Remembers an execution; one more than fit is not remembered. */
  add(session: number, words: Int32Array, at: number, number: number): void {
    if (this.#ids.full || number === 0 || this.#ids.find(session, words, at) >= 0) return;
    this.#numbers[this.#ids.add(session, words, at)] = number;
  }

  /** 0 when the execution is not remembered. */
  of(session: number, words: Int32Array, at: number): number {
    const row = this.#ids.find(session, words, at);
    return row < 0 ? 0 : this.#numbers[row]!;
  }
}
