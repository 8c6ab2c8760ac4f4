/**
 * How far the journal is durable: readers go there and no further. Published by the writer after
 * each sync, in memory for the threads of its process and in a file for other processes.
 */
export interface DurablePosition {
  /** The next sequence to be written: everything before it is durable. */
  nextSequence: number;
  /** First sequence of the segment in which the durable bytes end, and where in it. */
  segment: number;
  offset: number;
}

/** `closed` and `failed` are final: nothing more will be published here. */
export type WriterState = 'open' | 'closed' | 'failed';

/** A reader's view of the durable end. */
export interface DurableEnd {
  /** Fills `into` with one consistent position. */
  read(into: DurablePosition): void;
  /** Of the writer behind it; always `open` where that cannot be known. */
  state(): WriterState;
  /** Resolves when the end may have moved past `nextSequence`, or `signal` aborts. */
  wait(nextSequence: number, signal?: AbortSignal): Promise<void>;
  /** The same, blocking the thread, at most `timeoutMs`. */
  waitBlocking(nextSequence: number, timeoutMs: number): void;
  close(): void;
}
