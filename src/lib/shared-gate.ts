/**
 * A gate that several threads look at and one shuts: whether something may begin at the moment.
 *
 * One word of shared memory, so that a look costs an atomic load and no message. Open at first.
 */
import { assert } from './assert.js';

const OPEN = 0;
const SHUT = 1;

export class SharedGate {
  /** Hand this to other threads; `new SharedGate(shared)` there is the same gate. */
  readonly shared: SharedArrayBuffer;
  readonly #word: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    assert(shared.byteLength === 4, 'the memory is that of a gate');
    this.shared = shared;
    this.#word = new Int32Array(shared);
  }

  get isOpen(): boolean {
    return Atomics.load(this.#word, 0) === OPEN;
  }

  /** Seen by every thread at its next look; what has passed before is not called back. */
  set(open: boolean): void {
    Atomics.store(this.#word, 0, open ? OPEN : SHUT);
  }
}
