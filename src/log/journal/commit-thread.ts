/**
 * Where a journal has its commits sealed, written and synced while its own thread goes on. One commit
 * at a time; `native-commit-thread.ts` has it on the addon.
 */
export interface CommitThread {
  /** Holds the commit, its records behind the head: left alone from `begin` to `end`. */
  readonly bytes: Uint8Array;
  /** The chain value of the commit before; after `end` that of this one. */
  readonly chain: Uint8Array;
  /** Where in `bytes` a commit of `length` bytes at `position` of its file has to begin. */
  place(length: number, position: number): number;
  begin(file: number, commit: CommitInMemory, position: number): void;
  /** Whether `end` would not wait. */
  readonly done: boolean;
  /** Whether the write is over, and what is left is the sync. */
  readonly written: boolean;
  /** When the write and the sync were over, ms of performance.now(). */
  readonly writtenAt: number;
  readonly durableAt: number;
  /** Waits until the commit is durable. @throws Error with `code`, when it is not and never will be */
  end(): void;
}

export interface CommitInMemory {
  /** Its place in `bytes`, and its length, head included. */
  readonly start: number;
  readonly length: number;
  /** Number of the records, and sequence of the first. */
  readonly count: number;
  readonly first: number;
}
