/**
 * A short text that one thread changes and others read, in shared memory: a password that is rotated
 * while connections are open everywhere.
 *
 *     | version, odd while it is written | bytes | text ... |
 */
import { assert } from './assert.js';

/** Bytes of the text, in UTF-8. */
export const SHARED_TEXT_BYTES_MAX = 4096;
const VERSION = 0;
const LENGTH = 1;
const TEXT_AT = 8;

export class SharedText {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #text: Uint8Array;

  /** @param memory of another thread's */
  constructor(memory = new SharedArrayBuffer(TEXT_AT + SHARED_TEXT_BYTES_MAX)) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, TEXT_AT / 4);
    this.#text = new Uint8Array(memory, TEXT_AT);
  }

  static of(text: string): SharedText {
    const shared = new SharedText();
    shared.write(text);
    return shared;
  }

  /** By one thread only. */
  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    assert(bytes.length <= SHARED_TEXT_BYTES_MAX, 'a shared text is short');
    Atomics.add(this.#head, VERSION, 1);
    this.#text.set(bytes);
    Atomics.store(this.#head, LENGTH, bytes.length);
    Atomics.add(this.#head, VERSION, 1);
  }

  /** Another one after each write. */
  get version(): number {
    return Atomics.load(this.#head, VERSION);
  }

  /** As of one write, never half of two. */
  read(): string {
    for (;;) {
      const version = Atomics.load(this.#head, VERSION);
      // A copy: decoders take no shared memory.
      const bytes = this.#text.slice(0, Atomics.load(this.#head, LENGTH));
      if (version % 2 === 0 && version === Atomics.load(this.#head, VERSION)) {
        return new TextDecoder().decode(Uint8Array.from(bytes));
      }
    }
  }
}
