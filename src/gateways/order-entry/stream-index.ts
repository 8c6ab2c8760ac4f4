/**
 * Where in the log some messages of a stream are, so that sending it again from the middle need not
 * read the whole day. Bounded: when full, every second entry goes and the distance doubles.
 */
const ENTRIES_MAX = 65_536;
const STRIDE_FIRST = 1024;

export class StreamIndex {
  #stride = STRIDE_FIRST;
  /** Log sequence of message 1, 1 + stride, 1 + 2 x stride ... */
  #sequences: number[] = [];
  /** The next message to be kept. */
  #next = 1;

  clear(): void {
    this.#stride = STRIDE_FIRST;
    this.#sequences = [];
    this.#next = 1;
  }

  /** Tells of message `ordinal`, the next of the stream, and the log sequence of its event. */
  add(ordinal: number, sequence: number): void {
    if (ordinal !== this.#next) return;
    if (this.#sequences.length === ENTRIES_MAX) {
      // As many went as stay, so this one is next in the new distance, too.
      this.#sequences = this.#sequences.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    this.#sequences.push(sequence);
    this.#next = ordinal + this.#stride;
  }

  /** The last known message at or before `ordinal`, which must have been told of. */
  find(ordinal: number): { readonly ordinal: number; readonly sequence: number } {
    const entry = Math.min(Math.floor((ordinal - 1) / this.#stride), this.#sequences.length - 1);
    return { ordinal: 1 + entry * this.#stride, sequence: this.#sequences[entry]! };
  }
}
