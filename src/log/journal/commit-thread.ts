/**
 * Where a journal has its commits sealed, written and synced while its own thread goes on. One commit
 * at a time; `native-commit-thread.ts` has it on the addon.
 */
export interface CommitThread {
  /** The commit, its records behind the head: left alone from `begin` to `end`. */
  readonly bytes: Uint8Array;
  /** The chain value of the commit before; after `end` that of this one. */
  readonly chain: Uint8Array;
  /** @param count, first number of the records, and sequence of the first */
  begin(file: number, length: number, position: number, count: number, first: number): void;
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
