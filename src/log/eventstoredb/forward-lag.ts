import type { DurableEnd } from '../journal/durable-end.js';

/** How far the store is behind the journal. */
export interface ForwardLag {
  readonly events: number;
  /** Age of the oldest event the store does not have yet, as the writer timed it. */
  readonly milliseconds: number;
}

/** Why the store was not reached. The code is that of a StoreError; the words may name its nodes. */
export interface ForwardProblem {
  readonly code: string;
  readonly message: string;
}

/** Where a forwarder stands. */
export interface ForwardState {
  /** Everything before this sequence is known to be in the store. */
  readonly stored: number;
  /** Time of the oldest event that is not, ms since 1970; undefined when none is waiting. */
  readonly oldestMs: number | undefined;
  /** Connections begun; more than one tells of losses. */
  readonly sessions: number;
  /** False from a loss to the next time the store was found. */
  readonly connected: boolean;
  /** Why not, as the last attempt had it. */
  readonly problem?: ForwardProblem | undefined;
  /** Whether the store has taken an event since the start. */
  readonly letIn: boolean;
}

/** @param now ms since 1970 */
export function lagOf(state: ForwardState, durableEnd: DurableEnd, now: number): ForwardLag {
  const durable = { nextSequence: 0, segment: 0, offset: 0 };
  durableEnd.read(durable);
  const events = Math.max(0, durable.nextSequence - state.stored);
  const since = events === 0 ? now : (state.oldestMs ?? now);
  return { events, milliseconds: Math.max(0, now - since) };
}

/** Above either limit; a limit that is left out is none. */
export function isOverloaded(lag: ForwardLag, limit: Partial<ForwardLag> | undefined): boolean {
  return (
    lag.events > (limit?.events ?? Number.POSITIVE_INFINITY) ||
    lag.milliseconds > (limit?.milliseconds ?? Number.POSITIVE_INFINITY)
  );
}
