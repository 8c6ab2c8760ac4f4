/**
 * What waits for a second identity, and what came of it: folded from the log, so that a restart
 * restores it. The id of an approval is the sequence of its ApprovalRequested.
 */
import type { EventOf } from '../../domain/events.js';

/** Changes that may wait at a time; another is refused until some are decided, or have expired. */
export const APPROVALS_WAITING_MAX = 256;
/** Decided and expired ones that are still listed; older ones are on the log. */
export const APPROVALS_DECIDED_MAX = 1024;

export type ApprovalTerms = EventOf<'ApprovalRequested'>['data'];
export type Decision = EventOf<'ApprovalDecided'>['data']['decision'];

export interface Approval {
  /** Sequence of its request. */
  readonly id: number;
  readonly terms: ApprovalTerms;
  /** Who asked, by index, and when. */
  readonly requestedBy: number;
  readonly requested: bigint;
  readonly decided: ApprovalDecision | undefined;
}

export interface ApprovalDecision {
  readonly decision: Decision;
  readonly by: number;
  readonly time: bigint;
  readonly sequence: number;
  readonly text: string;
}

export class Approvals {
  /** In the order of their requests. */
  readonly #all = new Map<number, Approval>();

  request({ sequence, actor, time, data }: EventOf<'ApprovalRequested'>): void {
    this.#forget(time);
    const approval = { id: sequence, terms: data, requestedBy: actor, requested: time };
    this.#all.set(sequence, { ...approval, decided: undefined });
  }

  decide({ sequence, actor, time, data }: EventOf<'ApprovalDecided'>): void {
    const approval = this.#all.get(data.approval);
    if (approval === undefined || approval.decided !== undefined) return;
    const { decision, text } = data;
    const decided = { decision, by: actor, time, sequence, text };
    this.#all.set(data.approval, { ...approval, decided });
  }

  get(id: number): Approval | undefined {
    return this.#all.get(id);
  }

  /** Newest first. */
  list(): Approval[] {
    return [...this.#all.values()].reverse();
  }

  /** @param now ns since 1970 */
  waiting(now: bigint): number {
    let count = 0;
    for (const approval of this.#all.values()) if (waits(approval, now)) count += 1;
    return count;
  }

  /** Keeps the table small: the oldest that nobody can decide any more go. */
  #forget(now: bigint): void {
    if (this.#all.size < APPROVALS_WAITING_MAX + APPROVALS_DECIDED_MAX) return;
    for (const approval of this.#all.values()) {
      if (waits(approval, now)) continue;
      this.#all.delete(approval.id);
      return;
    }
  }
}

/** Whether it can be decided at `now`, ns since 1970. */
export function waits({ decided, terms }: Approval, now: bigint): boolean {
  return decided === undefined && now < terms.expires;
}
