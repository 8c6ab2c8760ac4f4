import { assert } from '../../lib/assert.js';
import type { ForwardState } from './forward-lag.js';

/**
 * The state of a forwarder in memory that threads share. One thread publishes, any number read.
 *
 *     word   0        1           2          3
 *            stored | oldest ms | sessions | connected     i64 each; oldest -1: none
 *
 * Words are read one by one: between two of them the forwarder may have moved on, which a lag can bear.
 */
const WORDS = 4;
const [STORED, OLDEST, SESSIONS, CONNECTED] = [0, 1, 2, 3] as const;

export class SharedForwardState {
  /** Hand this to another thread; `new SharedForwardState(memory)` there is the same state. */
  readonly memory: SharedArrayBuffer;
  readonly #words: BigInt64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8 * WORDS)) {
    assert(memory.byteLength === 8 * WORDS, 'the memory is that of a forwarder');
    this.memory = memory;
    this.#words = new BigInt64Array(memory);
  }

  publish(state: ForwardState): void {
    const { stored, oldestMs, sessions, connected } = state;
    Atomics.store(this.#words, OLDEST, BigInt(Math.trunc(oldestMs ?? -1)));
    Atomics.store(this.#words, SESSIONS, BigInt(sessions));
    Atomics.store(this.#words, CONNECTED, connected ? 1n : 0n);
    Atomics.store(this.#words, STORED, BigInt(stored));
  }

  read(): ForwardState {
    const oldest = Number(Atomics.load(this.#words, OLDEST));
    return {
      stored: Number(Atomics.load(this.#words, STORED)),
      oldestMs: oldest < 0 ? undefined : oldest,
      sessions: Number(Atomics.load(this.#words, SESSIONS)),
      connected: Atomics.load(this.#words, CONNECTED) === 1n,
    };
  }
}
