import type { FileSystem } from '../file-system.js';
import type { DurableEnd, DurablePosition, WriterState } from './durable-end.js';
import { findJournalEnd } from './recovery.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';

/** A durable end that does not move: a reader stops there. For tools on a journal nobody writes. */
export class FixedDurableEnd implements DurableEnd {
  readonly #position: DurablePosition;

  constructor(position: DurablePosition) {
    this.#position = { ...position };
  }

  /**
   * The end of a journal without a writer, found by checking its last segment: needs no durable
   * mark, which copies and backups do not have, and counts a torn commit out.
   *
   * @throws JournalError as `findJournalEnd`
   */
  static find(files: FileSystem, directory: string, shard: number): FixedDurableEnd {
    const empty = { nextSequence: 0, segment: 0, offset: SEGMENT_HEADER_BYTES };
    return new FixedDurableEnd(findJournalEnd(files, directory, shard)?.position ?? empty);
  }

  read(into: DurablePosition): void {
    Object.assign(into, this.#position);
  }

  state(): WriterState {
    return 'closed';
  }

  async wait(): Promise<void> {}

  waitBlocking(): void {}

  close(): void {}
}
