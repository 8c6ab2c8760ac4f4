import { assert } from '../../lib/assert.js';
import type { DurableEnd, DurablePosition, WriterState } from './durable-end.js';
import { WAIT_MS_MAX } from './limits.js';
import { sleepUntil } from './wait.js';

/**
 * The durable end in memory that threads share. One thread publishes, any number read.
 *
 * ```
 *   word  0         1       2     3     4     5     6     7
 *         +---------+-------+-----+-----+-----+-----+-----+-----+
 *         | version | state | sequence  | segment   | offset    |   i32; numbers as low, high word
 *         +---------+-------+-----+-----+-----+-----+-----+-----+
 * ```
 *
 * A sequence lock: the version is odd while the words change, so a reader that sees the same even
 * version before and after has one consistent position. Waiters wait on the version.
 */
const WORDS = 8;
const VERSION = 0;
const STATE = 1;
const SEQUENCE = 2;
const SEGMENT = 4;
const OFFSET = 6;

const STATES: readonly WriterState[] = ['open', 'closed', 'failed'];
const TWO_32 = 2 ** 32;

type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
  timeoutMs: number,
) => { async: boolean; value: string | Promise<string> };

// In Node since version 16; the ES2023 library does not declare it yet.
const waitAsync = (Atomics as unknown as { waitAsync: WaitAsync }).waitAsync;

export class SharedDurableEnd implements DurableEnd {
  /** Hand this to other threads; `new SharedDurableEnd(memory)` there reads it. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    assert(memory.byteLength === WORDS * 4, 'the memory is that of a durable end');
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Only the writer's thread publishes. */
  publish(position: DurablePosition): void {
    const words = this.#words;
    const version = Atomics.load(words, VERSION);
    Atomics.store(words, VERSION, version + 1);
    this.#store(SEQUENCE, position.nextSequence);
    this.#store(SEGMENT, position.segment);
    this.#store(OFFSET, position.offset);
    Atomics.store(words, VERSION, version + 2);
    Atomics.notify(words, VERSION);
  }

  publishState(state: WriterState): void {
    Atomics.store(this.#words, STATE, STATES.indexOf(state));
    // A new version, so that a reader about to wait sees that something has happened.
    Atomics.add(this.#words, VERSION, 2);
    Atomics.notify(this.#words, VERSION);
  }

  state(): WriterState {
    return STATES[Atomics.load(this.#words, STATE)]!;
  }

  read(into: DurablePosition): void {
    this.#readVersioned(into);
  }

  async wait(nextSequence: number, signal?: AbortSignal): Promise<void> {
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    const version = this.#readVersioned(position);
    if (position.nextSequence > nextSequence || this.state() !== 'open') return;
    const woken = waitAsync(this.#words, VERSION, version, WAIT_MS_MAX);
    if (woken.async) await sleepUntil(woken.value as Promise<string>, WAIT_MS_MAX, signal);
  }

  waitBlocking(nextSequence: number, timeoutMs: number): void {
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    const version = this.#readVersioned(position);
    if (position.nextSequence > nextSequence || this.state() !== 'open') return;
    Atomics.wait(this.#words, VERSION, version, timeoutMs);
  }

  close(): void {}

  #readVersioned(into: DurablePosition): number {
    const words = this.#words;
    for (;;) {
      const version = Atomics.load(words, VERSION);
      if ((version & 1) === 0) {
        into.nextSequence = this.#load(SEQUENCE);
        into.segment = this.#load(SEGMENT);
        into.offset = this.#load(OFFSET);
        if (Atomics.load(words, VERSION) === version) return version;
      }
    }
  }

  #store(word: number, value: number): void {
    Atomics.store(this.#words, word, value | 0);
    Atomics.store(this.#words, word + 1, Math.floor(value / TWO_32));
  }

  #load(word: number): number {
    const low = Atomics.load(this.#words, word) >>> 0;
    return Atomics.load(this.#words, word + 1) * TWO_32 + low;
  }
}
