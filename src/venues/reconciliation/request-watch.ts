/**
 * Requests that a venue leaves without an answer while it is connected: an order nobody acknowledged, a
 * cancel or replace that is pending for ever. After a while the venue is asked how the order stands
 * (OrderStatusRequest [35=H]), and the answer goes to the writer, which decides:
 *
 * ```
 *   waits longer than timeoutNs --> status of the order --> ReconcileOrder, overdue
 *
 *     ended, or unknown there        as after a restart
 *     open, nothing pending there    RequestRepeated: the request was lost, and goes out again
 *     PendingCancel, PendingReplace  VenueDifferenceFound Awaited: it was not
 *     VENUE_ASKED_MAX times          VenueDifferenceFound Raised: an alarm for people; asked no more
 * ```
 *
 * The clock is the caller's, and only says when to ask; what follows is on record.
 */

import type { VenueStatus } from '../venue-status.js';
import type { OurOrders } from './our-orders.js';
import { type Submit, unknown } from './reconcile-venue.js';

/** How long a venue may take to answer a request, ns: some tens of round trips of a slow one. */
export const REQUEST_TIMEOUT_NS = 5_000_000_000n;

/** Orders asked about in one look; the others have waited so long that the next look is soon enough. */
export const ORDERS_PER_LOOK_MAX = 100;

export interface Watched {
  readonly venue: number;
  readonly status: VenueStatus;
  /** As of the log up to now; its reader is the caller's. */
  readonly ours: OurOrders;
  /**
   * Behind the venue's own reports: what it said before it answered is decided before its answer. Else a
   * fill that is on its way would be one that is missing.
   */
  readonly submit: Submit;
  readonly timeoutNs?: bigint;
}

export class RequestWatch {
  readonly #watched: Watched;
  readonly #timeout: bigint;
  /** When the venue was asked about an order, which the log may not show yet; ns. */
  readonly #asked = new Map<number, bigint>();

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#timeout = watched.timeoutNs ?? REQUEST_TIMEOUT_NS;
  }

  /** Orders whose venue was asked in vain, until it answers: for people to look at. */
  get unresolved(): number[] {
    const { requests } = this.#watched.ours;
    return [...requests.orders()].filter((id) => requests.of(id)?.raised === true);
  }

  /**
   * Asks about what is overdue. To be called every second or so, once at a time.
   * @param now ns since 1970, of the clock that the writer stamps events with
   * @returns orders asked about
   * @throws what the venue's status throws: its link is down, and whoever connects it again reconciles
   */
  async look(now: bigint): Promise<number> {
    const { venue, status, ours, submit } = this.#watched;
    let asked = 0;
    for (const orderId of this.#overdue(now)) {
      const our = ours.find(orderId);
      if (our === undefined) continue;
      this.#asked.set(orderId, now);
      const order = (await status.order(orderId)) ?? unknown(our);
      await submit('ReconcileOrder', { ...order, venue, policy: 'Raise', overdue: 1 });
      asked += 1;
    }
    return asked;
  }

  #overdue(now: bigint): number[] {
    const { requests } = this.#watched.ours;
    for (const orderId of this.#asked.keys()) {
      if (requests.of(orderId) === undefined) this.#asked.delete(orderId);
    }
    const overdue: number[] = [];
    for (const orderId of requests.orders()) {
      const request = requests.of(orderId);
      if (request === undefined || request.raised) continue;
      const asked = this.#asked.get(orderId) ?? 0n;
      const since = asked > request.since ? asked : request.since;
      if (now - since < this.#timeout) continue;
      overdue.push(orderId);
      if (overdue.length === ORDERS_PER_LOOK_MAX) break;
    }
    return overdue;
  }
}
