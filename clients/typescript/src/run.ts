/** What the sequences in (after, to] have for the subscriber. Keep `to`: a stream resumes there. */
export interface Run<E> {
  readonly after: number;
  readonly to: number;
  readonly entries: readonly E[];
}

export interface StreamOptions {
  /** Everything after this sequence; -1 from the beginning; absent: from now on. */
  readonly after?: number | undefined;
  readonly accounts?: readonly string[] | undefined;
  readonly instruments?: readonly string[] | undefined;
  /** Ends the stream. */
  readonly signal?: AbortSignal | undefined;
  /** Told each time the connection is lost, before it is made again. */
  readonly onInterrupted?: ((error: unknown) => void) | undefined;
  /** Told when this client was too slow and gets a part from the log. */
  readonly onLagged?: ((from: number, to: number) => void) | undefined;
}

/** Follows the runs of one stream over all its connections, and proves that none is missing. */
export class RunChain {
  /** Everything up to here was handed out; undefined before the first message. */
  position: number | undefined;

  constructor(after: number | undefined) {
    this.position = after;
  }

  /** @returns whether the run is new. @throws Error when something is missing before it */
  follows({ after, to }: Pick<Run<unknown>, 'after' | 'to'>): boolean {
    if (this.position !== undefined && after > this.position) {
      throw new Error(`the stream has a gap: at ${this.position}, and it goes on after ${after}`);
    }
    const isNew = this.position === undefined || to > this.position;
    this.position = Math.max(this.position ?? to, to);
    return isNew;
  }
}

/** Asked anew each time: a signal may abort while somebody waits. */
export const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
