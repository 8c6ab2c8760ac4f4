import { assert } from '../lib/assert.js';

/** Sequence numbers remembered below the highest seen, by default; 8 KiB. */
export const SEQUENCES_REMEMBERED_DEFAULT = 65_536;

/** `old`: so far below the highest that it is not known any more whether it was seen. */
export type SequenceVerdict = 'new' | 'duplicate' | 'old';

/**
 * Which sequence numbers of a source were seen: one bit each for the last `size`, as a ring.
 *
 * ```
 *        old            remembered (one bit each)          not yet seen
 *   ------------------|--------------------------------|----------------->
 *               highest - size                       highest
 * ```
 */
export class SequenceWindow {
  readonly #bits: Uint32Array;
  readonly #size: number;
  #highest = -1;

  /** @param size a power of two, 32 at least. */
  constructor(size = SEQUENCES_REMEMBERED_DEFAULT) {
    assert(size >= 32 && (size & (size - 1)) === 0, 'a window of a power of two, 32 at least');
    this.#size = size;
    this.#bits = new Uint32Array(size / 32);
  }

  /** Looks at a number without taking it. */
  check(sequence: number): SequenceVerdict {
    assert(Number.isSafeInteger(sequence) && sequence >= 0, 'a sequence number');
    if (sequence > this.#highest) return 'new';
    if (sequence <= this.#highest - this.#size) return 'old';
    const slot = sequence % this.#size;
    return (this.#bits[slot >>> 5]! & (1 << (slot & 31))) === 0 ? 'new' : 'duplicate';
  }

  /** Takes a number as seen, if it is new. */
  see(sequence: number): SequenceVerdict {
    const verdict = this.check(sequence);
    if (verdict !== 'new') return verdict;
    if (sequence > this.#highest) this.#advance(sequence);
    const slot = sequence % this.#size;
    this.#bits[slot >>> 5]! |= 1 << (slot & 31);
    return verdict;
  }

  /** Forgets the numbers whose slots come into use again. */
  #advance(sequence: number): void {
    if (sequence - this.#highest >= this.#size) {
      this.#bits.fill(0);
    } else {
      for (let skipped = this.#highest + 1; skipped < sequence; skipped++) {
        const slot = skipped % this.#size;
        this.#bits[slot >>> 5]! &= ~(1 << (slot & 31));
      }
    }
    this.#highest = sequence;
  }
}
