/**
 * Who asked for what a second identity let through. `ApprovalRequested` holds the terms and who asks;
 * `ApprovalDecided` names it; the change itself is the next event of the approver with these terms
 * (`api/application/approvals.ts`).
 */
import { COMMAND } from '../../domain/commands.js';
import type { DaybookEvent, EventOf } from '../../domain/events.js';

type Request = EventOf<'ApprovalRequested'>;
type Change = EventOf<
  | 'LimitChanged'
  | 'BaseCurrencyChanged'
  | 'TradingHalted'
  | 'TradingResumed'
  | 'CircuitBreakerReset'
>;

/** Requests that are kept; older ones have expired long before. */
const REQUESTS_MAX = 10_000;

export class Requesters {
  /** By sequence. */
  readonly #requests = new Map<number, Request>();
  /** What each approver has let through and not been seen to change. */
  readonly #approved = new Map<number, Request>();

  /** To be given the two events of approvals. */
  take(event: DaybookEvent): void {
    if (event.type === 'ApprovalRequested') {
      this.#requests.set(event.sequence, event);
      const [oldest] = this.#requests.keys();
      if (this.#requests.size > REQUESTS_MAX && oldest !== undefined) this.#requests.delete(oldest);
    } else if (event.type === 'ApprovalDecided') {
      const request = this.#requests.get(event.data.approval);
      this.#requests.delete(event.data.approval);
      if (request === undefined || event.data.decision !== 'Approved') return;
      this.#approved.set(event.actor, request);
    }
  }

  /** The actor who asked for the change; null where who made it asked nobody. */
  of(change: Change): number | null {
    const request = this.#approved.get(change.actor);
    if (request === undefined || !isOf(change, request)) return null;
    this.#approved.delete(change.actor);
    return request.actor;
  }
}

function isOf({ type, data }: Change, { data: asked }: Request): boolean {
  if (data.scope !== asked.scope || data.scopeId !== asked.scopeId) return false;
  switch (type) {
    case 'LimitChanged':
      return (
        asked.commandNumber === COMMAND.ChangeLimit &&
        data.limit === asked.limit &&
        data.instrument === asked.instrument &&
        data.value === asked.value
      );
    case 'BaseCurrencyChanged':
      return asked.commandNumber === COMMAND.SetBaseCurrency && data.currency === asked.text;
    default:
      return asked.commandNumber === COMMAND.SetTradingState;
  }
}
